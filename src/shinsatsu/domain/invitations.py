"""Invitations: what somebody told ahead by SMS or mail holds, and what they are asked before it gives them a link."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shinsatsu.domain.appointment import Appointment, AppointmentStatus
from shinsatsu.domain.errors import Forbidden, InvalidRequest
from shinsatsu.domain.invitation_errors import CodeTooSoon, InvitationExpired, InvitationLocked, InvitationRevoked
from shinsatsu.domain.roles import UserKey, UserType

MOST_TRIES = 5
MOST_SENDS = 5
SEND_AGAIN_AFTER = timedelta(seconds=30)
CODE_LIFETIME = timedelta(minutes=10)
_PHONE = re.compile(r"\+?[0-9]{6,15}", re.ASCII)
_MAIL = re.compile(r"[^\s@<>\",;:\\\x00-\x1f\x7f]{1,64}@[A-Za-z0-9.-]{1,185}", re.ASCII)


class InvitationCheck(StrEnum):
    """What is asked of whoever holds an invitation."""

    NONE = "none"
    BIRTH_DATE = "birth_date"
    CODE = "code"


class InvitationState(StrEnum):
    """What an invitation is good for at a moment."""

    OPEN = "open"
    LOCKED = "locked"
    REVOKED = "revoked"
    EXPIRED = "expired"


class DeliveryKind(StrEnum):
    """By which way a one-time code is sent."""

    PHONE = "phone"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """The code that was sent last, as its digest."""

    digest: str
    sent_at: datetime

    def good(self, now: datetime) -> bool:
        return now < self.sent_at + CODE_LIFETIME


@dataclass(frozen=True, slots=True)
class Asked:
    """What its holder is asked: the birth date as a digest, the address sealed, `sent_to` with most of it hidden."""

    check: InvitationCheck
    birth_date: str | None = None
    kind: DeliveryKind | None = None
    address: str | None = None
    sent_to: str | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A row of `invitations`; `sends` counts the codes that were sent, `wrong_tries` the answers since a right one."""

    id: str
    code_hash: str
    session_id: str
    appointment_id: str
    user_type: UserType
    user_id: int
    asked: Asked
    created_by: UserKey
    created_at: datetime
    one_time: OneTimeCode | None = None
    sends: int = 0
    wrong_tries: int = 0
    opened_at: datetime | None = None
    locked_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def key(self) -> UserKey:
        """Whom it is for."""
        return (self.user_type, self.user_id)

    @property
    def for_guest(self) -> bool:
        """Guests belong to one session, everybody else to the appointment."""
        return self.user_id < 0

    def state(self, appointment: Appointment, now: datetime) -> InvitationState:
        """Taken back counts most, with the booking too; it moves with its appointment."""
        if self.revoked_at is not None or appointment.status is AppointmentStatus.CANCELLED:
            return InvitationState.REVOKED
        if now >= good_until(appointment):
            return InvitationState.EXPIRED
        return InvitationState.OPEN if self.locked_at is None else InvitationState.LOCKED

    def require_open(self, appointment: Appointment, now: datetime) -> None:
        """Raises InvitationRevoked, InvitationExpired or InvitationLocked unless it is good for something."""
        match self.state(appointment, now):
            case InvitationState.REVOKED:
                raise InvitationRevoked("This invitation was taken back.")
            case InvitationState.EXPIRED:
                raise InvitationExpired("This invitation's time is over.")
            case InvitationState.LOCKED:
                raise InvitationLocked

    def answered_wrong(self, now: datetime) -> "Invitation":
        """After one more wrong answer; the last one locks it."""
        tries = self.wrong_tries + 1
        return replace(self, wrong_tries=tries, locked_at=now if tries >= MOST_TRIES else None)

    def require_sendable(self, now: datetime) -> None:
        """Raises InvalidRequest, CodeTooSoon or Forbidden unless a one-time code may be sent now."""
        if self.asked.check is not InvitationCheck.CODE:
            raise InvalidRequest("This invitation asks for no one-time code.", field="code")
        if self.sends >= MOST_SENDS:
            raise Forbidden("sends_used_up", "No more codes are sent for this invitation: call the clinic.")
        if self.one_time is not None and now < self.one_time.sent_at + SEND_AGAIN_AFTER:
            raise CodeTooSoon(self.one_time.sent_at + SEND_AGAIN_AFTER - now)


def good_until(appointment: Appointment) -> datetime:
    """The end of an invitation: the appointment's, and the grace."""
    return appointment.starts_at + timedelta(minutes=appointment.scheduled_duration)


def deliverable(kind: DeliveryKind, address: str) -> str:
    """The address as it is written to whoever delivers; raises InvalidRequest for one that nothing can be sent to."""
    plain = re.sub(r"[\s().-]", "", address) if kind is DeliveryKind.PHONE else address
    if not (_PHONE if kind is DeliveryKind.PHONE else _MAIL).fullmatch(plain):
        raise InvalidRequest(f"This is no {kind} address.", field="deliverTo.address")
    return plain


def masked(kind: DeliveryKind, address: str) -> str:
    """As much of an address as its owner needs to know it again."""
    if kind is DeliveryKind.PHONE:
        return "•" * (len(address) - 3) + address[-3:]
    name, _, host = address.rpartition("@")
    return f"{name[:1]}•••@{host}"
