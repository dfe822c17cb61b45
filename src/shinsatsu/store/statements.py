"""Runs Core statements on a transaction's connection; on SQLite the hot ones without SQLAlchemy's machinery in between.

A statement on SQLite takes ten microseconds and SQLAlchemy's execution of it a hundred. So a statement that is a
constant of this package is compiled once, for each set of parameter names, and then handed straight to the driver.
Everything else, and PostgreSQL, where the network takes longest, goes the usual way.
"""

from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Executable
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite_dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from shinsatsu.store.sqlite import DirectConnection

Values = Mapping[str, Any]


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

    def __init__(self, connection: AsyncConnection, driver: DirectConnection | None) -> None:
        self._connection = connection
        self._driver = driver

    @property
    def dialect_name(self) -> str:
        return self._connection.dialect.name

    async def execute(self, statement: Executable, values: Values | Sequence[Values] = ()) -> Result:
        """Executes a statement that is a constant: one that is made anew for each call would never be forgotten."""
        if self._driver is None:
            return await self._connection.execute(statement, values or None)
        if isinstance(values, Mapping) or not values:
            return self._run(self._driver, statement, values if isinstance(values, Mapping) else {})
        compiled = self._compile(statement, values[0])
        return DirectResult((), self._driver.run_many(compiled.sql, [compiled.arguments(one) for one in values]))

    async def execute_once(self, statement: Executable, values: Values | Sequence[Values] | None = None) -> Result:
        """Executes a statement that was made for this call."""
        return await self._connection.execute(statement, values)

    def _run(self, driver: DirectConnection, statement: Executable, values: Values) -> DirectResult:
        compiled = self._compile(statement, values)
        names, rows, rowcount = driver.run(compiled.sql, compiled.arguments(values))
        if compiled.row is None and names:
            compiled.row = _row_maker(names)
        return DirectResult([compiled.row(row) for row in rows], rowcount)

    def _compile(self, statement: Any, values: Values) -> Compiled:
        key = (statement, tuple(values))
        found = self._compiled.get(key)
        if found is None:
            made = statement.compile(
                dialect=sqlite_dialect(), column_keys=list(values) or None, compile_kwargs={"render_postcompile": True}
            )
            found = Compiled(str(made), made.positiontup or (), made.params)
            self._compiled[key] = found
        return found


def _row_maker(names: Sequence[str]) -> Any:
    maker: Any = namedtuple  # the columns are known when it runs, which no type checker can follow
    return maker("Row", names)._make
