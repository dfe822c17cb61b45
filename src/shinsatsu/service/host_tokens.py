"""A host application hands its user over: its JWT acts by itself for minutes, or once begins a browser session."""

import hmac
from dataclasses import replace
from typing import Any

from shinsatsu.domain.access_errors import HostTokenInvalid, HostTokenUsed
from shinsatsu.domain.appointment import AppointmentStatus
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.credentials import SAME_ANSWER_FOR, Grant, SpentToken
from shinsatsu.domain.errors import InvalidRequest, SessionEnded
from shinsatsu.domain.events import EventType
from shinsatsu.domain.roles import Action, AuthUser
from shinsatsu.service.access import PROOF_LENGTH, new_grant
from shinsatsu.service.access_log import Proved
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize
from shinsatsu.service.identity_ports import HostClaims, HostTokenVerifier
from shinsatsu.service.links import Granted
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.secret_hash import hash_of
from shinsatsu.service.signing_keys import SigningKeys

USE = "host token"


class HostTokens:
    """Use cases of a host application's JWT; `keys` derive the grants' secrets, of which no copy is kept."""

    def __init__(self, commands: Commands, keys: SigningKeys, verifier: HostTokenVerifier) -> None:
        self._commands = commands
        self._keys = keys
        self._verifier = verifier

    async def exchange(self, token: str, proof: str) -> tuple[Grant, str]:
        """Turns a token into a grant and its secret, once; the same token and proof get the same answer for 60 s.

        Raises InvalidRequest (`proof`), HostTokenInvalid, HostTokenExpired, HostTokenUsed; Forbidden for who was
        removed, SessionEnded when the appointment was cancelled.
        """
        if len(proof) not in PROOF_LENGTH:
            raise InvalidRequest("proof: 16 to 128 characters that nobody can guess.", field="proof")
        claims = await self._verifier.verify(token, self._commands.clock.now())
        secret = self._keys.digest(USE, f"{token}\n{proof}").partition(".")[2]

        async def transaction(unit: UnitOfWork) -> Granted:
            now, grant_id = self._commands.clock.now(), self._commands.ids.new_id()
            # The session's row first, as for a link: nobody waits for each other.
            consultation = await unit.sessions.latest(claims.appointment_id, for_update=True)
            user = await _user_of(unit, claims, consultation)
            spent = SpentToken(_id_of(claims), hash_of(f"{token}\n{proof}"), grant_id, now, claims.believed_until)
            if not await unit.keys.spend(spent):
                return Granted(await _given_before(unit, spent, secret))
            if consultation is None or consultation.appointment.status is AppointmentStatus.CANCELLED:
                raise SessionEnded("The appointment was cancelled.")
            authorize(user, Action.VIEW, consultation)
            grant = new_grant(grant_id, user, consultation, now)
            await unit.credentials.add_grant(grant, hash_of(secret))
            said: dict[str, Any] = {"linkId": None, "grantId": grant_id, "hostToken": spent.id}
            consultation.session.record(EventType.LINK_EXCHANGED, user, now, **said)
            return Granted(grant, await self._commands.save(unit, consultation), consultation)

        granted = await self._commands.transact(transaction)
        if granted.consultation is not None:
            await self._commands.tell(granted.events, granted.consultation)
        return granted.grant, secret

    async def user_of(self, token: str) -> Proved:
        """Whom a token lets act in its appointment, until it expires; raises HostTokenInvalid, HostTokenExpired."""
        claims = await self._verifier.verify(token, self._commands.clock.now())
        async with self._commands.units_of_work.read() as unit:
            consultation = await unit.sessions.latest(claims.appointment_id)
            user = await _user_of(unit, claims, consultation)
        return Proved(user, f"host:{_id_of(claims)}")


async def _user_of(unit: UnitOfWork, claims: HostClaims, consultation: Consultation | None) -> AuthUser:
    """The person as we know them, if they have business in that appointment; all else looks the same."""
    person = (await unit.appointments.people([claims.key])).get(claims.key)
    if person is None or person.blocked or consultation is None:
        raise _unknown()
    user = AuthUser(person.user_type, person.user_id, person.role, person.display_name)
    if consultation.relation_of(user) is None:
        raise _unknown()
    return replace(user, appointment_id=consultation.appointment.id)


async def _given_before(unit: UnitOfWork, repeated: SpentToken, secret: str) -> Grant:
    """The grant that the same token and proof got a moment ago; raises HostTokenUsed."""
    first = await unit.keys.spent(repeated.id)
    grant = await unit.credentials.grant(hash_of(secret))
    if (
        first is None
        or grant is None
        or not hmac.compare_digest(first.proof_hash, repeated.proof_hash)
        or repeated.used_at - first.used_at > SAME_ANSWER_FOR
        or not grant.live(repeated.used_at)
    ):
        raise HostTokenUsed
    return grant


def _id_of(claims: HostClaims) -> str:
    """A token's id as it is kept and told: whatever the host put into it is not."""
    return hash_of(f"{USE}\n{claims.token_id}")


def _unknown() -> HostTokenInvalid:
    return HostTokenInvalid("This token is not for anybody of that appointment.")
