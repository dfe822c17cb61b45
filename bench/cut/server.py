"""The real server, which also says on standard output when it committed what: one JSON line a commit, CLOCK_MONOTONIC."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop
from pydantic import SecretStr

from shinsatsu.bootstrap import buses
from shinsatsu.bootstrap import server as assembly
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.events import StoredEvent
from shinsatsu.realtime.local_bus import LocalBus
from shinsatsu.serving import configure_logging, listen, make_server, run
from shinsatsu.settings import Settings


class StampedBus(LocalBus):
    """The bus hears of a commit as soon as it has returned."""

    async def publish(self, events: Sequence[StoredEvent], consultation: Consultation) -> None:
        now, kinds = time.monotonic(), sorted({event.event_type for event in events})
        await super().publish(events, consultation)
        print(json.dumps({"sessionId": consultation.session.id, "events": kinds, "at": now}), flush=True)


async def serve(folder: Path, sfu_url: str, app_id: str, secret: str) -> None:
    """Runs until it is told to stop; the first line has the port and an API key."""
    configure_logging("warning")
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = assembly.build(
        Settings(
            data_dir=folder,
            base_url=f"http://127.0.0.1:{port}",
            sfu_url=sfu_url,
            sfu_app_id=app_id,
            sfu_app_secret=SecretStr(secret),
            exchange_rate="1000000/minute",
        )
    )

    async def when_ready() -> None:
        print(json.dumps({"port": port, "key": await server.make_key("bench")}), flush=True)

    await run(make_server(server.app), [listener], asyncio.Event(), when_ready=when_ready, before_stop=server.hub.stop)


if __name__ == "__main__":
    buses.LocalBus = StampedBus  # type: ignore[attr-defined]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Path(sys.argv[1]), *sys.argv[2:5]))
