"""A SQLite connection for the event loop's own thread, in the shape that SQLAlchemy's asyncio adapter wants.

In WAL mode a statement takes some ten microseconds and never waits for another connection; handing each to a thread
and back costs ten times that. So statements run where they are called, and only what can wait for long does not:
COMMIT, which waits for the disk, goes to a thread, and BEGIN IMMEDIATE, which waits for another process's transaction,
asks again on the loop until its patience ends.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a lost record is the worst that can happen: COMMIT returns when it is on disk
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 0",  # waiting is done on the loop, see `begin_immediate`
    "PRAGMA temp_store = MEMORY",
)
ASK_AGAIN_AFTER = 0.005
Parameters = Sequence[Any] | Mapping[str, Any]


class DirectCursor:
    """A cursor whose coroutines never suspend."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._cursor = connection.cursor()
        self.arraysize = 1

    async def __aenter__(self) -> "DirectCursor":
        return self

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    async def execute(self, operation: str, parameters: Parameters = ()) -> None:
        self._cursor.execute(operation, parameters)

    async def executemany(self, operation: str, parameters: Sequence[Parameters]) -> None:
        self._cursor.executemany(operation, parameters)

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def close(self) -> None:
        self._cursor.close()


class DirectConnection:
    """One SQLite connection, used by one coroutine at a time."""

    def __init__(self, path: str) -> None:
        # COMMIT runs in a thread while its coroutine waits, so never two threads at once.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in PRAGMAS:
            self._connection.execute(pragma)

    def cursor(self) -> DirectCursor:
        return DirectCursor(self._connection)

    def run(self, sql: str, arguments: Sequence[Any]) -> tuple[list[str], list[Any], int]:
        """Column names, rows and the number of rows written."""
        cursor = self._connection.execute(sql, arguments)
        names = [column[0] for column in cursor.description] if cursor.description else []
        return names, cursor.fetchall(), cursor.rowcount

    def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> int:
        """The same statement for each set of arguments; the number of rows written."""
        return self._connection.executemany(sql, arguments).rowcount

    def batches(self, sql: str, arguments: Sequence[Any], size: int, lenient: bool = False) -> Iterator[list[Any]]:
        """Rows as they are asked for; `lenient` reads text that is no UTF-8 instead of refusing it."""
        self._connection.text_factory = _lenient if lenient else str
        try:
            cursor = self._connection.execute(sql, arguments)
            while rows := cursor.fetchmany(size):
                yield rows
        finally:
            self._connection.text_factory = str

    async def begin(self) -> None:
        """Begins a transaction that reads one state of the database."""
        self._connection.execute("BEGIN")

    async def begin_immediate(self, patience: float) -> None:
        """Begins the one writing transaction; sqlite3.OperationalError ("locked") after `patience` seconds."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + patience
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or loop.time() >= give_up_at:
                    raise
                await asyncio.sleep(ASK_AGAIN_AFTER)
            else:
                return

    async def commit(self) -> None:
        if self._connection.in_transaction:
            await _to_the_end(asyncio.to_thread(self._connection.execute, "COMMIT"))

    def undo(self) -> None:
        """Rolls back what was begun, if anything was."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    async def rollback(self) -> None:
        self.undo()

    async def create_function(self, *arguments: Any, **options: Any) -> None:
        self._connection.create_function(*arguments, **options)

    async def close(self) -> None:
        self._connection.close()

    def stop(self) -> None:
        """Closes from outside the loop, when the pool is collected."""
        self._connection.close()


async def connect(path: str) -> DirectConnection:
    """Opens the file, making it if need be."""
    return DirectConnection(path)


class SqliteConnections:
    """A small pool of connections to one file, opened when they are needed and kept for the next transaction."""

    def __init__(self, path: str, size: int, patience: float) -> None:
        self._path = path
        self._free = asyncio.Semaphore(size)
        self._patience = patience
        self._idle: list[DirectConnection] = []

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[DirectConnection]:
        """A connection without a transaction; what is not committed on giving it back is undone.

        Raises TimeoutError when none came free within the pool's patience.
        """
        if self._free.locked():
            await asyncio.wait_for(self._free.acquire(), self._patience)
        else:
            await self._free.acquire()
        try:
            connection = self._idle.pop() if self._idle else DirectConnection(self._path)
            try:
                yield connection
            finally:
                self._take_back(connection)
        finally:
            self._free.release()

    def close(self) -> None:
        """Closes what is idle."""
        while self._idle:
            self._idle.pop().stop()

    def _take_back(self, connection: DirectConnection) -> None:
        try:
            connection.undo()
        except sqlite3.Error:  # whatever is wrong with it, the next transaction gets a fresh one
            connection.stop()
        else:
            self._idle.append(connection)


def _lenient(text: bytes) -> str:
    return text.decode(errors="surrogateescape")


async def _to_the_end(awaitable: Any) -> None:
    """Waits even when cancelled: a connection must not be used again while its COMMIT still runs in the thread."""
    task = asyncio.ensure_future(awaitable)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
