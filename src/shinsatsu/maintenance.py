"""Commands that work on the database without a server: bring it up to date, make an API key."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.errors import DatabaseUnavailable
from shinsatsu.serving import CannotStart
from shinsatsu.settings import Settings, make_data_folder
from shinsatsu.store.engine import make_engine
from shinsatsu.store.migrate import migrate


async def migrate_database(settings: Settings) -> int:
    """Runs the migrations that are missing."""
    async with _database(settings):
        return 0


async def make_api_key(settings: Settings, name: str) -> int:
    """Makes a key and prints it."""
    from shinsatsu.bootstrap import build_access

    async with _database(settings) as engine:
        key = await build_access(settings, engine).create_api_key(name)
    sys.stdout.write(key + "\n")
    return 0


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    make_data_folder(settings.data_dir)
    engine = make_engine(settings.database)
    try:
        await _migrate(engine)
        yield engine
    finally:
        await engine.dispose()


async def _migrate(engine: AsyncEngine) -> None:
    try:
        await migrate(engine)
    except (DatabaseUnavailable, DBAPIError, TypeError) as error:  # TypeError: an option the driver does not know
        cause = error.__cause__ if isinstance(error, DatabaseUnavailable) else error
        reason = getattr(cause, "orig", None) or cause
        where = f"SHINSATSU_DATABASE_URL: {engine.url.render_as_string()}"  # which hides the password
        raise CannotStart(f"{where} cannot be used: {str(reason).partition(chr(10))[0]}") from error
