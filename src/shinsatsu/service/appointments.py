"""What the booking system says: an appointment, its people, and the session that is booked with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shinsatsu.domain.appointment import AdmissionMode, Appointment, AppointmentStatus, relation_of
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import InvalidRequest
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.policy import Context, decide
from shinsatsu.domain.roles import Action, AuthUser, Person, UserType, WorkerRole
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.domain.timestamps import to_text
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import refuse
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.views import SessionView, acting_as, view_of


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """A person as the booking system knows them; what they are follows from where they stand in the booking."""

    user_id: int
    display_name: str
    language: str | None = None
    licence_year: int | None = None
    specialty: str | None = None


@dataclass(frozen=True, slots=True)
class AppointmentDetails:
    """The body of `PUT /api/appointments/{id}`; `scheduled_duration` in minutes."""

    patient: PersonDetails
    doctor: PersonDetails
    support_doctors: Sequence[PersonDetails]
    starts_at: datetime
    scheduled_duration: int
    status: AppointmentStatus = AppointmentStatus.BOOKED
    admission: AdmissionMode = AdmissionMode.STAFF


class Appointments:
    """Use cases of the booking system."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def put(self, actor: AuthUser, appointment_id: str, details: AppointmentDetails) -> SessionView:
        """Upserts people, appointment and the `scheduled` session; saying it twice changes nothing.

        `cancelled` takes back links and grants and ends the session. Raises Forbidden unless the booking system asks,
        and InvalidRequest for a worker known under another role.
        """
        appointment = _appointment(appointment_id, details)
        refuse(decide(actor, Action.PUT_APPOINTMENT, Context(relation_of(actor, appointment))))

        async def transaction(unit: UnitOfWork) -> tuple[list[StoredEvent], Consultation]:
            await self._put_people(unit, actor, details)
            latest = await unit.sessions.latest(appointment_id, for_update=True)
            known = latest.appointment if latest else await unit.appointments.get(appointment_id)
            if known != appointment:
                await unit.appointments.put(appointment)
            session, is_new = self._session(actor, latest, known, appointment)
            if appointment.status is AppointmentStatus.CANCELLED:
                now = self._commands.clock.now()
                revoked = await unit.credentials.revoke_appointment(appointment_id, now)
                if revoked:
                    session.record(EventType.ACCESS_REVOKED, actor, now, **revoked.told("cancelled"))
            keys = {*appointment.people, *(one.key for one in session.present)}
            consultation = Consultation(session, appointment, await unit.appointments.people(keys))
            if is_new:
                return await unit.sessions.add(session), consultation
            return await self._commands.save(unit, consultation), consultation

        events, consultation = await self._commands.transact(transaction)
        await self._commands.tell(events, consultation)
        return view_of(consultation, actor)

    async def put_people(self, people: Sequence[Person]) -> None:
        """Inserts or replaces users, such as operators and admins, whom no booking names."""

        async def transaction(unit: UnitOfWork) -> None:
            await unit.appointments.put_people(people)

        await self._commands.transact(transaction)

    def _session(
        self, actor: AuthUser, latest: Consultation | None, known: Appointment | None, appointment: Appointment
    ) -> tuple[VideoSession, bool]:
        """The session after the change, and whether it is a new one."""
        now = self._commands.clock.now()
        booked_anew = known is not None and known.status is not appointment.status is AppointmentStatus.BOOKED
        if latest is None or (latest.session.over and booked_anew):
            session_id = self._commands.ids.new_id()
            session = VideoSession.schedule(session_id, appointment.id, appointment.scheduled_duration, actor, now)
            is_new = True
        else:
            session, is_new = latest.session, False
            _note_rebooking(session, actor, latest.appointment, appointment, now)
            if not session.over:
                _follow(session, actor, latest, appointment, now)
        if appointment.status is AppointmentStatus.CANCELLED and not session.over:
            session.end(actor, now)
        return session, is_new

    async def _put_people(self, unit: UnitOfWork, actor: AuthUser, details: AppointmentDetails) -> None:
        people = _people(details)
        known = await unit.appointments.people(person.key for person in people.values())
        for field, person in people.items():
            before = known.get(person.key)
            if before is not None and before.role is not person.role:
                raise InvalidRequest(
                    f"Worker {person.user_id} is no doctor but {before.role}.", field=f"{field}.userId"
                )
        changed = [person for person in people.values() if known.get(person.key) != person]
        if changed:
            await unit.appointments.put_people(changed)
        for person in changed:
            if person.key in known:  # what they are called is in no event; that it was changed, and by whom, is
                self._note_change(unit, actor, person)

    def _note_change(self, unit: UnitOfWork, actor: AuthUser, person: Person) -> None:
        unit.security.record(
            SecurityEventType.USER_CHANGED,
            actor,
            self._commands.clock.now(),
            userType=person.user_type,
            userId=person.user_id,
        )


def _note_rebooking(
    session: VideoSession, actor: AuthUser, before: Appointment, after: Appointment, now: datetime
) -> None:
    """Who is booked decides who may enter and read: a change of it is part of the story, also after the end."""
    told = [_booked(one) for one in (before, after)]
    if told[0] != told[1]:
        session.record(EventType.REBOOKED, actor, now, before=told[0], after=told[1])


def _booked(appointment: Appointment) -> dict[str, Any]:
    return {
        "patientId": appointment.patient_id,
        "doctorId": appointment.doctor_id,
        "supportDoctorIds": list(appointment.support_doctor_ids),
        "admission": appointment.admission,
    }


def _follow(
    session: VideoSession, actor: AuthUser, before: Consultation, appointment: Appointment, now: datetime
) -> None:
    """Lets a session that is not over follow its appointment: times, and who still belongs to it."""
    old = before.appointment
    if (old.starts_at, old.scheduled_duration) != (appointment.starts_at, appointment.scheduled_duration):
        session.metadata.scheduled_duration = appointment.scheduled_duration
        session.record(
            EventType.RESCHEDULED,
            actor,
            now,
            startsAt=to_text(appointment.starts_at),
            scheduledDuration=appointment.scheduled_duration,
        )
    now_as = replace(before, appointment=appointment)
    for participant in session.present:
        if now_as.relation_of(acting_as(participant, before)) is not participant.relation:
            session.depart(participant, actor, now, reason="booking_changed")


def _appointment(appointment_id: str, details: AppointmentDetails) -> Appointment:
    support = tuple(sorted(doctor.user_id for doctor in details.support_doctors))
    if len({details.doctor.user_id, *support}) != len(support) + 1:
        raise InvalidRequest("A doctor is named twice.", field="supportDoctors")
    return Appointment(
        id=appointment_id,
        patient_id=details.patient.user_id,
        doctor_id=details.doctor.user_id,
        support_doctor_ids=support,
        starts_at=details.starts_at,
        scheduled_duration=details.scheduled_duration,
        status=details.status,
        admission=details.admission,
    )


def _people(details: AppointmentDetails) -> dict[str, Person]:
    """The people by the field that names them."""
    doctors = {"doctor": details.doctor}
    doctors.update({f"supportDoctors[{index}]": one for index, one in enumerate(details.support_doctors)})
    people = {field: _person(UserType.WORKER, WorkerRole.DOCTOR, one) for field, one in doctors.items()}
    return {"patient": _person(UserType.PATIENT, None, details.patient), **people}


def _person(user_type: UserType, role: WorkerRole | None, details: PersonDetails) -> Person:
    return Person(
        user_type=user_type,
        user_id=details.user_id,
        role=role,
        display_name=details.display_name,
        language=details.language,
        licence_year=details.licence_year,
        specialty=details.specialty,
    )
