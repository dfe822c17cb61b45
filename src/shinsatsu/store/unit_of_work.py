"""Transactions: what is done inside is kept on `commit` and on nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shinsatsu.store.appointments import SqlAppointments
from shinsatsu.store.credentials import SqlCredentials
from shinsatsu.store.faults import foreign_errors_mapped
from shinsatsu.store.media import SqlMedia
from shinsatsu.store.sessions import SqlSessions
from shinsatsu.store.sqlite import DirectConnection
from shinsatsu.store.statements import Statements
from shinsatsu.store.tracks import SqlTracks

WRITE_PATIENCE = 2.0
"""Seconds to wait for another process's transaction on SQLite; then the database counts as unavailable."""


class SqlUnitOfWork:
    """One transaction on one connection."""

    def __init__(self, connection: AsyncConnection, driver: DirectConnection | None) -> None:
        self._connection = connection
        self._driver = driver
        statements = Statements(connection, driver)
        self.sessions = SqlSessions(statements)
        self.appointments = SqlAppointments(statements)
        self.tracks = SqlTracks(statements)
        self.media = SqlMedia(statements)
        self.credentials = SqlCredentials(statements)

    async def commit(self) -> None:
        """Makes it last: on return it is on disk."""
        await (self._driver or self._connection).commit()


class SqlUnitsOfWork:
    """Begins transactions on an engine.

    On SQLite writers of this process queue here, in order, rather than at the file, where whoever asks at the right
    moment wins; on PostgreSQL they meet at the rows they lock.
    """

    def __init__(self, engine: AsyncEngine, write_patience: float = WRITE_PATIENCE) -> None:
        self._engine = engine
        self._sqlite = engine.dialect.name == "sqlite"
        self._writer: AbstractAsyncContextManager[object] = asyncio.Lock() if self._sqlite else nullcontext()
        self._write_patience = write_patience
        self._snapshots = engine if self._sqlite else engine.execution_options(isolation_level="REPEATABLE READ")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlUnitOfWork]:
        """A transaction that sees one state of the database."""
        with foreign_errors_mapped():
            async with self._snapshots.connect() as connection:
                driver = _driver(connection) if self._sqlite else None
                if driver is not None:
                    await driver.begin()
                yield SqlUnitOfWork(connection, driver)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlUnitOfWork]:
        """A transaction that may write."""
        with foreign_errors_mapped():
            async with self._writer, self._engine.connect() as connection:
                driver = _driver(connection) if self._sqlite else None
                if driver is not None:
                    await driver.begin_immediate(self._write_patience)
                yield SqlUnitOfWork(connection, driver)


def _driver(connection: AsyncConnection) -> DirectConnection:
    # The connection is checked out already, so that there is nothing to wait for in asking for its driver.
    driver = connection.sync_connection and connection.sync_connection.connection.driver_connection
    assert isinstance(driver, DirectConnection)  # noqa: S101 - engine.py opens no other kind on SQLite
    return driver
