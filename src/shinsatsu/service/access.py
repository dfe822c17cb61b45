"""How people and programs get in: consultation links, the grants they give, API keys (spec §6.2 and §8)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shinsatsu.domain.appointment import Appointment, AppointmentStatus, relation_of
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.credentials import GRANT_LIFETIME, LINK_LIFETIME, SAME_ANSWER_FOR, Grant, Link
from shinsatsu.domain.errors import (
    Forbidden,
    InvalidRequest,
    LinkExpired,
    LinkInvalid,
    LinkRevoked,
    LinkUsed,
    SessionEnded,
    Unauthenticated,
)
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.participant import Admission
from shinsatsu.domain.policy import Column, Target, column_of
from shinsatsu.domain.roles import Action, AuthUser, Person, UserType
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize
from shinsatsu.service.link_tokens import LinkTokens
from shinsatsu.service.repositories import UnitOfWork

PROOF_LENGTH = range(16, 129)
API_KEY_PREFIX = "sk_"
SCOPES = ("appointments", "links", "links:worker", "sessions:read")


@dataclass(frozen=True, slots=True)
class MintedLink:
    """A link's token, shown this once."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant, and what is to be told of it; nothing when it was given before."""

    grant: Grant
    events: list[StoredEvent] = field(default_factory=list)
    consultation: Consultation | None = None


class Access:
    """Use cases of getting in. `secret` (at least 32 bytes) signs the tokens and derives the grants' secrets."""

    def __init__(self, commands: Commands, secret: bytes, link_lifetime: timedelta = LINK_LIFETIME) -> None:
        self._commands = commands
        self._link_lifetime = link_lifetime
        self._secret = secret
        self._tokens = LinkTokens(secret)

    async def mint_link(self, actor: AuthUser, session_id: str, user_type: UserType, user_id: int) -> MintedLink:
        """A link for somebody who belongs to the session's appointment; valid for `link_lifetime`, exchanged once.

        Raises InvalidRequest for anybody else, Forbidden, SessionEnded when the appointment was cancelled.
        """

        async def change(unit: UnitOfWork, consultation: Consultation) -> MintedLink:
            # First whether the actor may mint at all, so that nobody learns here who belongs to an appointment.
            authorize(actor, Action.MINT_LINK, consultation, Target(Column.PATIENT))
            person = (await unit.appointments.people([(user_type, user_id)])).get((user_type, user_id))
            target = _target(person, consultation.appointment)
            authorize(actor, Action.MINT_LINK, consultation, target)
            gone = consultation.session.find((user_type, user_id))
            if gone is not None and gone.admission is Admission.REMOVED:
                raise Forbidden("removed", "This person was removed; staff bring them back first.")
            if consultation.appointment.status is AppointmentStatus.CANCELLED:
                raise SessionEnded("The appointment was cancelled.")
            now = self._commands.clock.now()
            link_id, expires_at = self._commands.ids.new_id(), now + self._link_lifetime
            token = self._tokens.mint(link_id, session_id, user_type, user_id, expires_at)
            link = Link(
                id=link_id,
                token_hash=_hash(token),
                session_id=session_id,
                appointment_id=consultation.appointment.id,
                user_type=user_type,
                user_id=user_id,
                created_by_type=actor.user_type,
                created_by_id=actor.user_id,
                created_at=now,
                expires_at=expires_at,
            )
            await unit.credentials.add_link(link)
            consultation.session.record(
                EventType.LINK_MINTED, actor, now, linkId=link_id, forUserType=user_type, forUserId=user_id
            )
            return MintedLink(token, expires_at)

        return await self._commands.on_session(session_id, change)

    async def exchange(self, token: str, proof: str) -> tuple[Grant, str]:
        """Turns a link into a grant and its secret. The same token and proof get the same answer for 60 s.

        Raises InvalidRequest (`proof`), LinkInvalid, LinkUsed, LinkExpired, LinkRevoked.
        """
        if len(proof) not in PROOF_LENGTH:
            raise InvalidRequest("proof: 16 to 128 characters that nobody can guess.", field="proof")
        claims = self._tokens.read(token)
        secret = self._grant_secret(claims.link_id, proof)

        async def transaction(unit: UnitOfWork) -> Granted:
            now = self._commands.clock.now()
            grant_id = self._commands.ids.new_id()
            if await unit.credentials.use_link(claims.link_id, _hash(token), _hash(proof), grant_id, now):
                return await self._grant(unit, claims.link_id, grant_id, secret, now)
            link = await unit.credentials.link(claims.link_id)
            _refuse_unless_repeated(link, token, proof, now)
            grant = await unit.credentials.grant(_hash(secret))
            if grant is None or not grant.live(now):
                raise LinkUsed("This link was used already.")
            return Granted(grant)

        granted = await self._commands.transact(transaction)
        if granted.consultation is not None:
            await self._commands.tell(granted.events, granted.consultation)
        return granted.grant, secret

    async def grant_to(self, user: AuthUser, session_id: str) -> tuple[Grant, str]:
        """A grant and its secret for somebody who proved who they are otherwise; the caller has asked the policy."""
        secret = secrets.token_urlsafe(32)

        async def change(unit: UnitOfWork, consultation: Consultation) -> Grant:
            now = self._commands.clock.now()
            grant = _new_grant(self._commands.ids.new_id(), user, consultation, now)
            await unit.credentials.add_grant(grant, _hash(secret))
            consultation.session.record(EventType.LINK_EXCHANGED, user, now, linkId=None, grantId=grant.id)
            return grant

        return await self._commands.on_session(session_id, change), secret

    async def grant(self, secret: str, grant_id: str | None = None) -> Grant:
        """The live grant of that secret; with `grant_id`, only that one. Raises Unauthenticated."""
        async with self._commands.units_of_work.read() as unit:
            grant = await unit.credentials.grant(_hash(secret))
        if grant is None or not grant.live(self._commands.clock.now()) or grant_id not in (None, grant.id):
            raise Unauthenticated("This grant is not valid.")
        return grant

    async def grants_for(self, session_id: str, secrets_by_id: Mapping[str, str]) -> list[Grant]:
        """Of the grants a browser holds (id → secret), the live ones of that session's appointment."""
        hashes = {_hash(secret) for secret in secrets_by_id.values()}
        async with self._commands.units_of_work.read() as unit:
            consultation = await unit.sessions.get(session_id)
            grants = await unit.credentials.grants(hashes) if consultation else []
        now = self._commands.clock.now()
        return [
            grant
            for grant in grants
            if consultation is not None
            and grant.appointment_id == consultation.appointment.id
            and grant.id in secrets_by_id
            and grant.live(now)
        ]

    async def create_api_key(self, name: str, scopes: Sequence[str] = SCOPES) -> str:
        """Makes a key for a program and returns its secret, shown this once; only its hash is kept."""
        secret = API_KEY_PREFIX + secrets.token_urlsafe(32)

        async def transaction(unit: UnitOfWork) -> None:
            await unit.credentials.add_api_key(name, _hash(secret), scopes, self._commands.clock.now())

        await self._commands.transact(transaction)
        return secret

    async def api_key(self, secret: str) -> AuthUser:
        """The system user behind a key; its id is the key's. Raises Unauthenticated."""
        async with self._commands.units_of_work.read() as unit:
            key = await unit.credentials.api_key(_hash(secret))
        if key is None or not key.live(self._commands.clock.now()):
            raise Unauthenticated("This API key is not valid.")
        return AuthUser(UserType.SYSTEM, key.id, None, key.name)

    async def _grant(self, unit: UnitOfWork, link_id: str, grant_id: str, secret: str, now: datetime) -> Granted:
        link = await unit.credentials.link(link_id)
        consultation = await unit.sessions.get(link.session_id, for_update=True) if link else None
        if link is None or consultation is None:
            raise LinkInvalid("This link is not ours.")
        key = (link.user_type, link.user_id)
        person = (await unit.appointments.people([key])).get(key)
        if person is None:
            raise LinkRevoked("The person this link was for is no longer known.")
        user = AuthUser(person.user_type, person.user_id, person.role, person.display_name)
        grant = _new_grant(grant_id, user, consultation, now)
        await unit.credentials.add_grant(grant, _hash(secret))
        consultation.session.record(EventType.LINK_EXCHANGED, user, now, linkId=link_id, grantId=grant_id)
        return Granted(grant, await self._commands.save(unit, consultation), consultation)

    def _grant_secret(self, link_id: str, proof: str) -> str:
        """Derived, so that the same token and proof give the same secret and no copy of it needs keeping."""
        digest = hmac.digest(self._secret, f"grant\n{link_id}\n{proof}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _new_grant(grant_id: str, user: AuthUser, consultation: Consultation, now: datetime) -> Grant:
    appointment = consultation.appointment
    bound = replace(user, appointment_id=appointment.id)
    expires_at = max(now, appointment.starts_at) + GRANT_LIFETIME
    return Grant(grant_id, consultation.session.id, appointment.id, bound, now, expires_at)


def _target(person: Person | None, appointment: Appointment) -> Target:
    if person is not None:
        user = AuthUser(person.user_type, person.user_id, person.role, person.display_name)
        column = column_of(user, relation_of(user, appointment))
        if column is not None:
            return Target(column)
    raise InvalidRequest("This user does not belong to the session's appointment.", field="userId")


def _refuse_unless_repeated(link: Link | None, token: str, proof: str, now: datetime) -> None:
    """Lets only a repetition of the winning exchange pass."""
    if link is None or not hmac.compare_digest(link.token_hash, _hash(token)):
        raise LinkInvalid("This link is not ours.")
    if link.revoked_at is not None:
        raise LinkRevoked("This link was taken back.")
    if link.used_at is None or link.proof_hash is None:
        raise LinkExpired("This link's time is over.")
    if not hmac.compare_digest(link.proof_hash, _hash(proof)) or now - link.used_at > SAME_ANSWER_FOR:
        raise LinkUsed("This link was used already.")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
