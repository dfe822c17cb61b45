"""Commands that work on the database without a server: bring it up to date, make an API key."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.errors import DatabaseUnavailable
from shinsatsu.serving import CannotStart
from shinsatsu.settings import Settings
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
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = make_engine(settings.database)
    try:
        await migrate(engine)
        yield engine
    except DatabaseUnavailable as error:
        raise CannotStart(f"the database at {engine.url.render_as_string()} does not answer") from error
    finally:
        await engine.dispose()
