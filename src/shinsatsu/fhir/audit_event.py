"""An event as an AuditEvent (FHIR R4), after IHE's Basic Audit Log Patterns: who did what, from where, to whom."""

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.roles import TIMER
from shinsatsu.domain.timestamps import to_text
from shinsatsu.fhir import terms
from shinsatsu.fhir.terms import Json, Naming, coding, concept

CREATES = frozenset(
    {
        *(EventType.CREATED, EventType.JOINED, EventType.LINK_MINTED, EventType.TRACK_GRANTED),
        *(EventType.GUEST_INVITED, EventType.INVITATION_SENT),
    }
)
EXECUTES = frozenset({EventType.CONNECTED, EventType.DISCONNECTED, EventType.LINK_EXCHANGED})
INTERACTIONS = {"C": "create", "U": "update", "E": "operation"}
FAILURES = frozenset({EventType.INVITATION_CHECK_FAILED, EventType.INVITATION_LOCKED, EventType.FAILED})
SUCCESS, MINOR_FAILURE = "0", "4"


def audit_event(event: StoredEvent, consultation: Consultation, encounter_url: str, naming: Naming) -> Json:
    """The AuditEvent of one session event; what was touched are the patient, the encounter and the metadata's ids."""
    action = "C" if event.event_type in CREATES else "E" if event.event_type in EXECUTES else "U"
    own = coding(f"{naming.base}/fhir/CodeSystem/session-event", event.event_type.value)
    return {
        "resourceType": "AuditEvent",
        "id": f"{event.session_id}-{event.seq}",
        "type": _type(event),
        "subtype": [coding(terms.RESTFUL, INTERACTIONS[action]), own],
        "action": action,
        "recorded": to_text(event.created_at),
        "outcome": MINOR_FAILURE if event.event_type in FAILURES else SUCCESS,
        "agent": [_actor(event, naming), _server(naming)],
        "source": {
            "observer": naming.server(),
            "type": [coding(terms.SOURCE_TYPE, "4", "Application Server")],
        },
        "entity": list(_entities(event, consultation, encounter_url, naming)),
    }


def _type(event: StoredEvent) -> Json:
    if event.event_type is EventType.LINK_EXCHANGED:
        return coding(terms.DICOM, "110114", "User Authentication")
    return coding(terms.AUDIT_EVENT_TYPE, "rest", "RESTful Operation")


def _actor(event: StoredEvent, naming: Naming) -> Json:
    """Who asked for it; what the clock or the media plane brought about, the server itself did."""
    by_itself = (event.user_type, event.user_id) == TIMER.key
    who = naming.server() if by_itself else naming.person((event.user_type, event.user_id))
    role = event.role.value if event.role is not None else event.user_type.value
    agent: Json = {
        "type": concept(terms.PARTICIPATION, "AUT", "author (originator)"),
        "role": [concept(f"{naming.base}/fhir/CodeSystem/role", role)],
        "who": who,
        "requestor": True,
    }
    if event.address is not None:
        agent["network"] = {"address": event.address, "type": "2"}  # an IP address
    return agent


def _server(naming: Naming) -> Json:
    """This server, which was asked."""
    kind = concept(terms.DICOM, "110152", "Destination Role ID")
    return {"type": kind, "who": naming.server(), "requestor": False}


def _entities(event: StoredEvent, consultation: Consultation, encounter_url: str, naming: Naming) -> list[Json]:
    patient = {
        "what": naming.patient(consultation),
        "type": coding(terms.ENTITY_TYPE, "1", "Person"),
        "role": coding(terms.OBJECT_ROLE, "1", "Patient"),
    }
    touched: Json = {
        "what": {"reference": encounter_url, "type": "Encounter"},
        "type": coding(terms.ENTITY_TYPE, "2", "System Object"),
        "role": coding(terms.OBJECT_ROLE, "4", "Domain Resource"),
    }
    details = [_detail(name, value) for name, value in event.metadata.items() if value not in (None, "", [])]
    if details:
        touched["detail"] = details
    if event.request_id is None:
        return [patient, touched]
    request = {"identifier": {"value": event.request_id}}
    return [patient, touched, {"what": request, "type": coding(terms.BALP_ENTITY, "XrequestId")}]


def _detail(name: str, value: object) -> Json:
    text = value if isinstance(value, str) else terms.plain(value)
    return {"type": name, "valueString": text}
