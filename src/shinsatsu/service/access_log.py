"""Who looked at what: a `read` event is on disk before the answer goes out; within a minute the same is one event."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from shinsatsu.domain.roles import AuthUser, UserKey
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.service.commands import Commands
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.request import ADDRESS

ONE_EVENT_FOR = timedelta(seconds=60)
MOST_KEPT = 10_000
"""Accesses remembered; beyond these the oldest are forgotten, which costs events and never loses one."""

Access = tuple[UserKey, str, str | None, str, str | None]


@dataclass(frozen=True, slots=True)
class Proved:
    """Who stands behind a request, and the id of the credential that proved it (`grant:…`, `login:…`, `key:…`)."""

    user: AuthUser
    credential: str


class AccessLog:
    """Notes accesses to people's data."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._noted: dict[Access, datetime] = {}
        self._turn = asyncio.Lock()

    async def read(self, proved: Proved, what: str, route: str, session_id: str | None = None) -> None:
        """Returns once the access is on disk; raises DatabaseUnavailable, and then nothing may be shown."""
        access = (proved.user.key, proved.credential, ADDRESS.get(), what, session_id)
        if self._is_noted(access):
            return
        async with self._turn:  # requests at once are one event; the log's writers wait for each other anyway
            if not self._is_noted(access):
                await self._write(proved, what, route, session_id)
                self._remember(access)

    def _is_noted(self, access: Access) -> bool:
        at = self._noted.get(access)
        return at is not None and self._commands.clock.now() - at < ONE_EVENT_FOR

    async def _write(self, proved: Proved, what: str, route: str, session_id: str | None) -> None:
        async def transaction(unit: UnitOfWork) -> None:
            now = self._commands.clock.now()
            said = {"what": what, "route": route, "credential": proved.credential}
            unit.security.record(SecurityEventType.READ, proved.user, now, session_id=session_id, **said)

        await self._commands.transact(transaction)

    def _remember(self, access: Access) -> None:
        self._noted.pop(access, None)  # so that the dictionary is in the order of time
        self._noted[access] = self._commands.clock.now()
        while len(self._noted) > MOST_KEPT:
            del self._noted[next(iter(self._noted))]
