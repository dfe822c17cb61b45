"""A patient that joins by itself, so that one person alone sees a consultation work.

`python -m shinsatsu.media.synthetic_patient --link URL`; to keep the link out of process lists it may also come as the
one line of standard input with `--link -`, or in the environment as SHINSATSU_PATIENT_LINK. Ends when the consultation
does; SIGTERM and SIGINT make it leave.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import structlog

from shinsatsu.media.attendance import Attendance
from shinsatsu.media.clip import load_clip
from shinsatsu.media.consultation_client import ApiError, ConsultationClient, ConsultationLink
from shinsatsu.media.room_news import AttendanceOver, ConnectionLost
from shinsatsu.rtc.dtls import Certificate

log = structlog.get_logger(__name__)

_LINK_VARIABLE = "SHINSATSU_PATIENT_LINK"
_FIRST_DELAY = 0.25
_LONGEST_DELAY = 5.0
_STEADY_SECONDS = 10.0


async def run(link: str, trusted: Path | None = None) -> None:
    """Takes part until the consultation is over, joining again when a connection is lost; cancel it to leave.

    `trusted`: a certificate file to trust beside the system's. Raises ValueError if `link` is no consultation link,
    ApiError if the server will not have it.
    """
    client = ConsultationClient(ConsultationLink.parse(link), trusted=trusted)
    clip, certificate = load_clip("patient"), Certificate.generate()
    loop = asyncio.get_running_loop()
    failures = 0
    try:
        while True:
            started = loop.time()
            try:
                if not client.has_grant:
                    await client.exchange()
                await Attendance(client, clip, certificate).run()
            except AttendanceOver as over:
                log.info("synthetic patient ends", reason=str(over))
                return
            except (ConnectionLost, httpx.TransportError, ApiError) as error:
                if isinstance(error, ApiError) and _final(error):
                    raise
                failures = 1 if loop.time() - started > _STEADY_SECONDS else failures + 1
                log.info("synthetic patient comes back", reason=str(error) or type(error).__name__)
            await asyncio.sleep(rejoin_delay(failures))
    finally:
        await client.close()


def rejoin_delay(failures: int) -> float:
    """Seconds to wait before joining again, after so many failures without a steady stay between."""
    return min(_FIRST_DELAY * 2.0 ** min(failures - 1, 10), _LONGEST_DELAY)


def _final(error: ApiError) -> bool:
    """Whether asking again would get the same answer."""
    if error.passing or (error.status == 409 and error.code != "session_ended"):
        return False
    return error.reason != "not_admitted" and error.code != "track_not_granted"  # sent back while it published


async def _run_until_signal(link: str, trusted: Path | None) -> None:
    work = asyncio.create_task(run(link, trusted))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("synthetic patient left")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it left or the consultation ended, 1 when the server refused, 2 when the link is none."""
    parser = argparse.ArgumentParser(
        prog="python -m shinsatsu.media.synthetic_patient", description="A patient that joins by itself."
    )
    parser.add_argument(
        "--link",
        default=os.environ.get(_LINK_VARIABLE, ""),
        metavar="URL",
        help=f"a patient's consultation link; - reads it; default: {_LINK_VARIABLE}",
    )
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="a server certificate to trust as well")
    options = parser.parse_args(arguments)
    link = sys.stdin.readline().strip() if options.link == "-" else options.link
    try:
        asyncio.run(_run_until_signal(link, options.certificate))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"synthetic patient: {error}\n")
        return 2
    except ApiError as error:
        sys.stderr.write(f"synthetic patient: the server refused: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
