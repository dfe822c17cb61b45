"""Workers' logins: how one begins, whether it still counts, and how it ends. A demo's begins with a one-time link."""

import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from shinsatsu.domain.accounts import LoginRules, is_idle
from shinsatsu.domain.credentials import (
    LOGIN_LIFETIME,
    SAME_ANSWER_FOR,
    Grant,
    Login,
    LoginEnd,
    LoginMethod,
    LoginOpening,
)
from shinsatsu.domain.errors import InvalidRequest, LinkInvalid, LinkUsed, NotFound, Unauthenticated, Unavailable
from shinsatsu.domain.login_errors import LoginExpired
from shinsatsu.domain.roles import TIMER, Action, AuthUser, UserKey, UserType
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.service.access import PROOF_LENGTH, Access
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize
from shinsatsu.service.login_steps import Opened
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.request import ADDRESS
from shinsatsu.service.secret_hash import hash_of

NOTED_PER_IDLE = 30
"""A sign of life is written at most so many times in the time after which a login counts as idle."""


class Logins:
    """Use cases of a worker's login; `secret` derives the logins' secrets, so that no copy of them needs keeping.

    `on_ended` hears of every login that ends here, with the reason, so that its streams end as well;
    `on_role_changed` of whose streams begin anew, since they were opened as somebody with another role.
    """

    def __init__(self, commands: Commands, access: Access, secret: bytes, rules: LoginRules | None = None) -> None:
        self._commands = commands
        self._access = access
        self._secret = secret
        self.rules = rules or LoginRules()
        self.on_ended: Callable[[str, str], None] = lambda _login_id, _reason: None
        self.on_role_changed: Callable[[UserKey], None] = lambda _key: None

    async def begin(self, unit: UnitOfWork, user: AuthUser, method: LoginMethod, browser: str, **proof: Any) -> Opened:
        """A login with an id and a secret that nobody had before, for somebody who proved who they are just now.

        Within the caller's transaction; `proof` says how, for the record (`secondFactor`, …).
        """
        secret, now = secrets.token_urlsafe(32), self._commands.clock.now()
        login = Login(
            self._commands.ids.new_id(), user, now, now + LOGIN_LIFETIME, None, method, now, ADDRESS.get(), browser
        )
        await unit.logins.add_open(login, hash_of(secret))
        unit.security.record(
            SecurityEventType.LOGIN_SUCCEEDED, user, now, loginId=login.id, method=method.value, **proof
        )
        return Opened(login, secret)

    async def mint_link(self, key: UserKey, lifetime: timedelta) -> str:
        """The token of a one-time link to the console for a known worker; NotFound for anybody else."""
        token = secrets.token_urlsafe(32)

        async def transaction(unit: UnitOfWork) -> str:
            person = (await unit.appointments.people([key])).get(key)
            if person is None or person.user_type is not UserType.WORKER:
                raise NotFound("There is no such worker.")
            user = AuthUser(person.user_type, person.user_id, person.role, person.display_name)
            now, login_id = self._commands.clock.now(), self._commands.ids.new_id()
            await unit.logins.add(Login(login_id, user, now, now + lifetime), hash_of(token))
            return login_id

        return f"{await self._commands.transact(transaction)}.{token}"

    async def open(self, token: str, proof: str, browser: str = "") -> tuple[Login, str]:
        """Turns a console link into a login and its secret; the same token and proof get the same answer for 60 s.

        Raises InvalidRequest (`proof`), LinkInvalid, LinkUsed.
        """
        if len(proof) not in PROOF_LENGTH:
            raise InvalidRequest("proof: 16 to 128 characters that nobody can guess.", field="proof")
        login_id, _, rest = token.partition(".")
        secret = hmac.digest(self._secret, f"login\n{login_id}\n{proof}".encode(), "sha256").hex()
        now = self._commands.clock.now()
        opening = LoginOpening(hash_of(proof), hash_of(secret), now, now + LOGIN_LIFETIME, ADDRESS.get(), browser)

        async def transaction(unit: UnitOfWork) -> Login:
            fresh = await unit.logins.open(login_id, hash_of(rest), opening)
            if not fresh:
                known = await unit.logins.of_token(login_id, hash_of(rest))
                if known is None:
                    raise LinkInvalid("This link is not ours, or its time is over.")
                same = hmac.compare_digest(known.proof_hash, opening.proof_hash)
                if not same or now - known.used_at > SAME_ANSWER_FOR:
                    raise LinkUsed("This link was used already.")
            login = await unit.logins.of_secret(opening.secret_hash)
            if login is None or not login.live(now):
                raise LinkInvalid("This link is for nobody any more.")
            if fresh:
                said: dict[str, Any] = {"loginId": login.id, "method": login.method.value}
                unit.security.record(SecurityEventType.LOGIN_SUCCEEDED, login.user, now, **said)
            return login

        return await self._commands.transact(transaction), secret

    async def login(self, secret: str, login_id: str, *, sign_of_life: bool = True) -> Login:
        """The live login of that secret and id. `sign_of_life`: somebody is there, so that it stays so.

        Raises Unauthenticated; LoginExpired where it was left alone, or lasted its time.
        """
        async with self._commands.units_of_work.read() as unit:
            login = await unit.logins.of_secret(hash_of(secret))
        if login is None or login.id != login_id:
            raise Unauthenticated("This login is not valid.")
        now = self._commands.clock.now()
        if login.ended_for in (LoginEnd.IDLE, LoginEnd.EXPIRED):
            raise LoginExpired(login.ended_for.value)
        if login.revoked_at is not None:
            raise Unauthenticated("This login is not valid.")
        if now >= login.expires_at:
            raise LoginExpired(LoginEnd.EXPIRED.value)
        seen_at = login.last_seen_at or login.created_at
        if is_idle(seen_at, now, self.rules.idle, in_call=False):
            await self._leave_alone(login)
        elif sign_of_life and now - seen_at >= self.rules.idle / NOTED_PER_IDLE:
            with suppress(Unavailable):  # a database that only reads just now still answers those who only read
                await self._touch(login)
        return login

    async def held(self, secrets_by_id: Mapping[str, str]) -> list[Login]:
        """Of the logins a browser holds (id → secret), the live ones."""
        found = []
        for login_id, secret in secrets_by_id.items():
            try:
                found.append(await self.login(secret, login_id, sign_of_life=False))
            except Unauthenticated:
                continue
        return found

    async def end(self, login: Login) -> None:
        """Ends one's own login."""
        await self._end(login, login.user, LoginEnd.LOGGED_OUT)

    async def own(self, login: Login) -> list[Login]:
        """The caller's live logins, the newest first."""
        now = self._commands.clock.now()
        async with self._commands.units_of_work.read() as unit:
            return [one for one in await unit.logins.of_user(login.user.key) if one.live(now)]

    async def end_own(self, login: Login, login_id: str) -> None:
        """Ends any of the caller's live logins; raises NotFound for what is none of them."""
        other = next((one for one in await self.own(login) if one.id == login_id), None)
        if other is None:
            raise NotFound("There is no such login.")
        await self._end(other, login.user, LoginEnd.ENDED)

    async def end_all(
        self, unit: UnitOfWork, key: UserKey, by: AuthUser, reason: LoginEnd, spare: str | None = None
    ) -> list[str]:
        """Ends somebody's logins within the caller's transaction; `tell` their ids once it is committed."""
        now = self._commands.clock.now()
        ended = await unit.logins.end_all(key, now, reason, spare)
        for login_id in ended:
            _record_end(unit, by, now, login_id, reason, key)
        return ended

    def tell(self, login_ids: Iterable[str], reason: LoginEnd) -> None:
        """Ends the streams of logins that have ended."""
        for login_id in login_ids:
            self.on_ended(login_id, reason.value)

    async def sweep(self, login: Login) -> None:
        """Ends one that is over by itself, unless its worker is in a call."""
        now = self._commands.clock.now()
        if login.user_blocked:
            await self._end(login, TIMER, LoginEnd.BLOCKED)
        elif now >= login.expires_at:
            await self._end(login, TIMER, LoginEnd.EXPIRED)
        else:
            with suppress(LoginExpired):
                await self._leave_alone(login)

    async def _leave_alone(self, login: Login) -> None:
        """What nobody has touched for too long ends, and raises LoginExpired; not while its worker is in a call."""

        async def transaction(unit: UnitOfWork) -> bool:
            now = self._commands.clock.now()
            if await unit.logins.connected(login.user.key):
                await unit.logins.touch(login.id, now)
                return False
            if await unit.logins.end(login.id, now, LoginEnd.IDLE):
                _record_end(unit, TIMER, now, login.id, LoginEnd.IDLE, login.user.key)
            return True

        if await self._commands.transact(transaction):
            self.tell([login.id], LoginEnd.IDLE)
            raise LoginExpired(LoginEnd.IDLE.value)

    async def _touch(self, login: Login) -> None:
        async def transaction(unit: UnitOfWork) -> None:
            await unit.logins.touch(login.id, self._commands.clock.now())

        await self._commands.transact(transaction)

    async def _end(self, login: Login, by: AuthUser, reason: LoginEnd) -> None:
        async def transaction(unit: UnitOfWork) -> None:
            now = self._commands.clock.now()
            if await unit.logins.end(login.id, now, reason):
                _record_end(unit, by, now, login.id, reason, login.user.key)

        await self._commands.transact(transaction)
        self.tell([login.id], reason)

    async def grant(self, login: Login, session_id: str) -> tuple[Grant, str]:
        """A grant for oneself in that session's appointment, to enter the call with; raises what viewing it raises."""
        authorize(login.user, Action.VIEW, await self._commands.look(session_id))
        return await self._access.grant_to(login.user, session_id, login.id)


def _record_end(unit: UnitOfWork, by: AuthUser, now: datetime, login_id: str, reason: LoginEnd, key: UserKey) -> None:
    whose: dict[str, Any] = {"forUserType": key[0].value, "forUserId": key[1]}
    unit.security.record(SecurityEventType.LOGIN_ENDED, by, now, loginId=login_id, reason=reason.value, **whose)
