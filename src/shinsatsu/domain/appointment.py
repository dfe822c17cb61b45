"""The booking that a consultation belongs to, and what ties a user to it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shinsatsu.domain.roles import AuthUser, Relation, UserKey, UserType, WorkerRole


class AppointmentStatus(StrEnum):
    """What the booking system says of it."""

    BOOKED = "booked"
    CANCELLED = "cancelled"


class AdmissionMode(StrEnum):
    """Who lets patients in: staff, or the server as soon as a doctor of the appointment is in."""

    STAFF = "staff"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class Appointment:
    """Who is booked with whom, and when; `scheduled_duration` in minutes."""

    id: str
    patient_id: int
    doctor_id: int
    support_doctor_ids: tuple[int, ...]
    starts_at: datetime
    scheduled_duration: int
    status: AppointmentStatus = AppointmentStatus.BOOKED
    admission: AdmissionMode = AdmissionMode.STAFF

    @property
    def people(self) -> frozenset[UserKey]:
        """Everybody named in the booking."""
        workers = {(UserType.WORKER, user_id) for user_id in (self.doctor_id, *self.support_doctor_ids)}
        return frozenset(workers | {(UserType.PATIENT, self.patient_id)})


def relation_of(user: AuthUser, appointment: Appointment) -> Relation | None:
    """What ties the user to the appointment; None for a stranger, also for a grant of another appointment."""
    if user.appointment_id not in (None, appointment.id):
        return None
    match user.user_type, user.role:
        case UserType.SYSTEM, None:
            return Relation.SYSTEM
        case UserType.PATIENT, None if user.user_id == appointment.patient_id:
            return Relation.OWN
        case UserType.WORKER, WorkerRole.DOCTOR if user.user_id == appointment.doctor_id:
            return Relation.IN_CHARGE
        case UserType.WORKER, WorkerRole.DOCTOR if user.user_id in appointment.support_doctor_ids:
            return Relation.SUPPORT
        case UserType.WORKER, WorkerRole.OPERATOR | WorkerRole.ADMIN:
            return Relation.STAFF
    return None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a user may list: appointments, for a guest sessions, that fit every field set; `nothing` fits none."""

    appointment_id: str | None = None
    patient_id: int | None = None
    doctor_id: int | None = None
    guest_id: int | None = None
    nothing: bool = False


def scope_of(user: AuthUser) -> Scope:
    """The appointments to which `relation_of` finds a relation, as something a query can use."""
    match user.user_type, user.role:
        case UserType.PATIENT, None if user.user_id < 0:
            return Scope(user.appointment_id, guest_id=user.user_id)
        case UserType.PATIENT, None:
            return Scope(user.appointment_id, patient_id=user.user_id)
        case UserType.WORKER, WorkerRole.DOCTOR:
            return Scope(user.appointment_id, doctor_id=user.user_id)
        case (UserType.SYSTEM, None) | (UserType.WORKER, WorkerRole.OPERATOR | WorkerRole.ADMIN):
            return Scope(user.appointment_id)
    return Scope(nothing=True)
