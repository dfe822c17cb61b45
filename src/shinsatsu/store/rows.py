"""Rows to values and back, by hand: each column in one place."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from shinsatsu.domain.appointment import AdmissionMode, Appointment, AppointmentStatus
from shinsatsu.domain.participant import Admission, Devices, IdentityCheck, IdentityMethod, Participant
from shinsatsu.domain.roles import AuthUser, Person, Relation, UserKey, UserType, WorkerRole
from shinsatsu.domain.session_status import EndReason, Outcome, SessionMetadata, SessionStatus, Timeout
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.domain.tracks import Track, TrackType
from shinsatsu.domain.video_session import VideoSession

Values = dict[str, Any]


def moment(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)


def moment_text(value: datetime | None) -> str | None:
    return None if value is None else to_text(value)


def user_of(user_type: str, user_id: int, role: str | None) -> AuthUser:
    return AuthUser(UserType(user_type), user_id, WorkerRole(role) if role else None, "")


def person_of(row: Any) -> Person:
    return Person(
        user_type=UserType(row.user_type),
        user_id=row.user_id,
        role=WorkerRole(row.role) if row.role else None,
        display_name=row.display_name,
        language=row.language,
        licence_year=row.licence_year,
        specialty=row.specialty,
        blocked=row.blocked_at is not None,
    )


def person_values(person: Person) -> Values:
    return {
        "user_type": person.user_type,
        "user_id": person.user_id,
        "role": person.role,
        "display_name": person.display_name,
        "language": person.language,
        "licence_year": person.licence_year,
        "specialty": person.specialty,
    }


def appointment_of(row: Any, appointment_id: str, support_doctor_ids: tuple[int, ...]) -> Appointment:
    return Appointment(
        id=appointment_id,
        patient_id=row.patient_id,
        doctor_id=row.doctor_id,
        support_doctor_ids=support_doctor_ids,
        starts_at=from_text(row.starts_at),
        scheduled_duration=row.scheduled_duration,
        status=AppointmentStatus(row.appointment_status),
        admission=AdmissionMode(row.admission_mode),
    )


def session_of(row: Any, participants: list[Participant]) -> VideoSession:
    return VideoSession(
        id=row.id,
        appointment_id=row.appointment_id,
        metadata=_metadata_of(row.metadata_json),
        created_at=from_text(row.created_at),
        status=SessionStatus(row.status),
        realtime_session_id=row.realtime_session_id,
        created_by=(UserType(row.created_by_type), row.created_by_id) if row.created_by_type else None,
        started_at=moment(row.started_at),
        ended_at=moment(row.ended_at),
        locked=bool(row.locked),
        screen_share_allowed=bool(row.screen_share_allowed),
        alone_since=moment(row.alone_since),
        idle_since=moment(row.idle_since),
        ends_at=moment(row.ends_at),
        warned_minutes=row.warned_minutes,
        deadline_at=moment(row.deadline_at),
        participants=participants,
        version=row.version,
        last_seq=row.last_seq,
        last_hash=row.last_hash,
        last_track_ms=row.last_track_ms,
    )


def session_values(session: VideoSession) -> Values:
    """Everything of the row that a command may change."""
    user_type, user_id = session.created_by or (None, None)
    return {
        "realtime_session_id": session.realtime_session_id,
        "status": session.status,
        "created_by_type": user_type,
        "created_by_id": user_id,
        "started_at": moment_text(session.started_at),
        "ended_at": moment_text(session.ended_at),
        "locked": session.locked,
        "screen_share_allowed": session.screen_share_allowed,
        "alone_since": moment_text(session.alone_since),
        "idle_since": moment_text(session.idle_since),
        "ends_at": moment_text(session.ends_at),
        "warned_minutes": session.warned_minutes,
        "deadline_at": moment_text(session.deadline_at),
        "metadata": json.dumps(_metadata_values(session.metadata)),
        "last_seq": session.last_seq,
        "last_track_ms": session.last_track_ms,
    }


def participant_of(row: Any) -> Participant:
    return Participant(
        id=row.id,
        user_type=UserType(row.user_type),
        user_id=row.user_id,
        role=WorkerRole(row.role) if row.role else None,
        relation=Relation(row.relation),
        admission=Admission(row.admission),
        joined_at=from_text(row.joined_at),
        join_reason=row.join_reason,
        connection_id=row.connection_id,
        audio_muted=bool(row.audio_muted),
        video_muted=bool(row.video_muted),
        muted_by=_muted_by_of(row.muted_by),
        waiting_since=moment(row.waiting_since),
        devices=Devices(**json.loads(row.devices)) if row.devices else None,
        identity=_identity_of(row.identity),
        removal_note=row.removal_note,
        left_at=moment(row.left_at),
        superseded_by=row.superseded_by,
        is_active=bool(row.is_active),
    )


def participant_values(participant: Participant) -> Values:
    """Everything of the row that can change after the join."""
    return {
        "admission": participant.admission,
        "connection_id": participant.connection_id,
        "audio_muted": participant.audio_muted,
        "video_muted": participant.video_muted,
        "muted_by": json.dumps(participant.muted_by) if participant.muted_by else None,
        "waiting_since": moment_text(participant.waiting_since),
        "identity": json.dumps(_identity_values(participant.identity)) if participant.identity else None,
        "left_at": moment_text(participant.left_at),
        "superseded_by": participant.superseded_by,
        "is_active": participant.is_active,
    }


def new_participant_values(session_id: str, participant: Participant) -> Values:
    return {
        "id": participant.id,
        "video_session_id": session_id,
        "user_type": participant.user_type,
        "user_id": participant.user_id,
        "joined_at": to_text(participant.joined_at),
        "role": participant.role,
        "relation": participant.relation,
        "devices": json.dumps(asdict(participant.devices)) if participant.devices else None,
        **participant_values(participant),
    }


def new_track_values(session_id: str, track: Track) -> Values:
    return {
        "video_session_id": session_id,
        "track_name": track.track_name,
        "track_type": track.track_type,
        "participant_id": track.participant_id,
        "user_type": track.user_type,
        "user_id": track.user_id,
        "state": track.state,
        "media_session_id": track.media_session_id,
        "mid": track.mid,
    }


def _metadata_values(metadata: SessionMetadata) -> Values:
    by = metadata.ended_by
    known = {
        "scheduledDuration": metadata.scheduled_duration,
        "actualDuration": metadata.actual_duration,
        "endReason": metadata.end_reason,
        "endedBy": {"userType": by[0], "userId": by[1]} if by else None,
        "outcome": metadata.outcome,
        "failure": metadata.failure,
        "timeout": metadata.timeout,
        "twoWayMedia": sorted(metadata.two_way_media) or None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _metadata_of(text: str) -> SessionMetadata:
    known: Mapping[str, Any] = json.loads(text)
    return SessionMetadata(
        scheduled_duration=known["scheduledDuration"],
        actual_duration=known.get("actualDuration"),
        end_reason=EndReason(known["endReason"]) if "endReason" in known else None,
        ended_by=_key(known["endedBy"]) if "endedBy" in known else None,
        outcome=Outcome(known["outcome"]) if "outcome" in known else None,
        failure=known.get("failure"),
        timeout=Timeout(known["timeout"]) if "timeout" in known else None,
        two_way_media=frozenset(map(TrackType, known.get("twoWayMedia", ()))),
    )


def _muted_by_of(text: str | None) -> dict[TrackType, UserKey]:
    known = json.loads(text) if text else {}
    return {TrackType(kind): (UserType(user_type), user_id) for kind, (user_type, user_id) in known.items()}


def _identity_values(check: IdentityCheck) -> Values:
    return {"method": check.method, "userType": check.by[0], "userId": check.by[1], "at": to_text(check.at)}


def _identity_of(text: str | None) -> IdentityCheck | None:
    if text is None:
        return None
    known = json.loads(text)
    return IdentityCheck(IdentityMethod(known["method"]), _key(known), from_text(known["at"]))


def _key(user: Mapping[str, Any]) -> UserKey:
    return (UserType(user["userType"]), user["userId"])
