"""A consultation as an Encounter (FHIR R4): a virtual one, with who was in it and when."""

from dataclasses import dataclass
from datetime import datetime

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.events import EventType
from shinsatsu.domain.roles import Relation, UserKey, UserType
from shinsatsu.domain.session_status import OVER, SessionStatus
from shinsatsu.domain.timestamps import to_text
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.fhir.terms import ACT_CODE, ANY_PARTICIPATION, PARTICIPATIONS, UCUM, Json, Naming, coding
from shinsatsu.service.audit import SessionRecord

STATUS = {SessionStatus.SCHEDULED: "planned", SessionStatus.WAITING: "arrived", SessionStatus.ACTIVE: "in-progress"}


@dataclass(slots=True)
class _Stay:
    """When somebody was in it, as what, from their first coming to their last going; `end` is None while they are."""

    relation: str
    start: datetime
    end: datetime | None = None


def encounter(record: SessionRecord, naming: Naming) -> Json:
    """The Encounter; people are logical references."""
    consultation, session = record.consultation, record.consultation.session
    found: Json = {
        "resourceType": "Encounter",
        "id": session.id,
        "identifier": [naming.identifier("api/video-sessions", session.id)],
        "status": status_of(session),
        "class": coding(ACT_CODE, "VR", "virtual"),
        "subject": naming.patient(consultation),
        "appointment": [naming.reference("Appointment", "api/appointments", consultation.appointment.id)],
        "participant": _participants(record, naming),
    }
    if session.started_at is not None:
        found["period"] = _period(session.started_at, session.ended_at)
    if session.metadata.actual_duration is not None:
        minutes = {"value": session.metadata.actual_duration, "unit": "min"}
        found["length"] = {**minutes, "system": UCUM, "code": "min"}
    return found


def status_of(session: VideoSession) -> str:
    """FHIR's word: what is over was finished if it ever began, else cancelled; how it ended the events say."""
    if session.status in OVER:
        return "finished" if session.started_at is not None else "cancelled"
    return STATUS[session.status]


def _participants(record: SessionRecord, naming: Naming) -> list[Json]:
    """Everybody but the patient who came in, and the doctor in charge in any case."""
    consultation, stays = record.consultation, _stays(record)
    in_charge = (UserType.WORKER, consultation.appointment.doctor_id)
    people = [in_charge, *(key for key in stays if key != in_charge)]
    patient = (UserType.PATIENT, consultation.appointment.patient_id)
    return [_participant(key, stays.get(key), consultation, naming) for key in people if key != patient]


def _participant(key: UserKey, stay: _Stay | None, consultation: Consultation, naming: Naming) -> Json:
    guest = consultation.guest(key)
    part = guest.kind.value if guest is not None else stay.relation if stay is not None else Relation.IN_CHARGE.value
    found = {"type": [PARTICIPATIONS.get(part, ANY_PARTICIPATION)], "individual": naming.person(key)}
    return found if stay is None else {**found, "period": _period(stay.start, stay.end)}


def _stays(record: SessionRecord) -> dict[UserKey, _Stay]:
    stays: dict[UserKey, _Stay] = {}
    for event in record.events:
        if event.event_type is EventType.JOINED:
            key = (event.user_type, event.user_id)
            stays.setdefault(key, _Stay(event.metadata["relation"], event.created_at)).end = None
        elif event.event_type is EventType.LEFT and event.metadata["reason"] != "superseded":
            key = (UserType(event.metadata["userType"]), event.metadata["userId"])
            if key in stays:
                stays[key].end = event.created_at
    return stays


def _period(start: datetime, end: datetime | None) -> Json:
    return {"start": to_text(start), **({"end": to_text(end)} if end is not None else {})}
