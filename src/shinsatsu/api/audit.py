"""The record, for those who check it: security events in pages, a session as FHIR."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from shinsatsu.api.answers_audit import SecurityEventJson, SecurityEventsJson
from shinsatsu.api.auth import Caller
from shinsatsu.api.context import Api
from shinsatsu.api.requests import MAX_ID
from shinsatsu.api.sessions import SessionId
from shinsatsu.domain.security_events import StoredSecurityEvent
from shinsatsu.domain.timestamps import to_text
from shinsatsu.fhir.bundle import bundle_json

router = APIRouter(tags=["Record"])
MOST_EVENTS = 500
FHIR_JSON = "application/fhir+json"
EXPORTS = ThreadPoolExecutor(1, "fhir")
"""An export takes a millisecond of the processor for each event: one at a time, and never in the way of a COMMIT."""


@router.get("/api/audit/security-events", responses={200: {"model": SecurityEventsJson}})
async def security_events(
    api: Api,
    caller: Caller,
    after: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = 200,
) -> JSONResponse:
    """Logins, refusals, accesses, accounts, keys and settings, oldest first."""
    page = await api.audit.security_events(caller, after, limit)
    return JSONResponse({"events": [_event(one) for one in page.events], "next": page.next})


@router.get(
    "/api/video-sessions/{sessionId}/fhir",
    response_class=Response,
    responses={200: {"content": {FHIR_JSON: {"schema": {"type": "object"}}}, "description": "A Bundle (collection)"}},
)
async def session_as_fhir(api: Api, caller: Caller, session_id: SessionId) -> Response:
    """The consultation as FHIR R4: an Encounter, and an AuditEvent for each of its events."""
    record = await api.audit.session_record(caller, session_id)
    text = await asyncio.get_running_loop().run_in_executor(EXPORTS, bundle_json, record, api.public_url)
    return Response(text, media_type=FHIR_JSON)


def _event(stored: StoredSecurityEvent) -> SecurityEventJson:
    event = stored.event
    shown: SecurityEventJson = {
        "seq": stored.seq,
        "type": event.event_type.value,
        "userType": event.user_type.value if event.user_type else None,
        "userId": event.user_id,
        "role": event.role.value if event.role else None,
        "address": stored.address,
        "requestId": stored.request_id,
        "metadata": dict(event.metadata),
        "createdAt": to_text(event.created_at),
    }
    if event.session_id is not None:
        shown["sessionId"] = event.session_id
    return shown
