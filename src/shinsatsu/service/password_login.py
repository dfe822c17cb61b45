"""The first step of a login by name: a password, or a setup link and the password to be."""

from collections.abc import Sequence
from datetime import datetime
from secrets import token_urlsafe

from shinsatsu.domain.accounts import CHALLENGE_LIFETIME, Account, Challenge, Factor, Purpose, name_key
from shinsatsu.domain.credentials import LoginEnd, LoginMethod
from shinsatsu.domain.login_errors import (
    AccountLocked,
    CredentialRefused,
    LoginRefused,
    SetupExpired,
    SetupInvalid,
)
from shinsatsu.domain.passwords import check_password, normal
from shinsatsu.domain.roles import Person
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.service.commands import Commands
from shinsatsu.service.factors import Factors
from shinsatsu.service.login_attempts import LoginAttempts, about
from shinsatsu.service.login_steps import Holder, Status, Step, holder_of, keep
from shinsatsu.service.logins import Logins
from shinsatsu.service.passwords import Passwords
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.secret_hash import hash_of


class PasswordLogin:
    """Use cases before anything is proven: each refusal is recorded, and all of them look and last the same."""

    def __init__(
        self, commands: Commands, logins: Logins, passwords: Passwords, factors: Factors, attempts: LoginAttempts
    ) -> None:
        self._commands = commands
        self._logins = logins
        self._passwords = passwords
        self._factors = factors
        self._attempts = attempts

    async def begin(self, login_name: str, password: str, browser: str) -> Step:
        """Checks name and password; raises LoginRefused, AccountLocked, TooBusy."""
        await self._charge(login_name)
        holder = await self._look_up(login_name)
        seen_hash = holder.account.password_hash if holder else None
        fits = await self._passwords.fits(normal(password), seen_hash)
        rehashed = await self._rehashed(password, seen_hash) if fits and seen_hash else None

        async def transaction(unit: UnitOfWork) -> Step | LoginRefused:
            now = self._commands.clock.now()
            present = await holder_of(unit, await unit.accounts.of_name(name_key(login_name)))
            reason = _refusal(present, fits, seen_hash)
            if present is None or reason is not None:
                person = present.person if present else None
                unit.security.record(SecurityEventType.LOGIN_REFUSED, None, now, reason=reason, **about(person))
                await self._attempts.note_lock(unit, login_name, person, now)
                return LoginRefused()
            if rehashed is not None:
                await unit.accounts.set_password(present.account.key, rehashed)
            return await self.next_step(unit, present, browser, now)

        return await keep(self._commands, transaction)

    async def set_up(self, token: str, password: str, browser: str) -> Step:
        """Sets the first password by a setup link and goes on as after giving it.

        Raises SetupInvalid, SetupExpired, PasswordTooWeak (the link stays good), TooBusy.
        """
        setup_hash = hash_of(token)

        async def look(unit: UnitOfWork) -> Holder | CredentialRefused:
            return await self._holder_of_setup(unit, setup_hash)

        holder = await keep(self._commands, look)
        password = normal(password)
        check_password(password, holder.account.login_name)
        password_hash = await self._passwords.hash(password)

        async def transaction(unit: UnitOfWork) -> Step | CredentialRefused:
            present = await self._holder_of_setup(unit, setup_hash)
            if isinstance(present, CredentialRefused):
                return present
            now, key = self._commands.clock.now(), present.account.key
            await unit.accounts.set_password(key, password_hash)
            await unit.challenges.forget_of(key)
            unit.security.record(SecurityEventType.PASSWORD_SET, present.user, now, by="setup")
            await self._logins.end_all(unit, key, present.user, LoginEnd.PASSWORD_CHANGED)
            return await self.next_step(unit, present, browser, now)

        return await keep(self._commands, transaction)

    async def next_step(self, unit: UnitOfWork, holder: Holder, browser: str, now: datetime) -> Step:
        """What somebody who gave the right password has to do next."""
        methods = await self._factors.known(unit, holder.account)
        if methods:
            await self._attempts.refund(unit, holder.account.login_name)
            return await self._ask_for_factor(unit, holder.account, methods, now)
        if self._logins.rules.second_factor_required:
            await self._attempts.refund(unit, holder.account.login_name)
            challenge, secret = await self._challenge(unit, holder.account, Purpose.ENROLL, None, now)
            return Step(Status.ENROLL, challenge, secret)
        await self._attempts.clear(unit, holder.account.login_name)
        opened = await self._logins.begin(unit, holder.user, LoginMethod.PASSWORD, browser)
        return Step(Status.DONE, opened=opened)

    async def _ask_for_factor(
        self, unit: UnitOfWork, account: Account, methods: Sequence[Factor], now: datetime
    ) -> Step:
        to_sign = self._factors.passkey_challenge() if Factor.PASSKEY in methods else None
        challenge, secret = await self._challenge(unit, account, Purpose.SECOND_FACTOR, to_sign, now)
        options = await self._factors.request_options(unit, account, to_sign) if to_sign else None
        return Step(Status.SECOND_FACTOR, challenge, secret, tuple(methods), options)

    async def _challenge(
        self, unit: UnitOfWork, account: Account, purpose: Purpose, to_sign: str | None, now: datetime
    ) -> tuple[Challenge, str]:
        secret = token_urlsafe(32)
        challenge = Challenge(
            self._commands.ids.new_id(), account.key, purpose, now, now + CHALLENGE_LIFETIME, hash_of(secret),
            passkey_challenge=to_sign,
        )  # fmt: skip
        await unit.challenges.add(challenge)
        return challenge, secret

    async def _charge(self, login_name: str) -> None:
        async def transaction(unit: UnitOfWork) -> AccountLocked | None:
            now = self._commands.clock.now()
            wait = await self._attempts.charge(unit, login_name, now)
            if wait is None:
                return None
            holder = await holder_of(unit, await unit.accounts.of_name(name_key(login_name)))
            whose = about(holder.person if holder else None)
            unit.security.record(SecurityEventType.LOGIN_REFUSED, None, now, reason="locked", **whose)
            return AccountLocked(wait)

        await keep(self._commands, transaction)

    async def _look_up(self, login_name: str) -> Holder | None:
        async with self._commands.units_of_work.read() as unit:
            return await holder_of(unit, await unit.accounts.of_name(name_key(login_name)))

    async def _rehashed(self, password: str, password_hash: str) -> str | None:
        if not self._passwords.outdated(password_hash):
            return None
        return await self._passwords.hash(normal(password))

    async def _holder_of_setup(self, unit: UnitOfWork, setup_hash: str) -> Holder | CredentialRefused:
        now = self._commands.clock.now()
        holder = await holder_of(unit, await unit.accounts.of_setup(setup_hash))
        reason, refusal = _setup_refusal(holder, now)
        if holder is not None and refusal is None:
            return holder
        person: Person | None = holder.person if holder else None
        unit.security.record(SecurityEventType.SETUP_REFUSED, None, now, reason=reason, **about(person))
        return refusal or SetupInvalid()


def _refusal(holder: Holder | None, fits: bool, seen_hash: str | None) -> str | None:
    """Why somebody is refused, for the record alone; None when nothing stands against them."""
    if holder is None:
        return "unknown_name"
    if holder.account.password_hash is None:
        return "no_password"
    if not fits or holder.account.password_hash != seen_hash:
        return "wrong_password"
    return "account_blocked" if holder.person.blocked else None


def _setup_refusal(holder: Holder | None, now: datetime) -> tuple[str | None, CredentialRefused | None]:
    if holder is None:
        return "unknown_link", SetupInvalid()
    if holder.person.blocked:
        return "account_blocked", SetupInvalid()
    if holder.account.setup_expires_at is None or now >= holder.account.setup_expires_at:
        return "expired", SetupExpired()
    return None, None
