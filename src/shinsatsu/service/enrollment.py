"""Enrolling before the first login where a second factor is required: an authenticator app or a passkey."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from shinsatsu.domain.accounts import Challenge, Factor, Purpose
from shinsatsu.domain.credentials import LoginMethod
from shinsatsu.domain.errors import ShinsatsuError
from shinsatsu.domain.login_errors import ChallengeExpired, SecondFactorRefused
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.service.commands import Commands
from shinsatsu.service.factors import Factors
from shinsatsu.service.login_attempts import LoginAttempts
from shinsatsu.service.login_steps import Holder, Status, Step, keep
from shinsatsu.service.logins import Logins
from shinsatsu.service.passkeys import Options
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.second_factor import Challenges, Held
from shinsatsu.service.totp import TotpOffer


class Enrollment:
    """Use cases with the challenge that a password alone has earned; the first factor taken completes the login."""

    def __init__(self, commands: Commands, logins: Logins, factors: Factors, attempts: LoginAttempts) -> None:
        self._commands = commands
        self._logins = logins
        self._factors = factors
        self._attempts = attempts
        self._challenges = Challenges(commands)

    async def offer_totp(self, held: Held) -> TotpOffer:
        """A fresh secret for an authenticator app; raises ChallengeExpired."""

        async def transaction(unit: UnitOfWork) -> TotpOffer | ShinsatsuError:
            found = await self._challenges.open(unit, held, Purpose.ENROLL)
            if isinstance(found, ChallengeExpired):
                return found
            offer, sealed = self._factors.offer_totp(found[1].account)
            await unit.challenges.save(replace(found[0], totp_sealed=sealed))
            return offer

        return await keep(self._commands, transaction)

    async def take_totp(self, held: Held, code: str, browser: str) -> Step:
        """Takes the app in by its first code and completes the login; raises SecondFactorRefused, ChallengeExpired."""

        async def transaction(unit: UnitOfWork) -> Step | ShinsatsuError:
            found = await self._challenges.open(unit, held, Purpose.ENROLL)
            if isinstance(found, ChallengeExpired):
                return found
            challenge, holder = found
            now = self._commands.clock.now()
            if not await self._factors.take_totp(unit, holder.account, challenge.totp_sealed, code, holder.user, now):
                return await self._refuse(unit, holder, challenge, Factor.TOTP, now)
            return await self._complete(unit, holder, Factor.TOTP, browser, now)

        return await keep(self._commands, transaction)

    async def offer_passkey(self, held: Held) -> Options:
        """What the browser makes a passkey from; raises ChallengeExpired."""

        async def transaction(unit: UnitOfWork) -> Options | ShinsatsuError:
            found = await self._challenges.open(unit, held, Purpose.ENROLL)
            if isinstance(found, ChallengeExpired):
                return found
            to_sign = self._factors.passkey_challenge()
            await unit.challenges.save(replace(found[0], passkey_challenge=to_sign))
            return await self._factors.creation_options(unit, found[1], to_sign)

        return await keep(self._commands, transaction)

    async def take_passkey(self, held: Held, name: str, credential: Mapping[str, Any], browser: str) -> Step:
        """Takes the passkey in and completes the login; raises SecondFactorRefused, ChallengeExpired."""

        async def transaction(unit: UnitOfWork) -> Step | ShinsatsuError:
            found = await self._challenges.open(unit, held, Purpose.ENROLL)
            if isinstance(found, ChallengeExpired):
                return found
            challenge, holder = found
            now = self._commands.clock.now()
            to_sign = challenge.passkey_challenge
            made = await self._factors.take_passkey(unit, holder.account, to_sign, name, credential, holder.user, now)
            if made is None:
                return await self._refuse(unit, holder, challenge, Factor.PASSKEY, now)
            return await self._complete(unit, holder, Factor.PASSKEY, browser, now)

        return await keep(self._commands, transaction)

    async def _complete(self, unit: UnitOfWork, holder: Holder, factor: Factor, browser: str, now: datetime) -> Step:
        key = holder.account.key
        # This one and any other that the password alone had earned: from now on it is not enough.
        await unit.challenges.forget_of(key)
        codes = await self._factors.make_recovery_codes(unit, holder.account, holder.user, now)
        await self._attempts.clear(unit, holder.account.login_name)
        how = {"secondFactor": factor.value}
        opened = await self._logins.begin(unit, holder.user, LoginMethod.PASSWORD, browser, **how)
        return Step(Status.DONE, opened=opened, recovery_codes=codes, recovery_codes_left=len(codes))

    async def _refuse(
        self, unit: UnitOfWork, holder: Holder, challenge: Challenge, factor: Factor, now: datetime
    ) -> SecondFactorRefused:
        to_sign = None if factor is Factor.PASSKEY else challenge.passkey_challenge
        await unit.challenges.save(replace(challenge, tries=challenge.tries + 1, passkey_challenge=to_sign))
        unit.security.record(
            SecurityEventType.SECOND_FACTOR_REFUSED, holder.user, now, reason="not_enrolled", factor=factor.value
        )
        return SecondFactorRefused()
