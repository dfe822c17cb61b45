"""A clinic in a test: the real use cases on a real database, with time, ids and the media plane as arguments."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.accounts import LoginRules
from shinsatsu.domain.appointment import AppointmentStatus
from shinsatsu.domain.audit import Kind, Sealed, head_statement
from shinsatsu.domain.clinic_rules import ClinicRules
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import DeliveryFailed
from shinsatsu.domain.events import StoredEvent
from shinsatsu.domain.invitations import DeliveryKind, InvitationCheck
from shinsatsu.domain.participant import Admission
from shinsatsu.domain.roles import AuthUser, Person, UserType, WorkerRole
from shinsatsu.domain.timestamps import to_text
from shinsatsu.media.offer_reader import SdpOfferReader
from shinsatsu.media.reconciler import Reconciler
from shinsatsu.proof.keys import SigningKey
from shinsatsu.service.access import Access
from shinsatsu.service.access_log import AccessLog
from shinsatsu.service.appointments import AppointmentDetails, Appointments, PersonDetails
from shinsatsu.service.audit import Audit
from shinsatsu.service.commands import Commands
from shinsatsu.service.deadlines import DeadlineKeeper
from shinsatsu.service.denials import Denials
from shinsatsu.service.guests import Guests
from shinsatsu.service.inquiries import Inquiries
from shinsatsu.service.invitation_door import InvitationDoor
from shinsatsu.service.invitations import Invitations
from shinsatsu.service.keys import Keys
from shinsatsu.service.links import Links
from shinsatsu.service.logins import Logins
from shinsatsu.service.moderation import Moderation
from shinsatsu.service.presence import Presence
from shinsatsu.service.proof import Proof
from shinsatsu.service.servers import Servers
from shinsatsu.service.session_manager import JoinWish, SessionManager
from shinsatsu.service.signing_keys import SigningKeys
from shinsatsu.service.staff_access import staff_access
from shinsatsu.service.track_manager import TrackManager
from shinsatsu.service.views import Joined
from shinsatsu.service.webhooks import Webhooks
from shinsatsu.store.unit_of_work import SqlUnitsOfWork
from shinsatsu.webhooks.sender import SafeSender
from tests.media_plane import InMemoryMediaPlane

START = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
WISH = JoinWish(reason="to help")
SECRET = b"0123456789abcdef0123456789abcdef"
KEYS = SigningKeys([SECRET])
ORIGIN = "https://clinic.example"

KEY = AuthUser(UserType.SYSTEM, 1, None, "booking")
PATIENT = AuthUser(UserType.PATIENT, 7, None, "Patient 7")
OTHER_PATIENT = AuthUser(UserType.PATIENT, 8, None, "Patient 8")
DOCTOR = AuthUser(UserType.WORKER, 3, WorkerRole.DOCTOR, "Doctor 3")
SUPPORT = AuthUser(UserType.WORKER, 4, WorkerRole.DOCTOR, "Doctor 4")
OTHER_DOCTOR = AuthUser(UserType.WORKER, 5, WorkerRole.DOCTOR, "Doctor 5")
OPERATOR = AuthUser(UserType.WORKER, 20, WorkerRole.OPERATOR, "Operator 20")
ADMIN = AuthUser(UserType.WORKER, 30, WorkerRole.ADMIN, "Admin 30")


class SettableClock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def pass_time(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


class CountingIds:
    """Ids that tell which came first."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        return f"id-{next(self._numbers):06d}"


class MemorySealer:
    """Signs as the server does; the anchor's lines are kept here."""

    def __init__(self, clock: SettableClock, seed: bytes = SECRET) -> None:
        self.key = SigningKey.of(seed)
        self.clock = clock
        self.lines: list[str] = [self.key.introduce(self.key, to_text(START)).line()]

    def head(self, chain: str, seq: int, last_hash: str) -> Sealed:
        at = to_text(self.clock.now())
        return self.key.sign(head_statement(chain, seq, last_hash, at, self.key.kid), at)

    def seal(self, kind: Kind, **members: Any) -> Sealed:
        return self.key.seal(kind, to_text(self.clock.now()), **members)

    def anchor(self, lines: Sequence[str]) -> None:
        self.lines += lines


@dataclass
class RecordingBus:
    """Keeps what was published."""

    events: list[StoredEvent] = field(default_factory=list)

    async def publish(self, events: Sequence[StoredEvent], consultation: Consultation) -> None:
        assert all(event.session_id == consultation.session.id for event in events)
        self.events.extend(events)


@dataclass
class RecordingDelivery:
    """Keeps the one-time codes that were sent; fails with `failure` while there is one."""

    codes: list[tuple[DeliveryKind, str, str]] = field(default_factory=list)
    failure: str | None = None

    async def deliver(self, kind: DeliveryKind, to: str, code: str, language: str | None, valid_for: timedelta) -> None:
        if self.failure is not None:
            raise DeliveryFailed(self.failure)
        self.codes.append((kind, to, code))


class House:
    """Everything wired, as bootstrap does it."""

    def __init__(
        self,
        engine: AsyncEngine,
        rules: ClinicRules | None = None,
        plane: InMemoryMediaPlane | None = None,
        login_rules: LoginRules | None = None,
    ) -> None:
        self.engine = engine
        self.clock = SettableClock()
        self.bus = RecordingBus()
        self.plane = plane or InMemoryMediaPlane()
        self.sealer = MemorySealer(self.clock)
        self.units_of_work = SqlUnitsOfWork(engine, self.sealer, write_patience=0.1)
        self.reconciler = Reconciler(self.units_of_work, self.plane, self.clock)
        self.commands = Commands(self.units_of_work, self.bus, self.reconciler, self.clock, CountingIds(), rules)
        self.appointments = Appointments(self.commands)
        self.sessions = SessionManager(self.commands)
        self.presence = Presence(self.commands)
        self.tracks = TrackManager(self.commands, self.plane, SdpOfferReader())
        self.reconciler.on_silenced = self.tracks.silenced
        self.access = Access(self.commands)
        self.keys = Keys(self.commands)
        self.links = Links(self.commands, KEYS)
        self.delivery = RecordingDelivery()
        self.invitations = Invitations(self.commands, KEYS, InvitationCheck.BIRTH_DATE, codes_are_sent=True)
        self.invitation_door = InvitationDoor(self.commands, self.links, KEYS, self.delivery)
        self.moderation = Moderation(self.commands, self.plane)
        self.inquiries = Inquiries(self.commands)
        self.access_log = AccessLog(self.commands)
        self.denials = Denials(self.commands)
        self.audit = Audit(self.commands)
        self.guests = Guests(self.commands, self.plane)
        self.logins = Logins(self.commands, self.access, SECRET, login_rules)
        self.staff_access = staff_access(self.commands, self.logins, KEYS, ORIGIN, "clinic")
        self.accounts = self.staff_access.accounts
        self.webhooks = Webhooks(self.commands, KEYS, SafeSender())
        self.servers = Servers(self.commands, "server-1", self.plane.alive)
        self.proof = Proof(self.commands)
        self.deadlines = DeadlineKeeper(self.commands, self.servers)

    async def staff(self) -> None:
        """Makes those known whom no booking names."""
        people = [Person(one.user_type, one.user_id, one.role, one.display_name) for one in (OPERATOR, ADMIN)]
        await self.appointments.put_people(people)

    async def book(self, appointment_id: str = "a1", **changes: object) -> str:
        """Books patient 7 with doctor 3 and support doctor 4; returns the session's id."""
        view = await self.appointments.put(KEY, appointment_id, details(**changes))
        return view.session.id

    async def opened(self, appointment_id: str = "a1") -> str:
        """A booked session that the patient has opened."""
        await self.staff()
        await self.book(appointment_id)
        view, _ = await self.sessions.create(PATIENT, appointment_id)
        return view.session.id

    async def enter(self, actor: AuthUser, session_id: str) -> Joined:
        """Somebody who came in and, where they had to wait, was let in."""
        joined = await self.sessions.join(actor, session_id, WISH)
        if joined.admission is Admission.ADMITTED:
            return joined
        await self.moderation.admit(ADMIN, session_id, joined.participant_id)
        return await self.sessions.join(actor, session_id, JoinWish(participant_id=joined.participant_id))

    async def story(self, session_id: str) -> list[str]:
        """The types of the session's events, in order, with their numbers checked."""
        async with self.units_of_work.read() as unit:
            events = await unit.sessions.events_after(session_id, 0, 1000)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        return [event.event_type.value for event in events]


def details(**changes: object) -> AppointmentDetails:
    """The booking of `House.book`, with some fields changed."""
    fields: dict[str, object] = {
        "patient": PersonDetails(PATIENT.user_id, PATIENT.display_name, language="ja"),
        "doctor": PersonDetails(DOCTOR.user_id, DOCTOR.display_name, licence_year=2008, specialty="内科"),
        "support_doctors": (PersonDetails(SUPPORT.user_id, SUPPORT.display_name),),
        "starts_at": START,
        "scheduled_duration": 15,
        "status": AppointmentStatus.BOOKED,
    }
    return AppointmentDetails(**{**fields, **changes})  # type: ignore[arg-type]
