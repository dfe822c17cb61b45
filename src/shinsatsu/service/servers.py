"""Which servers are alive on this database, and whose presence died with one that is not."""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import ConflictError, NotFound
from shinsatsu.service.commands import Commands
from shinsatsu.service.repositories import Connection, UnitOfWork

BEAT_EVERY = timedelta(seconds=2)
DEAD_AFTER = timedelta(seconds=10)
"""Silence after which a server counts as gone, and with it the presence of those whose streams it served."""
MEDIA = "media"
MEDIA_LOOK_EVERY = timedelta(seconds=30)


class Servers:
    """This server among those on its database; `id` begins the name of every stream's presence that it carries.

    `media_alive` says whether a media session still exists, for those whose presence is their media.
    """

    def __init__(self, commands: Commands, server_id: str, media_alive: Callable[[str], Awaitable[bool]]) -> None:
        self.id = server_id
        self._commands = commands
        self._media_alive = media_alive
        self._started_at: datetime | None = None
        self._beat_at: datetime | None = None
        self._media_looked_at: datetime | None = None
        self._outage: bool | None = None

    async def beat(self) -> bool | None:
        """Gives a sign of life when one is due. True, once, after an outage of all servers; None while that is open.

        There was one if no other server gives a sign of life: a row that is still fresh may be of one that was killed.
        """
        now = self._commands.clock.now()
        self._started_at = self._started_at or now
        if self._beat_at is None or now - self._beat_at >= BEAT_EVERY:
            known = await self._commands.transact(self._note)
            self._beat_at = now
            silent = {server_id for server_id, alive_at in known.items() if now - alive_at > DEAD_AFTER}
            if silent:
                await self._commands.transact(self._strike_out)
            if self._outage is None:
                return self._decide({key: known[key] for key in known.keys() - silent - {self.id}}, now)
        return self._outage if self._outage is None else False

    async def leave(self) -> None:
        """An orderly stop: the next start need not wait to know that we are gone."""

        async def transaction(unit: UnitOfWork) -> None:
            await unit.servers.forget([self.id])

        await self._commands.transact(transaction)

    async def part_the_lost(self) -> None:
        """Notes the absence of everybody whose stream's server, or whose media, is gone."""
        async with self._commands.units_of_work.read() as unit:
            alive, connections = await unit.servers.all(), await unit.sessions.connections()
        media_too = self._media_look_is_due()
        for connection in connections:
            if await self._is_lost(connection.connection_id, alive, media_too):
                await self._part(connection)

    async def _is_lost(self, connection_id: str, alive: Collection[str], media_too: bool) -> bool:
        carrier, _, name = connection_id.partition(":")
        if carrier == MEDIA:
            return media_too and not await self._media_alive(name)
        return carrier not in alive

    async def _note(self, unit: UnitOfWork) -> dict[str, datetime]:
        await unit.servers.beat(self.id, self._commands.clock.now())
        return await unit.servers.all()

    async def _strike_out(self, unit: UnitOfWork) -> None:
        # In a transaction of its own: two that were silent together would wait for each other, each with its own row.
        await unit.servers.forget_silent(self._commands.clock.now() - DEAD_AFTER)

    def _decide(self, others: dict[str, datetime], now: datetime) -> bool | None:
        started_at = self._started_at or now
        if any(alive_at > started_at for alive_at in others.values()):
            self._outage = False
        elif not others:
            self._outage = True
        return self._outage

    def _media_look_is_due(self) -> bool:
        now = self._commands.clock.now()
        if self._media_looked_at is not None and now - self._media_looked_at < MEDIA_LOOK_EVERY:
            return False
        self._media_looked_at = now
        return True

    async def _part(self, connection: Connection) -> None:
        async def change(_: UnitOfWork, consultation: Consultation) -> None:
            now = self._commands.clock.now()
            consultation.session.disconnect(connection.user, connection.participant_id, connection.connection_id, now)

        try:
            await self._commands.on_session(connection.session_id, change)
        except (ConflictError, NotFound):
            return  # looked at again a second later
