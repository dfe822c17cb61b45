"""Databases for every test that asks: SQLite and PostgreSQL, migrated once, copied for each test."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.store.engine import make_engine
from shinsatsu.store.migrate import migrate
from tests.log_watch import pytest_runtest_makereport, pytest_sessionfinish, pytest_terminal_summary
from tests.postgresql import PostgresqlServer

__all__ = ["pytest_runtest_makereport", "pytest_sessionfinish", "pytest_terminal_summary"]
"""The whole suite's output is watched."""

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A server of the test run's own, with a migrated database named `migrated`."""
    server = PostgresqlServer()
    try:
        asyncio.run(_migrate(server.address("migrated")))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("migrated") / "migrated.db"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_path(migrated_file: Path, tmp_path: Path) -> Path:
    """A fresh SQLite database."""
    return Path(shutil.copy(migrated_file, tmp_path / "shinsatsu.db"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_address(request: pytest.FixtureRequest) -> str:
    """A fresh database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_path')}"
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return server.address(f"test_{next(NUMBERS)}", template="migrated")


@pytest.fixture
async def engine(database_address: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a fresh database of each kind."""
    engine = make_engine(database_address)
    yield engine
    await engine.dispose()


async def _migrate(address: str) -> None:
    engine = make_engine(address)
    await migrate(engine)
    await engine.dispose()
