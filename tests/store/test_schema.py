"""The migrations make the tables that the code knows; the spec's names and indexes are there; both databases agree."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.store import credential_tables
from shinsatsu.store.engine import database_url
from shinsatsu.store.migrate import migrate
from shinsatsu.store.tables import metadata

SPEC_PARTICIPANTS = ("id", "video_session_id", "user_type", "user_id", "joined_at", "left_at", "role", "is_active")
SPEC_EVENTS = ("id", "video_session_id", "event_type", "user_type", "user_id", "metadata", "created_at")


async def test_the_migrations_make_the_tables(engine: AsyncEngine) -> None:
    await migrate(engine)

    def differences(connection: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    assert credential_tables.links.name in metadata.tables
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_specs_columns_and_indexes(engine: AsyncEngine) -> None:
    def look(connection: Connection) -> Any:
        found = inspect(connection)
        columns = {
            name: {column["name"]: column["nullable"] for column in found.get_columns(name)}
            for name in ("session_participants", "session_events")
        }
        indexes = {index["name"]: index["column_names"] for index in found.get_indexes("session_participants")}
        return columns, indexes

    async with engine.connect() as connection:
        columns, indexes = await connection.run_sync(look)
    optional = {"left_at", "role", "metadata"}
    for name, wanted in (("session_participants", SPEC_PARTICIPANTS), ("session_events", SPEC_EVENTS)):
        assert {column: columns[name][column] for column in wanted} == {column: column in optional for column in wanted}
    assert indexes["idx_session_participants_session"] == ["video_session_id"]
    assert indexes["idx_session_participants_user"] == ["user_type", "user_id"]


async def test_sqlite_waits_for_the_disk(engine: AsyncEngine) -> None:
    if engine.dialect.name != "sqlite":
        return
    async with engine.connect() as connection:
        settings = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize("address", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "sqlite+aiosqlite://"])
def test_addresses_that_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///"):
        database_url(address)
