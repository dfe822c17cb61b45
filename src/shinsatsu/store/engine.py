"""From a database's address to an engine: `sqlite:///path` or `postgresql://…`, set up the way the store relies on."""

from functools import partial

from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shinsatsu.store.sqlite import connect

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
POOL_SIZE = 8
POOL_TIMEOUT = 5.0
"""Seconds to wait for a free connection; then the database counts as unavailable."""


def database_url(address: str) -> URL:
    """Parses the address and chooses the driver; ValueError for a database that is neither of the two."""
    url = make_url(address)
    driver = DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise ValueError(f"{url.get_backend_name()} is not supported: use sqlite:///… or postgresql://…")
    if driver.startswith("sqlite") and url.database in (None, "", ":memory:"):
        raise ValueError("SQLite needs a file: sqlite:///path")
    return url.set(drivername=driver)


def make_engine(address: str) -> AsyncEngine:
    """An engine over a small pool; nothing is connected yet. Its errors quote no values: they may come to a log."""
    url = database_url(address)
    if url.get_backend_name() == "sqlite":
        opener = partial(connect, str(url.database))
        return create_async_engine(
            "sqlite+aiosqlite:///" + str(url.database),
            connect_args={"async_creator_fn": lambda *_arguments, **_options: opener()},
            pool_size=POOL_SIZE,
            pool_timeout=POOL_TIMEOUT,
            hide_parameters=True,
        )
    settings = {"lock_timeout": "5s", "idle_in_transaction_session_timeout": "30s"}
    return create_async_engine(
        url,
        pool_size=POOL_SIZE,
        pool_timeout=POOL_TIMEOUT,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"server_settings": settings},
    )
