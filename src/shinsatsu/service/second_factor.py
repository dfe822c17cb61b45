"""The second step of a login by name: a code, a recovery code or a passkey for a challenge that this browser holds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shinsatsu.domain.accounts import Challenge, Factor, Purpose
from shinsatsu.domain.credentials import LoginMethod
from shinsatsu.domain.errors import ShinsatsuError
from shinsatsu.domain.login_errors import AccountLocked, ChallengeExpired, SecondFactorRefused
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.service.commands import Commands
from shinsatsu.service.factors import Factors
from shinsatsu.service.login_attempts import LoginAttempts, about
from shinsatsu.service.login_steps import Holder, Status, Step, holder_of, keep, same
from shinsatsu.service.logins import Logins
from shinsatsu.service.repositories import UnitOfWork


@dataclass(frozen=True, slots=True)
class Held:
    """A challenge as a browser names it: its id from the body, its secret from the cookie."""

    challenge_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answers with: a code, or an AuthenticationResponseJSON."""

    factor: Factor
    code: str = ""
    passkey: Mapping[str, Any] | None = None


class Challenges:
    """Finds what a browser has under way; whatever is wrong with it gets one answer."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def open(self, unit: UnitOfWork, held: Held, purpose: Purpose) -> tuple[Challenge, Holder] | ChallengeExpired:
        """The live challenge and its holder, both held to the end of the transaction; a refusal is recorded."""
        now = self._commands.clock.now()
        challenge = await unit.challenges.get(held.challenge_id)
        holder = await holder_of(unit, await unit.accounts.get(challenge.key, for_update=True)) if challenge else None
        reason = _refusal(challenge, holder, held, purpose, now)
        if challenge is not None and holder is not None and reason is None:
            return challenge, holder
        whose = about(holder.person if holder else None)
        unit.security.record(SecurityEventType.SECOND_FACTOR_REFUSED, None, now, reason=reason, **whose)
        return ChallengeExpired()


class SecondFactor:
    """Use case: answering; wrong answers count against the account as wrong passwords do."""

    def __init__(self, commands: Commands, logins: Logins, factors: Factors, attempts: LoginAttempts) -> None:
        self._commands = commands
        self._logins = logins
        self._factors = factors
        self._attempts = attempts
        self._challenges = Challenges(commands)

    async def answer(self, held: Held, answer: Answer, browser: str) -> Step:
        """Completes the login; raises SecondFactorRefused, ChallengeExpired, AccountLocked."""

        async def transaction(unit: UnitOfWork) -> Step | ShinsatsuError:
            found = await self._challenges.open(unit, held, Purpose.SECOND_FACTOR)
            if isinstance(found, ChallengeExpired):
                return found
            challenge, holder = found
            now, name = self._commands.clock.now(), holder.account.login_name
            wait = await self._attempts.charge(unit, name, now)
            if wait is not None:
                unit.security.record(SecurityEventType.SECOND_FACTOR_REFUSED, holder.user, now, reason="locked")
                return AccountLocked(wait)
            if not await self._fits(unit, holder, challenge, answer, now):
                return await self._refuse(unit, holder, challenge, answer, now)
            if not await unit.challenges.spend(challenge.id):
                return ChallengeExpired()
            await self._attempts.clear(unit, name)
            how = {"secondFactor": answer.factor.value}
            opened = await self._logins.begin(unit, holder.user, LoginMethod.PASSWORD, browser, **how)
            left = await unit.factors.recovery_codes_left(holder.account.key)
            return Step(Status.DONE, opened=opened, recovery_codes_left=left)

        return await keep(self._commands, transaction)

    async def _fits(
        self, unit: UnitOfWork, holder: Holder, challenge: Challenge, answer: Answer, now: datetime
    ) -> bool:
        match answer.factor:
            case Factor.TOTP:
                return await self._factors.totp_fits(unit, holder.account, answer.code, now)
            case Factor.RECOVERY:
                return await self._factors.recovery_fits(unit, holder.account, answer.code, holder.user, now)
            case Factor.PASSKEY:
                credential = answer.passkey or {}
                return await self._factors.passkey_fits(
                    unit, holder.account, challenge.passkey_challenge, credential, now
                )

    async def _refuse(
        self, unit: UnitOfWork, holder: Holder, challenge: Challenge, answer: Answer, now: datetime
    ) -> SecondFactorRefused:
        # What was signed wrongly once is not asked again: a passkey's challenge is used by its first answer.
        to_sign = None if answer.factor is Factor.PASSKEY else challenge.passkey_challenge
        await unit.challenges.save(replace(challenge, tries=challenge.tries + 1, passkey_challenge=to_sign))
        unit.security.record(
            SecurityEventType.SECOND_FACTOR_REFUSED, holder.user, now, reason="wrong", factor=answer.factor.value
        )
        await self._attempts.note_lock(unit, holder.account.login_name, holder.person, now)
        return SecondFactorRefused()


def _refusal(
    challenge: Challenge | None, holder: Holder | None, held: Held, purpose: Purpose, now: datetime
) -> str | None:
    """Why a challenge cannot be answered, for the record alone."""
    if challenge is None or holder is None or challenge.purpose is not purpose:
        return "unknown_challenge"
    if not same(held.secret, challenge.secret_hash):
        return "other_browser"
    if holder.person.blocked:
        return "account_blocked"
    return None if challenge.open(now) else "challenge_over"
