"""One's own account: password and second factors; every change is asked for with the present password."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shinsatsu.domain.accounts import CHALLENGE_LIFETIME, Challenge, Factor, Passkey, Purpose
from shinsatsu.domain.credentials import Login, LoginEnd
from shinsatsu.domain.errors import Forbidden, NotFound, ShinsatsuError
from shinsatsu.domain.login_errors import (
    AccountLocked,
    ChallengeExpired,
    PasswordTooWeak,
    SecondFactorRefused,
    SecondFactorRequired,
)
from shinsatsu.domain.passwords import check_password, normal
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.service.commands import Commands
from shinsatsu.service.factors import Factors
from shinsatsu.service.login_attempts import LoginAttempts
from shinsatsu.service.login_steps import Holder, holder_of, keep
from shinsatsu.service.logins import Logins
from shinsatsu.service.passkeys import Options
from shinsatsu.service.passwords import Passwords
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.totp import TotpOffer


@dataclass(frozen=True, slots=True)
class AccountView:
    """What somebody sees of their own account; without a login name there is nothing to log in with by name."""

    login_name: str | None
    totp: bool
    passkeys: tuple[Passkey, ...]
    recovery_codes_left: int
    second_factor_required: bool


class OwnAccount:
    """Use cases of a worker who is logged in; whoever has no password here gets Forbidden (`no_password`)."""

    def __init__(
        self, commands: Commands, logins: Logins, passwords: Passwords, factors: Factors, attempts: LoginAttempts
    ) -> None:
        self._commands = commands
        self._logins = logins
        self._passwords = passwords
        self._factors = factors
        self._attempts = attempts

    async def view(self, login: Login) -> AccountView:
        """How the account stands."""
        required = self._logins.rules.second_factor_required
        async with self._commands.units_of_work.read() as unit:
            account = await unit.accounts.get(login.user.key)
            if account is None:
                return AccountView(None, False, (), 0, required)
            passkeys = tuple(await unit.factors.passkeys(account.key))
            left = await unit.factors.recovery_codes_left(account.key)
        return AccountView(account.login_name, account.totp_sealed is not None, passkeys, left, required)

    async def change_password(self, login: Login, current: str, new: str) -> None:
        """Sets another password and ends the other logins. Raises Forbidden, AccountLocked, PasswordTooWeak."""
        holder = await self._prove(login, current)
        new = normal(new)
        try:
            check_password(new, holder.account.login_name)
        except PasswordTooWeak as weak:
            raise PasswordTooWeak(weak.detail, "new") from None
        password_hash = await self._passwords.hash(new)

        async def transaction(unit: UnitOfWork) -> list[str]:
            now, key = self._commands.clock.now(), login.user.key
            await unit.accounts.set_password(key, password_hash)
            await unit.challenges.forget_of(key)
            unit.security.record(SecurityEventType.PASSWORD_SET, login.user, now, by="owner")
            return await self._logins.end_all(unit, key, login.user, LoginEnd.PASSWORD_CHANGED, login.id)

        self._logins.tell(await self._commands.transact(transaction), LoginEnd.PASSWORD_CHANGED)

    async def offer_totp(self, login: Login, current: str) -> TotpOffer:
        """A fresh secret; the one in use stays until a code of this one is confirmed."""
        holder = await self._prove(login, current)
        offer, sealed = self._factors.offer_totp(holder.account)

        async def transaction(unit: UnitOfWork) -> None:
            await unit.challenges.add(replace(self._challenge(login, Purpose.ADD_TOTP), totp_sealed=sealed))

        await self._commands.transact(transaction)
        return offer

    async def take_totp(self, login: Login, code: str) -> tuple[str, ...]:
        """Takes the app in; recovery codes where there were none. Raises SecondFactorRefused, ChallengeExpired."""

        async def transaction(unit: UnitOfWork) -> tuple[str, ...] | ShinsatsuError:
            found = await self._under_way(unit, login, Purpose.ADD_TOTP)
            if isinstance(found, ChallengeExpired):
                return found
            (challenge, holder), now = found, self._commands.clock.now()
            sealed = challenge.totp_sealed
            if not await self._factors.take_totp(unit, holder.account, sealed, code, login.user, now):
                return await self._refuse(unit, login, challenge, Factor.TOTP, now)
            return await self._taken(unit, login, holder, now)

        return await keep(self._commands, transaction)

    async def offer_passkey(self, login: Login, current: str) -> Options:
        """What the browser makes a passkey from."""
        holder = await self._prove(login, current)
        to_sign = self._factors.passkey_challenge()

        async def transaction(unit: UnitOfWork) -> Options:
            challenge = self._challenge(login, Purpose.ADD_PASSKEY)
            await unit.challenges.add(replace(challenge, passkey_challenge=to_sign))
            return await self._factors.creation_options(unit, holder, to_sign)

        return await self._commands.transact(transaction)

    async def take_passkey(
        self, login: Login, name: str, credential: Mapping[str, Any]
    ) -> tuple[Passkey, tuple[str, ...]]:
        """Takes the passkey in; recovery codes where there were none. Raises SecondFactorRefused, ChallengeExpired."""

        async def transaction(unit: UnitOfWork) -> tuple[Passkey, tuple[str, ...]] | ShinsatsuError:
            found = await self._under_way(unit, login, Purpose.ADD_PASSKEY)
            if isinstance(found, ChallengeExpired):
                return found
            (challenge, holder), now = found, self._commands.clock.now()
            to_sign = challenge.passkey_challenge
            made = await self._factors.take_passkey(unit, holder.account, to_sign, name, credential, login.user, now)
            if made is None:
                return await self._refuse(unit, login, challenge, Factor.PASSKEY, now)
            return made, await self._taken(unit, login, holder, now)

        return await keep(self._commands, transaction)

    async def remove_totp(self, login: Login, current: str) -> None:
        """Has the account ask for no codes any more. Raises SecondFactorRequired for the last factor."""
        await self._prove(login, current)

        async def transaction(unit: UnitOfWork) -> None:
            holder = await self._holder(unit, login)
            if holder.account.totp_sealed is None:
                raise NotFound("There is no authenticator app to remove.")
            await self._refuse_the_last(unit, holder, Factor.TOTP)
            await unit.factors.set_totp(login.user.key, None, holder.account.totp_last_step)
            self._removed(unit, login, Factor.TOTP, None)

        await self._commands.transact(transaction)

    async def remove_passkey(self, login: Login, passkey_id: str, current: str) -> None:
        """Takes a passkey away. Raises NotFound, and SecondFactorRequired for the last factor."""
        await self._prove(login, current)

        async def transaction(unit: UnitOfWork) -> None:
            holder = await self._holder(unit, login)
            if not await unit.factors.remove_passkey(login.user.key, passkey_id):
                raise NotFound("There is no such passkey.")
            await self._refuse_the_last(unit, holder, Factor.PASSKEY)
            self._removed(unit, login, Factor.PASSKEY, passkey_id)

        await self._commands.transact(transaction)

    async def new_recovery_codes(self, login: Login, current: str) -> tuple[str, ...]:
        """Fresh ones; the older ones open nothing any more."""
        holder = await self._prove(login, current)

        async def transaction(unit: UnitOfWork) -> tuple[str, ...]:
            now = self._commands.clock.now()
            return await self._factors.make_recovery_codes(unit, holder.account, login.user, now)

        return await self._commands.transact(transaction)

    async def _prove(self, login: Login, current: str) -> Holder:
        """Checks the present password, with the same lockout as at the login."""
        async with self._commands.units_of_work.read() as unit:
            holder = await self._holder(unit, login)
        name = holder.account.login_name

        async def charge(unit: UnitOfWork) -> AccountLocked | None:
            wait = await self._attempts.charge(unit, name, self._commands.clock.now())
            return None if wait is None else AccountLocked(wait)

        await keep(self._commands, charge)
        fits = await self._passwords.fits(normal(current), holder.account.password_hash)

        async def settle(unit: UnitOfWork) -> Forbidden | None:
            if fits:
                await self._attempts.refund(unit, name)
                return None
            now = self._commands.clock.now()
            unit.security.record(SecurityEventType.LOGIN_REFUSED, login.user, now, reason="wrong_password")
            await self._attempts.note_lock(unit, name, holder.person, now)
            return Forbidden("wrong_password", "This is not the present password.")

        await keep(self._commands, settle)
        return holder

    async def _holder(self, unit: UnitOfWork, login: Login) -> Holder:
        holder = await holder_of(unit, await unit.accounts.get(login.user.key))
        if holder is None or holder.account.password_hash is None:
            raise Forbidden("no_password", "This account has no password here.")
        return holder

    async def _under_way(
        self, unit: UnitOfWork, login: Login, purpose: Purpose
    ) -> tuple[Challenge, Holder] | ChallengeExpired:
        challenge = await unit.challenges.of_login(login.id, purpose)
        if challenge is None or not challenge.open(self._commands.clock.now()):
            return ChallengeExpired()
        return challenge, await self._holder(unit, login)

    async def _taken(self, unit: UnitOfWork, login: Login, holder: Holder, now: datetime) -> tuple[str, ...]:
        # Whatever a password alone had earned elsewhere ends: from now on it is not enough.
        await unit.challenges.forget_of(login.user.key)
        if await unit.factors.recovery_codes_left(login.user.key):
            return ()
        return await self._factors.make_recovery_codes(unit, holder.account, login.user, now)

    async def _refuse(
        self, unit: UnitOfWork, login: Login, challenge: Challenge, factor: Factor, now: datetime
    ) -> SecondFactorRefused:
        # A mistyped code may be typed again; what was signed wrongly is not asked again.
        to_sign = None if factor is Factor.PASSKEY else challenge.passkey_challenge
        await unit.challenges.save(replace(challenge, tries=challenge.tries + 1, passkey_challenge=to_sign))
        unit.security.record(
            SecurityEventType.SECOND_FACTOR_REFUSED, login.user, now, reason="not_enrolled", factor=factor.value
        )
        return SecondFactorRefused()

    async def _refuse_the_last(self, unit: UnitOfWork, holder: Holder, removed: Factor) -> None:
        known = set(await self._factors.known(unit, holder.account)) - {Factor.RECOVERY}
        left = known - {Factor.TOTP} if removed is Factor.TOTP else known
        if not left and self._logins.rules.second_factor_required:
            raise SecondFactorRequired("A second factor is required here: add another before you remove the last.")

    def _removed(self, unit: UnitOfWork, login: Login, factor: Factor, passkey_id: str | None) -> None:
        which = {} if passkey_id is None else {"passkeyId": passkey_id}
        unit.security.record(
            SecurityEventType.SECOND_FACTOR_REMOVED,
            login.user,
            self._commands.clock.now(),
            factor=factor.value,
            **which,
        )

    def _challenge(self, login: Login, purpose: Purpose) -> Challenge:
        new_id, now = self._commands.ids.new_id(), self._commands.clock.now()
        return Challenge(new_id, login.user.key, purpose, now, now + CHALLENGE_LIFETIME, login_id=login.id)
