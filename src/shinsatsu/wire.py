"""The JSON shapes of docs/protocol.md that answers and stream messages share, and how domain objects become them."""

from collections.abc import Sequence
from typing import NotRequired

from typing_extensions import TypedDict

from shinsatsu.domain.participant import Participant
from shinsatsu.domain.policy import Permission
from shinsatsu.domain.roles import UserKey, UserType
from shinsatsu.domain.timestamps import to_text
from shinsatsu.domain.tracks import Track
from shinsatsu.service.views import SessionView


class UserJson(TypedDict):
    """A user's key."""

    userType: str
    userId: int


class NamedUserJson(UserJson):
    """A user as others see them."""

    role: NotRequired[str]
    displayName: str


class PermissionJson(TypedDict):
    """One action, yes or no at this moment."""

    action: str
    allowed: bool


class ParticipantJson(TypedDict):
    """SessionParticipant."""

    participantId: str
    userType: str
    userId: int
    role: NotRequired[str]
    relation: str
    displayName: str
    admission: str
    connected: bool
    audioMuted: bool
    videoMuted: bool
    joinedAt: str
    leftAt: NotRequired[str]
    permissions: list[PermissionJson]


class PersonJson(TypedDict):
    """Somebody of the booking."""

    userId: int
    displayName: str


class DoctorJson(PersonJson):
    """The doctor in charge, with what the card shows."""

    specialty: NotRequired[str]
    licenceYear: NotRequired[int]


class AppointmentJson(TypedDict):
    """The booking as its people see it."""

    startsAt: str
    doctor: DoctorJson
    patient: PersonJson
    supportDoctors: list[PersonJson]


class MetadataJson(TypedDict):
    """SessionMetadata; durations in minutes."""

    scheduledDuration: int
    actualDuration: NotRequired[int]
    endReason: NotRequired[str]
    endedBy: NotRequired[NamedUserJson]
    outcome: NotRequired[str]
    failure: NotRequired[str]


class VideoSessionJson(TypedDict):
    """VideoSession."""

    id: str
    appointmentId: str
    realtimeSessionId: str | None
    status: str
    participants: list[ParticipantJson]
    createdBy: UserJson | None
    startedAt: NotRequired[str]
    endedAt: NotRequired[str]
    version: int
    appointment: AppointmentJson
    metadata: MetadataJson
    openSessionId: NotRequired[str]


class TrackJson(TypedDict):
    """A published track."""

    trackName: str
    trackType: str
    participantId: str
    userType: str
    userId: int


def session_json(view: SessionView) -> VideoSessionJson:
    """The session with its booking and those present."""
    session = view.session
    shown: VideoSessionJson = {
        "id": session.id,
        "appointmentId": session.appointment_id,
        "realtimeSessionId": session.realtime_session_id,
        "status": session.status.value,
        "participants": [participant_json(view, one) for one in view.participants],
        "createdBy": user_json(session.created_by) if session.created_by else None,
        "version": session.version,
        "appointment": _appointment_json(view),
        "metadata": _metadata_json(view),
    }
    if session.started_at is not None:
        shown["startedAt"] = to_text(session.started_at)
    if session.ended_at is not None:
        shown["endedAt"] = to_text(session.ended_at)
    if view.open_session_id is not None:
        shown["openSessionId"] = view.open_session_id
    return shown


def participant_json(view: SessionView, participant: Participant) -> ParticipantJson:
    """One participant with what they may do at this moment."""
    shown: ParticipantJson = {
        "participantId": participant.id,
        "userType": participant.user_type.value,
        "userId": participant.user_id,
        "relation": participant.relation.value,
        "displayName": _name(view, participant.key),
        "admission": participant.admission.value,
        "connected": participant.connected,
        "audioMuted": participant.audio_muted,
        "videoMuted": participant.video_muted,
        "joinedAt": to_text(participant.joined_at),
        "permissions": permissions_json(view.permissions_of(participant)),
    }
    if participant.role is not None:
        shown["role"] = participant.role.value
    if participant.left_at is not None:
        shown["leftAt"] = to_text(participant.left_at)
    return shown


def permissions_json(permissions: Sequence[Permission]) -> list[PermissionJson]:
    """Every action, allowed or not."""
    return [{"action": one.action.value, "allowed": one.allowed} for one in permissions]


def user_json(key: UserKey) -> UserJson:
    """A user's key."""
    return {"userType": key[0].value, "userId": key[1]}


def named_user_json(view: SessionView, key: UserKey) -> NamedUserJson:
    """Who did something, as the people of the consultation know them."""
    person = view.person(key)
    shown: NamedUserJson = {"userType": key[0].value, "userId": key[1], "displayName": _name(view, key)}
    if person is not None and person.role is not None:
        shown["role"] = person.role.value
    return shown


def track_json(track: Track) -> TrackJson:
    """A track and whose it is."""
    return {
        "trackName": track.track_name,
        "trackType": track.track_type.value,
        "participantId": track.participant_id,
        "userType": track.user_type.value,
        "userId": track.user_id,
    }


def _name(view: SessionView, key: UserKey) -> str:
    person = view.person(key)
    return person.display_name if person else ""


def _appointment_json(view: SessionView) -> AppointmentJson:
    appointment = view.appointment
    key = (UserType.WORKER, appointment.doctor_id)
    doctor: DoctorJson = {"userId": appointment.doctor_id, "displayName": _name(view, key)}
    person = view.person(key)
    if person is not None and person.specialty is not None:
        doctor["specialty"] = person.specialty
    if person is not None and person.licence_year is not None:
        doctor["licenceYear"] = person.licence_year
    return {
        "startsAt": to_text(appointment.starts_at),
        "doctor": doctor,
        "patient": _person_json(view, (UserType.PATIENT, appointment.patient_id)),
        "supportDoctors": [_person_json(view, (UserType.WORKER, one)) for one in appointment.support_doctor_ids],
    }


def _person_json(view: SessionView, key: UserKey) -> PersonJson:
    return {"userId": key[1], "displayName": _name(view, key)}


def _metadata_json(view: SessionView) -> MetadataJson:
    metadata = view.session.metadata
    shown: MetadataJson = {"scheduledDuration": metadata.scheduled_duration}
    if metadata.actual_duration is not None:
        shown["actualDuration"] = metadata.actual_duration
    if metadata.end_reason is not None:
        shown["endReason"] = metadata.end_reason.value
    if metadata.ended_by is not None:
        shown["endedBy"] = named_user_json(view, metadata.ended_by)
    if metadata.outcome is not None:
        shown["outcome"] = metadata.outcome.value
    if metadata.failure is not None:
        shown["failure"] = metadata.failure
    return shown
