"""Looking: why somebody may, the story of a session, what waits and what flows."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse

from shinsatsu.api.answers import (
    ExplanationJson,
    ExplanationsJson,
    HistoryEventJson,
    HistoryJson,
    SeenTracksJson,
    WaitingRoomJson,
)
from shinsatsu.api.auth import Caller
from shinsatsu.api.context import Api
from shinsatsu.api.requests import MAX_ID
from shinsatsu.api.sessions import SessionId
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.roles import Action, UserType
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.inquiries import Explanation, Story
from shinsatsu.wire import track_json

router = APIRouter(prefix="/api/video-sessions/{sessionId}", tags=["Sessions"])
MOST_EVENTS = 500


@router.get("/permissions", responses={200: {"model": ExplanationsJson}})
async def explain_permissions(
    api: Api,
    caller: Caller,
    session_id: SessionId,
    user_type: Annotated[Literal["patient", "worker"], Query(alias="userType")],
    user_id: Annotated[int, Query(alias="userId", ge=-(2**48), le=MAX_ID)],
    action: Annotated[Action | None, Query()] = None,
) -> JSONResponse:
    """Why somebody may do something here, at this moment: the rule that decides."""
    found = await api.inquiries.explain(caller, session_id, (UserType(user_type), user_id), action)
    permissions = [_explanation(one) for one in found]
    return JSONResponse({"userType": user_type, "userId": user_id, "permissions": permissions})


@router.get("/events/history", responses={200: {"model": HistoryJson}})
async def history(
    api: Api,
    caller: Caller,
    session_id: SessionId,
    after: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = 200,
) -> JSONResponse:
    """The story of a session, oldest first."""
    story = await api.inquiries.history(caller, session_id, after, limit)
    events = [_event(event, story) for event in story.events]
    return JSONResponse({"events": events, "next": story.next})


@router.get("/tracks", responses={200: {"model": SeenTracksJson}})
async def list_tracks(api: Api, caller: Caller, session_id: SessionId) -> JSONResponse:
    """What is published, and what the caller may do with each track."""
    tracks = [
        {
            **track_json(track),
            "permissions": {
                "canPublish": may.can_publish,
                "canSubscribe": may.can_subscribe,
                "canControl": may.can_control,
            },
        }
        for track, may in await api.inquiries.tracks(caller, session_id)
    ]
    return JSONResponse({"tracks": tracks})


@router.get("/waiting-room", responses={200: {"model": WaitingRoomJson}})
async def waiting_room(api: Api, caller: Caller, session_id: SessionId) -> JSONResponse:
    """How the wait stands, honestly."""
    room = await api.inquiries.waiting_room(caller, session_id)
    answer: WaitingRoomJson = {
        "admission": room.admission.value if room.admission else None,
        "doctorStatus": room.doctor.value,
        "startsAt": to_text(room.starts_at),
    }
    if room.since is not None:
        answer["since"] = to_text(room.since)
    return JSONResponse(answer)


def _explanation(one: Explanation) -> ExplanationJson:
    context = one.context
    state = {"relation": context.relation, "status": context.status, "admission": context.admission}
    return {
        "action": one.action.value,
        "allowed": one.decision.allowed,
        "reason": one.decision.reason,
        "rule": {
            "column": one.rule.column.value if one.rule.column else None,
            "cell": one.rule.cell,
            **{name: value.value for name, value in state.items() if value is not None},
        },
    }


def _event(event: StoredEvent, story: Story) -> HistoryEventJson:
    person = story.people.get((event.user_type, event.user_id))
    shown: HistoryEventJson = {
        "seq": event.seq,
        "eventType": event.event_type.value,
        "userType": event.user_type.value,
        "userId": event.user_id,
        "displayName": person.display_name if person else "",
        "metadata": dict(event.metadata) | _names(event, story) | _words(event, story),
        "createdAt": to_text(event.created_at),
    }
    if event.role is not None:
        shown["role"] = event.role.value
    if event.address is not None:
        shown["address"] = event.address
    if event.request_id is not None:
        shown["requestId"] = event.request_id
    return shown


def _names(event: StoredEvent, story: Story) -> dict[str, str]:
    """The name of whom an event is about; events themselves hold ids alone."""
    if "userType" not in event.metadata:
        return {}
    person = story.people.get((UserType(event.metadata["userType"]), event.metadata["userId"]))
    return {"displayName": person.display_name} if person else {}


def _words(event: StoredEvent, story: Story) -> dict[str, str]:
    """Why somebody came in or was removed, in the words that are kept apart from the events."""
    words = story.words.get(event.metadata.get("participantId", ""))
    if words is None:
        return {}
    if event.event_type is EventType.JOINED and words.join_reason is not None:
        return {"joinReason": words.join_reason}
    if event.metadata.get("reason") == "removed" and words.removal_note is not None:
        return {"note": words.removal_note}
    return {}
