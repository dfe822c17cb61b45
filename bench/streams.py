"""500 sessions with one event a second each on one server process: from the command to the WebSocket client.

Every session has a doctor's stream that switches its microphone each second and hears of it. The figure is the time from
the event's own moment, taken just before its transaction commits, to its arrival at the client: an upper bound of
"commit to client". Ten clients stop reading a session of which there is much news (switches of its lock, as fast as
they are answered): their buffers fill, they are sent away to resume later, and must cost the others nothing.
"""

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.api_throughput import PROOF, Connection

SESSIONS = int(os.environ.get("BENCH_SESSIONS", "500"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "20"))
STALLED = 10
RESYNC_REQUIRED = 4503


class Doctor:
    """One doctor's stream in one session."""

    def __init__(self, session_id: str, bearer: str) -> None:
        self.session_id, self.bearer = session_id, bearer
        self.socket: ClientConnection | None = None
        self.participant_id = ""
        self.latencies: list[float] = []

    async def open(self, port: int, *, reads: bool = True) -> None:
        sock = None if reads else _small_socket(port)
        url = f"ws://127.0.0.1:{port}/api/video-sessions/{self.session_id}/events"
        if self.participant_id:
            url += f"?participantId={self.participant_id}"
        self.socket = await connect(
            url,
            additional_headers={"Authorization": f"Bearer {self.bearer}"},
            compression=None,
            ping_interval=None,
            max_queue=None if reads else 1,
            sock=sock,
        )

    async def what_became_of_it(self) -> int | None:
        """Reads on after a long silence, to the close that says why; None when there is none."""
        assert self.socket is not None
        try:
            async with asyncio.timeout(5):
                async for _ in self.socket:
                    pass
        except TimeoutError:
            return None
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
        return self.socket.close_code

    async def speak(self, start: float, until: float) -> None:
        """Switches the microphone once a second."""
        assert self.socket is not None
        muted, at = False, start
        while at < until:
            await asyncio.sleep(at - time.monotonic())
            muted, at = not muted, at + 1
            await self.socket.send(json.dumps({"type": "media_state", "audioMuted": muted, "videoMuted": False}))

    async def hear(self) -> None:
        assert self.socket is not None
        async for text in self.socket:
            arrived = time.time()
            message = json.loads(text)
            if message.get("change") in ("muted", "unmuted"):
                self.latencies.append(arrived - datetime.fromisoformat(message["at"]).timestamp())


def _small_socket(port: int) -> socket.socket:
    """One whose receiving end takes little, so that not reading is felt at the server soon."""
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.connect(("127.0.0.1", port))
    small.setblocking(False)
    return small


async def make_news(http: Connection, doctor: Doctor, until: float) -> int:
    """Locks and unlocks a session until then; how often."""
    times = 0
    while time.monotonic() < until:
        body = {"locked": times % 2 == 0}
        status, _, _ = await http.send("POST", f"/api/video-sessions/{doctor.session_id}/lock", doctor.bearer, body)
        assert status == 200
        times += 1
    return times


async def enter(port: int, key: str, number: int, http: Connection) -> Doctor:
    """Books, links, exchanges, opens and joins."""
    booking = {
        "patient": {"userId": 100_000 + number, "displayName": "患者"},
        "doctor": {"userId": 200_000 + number, "displayName": "医師"},
        "startsAt": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "scheduledDuration": 15,
    }
    _, _, booked = await http.send("PUT", f"/api/appointments/stream-{number}", key, booking)
    session_id = json.loads(booked)["session"]["id"]
    whom = {"userType": "worker", "userId": 200_000 + number}
    _, _, linked = await http.send("POST", f"/api/video-sessions/{session_id}/links", key, whom)
    token = json.loads(linked)["url"].partition("token=")[2]
    _, head, _ = await http.send("POST", "/api/links/exchange", key, {"token": token, "proof": PROOF})
    grant = head.partition(b"shinsatsu_grant_")[2].partition(b"=")[2].partition(b";")[0].decode()
    doctor = Doctor(session_id, grant)
    await http.send("POST", "/api/video-sessions/create", doctor.bearer, {"appointmentId": f"stream-{number}"})
    _, _, joined = await http.send("POST", f"/api/video-sessions/{session_id}/join", doctor.bearer, {})
    doctor.participant_id = json.loads(joined)["participantId"]
    return doctor


def usage(pid: int) -> tuple[float, float]:
    """CPU seconds and resident megabytes of the server."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def measure(port: int, key: str, pid: int) -> None:
    connections = [await Connection.open(port) for _ in range(8)]
    doctors: list[Doctor] = []

    async def some(http: Connection, numbers: range) -> None:
        doctors.extend([await enter(port, key, number, http) for number in numbers])

    await asyncio.gather(*(some(http, range(one, SESSIONS, 8)) for one, http in enumerate(connections)))
    started_at = usage(pid)
    print(f"{SESSIONS} sessions ready, server {started_at[0]:.1f} s of CPU", flush=True)
    for doctor in doctors:
        await doctor.open(port)
    noisy = await enter(port, key, SESSIONS, connections[0])
    stalled = [Doctor(noisy.session_id, noisy.bearer) for _ in range(STALLED)]
    for doctor in stalled:
        await doctor.open(port, reads=False)
    hearing = [asyncio.create_task(doctor.hear()) for doctor in doctors]
    before, start = usage(pid), time.monotonic() + 1
    news = asyncio.create_task(make_news(connections[0], noisy, start + SECONDS))
    await asyncio.gather(
        *(doctor.speak(start + number / SESSIONS, start + SECONDS) for number, doctor in enumerate(doctors))
    )
    await asyncio.sleep(1)
    after = usage(pid)
    fates = [await doctor.what_became_of_it() for doctor in stalled]
    sent_away = sum(fate == RESYNC_REQUIRED for fate in fates)
    print(f"{await news} pieces of news in one session; {sent_away} of {STALLED} that did not read it were sent away")
    latencies = sorted(one for doctor in doctors for one in doctor.latencies)
    percentiles = statistics.quantiles(latencies, n=100)
    expected = SESSIONS * SECONDS
    print(
        f"{SESSIONS} sessions, {len(latencies)} of {expected:.0f} events heard: "
        f"p50 {percentiles[49] * 1000:.1f} ms, p99 {percentiles[98] * 1000:.1f} ms, most {latencies[-1] * 1000:.1f} ms"
    )
    cpu = after[0] - before[0]
    print(
        f"server: {cpu / (SECONDS + 2) * 100:.0f} % of a core, {cpu / len(latencies) * 1e6:.0f} µs an event, "
        f"{before[1]:.0f} → {after[1]:.0f} MB resident"
    )
    ended = [doctor.socket.close_code for doctor in doctors if doctor.socket and doctor.socket.close_code is not None]
    if ended:
        print(f"{len(ended)} streams ended early, with {sorted(set(ended))}")
    for task in hearing:
        task.cancel()
    for doctor in (*doctors, *stalled):
        if doctor.socket is not None:
            doctor.socket.transport.abort()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.api_throughput", "ours", folder]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        try:
            port, key = server.stdout.readline().split()
            uvloop.run(measure(int(port), key, server.pid))
        finally:
            server.terminate()
            server.wait()
            server.stdout.close()


if __name__ == "__main__":
    main()
