"""From the commit that takes a right away to that person's last packet at the others: mute, remove, send back, end.

A real server, a real SFU and peers of ours that go on sending; on the embedded SFU with its extensions, and beside it on
plain Calls. `python -m bench.cut`, some ten minutes; BENCH_TRIALS says how many of each kind.
"""

import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from bench.cut.room import Booking, Room
from shinsatsu.demo.sfu_child import APP_ID, start_sfu

TRIALS = int(os.environ.get("BENCH_TRIALS", "200"))
AT_ONCE = int(os.environ.get("BENCH_ROOMS", "3"))
MEDIAN_MS, P99_MS = 200, 1000
KINDS = {"mute": "muted", "send back": "sent_back", "remove": "left", "end": "ended"}


class Commits:
    """What the server says it committed, and when."""

    def __init__(self) -> None:
        self._at: dict[tuple[str, str], asyncio.Queue[float]] = defaultdict(asyncio.Queue)

    async def read(self, output: asyncio.StreamReader) -> None:
        while line := await output.readline():
            said = json.loads(line)
            for event in said["events"]:
                self._at[said["sessionId"], event].put_nowait(said["at"])

    async def of(self, session_id: str, event: str) -> float:
        """When the next commit with that event was done."""
        return await asyncio.wait_for(self._at[session_id, event].get(), 10)


@asynccontextmanager
async def clinic(*, plain: bool) -> AsyncIterator[tuple[Booking, Commits]]:
    """Server and SFU as processes of their own."""
    sfu = await start_sfu(["127.0.0.1"], plain=plain)
    with tempfile.TemporaryDirectory() as folder:
        arguments = [str(Path(folder) / "data"), sfu.url, APP_ID, sfu.app_secret]
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.cut.server", *arguments, stdout=asyncio.subprocess.PIPE
        )
        assert server.stdout is not None
        ready = json.loads(await server.stdout.readline())
        commits, booking = Commits(), Booking(ready["port"], ready["key"])
        reading = asyncio.create_task(commits.read(server.stdout))
        try:
            yield booking, commits
        finally:
            await booking.close()
            reading.cancel()
            server.terminate()
            await server.wait()
            await sfu.supervisor.stop()


async def trial(kind: str, room: Room, commits: Commits) -> float:
    """Seconds from the commit to the last packet; 0 when that came before."""
    await asyncio.sleep(random.uniform(0, 0.1))
    match kind:
        case "mute":
            await room.doctor.say(f"participants/{room.patient_id}/mute", kinds=["audio", "video"])
        case "send back":
            await room.doctor.say(f"participants/{room.patient_id}/send-back")
        case "remove":
            await room.doctor.say(f"participants/{room.patient_id}/remove", reason="a measurement")
        case "end":
            await room.doctor.say("end")
    committed = await commits.of(room.session_id, KINDS[kind])
    return max(0.0, await room.quiet() - committed)


async def lane(kind: str, booking: Booking, commits: Commits, waiting: list[None]) -> list[float]:
    """Trials one after the other, in one room where people come back and in a new one where they don't."""
    room: Room | None = None
    took = []
    while waiting:
        waiting.pop()
        room = room or await booking.room()
        took.append(await trial(kind, room, commits))
        if kind == "mute":
            await room.patient.say(f"participants/{room.patient_id}/unmute", kinds=["audio", "video"])
            await room.receive()
        elif kind == "send back":
            await room.readmit()
        else:
            await room.close()
            room = None
    if room is not None:
        await room.close()
    return took


async def measure(kind: str, booking: Booking, commits: Commits) -> list[float]:
    """Milliseconds, sorted."""
    waiting: list[None] = [None] * TRIALS
    lanes = await asyncio.gather(*(lane(kind, booking, commits, waiting) for _ in range(AT_ONCE)))
    return sorted(1000 * seconds for took in lanes for seconds in took)


def report(name: str, kind: str, took: list[float]) -> None:
    median, p99 = statistics.median(took), took[min(len(took) - 1, int(len(took) * 0.99))]
    none = sum(milliseconds == 0 for milliseconds in took)
    print(
        f"{name:9} {kind:9} median {median:5.1f} ms, p99 {p99:5.1f} ms, worst {took[-1]:5.1f} ms of {len(took)}; "
        f"after {none} commits nothing came at all",
        flush=True,
    )


async def main() -> None:
    print(f"commit to last packet (targets on the embedded SFU: median ≤ {MEDIAN_MS} ms, p99 ≤ {P99_MS} ms)")
    started = time.monotonic()
    for name, plain in (("embedded", False), ("plain", True)):
        async with clinic(plain=plain) as (booking, commits):
            for kind in KINDS:
                report(name, kind, await measure(kind, booking, commits))
    print(f"{AT_ONCE} rooms at once, load average {os.getloadavg()[0]:.1f}, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
