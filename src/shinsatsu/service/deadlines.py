"""Ends what must end: looks once a second for sessions whose next deadline has come (spec §6.1 and §8).

The deadlines are in the database, and each is done under its session's row lock: of several servers one does it, and a
restart forgets none. While it is not certain whether there was an outage, nothing is ended.
"""

import asyncio
import logging

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.deadlines import after_outage, fire
from shinsatsu.domain.errors import ConflictError, NotFound, Unavailable
from shinsatsu.service.commands import Change, Commands
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.servers import Servers

logger = logging.getLogger(__name__)

LOOK_EVERY = 1.0


class DeadlineKeeper:
    """`run` is its life; `look` is one look."""

    def __init__(self, commands: Commands, servers: Servers) -> None:
        self._commands = commands
        self._servers = servers
        self._owed: list[str] | None = []
        """Sessions whose outage is still to be made good; None when they are not known yet."""

    async def run(self) -> None:
        """Looks until cancelled; a failure of the database is tried again a second later."""
        while True:
            try:
                await self.look()
            except (Unavailable, ConflictError) as error:
                logger.warning("deadlines put off: %s", error.code)
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Gives the server's sign of life, makes good an outage once, then does whatever is due."""
        outage = await self._servers.beat()
        if outage is None:
            return
        if outage:
            self._owed = None
        await self._make_good()  # until it is done for everybody nobody is ended
        async with self._commands.units_of_work.read() as unit:
            due = await unit.sessions.due(self._commands.clock.now())
        for session_id in due:
            await self._fire(session_id)
        await self._servers.part_the_lost()

    async def _fire(self, session_id: str) -> None:
        async def change(_: UnitOfWork, consultation: Consultation) -> None:
            starts_at = consultation.appointment.starts_at
            fire(consultation.session, starts_at, self._commands.rules.timeouts, self._commands.clock.now())

        await self._attempt(session_id, change)

    async def _make_good(self) -> None:
        if self._owed is None:
            async with self._commands.units_of_work.read() as unit:
                self._owed = await unit.sessions.open_ones()

        async def change(_: UnitOfWork, consultation: Consultation) -> None:
            after_outage(consultation.session, self._commands.clock.now())

        while self._owed:
            await self._commands.on_session(self._owed[-1], change)
            self._owed.pop()

    async def _attempt(self, session_id: str, change: Change[None]) -> None:
        """One session's trouble is not the others': what lost a race is looked at again a second later."""
        try:
            await self._commands.on_session(session_id, change)
        except (ConflictError, NotFound):
            logger.info("deadline of %s looked at again", session_id)
        except Unavailable:
            raise
        except Exception:  # whatever is wrong with one consultation, the others go on being kept
            logger.exception("deadline of %s not done", session_id)
