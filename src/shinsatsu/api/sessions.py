"""Video sessions: create, list, look, join, leave, end."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from starlette.responses import JSONResponse

from shinsatsu.api.answers import JoinJson, SessionsJson
from shinsatsu.api.auth import Caller
from shinsatsu.api.context import Api
from shinsatsu.api.requests import CreateBody, EndBody, JoinBody, Moment, ParticipantBody
from shinsatsu.domain.participant import Admission, Devices
from shinsatsu.domain.session_status import Outcome, SessionStatus
from shinsatsu.service.session_manager import JoinWish
from shinsatsu.wire import permissions_json, session_answer
from shinsatsu.wire_shapes import VideoSessionJson

router = APIRouter(prefix="/api/video-sessions", tags=["Sessions"])
SessionId = Annotated[str, Path(alias="sessionId", pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@router.post(
    "/create",
    status_code=201,
    responses={
        201: {"model": VideoSessionJson},
        200: {"model": VideoSessionJson, "description": "It was open already"},
    },
)
async def create_session(api: Api, caller: Caller, body: CreateBody) -> JSONResponse:
    """Opens the appointment's session, or answers with the open one."""
    view, created = await api.sessions.create(caller, body.appointment_id)
    return JSONResponse(session_answer(view), 201 if created else 200)


@router.get("", responses={200: {"model": SessionsJson}})
async def list_sessions(
    api: Api,
    caller: Caller,
    status: Annotated[SessionStatus | None, Query()] = None,
    starts_from: Annotated[Moment | None, Query(alias="from")] = None,
    starts_until: Annotated[Moment | None, Query(alias="to")] = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
) -> JSONResponse:
    """The sessions the caller may see; `from` and `to` bound the start, `q` is part of a name or number."""
    views = await api.sessions.find(caller, status, starts_from, starts_until, q)
    return JSONResponse({"sessions": [session_answer(view) for view in views]})


@router.get("/{sessionId}", responses={200: {"model": VideoSessionJson}})
async def get_session(api: Api, caller: Caller, session_id: SessionId) -> JSONResponse:
    """One session's own record."""
    return JSONResponse(session_answer(await api.sessions.get(caller, session_id)))


@router.post("/{sessionId}/join", responses={200: {"model": JoinJson}})
async def join_session(api: Api, caller: Caller, session_id: SessionId, body: JoinBody | None = None) -> JSONResponse:
    """Comes in; an earlier stay of the same user is superseded, unless it is named."""
    joined = await api.sessions.join(caller, session_id, _wish(body) if body else None)
    admitted = joined.admission is Admission.ADMITTED
    answer: JoinJson = {
        "session": session_answer(joined.view),
        "participantId": joined.participant_id,
        "admission": joined.admission.value,
        "tracks": [{"trackName": track.track_name, "trackType": track.track_type.value} for track in joined.tracks],
        "permissions": permissions_json(joined.permissions),
        "iceServers": [dict(server) for server in api.ice_servers] if admitted else [],
    }
    return JSONResponse(answer)


@router.post("/{sessionId}/leave", status_code=204)
async def leave_session(api: Api, caller: Caller, session_id: SessionId, body: ParticipantBody) -> Response:
    """Ends one's own stay."""
    await api.sessions.leave(caller, session_id, body.participant_id)
    return Response(status_code=204)


@router.post("/{sessionId}/end", responses={200: {"model": VideoSessionJson}})
async def end_session(api: Api, caller: Caller, session_id: SessionId, body: EndBody | None = None) -> JSONResponse:
    """Ends the session for everybody; an ended one is answered as it is."""
    outcome = Outcome(body.outcome) if body and body.outcome else None
    return JSONResponse(session_answer(await api.sessions.end(caller, session_id, outcome)))


def _wish(body: JoinBody) -> JoinWish:
    devices = Devices(body.devices.camera, body.devices.microphone) if body.devices else None
    return JoinWish(body.reason or None, body.participant_id, body.leave, devices)
