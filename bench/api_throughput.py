"""`create` + `join` requests a second over fresh appointments, beside a bare FastAPI endpoint that inserts one row.

Both run in processes of their own on loopback, under the same server settings (`serving.make_server`, uvloop) and the
same SQLite PRAGMAs, under the same number of connections at once; the client speaks HTTP/1.1 on plain sockets.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvloop

CONNECTIONS = 8
APPOINTMENTS = 50
ROUNDS = 11
PROOF = "a proof that nobody can guess"


class Connection:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, method: str, path: str, bearer: str, body: object) -> tuple[int, bytes, bytes]:
        """Status, head and body of the answer."""
        content = json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {bearer}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self._writer.write(head.encode() + content)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        return int(answer[9:12]), answer, await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


async def ours(folder: Path) -> None:
    """Serves shinsatsu; prints its port and an API key."""
    from pydantic import SecretStr

    from shinsatsu.bootstrap.server import build
    from shinsatsu.settings import Settings

    server = build(
        Settings(
            data_dir=folder,
            base_url="http://127.0.0.1:8000",
            sfu_url="http://127.0.0.1:9",
            sfu_app_secret=SecretStr("-" * 32),
            exchange_rate="1000000/minute",
        )
    )
    await serve(server.app, lambda: server.make_key("bench"))


async def bare(folder: Path) -> None:
    """Serves the peer: one endpoint, one INSERT, one COMMIT."""
    from fastapi import FastAPI
    from pydantic import BaseModel

    from shinsatsu.store.sqlite import connect

    class Item(BaseModel):
        name: str

    app = FastAPI()
    database = await connect(str(folder / "bare.db"))
    await database.cursor().execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    lock = asyncio.Lock()

    @app.post("/items", status_code=201)
    async def insert(item: Item) -> Item:
        async with lock:
            await database.begin_immediate(1.0)
            await database.cursor().execute("INSERT INTO items (name) VALUES (?)", (item.name,))
            await database.commit()
        return item

    async def no_key() -> str:
        return "-"

    await serve(app, no_key)


async def serve(app: object, key: Callable[[], Awaitable[str]]) -> None:
    from shinsatsu.serving import listen, make_server, run

    listener = listen("127.0.0.1", 0)

    async def when_ready() -> None:
        print(listener.getsockname()[1], await key(), flush=True)

    stop = asyncio.Event()
    await run(make_server(app), [listener], stop, when_ready=when_ready, before_stop=lambda: None)  # type: ignore[arg-type]


@asynccontextmanager
async def running(which: str, folder: Path) -> AsyncIterator[tuple[int, str]]:
    """The named server in a process of its own: its port and key."""
    folder.mkdir()  # noqa: ASYNC240 - before the clock runs
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.api_throughput", which, str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port, key = (await process.stdout.readline()).decode().split()
    try:
        yield int(port), key
    finally:
        process.terminate()
        await process.wait()


async def rate(port: int, jobs: Sequence[Callable[[Connection], Awaitable[None]]], requests_a_job: int) -> float:
    """Requests a second with `CONNECTIONS` connections at work."""
    waiting = list(reversed(jobs))
    connections = [await Connection.open(port) for _ in range(CONNECTIONS)]

    async def work(connection: Connection) -> None:
        while waiting:
            await waiting.pop()(connection)

    started = time.perf_counter()
    await asyncio.gather(*map(work, connections))
    elapsed = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return len(jobs) * requests_a_job / elapsed


async def prepare(port: int, key: str, number: int) -> Callable[[Connection], Awaitable[None]]:
    """Books an appointment and lets its patient in; the job creates the session as the patient, and joins it."""
    connection = await Connection.open(port)
    appointment = f"bench-{number}"
    person = {"userId": 1000 + number, "displayName": "試験 花子"}
    body = {
        "patient": person,
        "doctor": {"userId": 1, "displayName": "見本 太郎"},
        "supportDoctors": [],
        "startsAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "scheduledDuration": 15,
    }
    _, _, content = await connection.send("PUT", f"/api/appointments/{appointment}", key, body)
    session = json.loads(content)["session"]["id"]
    whom = {"userType": "patient", "userId": person["userId"]}
    _, _, content = await connection.send("POST", f"/api/video-sessions/{session}/links", key, whom)
    token = json.loads(content)["url"].partition("token=")[2]
    _, head, _ = await connection.send("POST", "/api/links/exchange", key, {"token": token, "proof": PROOF})
    grant = head.partition(b"shinsatsu_grant_")[2].partition(b"=")[2].partition(b";")[0].decode()
    connection.close()

    async def job(connection: Connection) -> None:
        status, _, _ = await connection.send(
            "POST", "/api/video-sessions/create", grant, {"appointmentId": appointment}
        )
        assert status == 201
        status, _, _ = await connection.send("POST", f"/api/video-sessions/{session}/join", grant, {})
        assert status == 200

    return job


async def insert(connection: Connection) -> None:
    status, _, _ = await connection.send("POST", "/items", "-", {"name": "x"})
    assert status == 201


async def main() -> None:
    served, inserted = [], []
    with tempfile.TemporaryDirectory() as folder:
        async with (
            running("ours", Path(folder) / "ours") as (ours_port, key),
            running("bare", Path(folder) / "bare") as (bare_port, _),
        ):
            jobs = [await prepare(ours_port, key, number) for number in range(APPOINTMENTS * (ROUNDS + 1))]
            for round_number in range(ROUNDS + 1):  # the first one warms up; taking turns shares the machine's moods
                batch = jobs[round_number * APPOINTMENTS : (round_number + 1) * APPOINTMENTS]
                served.append(await rate(ours_port, batch, 2))
                inserted.append(await rate(bare_port, [insert] * (2 * APPOINTMENTS), 1))
    ours_rate, bare_rate = statistics.median(served[1:]), statistics.median(inserted[1:])
    ratios = [one / other for one, other in zip(served[1:], inserted[1:], strict=True)]
    print(f"create + join: median {ours_rate:.0f} requests/s; a bare FastAPI insert: {bare_rate:.0f}")
    print(f"  ratio of each round: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    print(f"median ratio {statistics.median(ratios):.2f} (target ≥ 0.50), {CONNECTIONS} connections")


if __name__ == "__main__":
    entry = {"ours": ours, "bare": bare}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if len(sys.argv) == 3:
            runner.run(entry[sys.argv[1]](Path(sys.argv[2])))
        else:
            runner.run(main())
