"""What the ways to a login share: the step that comes next, and refusals that are kept before they are told."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from shinsatsu.domain.accounts import Account, Challenge, Factor
from shinsatsu.domain.credentials import Login
from shinsatsu.domain.errors import ShinsatsuError
from shinsatsu.domain.roles import AuthUser, Person
from shinsatsu.service.commands import Commands
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.secret_hash import hash_of

Result = TypeVar("Result")


class Status(StrEnum):
    """What a step leads to."""

    SECOND_FACTOR = "second_factor"
    ENROLL = "enroll"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Opened:
    """A fresh login and its secret, for the browser's cookie."""

    login: Login
    secret: str


@dataclass(frozen=True, slots=True)
class Step:
    """Where somebody stands: a challenge to answer next, with its cookie's secret, or a login."""

    status: Status
    challenge: Challenge | None = None
    challenge_secret: str = ""
    methods: tuple[Factor, ...] = ()
    passkey_options: Mapping[str, Any] | None = None
    opened: Opened | None = None
    recovery_codes: tuple[str, ...] = ()
    recovery_codes_left: int = 0


@dataclass(frozen=True, slots=True)
class Holder:
    """An account and the worker it belongs to."""

    account: Account
    person: Person

    @property
    def user(self) -> AuthUser:
        return user_of(self.person)


async def keep(commands: Commands, transaction: Callable[[UnitOfWork], Awaitable[Result | ShinsatsuError]]) -> Result:
    """Commits what the transaction did, the record of a refusal as well, and then raises the refusal it returned."""
    outcome = await commands.transact(transaction)
    if isinstance(outcome, ShinsatsuError):
        raise outcome
    return outcome


async def holder_of(unit: UnitOfWork, account: Account | None) -> Holder | None:
    """The account with its worker."""
    if account is None:
        return None
    person = (await unit.appointments.people([account.key])).get(account.key)
    return None if person is None else Holder(account, person)


def user_of(person: Person) -> AuthUser:
    """The worker as somebody who acts."""
    return AuthUser(person.user_type, person.user_id, person.role, person.display_name)


def same(secret: str, secret_hash: str | None) -> bool:
    """Whether the hash is that of the secret; in constant time."""
    return secret_hash is not None and hmac.compare_digest(hash_of(secret), secret_hash)
