"""Code systems of HL7 and DICOM, and how people and things of ours are named in FHIR: by identifiers, never by name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.roles import Relation, UserKey, UserType

Json = dict[str, Any]

TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
ACT_CODE = TERMINOLOGY + "v3-ActCode"
PARTICIPATION = TERMINOLOGY + "v3-ParticipationType"
PARTICIPANT_TYPE = TERMINOLOGY + "participant-type"
AUDIT_EVENT_TYPE = TERMINOLOGY + "audit-event-type"
ENTITY_TYPE = TERMINOLOGY + "audit-entity-type"
OBJECT_ROLE = TERMINOLOGY + "object-role"
SOURCE_TYPE = TERMINOLOGY + "security-source-type"
RESTFUL = "http://hl7.org/fhir/restful-interaction"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
BALP_ENTITY = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
UCUM = "http://unitsofmeasure.org"


def coding(system: str, code: str, display: str | None = None) -> Json:
    """A Coding."""
    return {"system": system, "code": code, **({"display": display} if display else {})}


def concept(system: str, code: str, display: str | None = None) -> Json:
    """A CodeableConcept of one coding."""
    return {"coding": [coding(system, code, display)]}


def plain(value: object) -> str:
    """A value of an event's metadata as text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Naming:
    """Names within one server, which browsers reach at `base`: its addresses are the identifiers' systems."""

    base: str

    def url(self, *parts: str | int) -> str:
        """The bundle's own name of a resource, the same in each export."""
        return f"urn:uuid:{uuid5(NAMESPACE_URL, '/'.join([self.base, *map(str, parts)]))}"

    def identifier(self, kind: str, value: str | int) -> Json:
        """An identifier of ours, such as `users/patient` 7."""
        return {"system": f"{self.base}/{kind}", "value": str(value)}

    def reference(self, resource: str, kind: str, value: str | int) -> Json:
        """A logical reference."""
        return {"type": resource, "identifier": self.identifier(kind, value)}

    def server(self) -> Json:
        """This server, as the one that watched."""
        return {"type": "Device", "identifier": {"system": "urn:ietf:rfc:3986", "value": self.base}}

    def person(self, key: UserKey) -> Json:
        """A patient, a patient's guest, a worker or a program."""
        user_type, user_id = key
        guest = user_type is UserType.PATIENT and user_id < 0
        return self.reference("RelatedPerson" if guest else RESOURCES[user_type], f"users/{user_type.value}", user_id)

    def patient(self, consultation: Consultation) -> Json:
        """Whom the consultation is about."""
        return self.person((UserType.PATIENT, consultation.appointment.patient_id))


RESOURCES: Mapping[UserType, str] = {
    UserType.PATIENT: "Patient",
    UserType.WORKER: "Practitioner",
    UserType.SYSTEM: "Device",
}
PARTICIPATIONS: Mapping[str, Json] = {
    Relation.IN_CHARGE: concept(PARTICIPATION, "PPRF", "primary performer"),
    Relation.SUPPORT: concept(PARTICIPATION, "SPRF", "secondary performer"),
    "interpreter": concept(PARTICIPANT_TYPE, "translator", "Translator"),
}
ANY_PARTICIPATION = concept(PARTICIPATION, "PART", "Participation")
