"""Link exchange under 100 parallel attempts with different proofs, 100 rounds, through HTTP: exactly one wins each time.

The server is a process of its own, on SQLite, or wherever SHINSATSU_DATABASE_URL (and SHINSATSU_SECRET) say.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from bench.api_throughput import Connection, running

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "100"))
ATTEMPTS = int(os.environ.get("BENCH_ATTEMPTS", "100"))
Outcomes = Counter[tuple[int, str]]


async def book(connection: Connection, key: str) -> str:
    """A session with its patient."""
    body = {
        "patient": {"userId": 1, "displayName": "試験 花子"},
        "doctor": {"userId": 1, "displayName": "見本 太郎"},
        "startsAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "scheduledDuration": 15,
    }
    _, _, content = await connection.send("PUT", f"/api/appointments/links-{time.time_ns()}", key, body)
    return str(json.loads(content)["session"]["id"])


async def mint(connection: Connection, key: str, session: str) -> str:
    whom = {"userType": "patient", "userId": 1}
    _, _, content = await connection.send("POST", f"/api/video-sessions/{session}/links", key, whom)
    return str(json.loads(content)["url"]).partition("token=")[2]


async def attempt(connection: Connection, token: str, number: int) -> tuple[int, str]:
    """Status and code of one exchange with a proof of its own."""
    body = {"token": token, "proof": f"a proof of its own, number {number}"}
    status, _, content = await connection.send("POST", "/api/links/exchange", "-", body)
    return status, "won" if status == 200 else str(json.loads(content)["code"])


async def main() -> int:
    """How many rounds had one winner."""
    right, took, outcomes = 0, list[float](), Outcomes()
    with tempfile.TemporaryDirectory() as folder:
        async with running("ours", Path(folder) / "ours") as (port, key):
            connections = [await Connection.open(port) for _ in range(ATTEMPTS)]
            session = await book(connections[0], key)
            for _ in range(ROUNDS):
                token = await mint(connections[0], key, session)
                started = time.perf_counter()
                answers = Counter(await asyncio.gather(*(attempt(one, token, n) for n, one in enumerate(connections))))
                took.append(time.perf_counter() - started)
                right += answers == Counter({(200, "won"): 1, (410, "link_used"): ATTEMPTS - 1})
                outcomes += answers
            for connection in connections:
                connection.close()
    print(f"exactly one of {ATTEMPTS} won in {right} of {ROUNDS} rounds (target: all)")
    print(f"  answers: {', '.join(f'{count} × {status} {code}' for (status, code), count in outcomes.most_common())}")
    print(
        f"  a round of {ATTEMPTS} at once: median {statistics.median(took) * 1000:.0f} ms, longest {max(took) * 1000:.0f} ms"
    )
    return right


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if runner.run(main()) != ROUNDS:
            sys.exit(1)
