"""Ends logins that are over by themselves, and cuts off accounts that were disabled elsewhere: looks once a second.

A command line or another server only writes to the database; whoever has streams open here hears of it through this.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from shinsatsu.domain.accounts import FORGET_FAILURES
from shinsatsu.domain.errors import ConflictError, NotFound, Unavailable
from shinsatsu.domain.roles import UserKey
from shinsatsu.service.accounts import Accounts
from shinsatsu.service.commands import Commands
from shinsatsu.service.logins import NOTED_PER_IDLE, Logins
from shinsatsu.service.repositories import UnitOfWork

logger = logging.getLogger(__name__)

LOOK_EVERY = 1.0
TIDY_EVERY = timedelta(seconds=30)
LOOK_BACK = timedelta(minutes=1)
"""How long ago an account may have been disabled and its streams are still looked for: clocks differ."""


class LoginKeeper:
    """`run` is its life, `look` is one look; `cut_off` ends every stream of somebody."""

    def __init__(
        self, commands: Commands, logins: Logins, accounts: Accounts, cut_off: Callable[[UserKey], None]
    ) -> None:
        self._commands = commands
        self._logins = logins
        self._accounts = accounts
        self._cut_off = cut_off
        self._tidied_at: datetime | None = None

    async def run(self) -> None:
        """Looks until cancelled; a failure of the database is tried again a second later."""
        while True:
            try:
                await self.look()
            except (Unavailable, ConflictError) as error:
                logger.warning("logins looked at later: %s", error.code)
            except Exception:  # whatever is wrong with one login or account, the next look comes
                logger.exception("logins not looked at")
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Notes who is in a call, then ends what is over and puts out who is disabled."""
        now, idle = self._commands.clock.now(), self._logins.rules.idle
        if self._tidied_at is None or now - self._tidied_at >= min(TIDY_EVERY, idle / NOTED_PER_IDLE):
            await self._commands.transact(self._tidy)
            self._tidied_at = now
        async with self._commands.units_of_work.read() as unit:
            over = await unit.logins.over(now - idle, now)
            blocked = await unit.accounts.blocked_since(now - LOOK_BACK)
            stays = await unit.accounts.blocked_stays()
        for key in blocked:
            self._cut_off(key)
        for session_id, key in stays:
            await self._put_out(session_id, key)
        for login in over:
            await self._logins.sweep(login)

    async def _tidy(self, unit: UnitOfWork) -> None:
        """Somebody in a call gives their logins signs of life; so the time alone begins when the call ends."""
        now = self._commands.clock.now()
        await unit.logins.touch_connected(now - self._logins.rules.idle / NOTED_PER_IDLE, now)
        await unit.challenges.tidy(now, now - FORGET_FAILURES)

    async def _put_out(self, session_id: str, key: UserKey) -> None:
        try:
            await self._accounts.put_out(session_id, key)
        except (ConflictError, NotFound):
            return  # looked at again a second later
