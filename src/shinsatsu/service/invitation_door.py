"""Invitations from the holder's side: what an address `/i/{code}` asks, and the consultation link that it gives.

Answers are judged and counted while the invitation's row is held: as many tries at once as one likes are five tries.
"""

import secrets
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import DeliveryFailed, InvalidRequest, ShinsatsuError
from shinsatsu.domain.events import EventType
from shinsatsu.domain.invitation_errors import CheckFailed, InvitationInvalid, InvitationLocked, InvitationRevoked
from shinsatsu.domain.invitations import CODE_LIFETIME, MOST_TRIES, Invitation, InvitationCheck, OneTimeCode
from shinsatsu.domain.policy import Target
from shinsatsu.domain.roles import TIMER, Action, Person, UserType
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize
from shinsatsu.service.invitations import ADDRESS, BIRTH_DATE, record
from shinsatsu.service.links import Links, MintedLink, column_for
from shinsatsu.service.ports import CodeDelivery
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.secret_hash import hash_of
from shinsatsu.service.signing_keys import SigningKeys

ONE_TIME_CODE = "invitation code"
DIGITS = 6
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class InvitationLook:
    """What a holder is told before they showed that the invitation is theirs: nobody's name but the doctor's."""

    check: InvitationCheck
    starts_at: datetime
    doctor: str | None
    sent_to: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a holder says when asked."""

    birth_date: date | None = None
    one_time_code: str | None = None


@dataclass(frozen=True, slots=True)
class OpenedInvitation:
    """A fresh link, and the session that it leads to."""

    session_id: str
    token: str


@dataclass(frozen=True, slots=True)
class _Sending:
    """A code on its way, and how the invitation was before."""

    session_id: str
    before: Invitation
    after: Invitation
    person: Person
    code: str
    address: str


class InvitationDoor:
    """Use cases of whoever holds an invitation; who that is the check shows.

    Raises InvitationInvalid, InvitationRevoked, InvitationExpired, InvitationLocked.
    """

    def __init__(self, commands: Commands, links: Links, keys: SigningKeys, delivery: CodeDelivery | None) -> None:
        self._commands = commands
        self._links = links
        self._keys = keys
        self._delivery = delivery

    async def look(self, code: str) -> InvitationLook:
        """What the invitation is for and what it asks."""
        async with self._commands.units_of_work.read() as unit:
            invitation = await unit.invitations.of_code(hash_of(code))
            consultation = await _leads_to(unit, invitation) if invitation else None
            if invitation is None or consultation is None:
                raise InvitationInvalid("This invitation is not ours.")
            await self._require_good(unit, invitation, consultation)
        appointment = consultation.appointment
        doctor = consultation.people.get((UserType.WORKER, appointment.doctor_id))
        name = doctor.display_name if doctor else None
        return InvitationLook(invitation.asked.check, appointment.starts_at, name, invitation.asked.sent_to)

    async def open(self, code: str, answer: Answer) -> OpenedInvitation:
        """A link to the appointment's session, for the right answer; five wrong ones lock the invitation.

        Raises CheckFailed, and InvalidRequest for an answer to something else, which does not count.
        """

        async def change(
            unit: UnitOfWork, consultation: Consultation, held: Invitation, _: Person
        ) -> OpenedInvitation | ShinsatsuError:
            now = self._commands.clock.now()
            if not self._is_right(held, answer, now):
                return await _count_wrong(unit, consultation, held, now)
            await unit.invitations.save(replace(held, wrong_tries=0, one_time=None, opened_at=now))
            minted: MintedLink = await self._links.issue(unit, consultation, TIMER, held.key, invitationId=held.id)
            return OpenedInvitation(consultation.session.id, minted.token)

        outcome = await self._on_invitation(code, change)
        if isinstance(outcome, ShinsatsuError):  # only now: what was counted had to be committed
            raise outcome
        return outcome

    async def send_code(self, code: str) -> str:
        """Has a one-time code sent, good for ten minutes; returns where it went, with most of it hidden.

        Raises InvalidRequest, CodeTooSoon, Forbidden (`sends_used_up`), DeliveryFailed; what failed does not count.
        """
        if self._delivery is None:
            raise DeliveryFailed("not_configured")
        sending = await self._on_invitation(code, self._prepare)
        kind, sent_to = sending.before.asked.kind, sending.before.asked.sent_to
        if kind is None or sent_to is None:
            raise DeliveryFailed("no_address")
        try:
            await self._delivery.deliver(kind, sending.address, sending.code, sending.person.language, CODE_LIFETIME)
        except DeliveryFailed:
            await self._finish(sending, sent=False)
            raise
        await self._finish(sending, sent=True)
        return sent_to

    async def _prepare(
        self, unit: UnitOfWork, consultation: Consultation, held: Invitation, person: Person
    ) -> _Sending:
        """Counts the code before it goes out, so that many at once are not more than allowed."""
        now = self._commands.clock.now()
        held.require_sendable(now)
        address = self._keys.unseal(ADDRESS, held.asked.address or "")
        if address is None:  # sealed with a secret that was taken out since
            raise InvitationRevoked("This invitation was taken back.")
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        one_time = OneTimeCode(self._keys.digest(ONE_TIME_CODE, f"{held.id} {code}"), now)
        after = replace(held, one_time=one_time, sends=held.sends + 1)
        await unit.invitations.save(after)
        return _Sending(consultation.session.id, held, after, person, code, address)

    async def _finish(self, sending: _Sending, *, sent: bool) -> None:
        async def change(unit: UnitOfWork, consultation: Consultation) -> None:
            held = await unit.invitations.hold(sending.after.id)
            if sent:
                now, kind = self._commands.clock.now(), sending.after.asked.kind
                record(consultation, EventType.INVITATION_CODE_SENT, sending.after, TIMER, now, kind=kind)
            elif held is not None and held.one_time == sending.after.one_time:
                await unit.invitations.save(replace(held, one_time=sending.before.one_time, sends=held.sends - 1))

        await self._commands.on_session(sending.session_id, change)

    async def _on_invitation(
        self, code: str, act: Callable[[UnitOfWork, Consultation, Invitation, Person], Awaitable[Result]]
    ) -> Result:
        async with self._commands.units_of_work.read() as unit:
            invitation = await unit.invitations.of_code(hash_of(code))
            known = await _leads_to(unit, invitation) if invitation else None
        if invitation is None or known is None:
            raise InvitationInvalid("This invitation is not ours.")
        invitation_id = invitation.id

        async def change(unit: UnitOfWork, consultation: Consultation) -> Result:
            held = await unit.invitations.hold(invitation_id)
            if held is None:
                raise InvitationInvalid("This invitation is not ours.")
            return await act(unit, consultation, held, await self._require_good(unit, held, consultation))

        return await self._commands.on_session(known.session.id, change)

    async def _require_good(self, unit: UnitOfWork, invitation: Invitation, consultation: Consultation) -> Person:
        """Whose it is; the booking, the person and the secrets it was made with must still be what they were."""
        person = (await unit.appointments.people([invitation.key])).get(invitation.key)
        column = column_for(person, consultation)
        digest = (invitation.asked.birth_date or "").partition(".")[2]
        if person is None or column is None or person.blocked or not (not digest or self._keys.knows(digest)):
            raise InvitationRevoked("This invitation was taken back.")
        invitation.require_open(consultation.appointment, self._commands.clock.now())
        authorize(TIMER, Action.MINT_LINK, consultation, Target(column))
        return person

    def _is_right(self, held: Invitation, answer: Answer, now: datetime) -> bool:
        match held.asked.check:
            case InvitationCheck.BIRTH_DATE:
                if answer.birth_date is None:
                    raise InvalidRequest("This invitation asks for the date of birth.", field="birthDate")
                salt, _, digest = (held.asked.birth_date or "").partition(".")
                return self._keys.fits(digest, BIRTH_DATE, f"{salt} {answer.birth_date.isoformat()}")
            case InvitationCheck.CODE:
                if answer.one_time_code is None:
                    raise InvalidRequest("This invitation asks for a one-time code.", field="oneTimeCode")
                said = _digits(answer.one_time_code)
                known = held.one_time if held.one_time is not None and held.one_time.good(now) else None
                return known is not None and self._keys.fits(known.digest, ONE_TIME_CODE, f"{held.id} {said}")
        return True


async def _leads_to(unit: UnitOfWork, invitation: Invitation) -> Consultation | None:
    """The appointment's newest session, which is the open one if there is one; a guest's is the one of their own."""
    if invitation.for_guest:
        return await unit.sessions.get(invitation.session_id)
    return await unit.sessions.latest(invitation.appointment_id)


async def _count_wrong(unit: UnitOfWork, consultation: Consultation, held: Invitation, now: datetime) -> ShinsatsuError:
    counted = held.answered_wrong(now)
    left = MOST_TRIES - counted.wrong_tries
    await unit.invitations.save(counted)
    record(consultation, EventType.INVITATION_CHECK_FAILED, counted, TIMER, now, triesLeft=left)
    if counted.locked_at is None:
        return CheckFailed(left)
    record(consultation, EventType.INVITATION_LOCKED, counted, TIMER, now)
    return InvitationLocked()


def _digits(text: str) -> str:
    """As people type it: full-width digits, spaces and hyphens in between."""
    return "".join(one for one in unicodedata.normalize("NFKC", text) if one.isdecimal() or one.isalpha())
