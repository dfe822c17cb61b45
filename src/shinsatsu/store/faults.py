"""The database's errors in the domain's words; the edge where foreign exceptions end."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shinsatsu.domain.errors import ConflictError, DatabaseUnavailable

LOST_RACES = frozenset({"40001", "40P01"})
"""PostgreSQL: serialization_failure, deadlock_detected."""
AWAY = ("08", "53", "57", "58", "55P03", "25006")
"""PostgreSQL classes: connection, resources, operator intervention, system error; lock timeout, read-only."""
SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)


@contextmanager
def foreign_errors_mapped() -> Iterator[None]:
    """Raises ConflictError for a lost race, DatabaseUnavailable for a database that cannot; bugs stay what they are."""
    try:
        yield
    except (IntegrityError, sqlite3.IntegrityError) as error:
        raise ConflictError("Somebody else was faster.") from error
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", "") or "")
        if state in LOST_RACES:
            raise ConflictError("Somebody else was faster.") from error
        if state.startswith(AWAY) or error.connection_invalidated or _sqlite_is_away(error.orig):
            raise DatabaseUnavailable("The database cannot take this at the moment.") from error
        raise
    except sqlite3.Error as error:
        if _sqlite_is_away(error):
            raise DatabaseUnavailable("The database cannot take this at the moment.") from error
        raise
    except (PoolTimeout, OSError) as error:
        raise DatabaseUnavailable("The database cannot be reached.") from error


def _sqlite_is_away(error: BaseException | None) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in SQLITE_AWAY
