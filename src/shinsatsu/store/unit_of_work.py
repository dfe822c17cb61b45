"""Transactions: what is done inside is kept on `commit` and on nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shinsatsu.service.ports import Sealer
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.store.accounts import SqlAccounts
from shinsatsu.store.appointments import SqlAppointments
from shinsatsu.store.chains import Chains
from shinsatsu.store.challenges import SqlChallenges
from shinsatsu.store.credentials import SqlCredentials
from shinsatsu.store.engine import POOL_SIZE, POOL_TIMEOUT
from shinsatsu.store.factors import SqlFactors
from shinsatsu.store.faults import foreign_errors_mapped
from shinsatsu.store.guests import SqlGuests
from shinsatsu.store.invitations import SqlInvitations
from shinsatsu.store.keys import SqlKeys
from shinsatsu.store.logins import SqlLogins
from shinsatsu.store.media import SqlMedia
from shinsatsu.store.proof import SqlProof
from shinsatsu.store.security import SqlSecurityLog
from shinsatsu.store.servers import SqlServers
from shinsatsu.store.sessions import SqlSessions
from shinsatsu.store.sqlite import DirectConnection, SqliteConnections
from shinsatsu.store.statements import Statements
from shinsatsu.store.tracks import SqlTracks
from shinsatsu.store.webhooks import SqlWebhooks

WRITE_PATIENCE = 2.0
"""Seconds to wait for another process's transaction on SQLite; then the database counts as unavailable."""


class SqlUnitOfWork:
    """One transaction on one connection."""

    def __init__(self, connection: AsyncConnection | DirectConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._chains = chains = Chains(sealer)
        statements = Statements(connection)
        self.sessions = SqlSessions(statements, chains)
        self.appointments = SqlAppointments(statements)
        self.tracks = SqlTracks(statements)
        self.media = SqlMedia(statements)
        self.credentials = SqlCredentials(statements)
        self.guests = SqlGuests(statements)
        self.invitations = SqlInvitations(statements)
        self.keys = SqlKeys(statements)
        self.logins = SqlLogins(statements)
        self.servers = SqlServers(statements)
        self.accounts = SqlAccounts(statements)
        self.factors = SqlFactors(statements)
        self.challenges = SqlChallenges(statements)
        self.security = SqlSecurityLog(statements, chains)
        self.proof = SqlProof(statements, chains, sealer)
        self.webhooks = SqlWebhooks(statements)

    async def commit(self) -> None:
        """Makes it last: on return it is on disk."""
        await self.security.flush()
        await self._connection.commit()
        self._chains.anchor()


class _SqliteUnits:
    """Writers of this process queue here, in order; at the file, whoever asks at the right moment would win."""

    def __init__(self, path: str, sealer: Sealer, write_patience: float) -> None:
        self._sealer = sealer
        self.connections = SqliteConnections(path, POOL_SIZE, POOL_TIMEOUT)
        self._writer = asyncio.Lock()
        self._write_patience = write_patience

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlUnitOfWork]:
        async with self.connections.lend() as connection:
            await connection.begin()
            yield SqlUnitOfWork(connection, self._sealer)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlUnitOfWork]:
        async with self._writer, self.connections.lend() as connection:
            await connection.begin_immediate(self._write_patience)
            yield SqlUnitOfWork(connection, self._sealer)

    def close(self) -> None:
        self.connections.close()


class _PostgresqlUnits:
    """Writers meet at the rows they lock; readers see one snapshot."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._sealer = sealer
        self._engine = engine
        self._snapshots = engine.execution_options(isolation_level="REPEATABLE READ")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlUnitOfWork]:
        async with self._snapshots.connect() as connection:
            yield SqlUnitOfWork(connection, self._sealer)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlUnitOfWork]:
        async with self._engine.connect() as connection:
            yield SqlUnitOfWork(connection, self._sealer)

    def close(self) -> None:
        """The engine's owner disposes of it."""


class SqlUnitsOfWork:
    """Begins transactions on the database of an engine, in the way of its kind; `sealer` signs what they write."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer, write_patience: float = WRITE_PATIENCE) -> None:
        self._units: _SqliteUnits | _PostgresqlUnits
        if engine.dialect.name == "sqlite":
            self._units = _SqliteUnits(str(engine.url.database), sealer, write_patience)
        else:
            self._units = _PostgresqlUnits(engine, sealer)

    @property
    def sqlite(self) -> SqliteConnections | None:
        """The connections to the file; None on PostgreSQL."""
        return self._units.connections if isinstance(self._units, _SqliteUnits) else None

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that sees one state of the database."""
        return _mapped(self._units.read())

    def write(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that may write."""
        return _mapped(self._units.write())

    def close(self) -> None:
        """Gives up idle connections; the engine is its owner's to dispose of."""
        self._units.close()


@asynccontextmanager
async def _mapped(unit: AbstractAsyncContextManager[SqlUnitOfWork]) -> AsyncIterator[SqlUnitOfWork]:
    with foreign_errors_mapped():
        async with unit as entered:
            yield entered
