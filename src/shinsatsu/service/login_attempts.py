"""Wrong answers under one login name, whoever gives them and whether or not anybody has it: lockout with backoff."""

from datetime import datetime, timedelta
from typing import Any

from shinsatsu.domain.accounts import Account, name_key
from shinsatsu.domain.roles import Person
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.signing_keys import SigningKeys

USE = "login name"


class LoginAttempts:
    """Counts under a keyed hash of the name: what people type there by mistake may be a password."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    def hash_of(self, login_name: str) -> str:
        """The name as it is counted."""
        return self._keys.digest(USE, name_key(login_name))

    async def charge(self, unit: UnitOfWork, login_name: str, now: datetime) -> timedelta | None:
        """Counts an answer as wrong before it is looked at; how long to wait, where the name is locked already."""
        key = self.hash_of(login_name)
        attempts = await unit.challenges.attempts(key)
        if attempts.locked(now) and attempts.locked_until is not None:
            return attempts.locked_until - now
        await unit.challenges.put_attempts(key, attempts.charged(now))
        return None

    async def refund(self, unit: UnitOfWork, login_name: str) -> None:
        """The answer was right, and there is more to answer."""
        key = self.hash_of(login_name)
        await unit.challenges.put_attempts(key, (await unit.challenges.attempts(key)).refunded())

    async def clear(self, unit: UnitOfWork, login_name: str) -> None:
        """The login is complete, or an administrator says so."""
        key = self.hash_of(login_name)
        attempts = await unit.challenges.attempts(key)
        await unit.challenges.put_attempts(key, type(attempts)())

    async def note_lock(self, unit: UnitOfWork, login_name: str, person: Person | None, now: datetime) -> None:
        """Records that the name is locked from now on, where the last answer was one too many."""
        attempts = await unit.challenges.attempts(self.hash_of(login_name))
        if attempts.locked(now) and attempts.locked_until is not None:
            until = to_text(attempts.locked_until)
            unit.security.record(SecurityEventType.ACCOUNT_LOCKED, None, now, **about(person), until=until)

    async def locked_until(self, unit: UnitOfWork, accounts: list[Account], now: datetime) -> dict[str, datetime]:
        """Login name → until when, of those that are locked."""
        names = {self.hash_of(account.login_name): account.login_name for account in accounts}
        found = await unit.challenges.attempts_under(list(names))
        return {
            names[key]: attempts.locked_until
            for key, attempts in found.items()
            if attempts.locked_until is not None and attempts.locked(now)
        }


def about(person: Person | None) -> dict[str, Any]:
    """Whose account an event is about, where nobody has proved to be them."""
    return {} if person is None else {"forUserType": person.user_type.value, "forUserId": person.user_id}
