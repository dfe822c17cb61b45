"""A session's record as a FHIR R4 Bundle, checked with `fhir.resources` (its R4B, for these resources the same)."""

from shinsatsu.domain.timestamps import to_text
from shinsatsu.fhir.audit_event import audit_event
from shinsatsu.fhir.encounter import encounter
from shinsatsu.fhir.terms import Json, Naming
from shinsatsu.service.audit import SessionRecord


def bundle_json(record: SessionRecord, base_url: str) -> str:
    """The Bundle (type collection) as JSON; takes a thread's time, the first one half a second for the library."""
    # Imported when first needed: it is large, and a server that exports nothing starts without it.
    from fhir.resources.R4B.bundle import Bundle

    return str(Bundle.model_validate(_bundle(record, Naming(base_url))).model_dump_json())


def _bundle(record: SessionRecord, naming: Naming) -> Json:
    consultation = record.consultation
    session = consultation.session
    place = naming.url("video-sessions", session.id)
    entries = [{"fullUrl": place, "resource": encounter(record, naming)}]
    for event in record.events:
        url = naming.url("video-sessions", session.id, "events", event.seq)
        entries.append({"fullUrl": url, "resource": audit_event(event, consultation, place, naming)})
    latest = record.events[-1].created_at if record.events else session.created_at
    return {"resourceType": "Bundle", "type": "collection", "timestamp": to_text(latest), "entry": entries}
