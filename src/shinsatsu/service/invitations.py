"""Invitations from the staff's side: sent to one person, listed, taken back, unlocked; see `invitation_door`."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from shinsatsu.domain.appointment import AppointmentStatus
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import Forbidden, InvalidRequest, NotFound, SessionEnded
from shinsatsu.domain.events import EventType
from shinsatsu.domain.invitations import (
    Asked,
    DeliveryKind,
    Invitation,
    InvitationCheck,
    InvitationState,
    deliverable,
    good_until,
    masked,
)
from shinsatsu.domain.participant import Admission
from shinsatsu.domain.policy import Target
from shinsatsu.domain.roles import Action, AuthUser, UserKey
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize
from shinsatsu.service.links import OUT_OF_THE_BOOKING, SOMEBODY, authorized, column_for
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.secret_hash import hash_of
from shinsatsu.service.signing_keys import SigningKeys

BIRTH_DATE, ADDRESS = "invitation birth date", "invitation address"
"""The uses of the server's secrets for what is kept of an invitation."""
CODE_BYTES = 32


@dataclass(frozen=True, slots=True)
class InvitationWish:
    """Whom to invite, what to ask them (None: as the clinic does), and what they are to know or be reached by."""

    key: UserKey
    check: InvitationCheck | None = None
    birth_date: date | None = None
    deliver_to: tuple[DeliveryKind, str] | None = None


@dataclass(frozen=True, slots=True)
class SentInvitation:
    """A fresh invitation, its code shown this once."""

    id: str
    code: str
    check: InvitationCheck
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ListedInvitation:
    """An invitation as staff see it."""

    invitation: Invitation
    display_name: str
    expires_at: datetime
    state: InvitationState


class Invitations:
    """Use cases of whoever may mint links; `check` is what the clinic asks, `codes_are_sent` whether it can send them.

    Raises NotFound (strangers, unknown invitations), Forbidden.
    """

    def __init__(self, commands: Commands, keys: SigningKeys, check: InvitationCheck, *, codes_are_sent: bool) -> None:
        self._commands = commands
        self._keys = keys
        self._check = check
        self._codes_are_sent = codes_are_sent

    async def send(self, actor: AuthUser, session_id: str, wish: InvitationWish) -> SentInvitation:
        """An invitation for somebody of the session, good to the appointment's end; their earlier ones are revoked.

        Raises InvalidRequest, SessionEnded when the appointment was cancelled or is long over.
        """
        code, asked = secrets.token_urlsafe(CODE_BYTES), self._asked(wish)

        async def change(unit: UnitOfWork, consultation: Consultation) -> SentInvitation:
            person = await authorized(unit, actor, consultation, wish.key)
            now, appointment = self._commands.clock.now(), consultation.appointment
            _require_welcome(consultation, person.key, now)
            await _replace(unit, consultation, person.key, actor, now)
            new_id = self._commands.ids.new_id()
            invitation = Invitation(
                new_id, hash_of(code), session_id, appointment.id, *person.key, asked, actor.key, now
            )
            await unit.invitations.add(invitation)
            record(consultation, EventType.INVITATION_SENT, invitation, actor, now, check=asked.check)
            return SentInvitation(new_id, code, asked.check, good_until(appointment))

        return await self._commands.on_session(session_id, change)

    async def list(self, actor: AuthUser, session_id: str) -> Sequence[ListedInvitation]:
        """Every invitation to the session's appointment, newest first."""
        async with self._commands.units_of_work.read() as unit:
            consultation = await unit.sessions.get(session_id)
            if consultation is None:
                raise NotFound("There is no such consultation.")
            authorize(actor, Action.MINT_LINK, consultation, SOMEBODY)
            found = await unit.invitations.of_appointment(consultation.appointment.id)
            people = await unit.appointments.people({one.key for one in found})
        appointment, now = consultation.appointment, self._commands.clock.now()
        return [
            ListedInvitation(one, people[one.key].display_name, good_until(appointment), one.state(appointment, now))
            for one in found
        ]

    async def revoke(self, actor: AuthUser, session_id: str, invitation_id: str) -> None:
        """Takes one back; links that it gave are links of their own."""

        async def act(unit: UnitOfWork, consultation: Consultation, invitation: Invitation, now: datetime) -> None:
            if invitation.revoked_at is None:
                await _revoke(unit, consultation, invitation, actor, now, "revoked")

        await self._on_invitation(actor, session_id, invitation_id, act)

    async def unlock(self, actor: AuthUser, session_id: str, invitation_id: str) -> None:
        """Lets somebody try again who was locked out; what the check asks stays the same."""

        async def act(unit: UnitOfWork, consultation: Consultation, invitation: Invitation, now: datetime) -> None:
            if invitation.locked_at is not None:
                await unit.invitations.save(replace(invitation, locked_at=None, wrong_tries=0))
                record(consultation, EventType.INVITATION_UNLOCKED, invitation, actor, now)

        await self._on_invitation(actor, session_id, invitation_id, act)

    async def _on_invitation(
        self,
        actor: AuthUser,
        session_id: str,
        invitation_id: str,
        act: Callable[[UnitOfWork, Consultation, Invitation, datetime], Awaitable[None]],
    ) -> None:
        async def change(unit: UnitOfWork, consultation: Consultation) -> None:
            authorize(actor, Action.MINT_LINK, consultation, SOMEBODY)
            invitation = await unit.invitations.hold(invitation_id)
            if invitation is None or invitation.appointment_id != consultation.appointment.id:
                raise NotFound("There is no such invitation.", field="invitationId")
            person = (await unit.appointments.people([invitation.key])).get(invitation.key)
            column = column_for(person, consultation) or OUT_OF_THE_BOOKING[invitation.user_type]
            authorize(actor, Action.MINT_LINK, consultation, Target(column))
            await act(unit, consultation, invitation, self._commands.clock.now())

        await self._commands.on_session(session_id, change)

    def _asked(self, wish: InvitationWish) -> Asked:
        """What the check needs, and nothing else, in the form in which it is kept."""
        check = wish.check or self._check
        if check is InvitationCheck.BIRTH_DATE:
            if wish.birth_date is None:
                raise InvalidRequest("The check asks for the date of birth: say it here.", field="birthDate")
            salt = secrets.token_hex(16)  # with the server's secret: a stolen database tells nobody's birth date
            digest = self._keys.digest(BIRTH_DATE, f"{salt} {wish.birth_date.isoformat()}")
            return Asked(check, birth_date=f"{salt}.{digest}")
        if check is InvitationCheck.CODE:
            if not self._codes_are_sent:
                raise InvalidRequest("This server sends no codes: it has no address to post them to.", field="check")
            if wish.deliver_to is None:
                raise InvalidRequest("The check sends a code: say where to.", field="deliverTo")
            kind, address = wish.deliver_to[0], deliverable(*wish.deliver_to)
            return Asked(check, kind=kind, address=self._keys.seal(ADDRESS, address), sent_to=masked(kind, address))
        return Asked(check)


def record(
    consultation: Consultation,
    event_type: EventType,
    invitation: Invitation,
    actor: AuthUser,
    now: datetime,
    **more: Any,
) -> None:
    """Notes what happened to an invitation, and whose it is."""
    whose: dict[str, Any] = {"forUserType": invitation.user_type, "forUserId": invitation.user_id}
    consultation.session.record(event_type, actor, now, invitationId=invitation.id, **whose, **more)


async def _replace(unit: UnitOfWork, consultation: Consultation, key: UserKey, actor: AuthUser, now: datetime) -> None:
    for one in await unit.invitations.of_appointment(consultation.appointment.id):
        held = await unit.invitations.hold(one.id) if one.key == key else None
        if held is not None and held.revoked_at is None:
            await _revoke(unit, consultation, held, actor, now, "resent")


async def _revoke(
    unit: UnitOfWork, consultation: Consultation, invitation: Invitation, actor: AuthUser, now: datetime, reason: str
) -> None:
    await unit.invitations.save(replace(invitation, revoked_at=now))
    record(consultation, EventType.INVITATION_REVOKED, invitation, actor, now, reason=reason)


def _require_welcome(consultation: Consultation, key: UserKey, now: datetime) -> None:
    gone = consultation.session.find(key)
    if gone is not None and gone.admission is Admission.REMOVED:
        raise Forbidden("removed", "This person was removed; staff bring them back first.")
    if consultation.appointment.status is AppointmentStatus.CANCELLED:
        raise SessionEnded("The appointment was cancelled.")
    if now >= good_until(consultation.appointment):
        raise SessionEnded("The appointment is long over.")
