"""Commands that work on the database without a server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.errors import DatabaseUnavailable
from shinsatsu.serving import CannotStart
from shinsatsu.settings import Settings, make_data_folder
from shinsatsu.store.engine import make_engine
from shinsatsu.store.migrate import migrate

if TYPE_CHECKING:
    from shinsatsu.service.keys import Keys
    from shinsatsu.service.proof import Proof
    from shinsatsu.service.staff_access import StaffAccess
    from shinsatsu.service.webhooks import Webhooks


async def migrate_database(settings: Settings) -> int:
    """Runs the migrations that are missing."""
    async with _database(settings):
        return 0


async def on_keys(settings: Settings, work: "Callable[[Keys], Awaitable[None]]") -> int:
    """Has a command work on API keys."""
    from shinsatsu.bootstrap.offline import build_keys

    async with _database(settings) as engine:
        await work(build_keys(settings, engine))
    return 0


async def on_webhooks(settings: Settings, work: "Callable[[Webhooks], Awaitable[None]]") -> int:
    """Has a command work on webhooks."""
    from shinsatsu.bootstrap.offline import build_webhooks

    async with _database(settings) as engine:
        await work(build_webhooks(settings, engine))
    return 0


async def on_staff(settings: Settings, work: "Callable[[StaffAccess], Awaitable[None]]") -> int:
    """Has a command work on people and how they log in."""
    from shinsatsu.bootstrap.offline import build_staff

    async with _database(settings) as engine:
        await work(build_staff(settings, engine))
    return 0


async def on_proof(settings: Settings, work: "Callable[[Proof], Awaitable[None]]") -> int:
    """Has a command work on the proof."""
    from shinsatsu.bootstrap.offline import build_proof

    async with _database(settings) as engine:
        await work(build_proof(settings, engine))
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
