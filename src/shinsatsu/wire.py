"""How domain objects become the JSON of docs/protocol.md, for answers and stream messages alike."""

from collections.abc import Sequence

from shinsatsu.domain.participant import Participant
from shinsatsu.domain.policy import Permission
from shinsatsu.domain.roles import UserKey, UserType
from shinsatsu.domain.sight import Sight
from shinsatsu.domain.timestamps import to_text
from shinsatsu.domain.tracks import Track, TrackType
from shinsatsu.service.views import Rights, SessionView, rights_of
from shinsatsu.wire_shapes import (
    AppointmentJson,
    DoctorJson,
    MetadataJson,
    NamedUserJson,
    ParticipantJson,
    PermissionJson,
    PersonJson,
    RightsJson,
    TrackJson,
    UserJson,
    VideoSessionJson,
)


def session_answer(view: SessionView) -> VideoSessionJson:
    """The session as an answer to its viewer, with what they may do."""
    shown = session_json(view)
    shown["you"] = rights_json(rights_of(view.viewer, view.consultation))
    return shown


def session_json(view: SessionView) -> VideoSessionJson:
    """The session with its booking and those present whom the viewer sees."""
    session = view.session
    shown: VideoSessionJson = {
        "id": session.id,
        "appointmentId": session.appointment_id,
        "realtimeSessionId": session.realtime_session_id,
        "status": session.status.value,
        "participants": [participant_json(view, one) for one in view.participants],
        "createdBy": user_json(session.created_by)
        if session.created_by and _may_name(view, session.created_by)
        else None,
        "version": session.version,
        "locked": session.locked,
        "screenShareAllowed": session.screen_share_allowed,
        "appointment": _appointment_json(view),
        "metadata": _metadata_json(view),
    }
    if session.started_at is not None:
        shown["startedAt"] = to_text(session.started_at)
    if session.ended_at is not None:
        shown["endedAt"] = to_text(session.ended_at)
    if session.ends_at is not None and not session.over:
        shown["endsAt"] = to_text(session.ends_at)
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
    guest = view.consultation.guest(participant.key)
    if guest is not None:
        shown["guestKind"] = guest.kind.value
    if participant.left_at is not None:
        shown["leftAt"] = to_text(participant.left_at)
    if participant.muted_by:
        shown["mutedBy"] = {kind.value: named_user_json(view, by) for kind, by in participant.muted_by.items()}
    if participant.join_reason is not None:
        shown["joinReason"] = participant.join_reason
    if participant.waiting_since is not None:
        shown["waitingSince"] = to_text(participant.waiting_since)
    if view.sight is Sight.ALL:
        _add_what_staff_see(shown, view, participant)
    return shown


def _add_what_staff_see(shown: ParticipantJson, view: SessionView, participant: Participant) -> None:
    if participant.devices is not None:
        shown["devices"] = {"camera": participant.devices.camera, "microphone": participant.devices.microphone}
    check = participant.identity
    if check is not None:
        shown["identityCheck"] = {
            "method": check.method.value,
            "at": to_text(check.at),
            "by": named_user_json(view, check.by),
        }


def rights_json(rights: Rights) -> RightsJson:
    """What somebody may do, and over whom."""
    over = {participant_id: [action.value for action in actions] for participant_id, actions in rights.over.items()}
    return {"permissions": permissions_json(rights.permissions), "over": over}


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
    support = appointment.support_doctor_ids if view.sight is not Sight.SELF else ()
    return {
        "startsAt": to_text(appointment.starts_at),
        "admission": appointment.admission.value,
        "doctor": doctor,
        "patient": _person_json(view, (UserType.PATIENT, appointment.patient_id)),
        "supportDoctors": [_person_json(view, (UserType.WORKER, one)) for one in support],
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
    if metadata.ended_by is not None and _may_name(view, metadata.ended_by):
        shown["endedBy"] = named_user_json(view, metadata.ended_by)
    if metadata.outcome is not None and view.sight is not Sight.SELF:
        shown["outcome"] = metadata.outcome.value
    if metadata.failure is not None:
        shown["failure"] = metadata.failure
    if metadata.timeout is not None:
        shown["timeout"] = metadata.timeout.value
    if metadata.two_way_media or view.session.over:
        kinds = (TrackType.AUDIO, TrackType.VIDEO)
        shown["twoWayMedia"] = {kind.value: kind in metadata.two_way_media for kind in kinds}
    return shown


def _may_name(view: SessionView, key: UserKey) -> bool:
    """Somebody who sees nobody is told of the doctor whose card they have and of themselves, and of no one else."""
    return view.sight is not Sight.SELF or key in (view.viewer.key, (UserType.WORKER, view.appointment.doctor_id))
