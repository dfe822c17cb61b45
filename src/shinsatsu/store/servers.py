"""`servers`: the processes that work on this database, and when each last gave a sign of life."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.store.statements import Statements
from shinsatsu.store.tables import servers

BEAT = update(servers).where(servers.c.id == bindparam("key"))
APPEAR, ALL = insert(servers), select(servers)
FORGET_SILENT = delete(servers).where(servers.c.alive_at < bindparam("since"))


class SqlServers:
    """Implements `ServerRepository`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def beat(self, server_id: str, now: datetime) -> None:
        moment = to_text(now)
        known = await self._connection.execute(BEAT, {"key": server_id, "alive_at": moment})
        if known.rowcount == 0:
            await self._connection.execute(APPEAR, {"id": server_id, "alive_at": moment})

    async def all(self) -> dict[str, datetime]:
        return {row.id: from_text(row.alive_at) for row in await self._connection.execute(ALL)}

    async def forget_silent(self, since: datetime) -> None:
        # The moment is asked for again where the row is deleted: it may have given a sign of life meanwhile.
        await self._connection.execute(FORGET_SILENT, {"since": to_text(since)})

    async def forget(self, server_ids: Collection[str]) -> None:
        if server_ids:
            await self._connection.execute_once(delete(servers).where(servers.c.id.in_(sorted(server_ids))))
