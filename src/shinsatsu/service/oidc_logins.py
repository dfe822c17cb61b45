"""Staff log in at their own provider: sent there with a sealed note in their browser, believed when both come back."""

import hmac
import json
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from shinsatsu.domain.access_errors import OidcAccountBlocked, OidcFailure, OidcRefused, OidcStateInvalid
from shinsatsu.domain.credentials import LoginMethod, SpentToken
from shinsatsu.domain.roles import AuthUser, Person
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.domain.staff_claims import StaffClaims
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.service.commands import Commands
from shinsatsu.service.identity_ports import Attempt, IdentityProvider
from shinsatsu.service.login_steps import Opened
from shinsatsu.service.logins import Logins
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.role_changes import RoleChange, leave_all, tell
from shinsatsu.service.secret_hash import hash_of
from shinsatsu.service.signing_keys import SigningKeys

USE = "oidc login"
LASTS = timedelta(minutes=10)
HOME = "/console"
_RETURN = re.compile(r"/console(?:[/?#][A-Za-z0-9/_.~?&=%#:-]*)?", re.ASCII)
LONGEST_RETURN = 512


@dataclass(frozen=True, slots=True)
class Started:
    """Where the browser goes, and the note it keeps meanwhile, under a handle of its own."""

    address: str
    handle: str
    note: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser brings back from the provider."""

    state: str
    code: str | None = None
    error: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class _Note:
    attempt: Attempt
    return_to: str


class OidcLogins:
    """Use cases of logging in at the provider; `keys` seal the notes."""

    def __init__(
        self, commands: Commands, logins: Logins, keys: SigningKeys, provider: IdentityProvider, staff: StaffClaims
    ) -> None:
        self._commands = commands
        self._logins = logins
        self._keys = keys
        self._provider = provider
        self._staff = staff

    async def start(self, return_to: str | None) -> Started:
        """A login begun; `return_to` is a path of the console, anything else is ignored. Raises OidcUnavailable."""
        attempt = Attempt(*(secrets.token_urlsafe(32) for _ in range(3)))
        note = {
            "state": attempt.state,
            "nonce": attempt.nonce,
            "verifier": attempt.verifier,
            "returnTo": safe_return(return_to),
            "until": to_text(self._commands.clock.now() + LASTS),
        }
        address = await self._provider.address(attempt)
        return Started(address, handle_of(attempt.state), self._keys.seal(USE, json.dumps(note)))

    async def finish(self, note: str | None, answer: Answer, browser: str) -> tuple[Opened, str]:
        """A login for whom the provider vouches for, and the path to go on to.

        Raises OidcStateInvalid for a browser that did not begin it, OidcRefused, OidcClaimsRefused,
        OidcAccountBlocked, OidcUnavailable; each that the provider had a part in is on record.
        """
        begun = self._read(note, answer.state)
        await self._commands.transact(self._spending(answer.state))
        try:
            return await self._log_in(begun.attempt, answer, browser), begun.return_to
        except OidcFailure as failure:
            await self._commands.transact(self._recording(failure))
            raise

    async def _log_in(self, attempt: Attempt, answer: Answer, browser: str) -> Opened:
        if answer.error is not None or answer.code is None:
            raise OidcRefused("The provider logged nobody in.")
        now = self._commands.clock.now()
        claims = await self._provider.claims(attempt, answer.code, answer.issuer, now)
        person = self._staff.person(claims)

        async def transaction(unit: UnitOfWork) -> tuple[Opened, RoleChange | None]:
            user, moved = await self._admit(unit, person)
            return await self._logins.begin(unit, user, LoginMethod.OIDC, browser), moved

        opened, moved = await self._commands.transact(transaction)
        await tell(self._commands, self._logins, moved)
        return opened

    async def _admit(self, unit: UnitOfWork, person: Person) -> tuple[AuthUser, RoleChange | None]:
        """The worker as the provider names them now, put into `users` where they are new or changed.

        Somebody whose role changed leaves every session.
        """
        user = AuthUser(person.user_type, person.user_id, person.role, person.display_name)
        await unit.appointments.hold_person(person.key)
        known = (await unit.appointments.people([person.key])).get(person.key)
        if known is not None and known.blocked:
            raise OidcAccountBlocked("This account is blocked.", field=str(person.user_id))
        role_differs = known is not None and known.role is not person.role
        moved = await leave_all(self._commands, unit, person.key, user) if role_differs else None
        told = replace(known, role=person.role, display_name=person.display_name) if known else person
        if told != known:
            await unit.appointments.put_people([told])
            kind = SecurityEventType.USER_CHANGED if known else SecurityEventType.USER_ADDED
            unit.security.record(
                kind,
                user,
                self._commands.clock.now(),
                forUserType=person.user_type.value,
                forUserId=person.user_id,
                userRole=person.role,
                method=LoginMethod.OIDC.value,
            )
        return user, moved

    def _read(self, note: str | None, state: str) -> _Note:
        """What this browser was given at the start; raises OidcStateInvalid."""
        opened = self._keys.unseal(USE, note) if note else None
        said = json.loads(opened) if opened else {"state": ""}
        if not state or not hmac.compare_digest(said["state"].encode(), state.encode()):
            raise OidcStateInvalid("This browser did not begin this login.")
        if self._commands.clock.now() >= from_text(said["until"]):
            raise OidcStateInvalid("This login took too long.")
        return _Note(Attempt(said["state"], said["nonce"], said["verifier"]), said["returnTo"])

    def _spending(self, state: str) -> Callable[[UnitOfWork], Awaitable[None]]:
        """Each note is good for one answer."""

        async def transaction(unit: UnitOfWork) -> None:
            now = self._commands.clock.now()
            if not await unit.keys.spend(SpentToken(hash_of(f"{USE}\n{state}"), "", "", now, now + LASTS)):
                raise OidcStateInvalid("This login was finished already.")

        return transaction

    def _recording(self, failure: OidcFailure) -> Callable[[UnitOfWork], Awaitable[None]]:
        async def transaction(unit: UnitOfWork) -> None:
            about = {"about": failure.field} if failure.field else {}
            now = self._commands.clock.now()
            said = {"method": LoginMethod.OIDC.value, "reason": failure.code, **about}
            unit.security.record(SecurityEventType.LOGIN_REFUSED, None, now, **said)

        return transaction


def safe_return(path: str | None) -> str:
    """The path where it is one of the console's, the console itself for anything else: nobody is sent elsewhere."""
    if path is None or len(path) > LONGEST_RETURN or not _RETURN.fullmatch(path):
        return HOME
    climbs = ".." in path.lower().replace("%2e", ".")
    return HOME if climbs else path


def handle_of(state: str) -> str:
    """Names the note of one login, so that two tabs can log in at once."""
    return hash_of(state)[:16]
