"""Brings a database to the present shape; the migrations are inside the package."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.store.faults import foreign_errors_mapped
from shinsatsu.store.sqlite import DirectConnection

LOCK = 0x5348494E
"""Several servers starting on one PostgreSQL migrate one after the other."""
PATIENCE = 30.0


async def migrate(engine: AsyncEngine) -> None:
    """Runs what is missing, all in one transaction. Raises DatabaseUnavailable."""
    with foreign_errors_mapped():
        async with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                driver = (await connection.get_raw_connection()).driver_connection
                assert isinstance(driver, DirectConnection)  # noqa: S101 - engine.py opens no other kind on SQLite
                await driver.begin_immediate(PATIENCE)
            else:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            await connection.run_sync(_upgrade)
            await connection.commit()


def configuration(connection: Connection) -> Config:
    """Alembic's settings, working on that connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(configuration(connection), "head")
