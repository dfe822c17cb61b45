"""Runs Core statements on a transaction's connection; on SQLite the hot ones without SQLAlchemy's machinery in between.

A statement on SQLite takes ten microseconds and SQLAlchemy's execution of it a hundred. So a statement that is a
constant of this package is compiled once, for each set of parameter names, and then handed straight to the driver.
Everything else, and PostgreSQL, where the network takes longest, goes the usual way.
"""

from collections import namedtuple
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Executable
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite_dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from shinsatsu.store.sqlite import DirectConnection

Values = Mapping[str, Any]
SQLITE = sqlite_dialect()


class Result(Protocol):
    """As much of SQLAlchemy's result as the repositories use; rows have their columns as attributes."""

    @property
    def rowcount(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...

    def all(self) -> Sequence[Any]: ...

    def first(self) -> Any: ...

    def scalar_one(self) -> Any: ...

    def scalars(self) -> Iterator[Any]: ...


@dataclass(slots=True)
class Compiled:
    """A statement as SQLite takes it; `row` is the class of its rows, known after the first execution."""

    sql: str
    names: Sequence[str]
    constants: Values
    row: Any = None

    def arguments(self, values: Values) -> list[Any]:
        constants = self.constants
        return [values[name] if name in values else constants[name] for name in self.names]


class DirectResult:
    """Rows already fetched."""

    def __init__(self, rows: Sequence[Any], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> Sequence[Any]:
        return self._rows

    def first(self) -> Any:
        return self._rows[0] if self._rows else None

    def scalar_one(self) -> Any:
        (row,) = self._rows
        return row[0]

    def scalars(self) -> Iterator[Any]:
        return (row[0] for row in self._rows)


class Statements:
    """One transaction's way to the database."""

    _compiled: dict[tuple[Executable, tuple[str, ...]], Compiled] = {}  # noqa: RUF012 - constants only, for the process

    def __init__(self, connection: AsyncConnection | DirectConnection) -> None:
        self._connection = connection

    @property
    def dialect_name(self) -> str:
        return "sqlite" if isinstance(self._connection, DirectConnection) else self._connection.dialect.name

    async def execute(self, statement: Executable, values: Values | Sequence[Values] = ()) -> Result:
        """Executes a statement that is a constant: one that is made anew for each call would never be forgotten."""
        if not isinstance(self._connection, DirectConnection):
            return await self._connection.execute(statement, values or None)
        return _run(self._connection, self._prepared(statement, _first(values)), values)

    async def execute_once(self, statement: Executable, values: Values | Sequence[Values] = ()) -> Result:
        """Executes a statement that was made for this call, or one whose lists differ in length."""
        if not isinstance(self._connection, DirectConnection):
            return await self._connection.execute(statement, values or None)
        return _run(self._connection, _compile(statement, _first(values)), values)

    async def stream(self, statement: Executable, size: int, lenient: bool = False) -> AsyncIterator[Sequence[Any]]:
        """Rows of a constant statement without parameters, as plain tuples in batches: for more than fits in memory.

        On SQLite raises OperationalError for text that is no UTF-8, unless `lenient`.
        """
        if isinstance(self._connection, DirectConnection):
            compiled = self._prepared(statement, {})
            for rows in self._connection.batches(compiled.sql, compiled.arguments({}), size, lenient):
                yield rows
            return
        found = await self._connection.stream(statement)
        async for part in found.partitions(size):
            yield part

    def _prepared(self, statement: Executable, values: Values) -> Compiled:
        key = (statement, tuple(values))
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = _compile(statement, values)
        return found


def _first(values: Values | Sequence[Values]) -> Values:
    if isinstance(values, Mapping):
        return values
    return values[0] if values else {}


def _compile(statement: Any, values: Values) -> Compiled:
    made = statement.compile(dialect=SQLITE, column_keys=list(values) or None)
    expanded = made.construct_expanded_state(dict(values) or None)
    constants = {name: value for name, value in expanded.parameters.items() if name not in values}
    return Compiled(expanded.statement, expanded.positiontup or (), constants)


def _run(driver: DirectConnection, compiled: Compiled, values: Values | Sequence[Values]) -> DirectResult:
    if not isinstance(values, Mapping) and values:
        return DirectResult((), driver.run_many(compiled.sql, [compiled.arguments(one) for one in values]))
    names, rows, rowcount = driver.run(compiled.sql, compiled.arguments(_first(values)))
    if compiled.row is None and names:
        compiled.row = _row_maker(names)
    return DirectResult([compiled.row(row) for row in rows], rowcount)


def _row_maker(names: Sequence[str]) -> Any:
    maker: Any = namedtuple  # the columns are known when it runs, which no type checker can follow
    return maker("Row", names)._make
