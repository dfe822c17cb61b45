"""Consultation links (spec §6.2 and §8): minted for one person, exchanged once, listed, taken back."""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shinsatsu.domain.appointment import AppointmentStatus
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.credentials import LINK_LIFETIME, SAME_ANSWER_FOR, Grant, Link, LinkState
from shinsatsu.domain.errors import (
    Forbidden,
    InvalidRequest,
    LinkExpired,
    LinkInvalid,
    LinkRevoked,
    LinkUsed,
    NotFound,
    SessionEnded,
)
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.participant import Admission
from shinsatsu.domain.permission_table import Column
from shinsatsu.domain.policy import Target, column_of
from shinsatsu.domain.roles import Action, AuthUser, Person, UserKey, UserType
from shinsatsu.service.access import PROOF_LENGTH, new_grant
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize
from shinsatsu.service.link_tokens import LinkClaims, LinkTokens
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.secret_hash import hash_of
from shinsatsu.service.signing_keys import SigningKeys

SOMEBODY = Target(Column.PATIENT)
OUT_OF_THE_BOOKING = {UserType.PATIENT: Column.PATIENT, UserType.WORKER: Column.DOCTOR_IN_CHARGE}
"""What somebody counts as whom nothing ties to the appointment any more; their links can be taken back."""
NO_LINK_WHILE_BLOCKED = "This account is blocked: open it again first."


@dataclass(frozen=True, slots=True)
class MintedLink:
    """A link's id, and its token, which is shown this once."""

    id: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ListedLink:
    """A link as staff see it."""

    link: Link
    display_name: str
    state: LinkState


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant, and what is to be told of it; nothing when it was given before."""

    grant: Grant
    events: list[StoredEvent] = field(default_factory=list)
    consultation: Consultation | None = None


class Links:
    """Use cases of consultation links; `keys` sign the tokens and derive the grants' secrets."""

    def __init__(self, commands: Commands, keys: SigningKeys, link_lifetime: timedelta = LINK_LIFETIME) -> None:
        self._commands = commands
        self._link_lifetime = link_lifetime
        self._keys = keys
        self._tokens = LinkTokens(keys)

    async def mint(self, actor: AuthUser, session_id: str, user_type: UserType, user_id: int) -> MintedLink:
        """A link for somebody who belongs to the session; valid for `link_lifetime`, exchanged once.

        Their earlier unused ones are revoked. Raises InvalidRequest for anybody else, Forbidden, SessionEnded when
        the appointment was cancelled.
        """

        async def change(unit: UnitOfWork, consultation: Consultation) -> MintedLink:
            person = await authorized(unit, actor, consultation, (user_type, user_id))
            return await self.issue(unit, consultation, actor, person.key)

        return await self._commands.on_session(session_id, change)

    async def issue(
        self, unit: UnitOfWork, consultation: Consultation, actor: AuthUser, key: UserKey, **of: Any
    ) -> MintedLink:
        """The same inside the caller's transaction, once the policy was asked; `of` goes into the event."""
        gone = consultation.session.find(key)
        if gone is not None and gone.admission is Admission.REMOVED:
            raise Forbidden("removed", "This person was removed; staff bring them back first.")
        if consultation.appointment.status is AppointmentStatus.CANCELLED:
            raise SessionEnded("The appointment was cancelled.")
        if await _held_and_blocked(unit, key):
            raise Forbidden("account_blocked", NO_LINK_WHILE_BLOCKED)
        session, now = consultation.session, self._commands.clock.now()
        for old in await unit.credentials.revoke_unused_links(consultation.appointment.id, key, now):
            _record_revoked(consultation, old, actor, now, "resent")
        link_id, expires_at = self._commands.ids.new_id(), now + self._link_lifetime
        token = self._tokens.mint(link_id, session.id, *key, expires_at)
        link = Link(
            id=link_id,
            token_hash=hash_of(token),
            session_id=session.id,
            appointment_id=consultation.appointment.id,
            user_type=key[0],
            user_id=key[1],
            created_by_type=actor.user_type,
            created_by_id=actor.user_id,
            created_at=now,
            expires_at=expires_at,
        )
        await unit.credentials.add_link(link)
        session.record(EventType.LINK_MINTED, actor, now, linkId=link_id, forUserType=key[0], forUserId=key[1], **of)
        return MintedLink(link_id, token, expires_at)

    async def exchange(self, token: str, proof: str, session_id: str | None = None) -> tuple[Grant, str]:
        """Turns a link into a grant and its secret. The same token and proof get the same answer for 60 s.

        `session_id` is where the link was opened: for another one it is refused and not used up.
        Raises InvalidRequest (`proof`), LinkInvalid, LinkUsed, LinkExpired, LinkRevoked.
        """
        if len(proof) not in PROOF_LENGTH:
            raise InvalidRequest("proof: 16 to 128 characters that nobody can guess.", field="proof")
        claims = self._tokens.read(token)
        if session_id not in (None, claims.session_id):
            raise LinkInvalid("This link is for another consultation.")
        secret = self._grant_secret(claims, proof)

        async def transaction(unit: UnitOfWork) -> Granted:
            now, grant_id = self._commands.clock.now(), self._commands.ids.new_id()
            # The session's row before the link's, as minting and revoking do: nobody waits for each other.
            consultation = await unit.sessions.get(claims.session_id, for_update=True)
            if await _held_and_blocked(unit, (claims.user_type, claims.user_id)):
                raise LinkRevoked("This link was taken back.")
            if await unit.credentials.use_link(claims.link_id, hash_of(token), hash_of(proof), grant_id, now):
                return await self._grant(unit, claims, consultation, grant_id, secret)
            link = await unit.credentials.link(claims.link_id)
            _refuse_unless_repeated(link, token, proof, now)
            grant = await unit.credentials.grant(hash_of(secret))
            if grant is None or not grant.live(now):
                raise LinkUsed("This link was used already.")
            return Granted(grant)

        granted = await self._commands.transact(transaction)
        if granted.consultation is not None:
            await self._commands.tell(granted.events, granted.consultation)
        return granted.grant, secret

    async def list(self, actor: AuthUser, session_id: str) -> Sequence[ListedLink]:
        """Every link of the session's appointment, newest first; raises NotFound, Forbidden."""
        async with self._commands.units_of_work.read() as unit:
            consultation = await unit.sessions.get(session_id)
            if consultation is None:
                raise NotFound("There is no such consultation.")
            authorize(actor, Action.MINT_LINK, consultation, SOMEBODY)
            links = await unit.credentials.links_of(consultation.appointment.id)
            people = await unit.appointments.people({link.key for link in links})
        now = self._commands.clock.now()
        return [ListedLink(link, people[link.key].display_name, link.state(now)) for link in links]

    async def revoke(self, actor: AuthUser, session_id: str, link_id: str) -> None:
        """Takes a link back and, if it was used, the grant it gave: what that grant does ends at once.

        Raises NotFound (strangers, links of other appointments), Forbidden.
        """

        async def change(unit: UnitOfWork, consultation: Consultation) -> None:
            authorize(actor, Action.MINT_LINK, consultation, SOMEBODY)
            link = await unit.credentials.link(link_id)
            if link is None or link.appointment_id != consultation.appointment.id:
                raise NotFound("There is no such link.", field="linkId")
            person = (await unit.appointments.people([link.key])).get(link.key)
            column = column_for(person, consultation) or OUT_OF_THE_BOOKING[link.user_type]
            authorize(actor, Action.MINT_LINK, consultation, Target(column))
            if link.revoked_at is None:
                await self._take_back(unit, consultation, link_id, actor)

        told_in = await self._newest_session(session_id)
        await self._commands.on_session(told_in, change)
        await self._commands.edges.settle(told_in)

    async def _take_back(self, unit: UnitOfWork, consultation: Consultation, link_id: str, actor: AuthUser) -> None:
        now = self._commands.clock.now()
        link = await unit.credentials.revoke_link(link_id, now)
        _record_revoked(consultation, link, actor, now, "revoked")
        if link.grant_id is None:
            return
        await unit.credentials.revoke_grant(link.grant_id, now)
        stay = consultation.session.find(link.key)
        if (
            stay is not None
            and stay.is_active
            and not await unit.credentials.has_grant(link.appointment_id, link.key, now)
        ):
            consultation.session.depart(stay, actor, now, reason="withdrawn")

    async def _newest_session(self, session_id: str) -> str:
        """Where a grant of the appointment is at work, whichever session its link led to: there it is told and ends."""
        async with self._commands.units_of_work.read() as unit:
            consultation = await unit.sessions.get(session_id)
            newest = await unit.sessions.latest(consultation.appointment.id) if consultation else None
        return newest.session.id if newest else session_id

    async def _grant(
        self, unit: UnitOfWork, claims: LinkClaims, consultation: Consultation | None, grant_id: str, secret: str
    ) -> Granted:
        key = (claims.user_type, claims.user_id)
        person = (await unit.appointments.people([key])).get(key)
        if person is None or consultation is None:
            raise LinkRevoked("The person this link was for is no longer known.")
        user = AuthUser(person.user_type, person.user_id, person.role, person.display_name)
        now = self._commands.clock.now()
        grant = new_grant(grant_id, user, consultation, now)
        await unit.credentials.add_grant(grant, hash_of(secret))
        consultation.session.record(EventType.LINK_EXCHANGED, user, now, linkId=claims.link_id, grantId=grant_id)
        return Granted(grant, await self._commands.save(unit, consultation), consultation)

    def _grant_secret(self, claims: LinkClaims, proof: str) -> str:
        """Derived, so that the same token and proof give the same secret and no copy of it needs keeping."""
        key = self._keys.secret(claims.key_id) or self._keys.newest
        digest = hmac.digest(key, f"grant\n{claims.link_id}\n{proof}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def authorized(unit: UnitOfWork, actor: AuthUser, consultation: Consultation, key: UserKey) -> Person:
    """Somebody whom the actor may let in; raises NotFound, Forbidden, InvalidRequest for who does not belong here."""
    # First whether the actor may mint for anybody of the kind, so that nobody learns who belongs to an appointment.
    authorize(actor, Action.MINT_LINK, consultation, Target(OUT_OF_THE_BOOKING.get(key[0], Column.PATIENT)))
    person = (await unit.appointments.people([key])).get(key)
    column = column_for(person, consultation)
    if person is None or column is None:
        raise InvalidRequest("This user does not belong to the session's appointment.", field="userId")
    authorize(actor, Action.MINT_LINK, consultation, Target(column))
    if person.blocked:
        raise Forbidden("account_blocked", NO_LINK_WHILE_BLOCKED)
    return person


async def _held_and_blocked(unit: UnitOfWork, key: UserKey) -> bool:
    """Whether the account is blocked, and stays as it is to the end of the transaction: blocking takes back what is
    there, and must find what is given at the same moment.
    """
    await unit.appointments.hold_person(key)
    person = (await unit.appointments.people([key])).get(key)
    return person is not None and person.blocked


def column_for(person: Person | None, consultation: Consultation) -> Column | None:
    """Somebody's column of the permission table here; None for a stranger."""
    if person is None:
        return None
    user = AuthUser(person.user_type, person.user_id, person.role, person.display_name)
    return column_of(user, consultation.relation_of(user))


def _record_revoked(consultation: Consultation, link: Link, actor: AuthUser, now: datetime, reason: str) -> None:
    ids: dict[str, Any] = {
        "linkId": link.id,
        "grantId": link.grant_id,
        "forUserType": link.user_type,
        "forUserId": link.user_id,
    }
    consultation.session.record(EventType.LINK_REVOKED, actor, now, **ids, reason=reason)


def _refuse_unless_repeated(link: Link | None, token: str, proof: str, now: datetime) -> None:
    """Lets only a repetition of the winning exchange pass."""
    if link is None or not hmac.compare_digest(link.token_hash, hash_of(token)):
        raise LinkInvalid("This link is not ours.")
    if link.revoked_at is not None:
        raise LinkRevoked("This link was taken back.")
    if link.used_at is None or link.proof_hash is None:
        raise LinkExpired("This link's time is over.")
    if not hmac.compare_digest(link.proof_hash, hash_of(proof)) or now - link.used_at > SAME_ANSWER_FOR:
        raise LinkUsed("This link was used already.")
