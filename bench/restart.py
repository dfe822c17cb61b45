"""kill -9 of `shinsatsu serve` during 50 active sessions, and its restart.

Each session has a patient and a doctor, real peers of ours that send sound through the SFU which `serve` keeps. Said
afterwards: whether a session was lost, how long after the first successful health check each client's event stream was
back (they try again as the page does), and the longest silence that any receiver heard around the kill.
"""

import asyncio
import contextlib
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import uvloop
from websockets.exceptions import WebSocketException

from shinsatsu.media.consultation_client import ConsultationClient, ConsultationLink, Joined, items, text
from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.peer import Peer
from shinsatsu.rtc.dtls import Certificate

SESSIONS = int(os.environ.get("BENCH_SESSIONS", "50"))
FRAME_SECONDS = 0.06
QUIET = 2.0
FIRST_RETRY, LONGEST_RETRY = 0.3, 5.0


class Person:
    """Somebody in a call: stream, sound out, sound in."""

    def __init__(self, link: str, certificate: Certificate) -> None:
        self.client = ConsultationClient(ConsultationLink.parse(link))
        self.certificate = certificate
        self.joined: Joined | None = None
        self.others: asyncio.Queue[str] = asyncio.Queue()
        self.heard_at = 0.0
        self.longest_silence = 0.0
        self.watching = False
        self.stream_up_at: list[float] = []

    async def enter(self) -> None:
        await self.client.exchange()
        await self.client.create()
        self.joined = await self.client.join()

    async def follow(self) -> None:
        """Keeps the event stream, and tries again as the page does when it is lost."""
        assert self.joined is not None
        attempt = 0
        while True:
            with contextlib.suppress(OSError, WebSocketException, TimeoutError, httpx.HTTPError):
                async with self.client.events(self.joined.participant_id) as stream:
                    self.stream_up_at.append(time.monotonic())
                    attempt = 0
                    beating = asyncio.create_task(beat(stream))
                    try:
                        async for message in stream:
                            self._note(message)
                    finally:
                        beating.cancel()
            ceiling = min(LONGEST_RETRY, FIRST_RETRY * 2**attempt)
            attempt += 1
            await asyncio.sleep(ceiling / 2 + ceiling / 2 * random.random())

    def _note(self, message: object) -> None:
        assert isinstance(message, dict)
        assert self.joined is not None
        tracks = items(message, "tracks") if message.get("type") == "snapshot" else []
        if message.get("type") == "track_published":
            tracks = [message["track"]]
        for track in tracks:
            if track.get("participantId") != self.joined.participant_id:
                self.others.put_nowait(text(track, "trackName"))

    async def talk(self, mine: Peer) -> None:
        """Publishes and sends a packet of sound every 60 ms."""
        assert self.joined is not None
        names = {"0": self.joined.track_names["audio"]}
        await mine.accept(await self.client.publish(self.joined.participant_id, mine.offer(["audio"]), names))
        timestamp, start, tick = 0, time.monotonic(), 0
        while True:
            mine.send("0", EncodedFrame(b"\x78" + bytes(40), timestamp))
            timestamp, tick = timestamp + int(48000 * FRAME_SECONDS), tick + 1
            await asyncio.sleep(start + tick * FRAME_SECONDS - time.monotonic())

    async def listen(self, theirs: Peer) -> None:
        """Receives the first track that somebody else publishes."""
        assert self.joined is not None
        name = await self.others.get()
        offered = await self.client.subscribe(self.joined.participant_id, [name])
        assert offered.offer is not None, offered.failed
        await self.client.renegotiate(self.joined.participant_id, await theirs.answer(offered.offer))

    def hear(self, mid: str, frame: EncodedFrame) -> None:
        now = time.monotonic()
        if self.watching:
            self.longest_silence = max(self.longest_silence, now - self.heard_at)
        self.heard_at = now


async def beat(stream: object) -> None:
    while True:
        await asyncio.sleep(10)
        await stream.send({"type": "heartbeat"})  # type: ignore[attr-defined]


class Server:
    """`shinsatsu serve` on a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.port, http_port, udp_port = free_port(), free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "shinsatsu", "key", "bench", "--data", str(folder)]
        self.key = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        self.environment = os.environ | {
            "SHINSATSU_DATA_DIR": str(folder),
            "SHINSATSU_PORT": str(self.port),
            "SHINSATSU_SFU_HTTP_PORT": str(http_port),
            "SHINSATSU_SFU_UDP_PORT": str(udp_port),
            "SHINSATSU_EXCHANGE_RATE": "100000/minute",
            "SHINSATSU_LOG_LEVEL": "error",
        }
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> float:
        """Starts it; when the first health check succeeded."""
        command = [sys.executable, "-m", "shinsatsu", "serve"]
        self.process = await asyncio.to_thread(subprocess.Popen, command, env=self.environment)
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(f"{self.base}/healthz", timeout=1)).status_code == 200:
                        return time.monotonic()
                await asyncio.sleep(0.02)

    def kill(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def book(server: Server, number: int) -> tuple[str, list[str]]:
    """A session's id and the links of its patient and doctor."""
    headers = {"Authorization": f"Bearer {server.key}"}
    async with httpx.AsyncClient(base_url=server.base, headers=headers, trust_env=False) as api:
        body = {
            "patient": {"userId": 1000 + number, "displayName": "患者"},
            "doctor": {"userId": 5000 + number, "displayName": "医師"},
            "startsAt": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "scheduledDuration": 15,
            "admission": "automatic",
        }
        booked = (await api.put(f"/api/appointments/restart-{number}", json=body)).json()["session"]["id"]
        links = []
        for user_type, user_id in (("worker", 5000 + number), ("patient", 1000 + number)):
            whom = {"userType": user_type, "userId": user_id}
            links.append((await api.post(f"/api/video-sessions/{booked}/links", json=whom)).json()["url"])
        return booked, links


async def active(server: Server) -> set[str]:
    headers = {"Authorization": f"Bearer {server.key}"}
    async with httpx.AsyncClient(base_url=server.base, headers=headers, trust_env=False, timeout=20) as api:
        answer = (await api.get("/api/video-sessions", params={"status": "active"})).json()
        return {session["id"] for session in answer["sessions"]}


async def measure(folder: Path) -> None:
    server = Server(folder)
    await server.start()
    tasks: list[asyncio.Task[None]] = []
    people: list[Person] = []
    try:
        certificate = Certificate.generate()
        for number in range(SESSIONS):
            _, links = await book(server, number)
            for link in links:  # the doctor first, so that the patient is admitted at once
                person = Person(link, certificate)
                people.append(person)
                await person.enter()
                tasks.append(asyncio.create_task(person.follow()))
                tasks.append(asyncio.create_task(person.talk(Peer(certificate=certificate))))
                tasks.append(asyncio.create_task(person.listen(Peer(on_frame=person.hear, certificate=certificate))))
        async with asyncio.timeout(60):
            while len(await active(server)) < SESSIONS or not all(one.heard_at for one in people):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        for person in people:
            person.watching = True
        await asyncio.sleep(QUIET)
        calm = max(person.longest_silence for person in people)
        before = await active(server)
        for person in people:
            person.longest_silence = 0.0
            person.stream_up_at.clear()
        server.kill(signal.SIGKILL)
        killed_at = time.monotonic()
        healthy_at = await server.start()
        async with asyncio.timeout(30):
            while not all(person.stream_up_at for person in people):  # noqa: ASYNC110 - sockets know no such event
                await asyncio.sleep(0.05)
        back = sorted(max(0.0, person.stream_up_at[0] - healthy_at) for person in people)
        await asyncio.sleep(QUIET)
        after = await active(server)
        silence = max(person.longest_silence for person in people)
        print(f"{SESSIONS} active sessions killed, healthy again after {healthy_at - killed_at:.1f} s")
        print(f"sessions lost: {len(before - after)} of {len(before)}")
        print(f"clients back after health: median {statistics.median(back):.2f} s, last {back[-1]:.2f} s (target ≤ 5)")
        print(f"longest silence at a receiver: {silence * 1000:.0f} ms around the kill, {calm * 1000:.0f} ms before it")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        server.kill(signal.SIGTERM)
        pid = folder / "sfu.pid"
        if pid.is_file():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid.read_text()), signal.SIGTERM)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o700)
        uvloop.run(measure(Path(folder)))


if __name__ == "__main__":
    main()
