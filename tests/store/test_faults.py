"""A database that is locked, full, read-only or away: one clear error, and nothing half written."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from shinsatsu.domain.errors import ConflictError, DatabaseUnavailable
from shinsatsu.domain.roles import AuthUser
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.store.engine import make_engine
from shinsatsu.store.unit_of_work import SqlUnitsOfWork
from tests.house import DOCTOR, KEY, PATIENT, House


def rows_of(path: Path) -> dict[str, int]:
    """Rows a table, as another process sees them."""
    with sqlite3.connect(path) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}  # noqa: S608
    connection.close()
    return counts


async def test_another_process_that_holds_the_write_lock(sqlite_path: Path) -> None:
    engine = make_engine(f"sqlite:///{sqlite_path}")
    house = House(engine)
    session_id = await house.opened()
    before = rows_of(sqlite_path)
    other = sqlite3.connect(sqlite_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable):
        await house.sessions.join(PATIENT, session_id)
    assert (await house.sessions.get(PATIENT, session_id)).participants == []
    other.execute("ROLLBACK")
    other.close()
    assert rows_of(sqlite_path) == before
    assert len((await house.sessions.join(PATIENT, session_id)).view.participants) == 1
    await engine.dispose()


async def test_a_lock_that_goes_in_time_is_waited_for(sqlite_path: Path) -> None:
    engine = make_engine(f"sqlite:///{sqlite_path}")
    house = House(engine)
    house.commands.units_of_work = SqlUnitsOfWork(engine, house.sealer, write_patience=30)
    session_id = await house.opened()
    other = sqlite3.connect(sqlite_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    joining = asyncio.create_task(house.sessions.join(PATIENT, session_id))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not joining.done()
    other.execute("ROLLBACK")
    other.close()
    assert (await joining).participant_id
    await engine.dispose()


async def test_a_full_disk(sqlite_path: Path) -> None:
    engine = make_engine(f"sqlite:///{sqlite_path}")
    house = House(engine)
    session_id = await house.opened()
    assert house.units_of_work.sqlite is not None
    async with house.units_of_work.sqlite.lend() as connection:
        _, [(pages,)], _ = connection.run("PRAGMA page_count", ())
        connection.run(f"PRAGMA max_page_count = {pages}", ())
    joined: list[str] = []

    async def fill() -> None:
        while len(joined) < 500:
            joined.append((await house.sessions.join(DOCTOR, session_id)).participant_id)

    with pytest.raises(DatabaseUnavailable):
        await fill()
    counts = rows_of(sqlite_path)
    assert counts["session_participants"] == len(joined)
    assert counts["tracks"] == len(joined) * 2
    async with house.units_of_work.sqlite.lend() as connection:
        connection.run(f"PRAGMA max_page_count = {pages * 10}", ())
    assert (await house.sessions.join(DOCTOR, session_id)).participant_id
    assert len(house.bus.events) == len(await house.story(session_id))
    await engine.dispose()


async def test_a_read_only_file(sqlite_path: Path) -> None:
    engine = make_engine(f"sqlite:///{sqlite_path}")
    house = House(engine)
    session_id = await house.opened()
    assert house.units_of_work.sqlite is not None
    async with house.units_of_work.sqlite.lend() as connection:
        connection.run("PRAGMA query_only = ON", ())
    with pytest.raises(DatabaseUnavailable):
        await house.sessions.join(PATIENT, session_id)
    await engine.dispose()


async def test_no_database_at_all(tmp_path: Path) -> None:
    for address in (f"sqlite:///{tmp_path}/nowhere/x.db", "postgresql://tests@127.0.0.1:1/nothing"):
        engine = make_engine(address)
        with pytest.raises(DatabaseUnavailable):
            await House(engine).book()
        await engine.dispose()


async def test_the_loser_of_a_race_for_the_open_session_is_told(house: House) -> None:
    await house.opened()
    second = VideoSession.schedule("s-second", "a1", 15, KEY, house.clock.now())
    with pytest.raises(ConflictError):
        async with house.units_of_work.write() as unit:
            await unit.sessions.add(second)
    assert len(await house.sessions.find(DOCTOR)) == 1


async def test_a_write_on_an_old_version_is_refused(house: House) -> None:
    session_id = await house.opened()
    async with house.units_of_work.read() as unit:
        old = await unit.sessions.get(session_id)
    assert old is not None
    await house.sessions.join(PATIENT, session_id)
    old.session.end(DOCTOR, house.clock.now())
    with pytest.raises(ConflictError):
        async with house.units_of_work.write() as unit:
            await unit.sessions.save(old.session)
    assert (await house.story(session_id))[-1] == "joined"


async def test_leaving_without_commit_leaves_nothing(house: House) -> None:
    session_id = await house.opened()
    async with house.units_of_work.write() as unit:
        consultation = await unit.sessions.get(session_id, for_update=True)
        assert consultation is not None
        consultation.session.end(DOCTOR, house.clock.now())
        await unit.sessions.save(consultation.session)
    assert (await house.story(session_id))[-1] == "opened"


async def test_many_at_once_each_leave_their_mark(house: House) -> None:
    session_id = await house.opened()
    actors: list[AuthUser] = [PATIENT, DOCTOR] * 10
    await asyncio.gather(*(house.sessions.join(actor, session_id) for actor in actors))
    assert len((await house.sessions.get(DOCTOR, session_id)).participants) == 2
    story = await house.story(session_id)
    assert story.count("joined") == 20
    assert story.count("left") == 18


async def test_a_cancelled_command_leaves_a_connection_that_works(house: House) -> None:
    session_id = await house.opened()
    for steps in range(0, 40, 3):
        joining = asyncio.create_task(house.sessions.join(PATIENT, session_id))
        for _ in range(steps):
            await asyncio.sleep(0)
        joining.cancel()
        await asyncio.gather(joining, return_exceptions=True)
    await house.sessions.join(DOCTOR, session_id)
    story = await house.story(session_id)
    assert story.count("joined") - story.count("left") == len(
        (await house.sessions.get(DOCTOR, session_id)).participants
    )
