"""The proof: 1,000 edits of a 10,000-event database, 100 untouched copies, verify's speed, its share of a join's time.

The attacker writes to the database at will and has neither key nor anchor (`tests/tampering.py`); an edit is rolled back
before the next one. The share is a profile: the time spent in canonicalising, hashing, signing and anchoring inside
real joins on SQLite, with every commit on disk, and what the triggers add to an INSERT; HTTP is left out.
"""

import asyncio
import itertools
import os
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.house import DOCTOR, OPERATOR, PATIENT, WISH, House
from tests.proof import attacked, note, verdict_on
from tests.tampering import Attacker

from shinsatsu.administration.audit_work import collector_paused
from shinsatsu.domain.audit_evidence import Anchored
from shinsatsu.proof.anchor import KEY, AnchorFile
from shinsatsu.proof.keys import PublicKeys
from shinsatsu.proof.sealer import FileSealer
from shinsatsu.store import chains, session_log
from shinsatsu.store.engine import make_engine
from shinsatsu.store.migrate import migrate
from shinsatsu.store.unit_of_work import SqlUnitsOfWork

EVENTS = 10_000
EDITS = int(os.environ.get("BENCH_EDITS", "1000"))
COPIES = int(os.environ.get("BENCH_COPIES", "100"))
ROUNDS = 5
JOINS = 500


async def consultations(house: House, events: int) -> None:
    """Writes about as many events: consultations that are over, with pruned, listed and erased ones among them."""
    await house.staff()
    written = 0
    for number in itertools.count(1):
        session_id = await house.opened(f"a{number}")
        for actor in (DOCTOR, OPERATOR):
            await house.enter(actor, session_id)
        patient = await house.enter(PATIENT, session_id)
        for _ in range(3):
            await house.moderation.lock(DOCTOR, session_id, True)
            await house.moderation.lock(DOCTOR, session_id, False)
            await note(house, session_id)
        await house.moderation.remove(OPERATOR, session_id, patient.participant_id, "in the wrong room")
        await house.sessions.end(DOCTOR, session_id)
        house.clock.pass_time(minutes=5)
        written += 3 + len(await house.story(session_id))
        if number % 40 == 0:
            await house.proof.list_heads()
        if number == 60:
            await house.proof.prune(house.clock.now())
            written = 0
            await house.proof.erase(user=PATIENT.key)
        if written >= events:
            return


async def tamper(house: House) -> None:
    """Edits, each of which has to be found."""
    missed, kinds = [], Counter[str]()
    for seed in range(EDITS):
        async with attacked(house, seed, Attacker.attack) as (did, verdict):
            kinds.update({fault.kind for fault in verdict.faults[:1]})
            if not verdict.faults:
                missed.append(did)
    print(f"edits found: {EDITS - len(missed)} of {EDITS} (target: all)")
    print(f"  first fault named as: {', '.join(f'{kind} {count}' for kind, count in kinds.most_common())}")
    print(*(f"  missed: {one}" for one in missed), sep="\n", end="\n" if missed else "")


async def untouched(path: Path, house: House) -> None:
    """Copies, none of which may be found at fault."""
    alarms = 0
    for number in range(COPIES):
        copy = path.with_name(f"copy-{number}.db")
        with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
            source.backup(target)
        source.close()
        target.close()
        engine = make_engine(f"sqlite:///{copy}")
        other = House(engine)
        alarms += bool((await verdict_on(other, house.sealer.lines)).faults)
        other.units_of_work.close()
        await engine.dispose()
        copy.unlink()
    print(f"false alarms: {alarms} of {COPIES} untouched copies (target: 0)")


async def speed(folder: Path, house: House) -> None:
    """Whole verifications, one process: reading the anchor file and the database, hashing, checking signatures."""
    file = AnchorFile(folder / "audit.jsonl")
    file.append(house.sealer.lines)
    rates = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        keys, anchored = PublicKeys(), Anchored()
        with collector_paused():
            keys.follow(file.read(KEY))
            anchored.take(file.read())
            verdict = await house.proof.verify(anchored, keys.signed)
        rates.append(verdict.events / (time.perf_counter() - started))
        assert not verdict.faults
    lines = len(house.sealer.lines)
    print(
        f"verify: median {statistics.median(rates):,.0f} events/s, best {max(rates):,.0f} (target ≥ 50,000),"
        f" {verdict.events:,} events in {verdict.chains} chains, {lines:,} anchored lines"
    )


class Stopwatch:
    """Adds up the time spent in functions, each only from the outside in."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._inside = False

    def watch(self, owner: Any, name: str, what: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            if self._inside:
                return original(*arguments, **options)
            self._inside, started = True, time.perf_counter()
            try:
                return original(*arguments, **options)
            finally:
                self.spent[what] += time.perf_counter() - started
                self._inside = False

        setattr(owner, name, timed)


async def share(folder: Path) -> None:
    """How much of a join is the proof's."""
    engine = make_engine(f"sqlite:///{folder / 'joins.db'}")
    await migrate(engine)
    house = House(engine)
    sealer = FileSealer(folder, AnchorFile(folder / "anchor.jsonl"), house.clock)
    house.commands.units_of_work = house.units_of_work = SqlUnitsOfWork(engine, sealer)
    session_ids = [await house.opened(f"j{number}") for number in range(JOINS)]
    stopwatch = Stopwatch()
    stopwatch.watch(session_log, "canonical", "canonicalising")
    stopwatch.watch(session_log, "salted", "salting")
    stopwatch.watch(chains, "_hash_of", "hashing")
    stopwatch.watch(sealer, "head", "signing")
    stopwatch.watch(sealer, "anchor", "anchoring")
    before = await count(house)
    started = time.perf_counter()
    for session_id in session_ids:
        await house.sessions.join(OPERATOR, session_id, WISH)
    total = time.perf_counter() - started
    events = await count(house) - before
    stopwatch.spent["triggers"] = events * await trigger_cost(folder)
    spent = sum(stopwatch.spent.values())
    parts = ", ".join(
        f"{name} {seconds / total:.1%}" for name, seconds in sorted(stopwatch.spent.items(), key=lambda one: -one[1])
    )
    print(f"share of a join's time: {spent / total:.1%} of {total / JOINS * 1000:.2f} ms (target ≤ 25 %): {parts}")
    house.units_of_work.close()
    await engine.dispose()


async def count(house: House) -> int:
    return (await house.proof.verify(Anchored(), lambda *_: True)).events


async def trigger_cost(folder: Path) -> float:
    """Seconds that the triggers add to the INSERT of one event."""
    times = []
    for armed in (True, False):
        copy = Path(shutil.copy(folder / "joins.db", folder / "triggers.db"))
        with sqlite3.connect(copy, isolation_level=None) as database:
            if not armed:
                for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                    database.execute(f"DROP TRIGGER {name}")
            database.execute("PRAGMA foreign_keys = OFF")
            rows = [(f"x:{n}", "x", "joined", "worker", 1, "{}", "now", n, "", "") for n in range(20_000)]
            insert = "INSERT INTO session_events (id, video_session_id, event_type, user_type, user_id, metadata, created_at, seq, prev_hash, hash) VALUES (?,?,?,?,?,?,?,?,?,?)"
            database.execute("BEGIN")
            started = time.perf_counter()
            database.executemany(insert, rows)
            times.append((time.perf_counter() - started) / len(rows))
            database.execute("ROLLBACK")
        database.close()
    return max(0.0, times[0] - times[1])


async def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await share(folder)
        path = folder / "audit.db"
        engine = make_engine(f"sqlite:///{path}")
        await migrate(engine)
        house = House(engine)
        await consultations(house, EVENTS)
        await speed(folder, house)
        await untouched(path, house)
        await tamper(house)
        house.units_of_work.close()
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
