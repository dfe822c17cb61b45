"""API keys (spec §8): made for scopes, shown once, rotated without a gap, revoked; and who is behind one."""

import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shinsatsu.domain.access_errors import KeyOver
from shinsatsu.domain.credentials import ApiKey
from shinsatsu.domain.errors import InvalidRequest, NotFound, Unauthenticated, Unavailable
from shinsatsu.domain.roles import TIMER, Action, AuthUser, UserType
from shinsatsu.domain.scopes import KeyScope
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize_clinic
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.secret_hash import hash_of

API_KEY_PREFIX = "sk_"
ALL_SCOPES = tuple(KeyScope)
OVERLAP = timedelta(minutes=60)
"""How long a key lasts beside the one that replaced it."""
USE_NOTED_FOR = timedelta(minutes=1)
LONGEST_NAME = 100
MOST_KEYS = 256
"""Live at once; nobody runs so many systems, but a script gone wrong makes so many keys."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and its secret, which is shown this once."""

    key: ApiKey
    secret: str


class Keys:
    """Use cases of administrators; an actor of None is whoever runs commands on this machine, `system` 0."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._noted: dict[int, datetime] = {}

    async def make(
        self, actor: AuthUser | None, name: str, scopes: Collection[KeyScope], expires_at: datetime | None = None
    ) -> NewKey:
        """A key for a program; raises Forbidden, InvalidRequest (`name`, `scopes`, `expiresAt`)."""
        _require_admin(actor)
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise InvalidRequest(f"name: 1 to {LONGEST_NAME} visible characters.", field="name")
        if not scopes:
            raise InvalidRequest(f"scopes: at least one of {', '.join(KeyScope)}.", field="scopes")
        if expires_at is not None and expires_at <= self._commands.clock.now():
            raise InvalidRequest("expiresAt: a moment that is still to come.", field="expiresAt")

        async def transaction(unit: UnitOfWork) -> NewKey:
            new = await self._add(unit, name.strip(), [one for one in KeyScope if one in scopes], expires_at)
            self._record(unit, SecurityEventType.KEY_MADE, actor, new.key, scopes=list(new.key.scopes))
            return new

        return await self._commands.transact(transaction)

    async def list(self, actor: AuthUser | None) -> list[ApiKey]:
        """Every key, those that are over too; raises Forbidden."""
        _require_admin(actor)
        async with self._commands.units_of_work.read() as unit:
            return await unit.keys.all()

    async def rotate(self, actor: AuthUser | None, key_id: int, overlap: timedelta = OVERLAP) -> NewKey:
        """A key in the place of another, for the same scopes and as long; the old one lasts for the overlap.

        Raises Forbidden, NotFound, KeyOver.
        """
        _require_admin(actor)

        async def transaction(unit: UnitOfWork) -> NewKey:
            old, now = await _known(unit, key_id), self._commands.clock.now()
            if not old.live(now) or old.replaced_by is not None:
                raise KeyOver("This key was revoked, has expired, or was replaced: make a new one.")
            old_until, new_until = old.rotated(now, overlap)
            new = await self._add(unit, old.name, old.scopes, new_until)
            await unit.keys.replace(old.id, new.key.id, old_until)
            self._record(
                unit, SecurityEventType.KEY_ROTATED, actor, old, replacedBy=new.key.id, until=to_text(old_until)
            )
            return new

        return await self._commands.transact(transaction)

    async def revoke(self, actor: AuthUser | None, key_id: int) -> None:
        """Ends a key at once; one that was revoked stays so. Raises Forbidden, NotFound."""
        _require_admin(actor)

        async def transaction(unit: UnitOfWork) -> None:
            key = await _known(unit, key_id)
            if key.revoked_at is None:
                await unit.keys.revoke(key.id, self._commands.clock.now())
                self._record(unit, SecurityEventType.KEY_REVOKED, actor, key)

        await self._commands.transact(transaction)

    async def user_of(self, secret: str) -> AuthUser:
        """The system user behind a key, bound by its scopes; its id is the key's. Raises Unauthenticated."""
        async with self._commands.units_of_work.read() as unit:
            key = await unit.keys.of_secret(hash_of(secret))
        now = self._commands.clock.now()
        if key is None or not key.live(now):
            raise Unauthenticated("This API key is not valid.")
        noted = [at for at in (key.last_used_at, self._noted.get(key.id)) if at is not None]
        if not noted or now - max(noted) >= USE_NOTED_FOR:
            await self._note_use(key, now)
        return AuthUser(UserType.SYSTEM, key.id, None, key.name, scopes=frozenset(key.scopes))

    async def _note_use(self, key: ApiKey, now: datetime) -> None:
        self._noted[key.id] = now  # first, so that requests at once write once

        async def transaction(unit: UnitOfWork) -> None:
            await unit.keys.note_use(key.id, now - USE_NOTED_FOR, now)

        with suppress(Unavailable):  # a database that only reads just now still answers those who only read
            await self._commands.transact(transaction)

    async def _add(self, unit: UnitOfWork, name: str, scopes: Collection[str], expires_at: datetime | None) -> NewKey:
        secret, now = API_KEY_PREFIX + secrets.token_urlsafe(32), self._commands.clock.now()
        if sum(one.live(now) for one in await unit.keys.all()) >= MOST_KEYS:
            raise InvalidRequest(f"There are {MOST_KEYS} keys already: revoke one first.", field="name")
        return NewKey(await unit.keys.add(name, hash_of(secret), list(scopes), now, expires_at), secret)

    def _record(
        self, unit: UnitOfWork, kind: SecurityEventType, actor: AuthUser | None, key: ApiKey, **said: Any
    ) -> None:
        unit.security.record(kind, actor or TIMER, self._commands.clock.now(), keyId=key.id, **said)


async def _known(unit: UnitOfWork, key_id: int) -> ApiKey:
    key = await unit.keys.hold(key_id)
    if key is None:
        raise NotFound("There is no such key.")
    return key


def _require_admin(actor: AuthUser | None) -> None:
    if actor is not None:
        authorize_clinic(actor, Action.MANAGE_KEYS)
