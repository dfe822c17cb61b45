"""The clinic's workers and how they log in: administrators add, change and reset them, or the command line does."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shinsatsu.domain.accounts import Account, name_key, shown_login_name
from shinsatsu.domain.credentials import LoginEnd
from shinsatsu.domain.errors import Forbidden, InvalidRequest, NotFound
from shinsatsu.domain.login_errors import LoginNameTaken, UserExists
from shinsatsu.domain.roles import AuthUser, Person, UserKey, UserType, WorkerRole
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.service.account_repositories import StaffMember
from shinsatsu.service.accounts import require_admin
from shinsatsu.service.commands import Commands
from shinsatsu.service.login_attempts import LoginAttempts
from shinsatsu.service.logins import Logins
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.role_changes import RoleChange, leave_all, tell
from shinsatsu.service.secret_hash import hash_of

OUR_NUMBERS = 1_000_000
"""Workers whom nobody gave a number get one from here on, far from those that booking systems give out."""
LAST_NUMBER = 2**31 - 1
HANDLE_BYTES = 32
MOST_NAME_CHARACTERS = 100
COMMAND_LINE = AuthUser(UserType.SYSTEM, 0, None, "command line")


@dataclass(frozen=True, slots=True)
class WorkerDetails:
    """What is said of a worker; None is left as it is, or empty in somebody new."""

    display_name: str | None = None
    role: WorkerRole | None = None
    login_name: str | None = None
    licence_year: int | None = None
    specialty: str | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """A setup link's token, shown this once."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A worker as administrators see them."""

    of: StaffMember
    locked_until: datetime | None


class People:
    """Use cases; `by` is an administrator with a login, or the command line."""

    def __init__(self, commands: Commands, logins: Logins, attempts: LoginAttempts) -> None:
        self._commands = commands
        self._logins = logins
        self._attempts = attempts

    async def find(self, by: AuthUser, text: str | None = None) -> list[Member]:
        """Every worker, or those whose name, login name or number has the text in it."""
        _require_right(by)
        async with self._commands.units_of_work.read() as unit:
            found = [one for one in await unit.accounts.staff() if not text or _mentions(one, text)]
            return await self._members(unit, found)

    async def member(self, key: UserKey) -> Member:
        """One worker; raises NotFound."""
        async with self._commands.units_of_work.read() as unit:
            found = [one for one in await unit.accounts.staff() if one.person.key == key]
            if not found:
                raise NotFound("There is no such worker.", field="userId")
            return (await self._members(unit, found))[0]

    async def add(self, by: AuthUser, details: WorkerDetails, user_id: int | None) -> tuple[UserKey, Setup | None]:
        """A new worker, with a setup link where they get a login name; raises UserExists, LoginNameTaken."""
        _require_right(by)
        if details.display_name is None or details.role is None:
            raise InvalidRequest("displayName and role are needed.", field="displayName")
        _check_display_name(details.display_name)
        name, role = details.display_name, details.role
        setup = self._new_setup() if details.login_name is not None else None

        async def transaction(unit: UnitOfWork) -> UserKey:
            key = (UserType.WORKER, user_id if user_id is not None else await _next_number(unit))
            if await unit.appointments.people([key]):
                raise UserExists
            person = Person(key[0], key[1], role, name, licence_year=details.licence_year, specialty=details.specialty)
            await unit.appointments.put_people([person])
            if details.login_name is not None:
                await self._add_account(unit, key, details.login_name, setup)
            now = self._commands.clock.now()
            unit.security.record(SecurityEventType.USER_ADDED, by, now, **_whose(key), role=role.value)
            return key

        return await self._commands.transact(transaction), setup

    async def change(self, by: AuthUser, key: UserKey, details: WorkerDetails) -> None:
        """Changes what is said; with another role they leave every session, and their streams begin anew.

        Raises NotFound, LoginNameTaken, Forbidden for one's own role.
        """
        _require_right(by)

        async def transaction(unit: UnitOfWork) -> RoleChange | None:
            person = await _worker(unit, key)
            if details.role not in (None, person.role) and key == by.key:
                raise Forbidden("own_account", "Nobody changes their own role.")
            changed = _changed(person, details)
            moved = await leave_all(self._commands, unit, key, by) if changed.role is not person.role else None
            await unit.appointments.put_people([changed])
            fields = _fields(person, changed)
            if details.login_name is not None:
                fields += await self._rename(unit, key, details.login_name)
            if fields:
                now = self._commands.clock.now()
                said: dict[str, Any] = {"fields": fields, "role": changed.role.value if changed.role else None}
                unit.security.record(SecurityEventType.USER_CHANGED, by, now, **_whose(key), **said)
            return moved

        await tell(self._commands, self._logins, await self._commands.transact(transaction))

    async def reset(self, by: AuthUser, key: UserKey) -> Setup:
        """Ends the logins, drops password, second factors and recovery codes; a fresh setup link is all that is left.

        Raises NotFound for whoever has no login name, Forbidden for somebody disabled.
        """
        _require_right(by)
        setup = self._new_setup()

        async def transaction(unit: UnitOfWork) -> list[str]:
            person, account = await _worker(unit, key), await unit.accounts.get(key, for_update=True)
            if account is None:
                raise NotFound("This worker has no login name: give them one first.", field="loginName")
            if person.blocked:
                raise Forbidden("account_blocked", "This account is disabled: enable it first.")
            await unit.accounts.reset(key, hash_of(setup.token), setup.expires_at)
            await self._attempts.clear(unit, account.login_name)
            unit.security.record(SecurityEventType.USER_RESET, by, self._commands.clock.now(), **_whose(key))
            return await self._logins.end_all(unit, key, by, LoginEnd.RESET)

        self._logins.tell(await self._commands.transact(transaction), LoginEnd.RESET)
        return setup

    async def unlock(self, by: AuthUser, key: UserKey) -> None:
        """Forgets wrong answers; raises NotFound."""
        _require_right(by)

        async def transaction(unit: UnitOfWork) -> None:
            await _worker(unit, key)
            account = await unit.accounts.get(key)
            if account is None:
                raise NotFound("This worker has no login name.", field="userId")
            await self._attempts.clear(unit, account.login_name)
            unit.security.record(SecurityEventType.ACCOUNT_UNLOCKED, by, self._commands.clock.now(), **_whose(key))

        await self._commands.transact(transaction)

    async def _members(self, unit: UnitOfWork, found: Collection[StaffMember]) -> list[Member]:
        accounts = [one.account for one in found if one.account is not None]
        locked = await self._attempts.locked_until(unit, accounts, self._commands.clock.now())
        return [Member(one, locked.get(one.account.login_name) if one.account else None) for one in found]

    async def _add_account(self, unit: UnitOfWork, key: UserKey, login_name: str, setup: Setup | None) -> None:
        shown = shown_login_name(login_name)
        if await unit.accounts.of_name(name_key(shown)) is not None:
            raise LoginNameTaken
        token = {"setup_hash": hash_of(setup.token), "setup_expires_at": setup.expires_at} if setup else {}
        account = Account(key, shown, secrets.token_urlsafe(HANDLE_BYTES), **token)  # type: ignore[arg-type]
        await unit.accounts.add(account, name_key(shown), self._commands.clock.now())

    async def _rename(self, unit: UnitOfWork, key: UserKey, login_name: str) -> list[str]:
        account = await unit.accounts.get(key, for_update=True)
        if account is None:
            await self._add_account(unit, key, login_name, None)
            return ["loginName"]
        shown = shown_login_name(login_name)
        holder = await unit.accounts.of_name(name_key(shown))
        if holder is not None and holder.key != key:
            raise LoginNameTaken
        await unit.accounts.rename(key, shown, name_key(shown))
        return ["loginName"] if shown != account.login_name else []

    def _new_setup(self) -> Setup:
        return Setup(secrets.token_urlsafe(32), self._commands.clock.now() + self._logins.rules.setup_lifetime)


def _require_right(by: AuthUser) -> None:
    """Whoever has the machine has its command line; an API key is of the system too, but has a number of its own."""
    if by != COMMAND_LINE:
        require_admin(by)


async def _worker(unit: UnitOfWork, key: UserKey) -> Person:
    person = (await unit.appointments.people([key])).get(key)
    if person is None or person.user_type is not UserType.WORKER:
        raise NotFound("There is no such worker.", field="userId")
    return person


async def _next_number(unit: UnitOfWork) -> int:
    number = max(OUR_NUMBERS, await unit.accounts.highest_worker_id() + 1)
    if number > LAST_NUMBER:
        raise InvalidRequest("There is no number left after the highest one: say which.", field="userId")
    return number


def _changed(person: Person, details: WorkerDetails) -> Person:
    return replace(
        person,
        display_name=details.display_name or person.display_name,
        role=details.role or person.role,
        licence_year=details.licence_year if details.licence_year is not None else person.licence_year,
        specialty=details.specialty if details.specialty is not None else person.specialty,
    )


def _fields(before: Person, after: Person) -> list[str]:
    names = {
        "displayName": "display_name", "role": "role", "licenceYear": "licence_year", "specialty": "specialty",
    }  # fmt: skip
    return [wire for wire, name in names.items() if getattr(before, name) != getattr(after, name)]


def _check_display_name(name: str) -> None:
    """What comes from the command line was judged by nobody yet."""
    if not name.strip() or len(name) > MOST_NAME_CHARACTERS or not name.isprintable():
        raise InvalidRequest("displayName: 1 to 100 characters that can be printed.", field="displayName")


def _mentions(member: StaffMember, text: str) -> bool:
    names = [member.person.display_name, str(member.person.user_id)]
    names += [member.account.login_name] if member.account else []
    return any(name_key(text) in name_key(name) for name in names)


def _whose(key: UserKey) -> dict[str, Any]:
    return {"forUserType": key[0].value, "forUserId": key[1]}
