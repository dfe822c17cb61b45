"""A database from before the proof: its events are chained by the migration, signed when the server starts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.store.engine import make_engine
from shinsatsu.store.migrate import configuration, migrate
from tests.conftest import NUMBERS
from tests.house import House
from tests.postgresql import PostgresqlServer
from tests.proof import verdict_on

BEFORE = "0002"
ROWS = (
    "INSERT INTO appointments (id, patient_id, doctor_id, starts_at, scheduled_duration, status)"
    " VALUES ('a1', 7, 3, '2026-11-01T00:00:00.000Z', 15, 'booked')",
    "INSERT INTO video_sessions (id, appointment_id, status, created_at, metadata, version, last_seq, last_track_ms)"
    " VALUES ('s1', 'a1', 'waiting', '2026-11-01T00:00:00.000Z', '{\"scheduledDuration\": 15}', 3, 3, 0)",
    "INSERT INTO session_participants (id, video_session_id, user_type, user_id, joined_at, is_active, relation,"
    " admission, join_reason, removal_note) VALUES ('p1', 's1', 'worker', 20, '2026-11-01T00:00:00.000Z', FALSE,"
    " 'staff', 'removed', 'to help', 'in the wrong room')",
)
EVENTS = (
    ("created", '{"appointmentId": "a1"}'),
    ("joined", '{"participantId": "p1", "reasonGiven": true}'),
    ("left", '{"participantId": "p1", "userType": "worker", "userId": 20, "reason": "removed"}'),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'old.db'}"
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return server.address(f"old_{next(NUMBERS)}")


@pytest.fixture
async def old(empty: str) -> AsyncIterator[AsyncEngine]:
    """A database as the version before left it."""
    engine = make_engine(empty)
    async with engine.connect() as connection:
        await connection.run_sync(fill)
        await connection.commit()
    yield engine
    await engine.dispose()


def fill(connection: Connection) -> None:
    command.upgrade(configuration(connection), BEFORE)
    for row in ROWS:
        connection.exec_driver_sql(row)
    insert = text(
        "INSERT INTO session_events (id, video_session_id, event_type, user_type, user_id, metadata, created_at, seq)"
        " VALUES (:id, 's1', :kind, 'worker', 20, :metadata, '2026-11-01T00:00:00.000Z', :seq)"
    )
    for seq, (kind, metadata) in enumerate(EVENTS, 1):
        connection.execute(insert, {"id": f"s1:{seq}", "kind": kind, "metadata": metadata, "seq": seq})


async def test_old_events_are_taken_into_the_proof(old: AsyncEngine) -> None:
    await migrate(old)
    house = House(old)
    assert (await verdict_on(house)).faults  # nobody signed them yet
    await house.proof.list_heads()
    verdict = await verdict_on(house)
    assert (verdict.faults, verdict.events) == ([], 3)
    async with house.units_of_work.read() as unit:
        words = await unit.sessions.words("s1")
    assert (words["p1"].join_reason, words["p1"].removal_note) == ("to help", "in the wrong room")
    await house.book()
    assert (await verdict_on(house)).faults == []


async def test_a_head_that_lost_its_signature_later_is_not_signed_again(old: AsyncEngine) -> None:
    await migrate(old)
    house = House(old)
    await house.proof.list_heads()
    async with old.begin() as connection:
        await connection.execute(text("UPDATE video_sessions SET head_signature = NULL"))
    await house.proof.list_heads()
    assert (await verdict_on(house)).faults
