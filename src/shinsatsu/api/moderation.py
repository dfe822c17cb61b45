"""Moderation: what staff do to people in a session, and to the session itself."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from starlette.responses import JSONResponse

from shinsatsu.api.auth import Caller
from shinsatsu.api.context import Api, ApiContext
from shinsatsu.api.requests import (
    ExtendBody,
    IdentityCheckBody,
    KindsBody,
    LockBody,
    MutableKindsBody,
    OutcomeBody,
    RemoveBody,
    ScreenShareBody,
)
from shinsatsu.api.sessions import SessionId
from shinsatsu.domain.participant import IdentityMethod
from shinsatsu.domain.session_status import Outcome
from shinsatsu.domain.tracks import TrackType
from shinsatsu.service.views import SessionView
from shinsatsu.wire import participant_json, session_answer
from shinsatsu.wire_shapes import ParticipantJson, VideoSessionJson

router = APIRouter(prefix="/api/video-sessions/{sessionId}", tags=["Moderation"])
ParticipantId = Annotated[str, Path(alias="participantId", pattern=r"^[A-Za-z0-9_-]{1,64}$")]
PERSON = "/participants/{participantId}"
SEEN: dict[int | str, dict[str, Any]] = {200: {"model": ParticipantJson}}
SESSION: dict[int | str, dict[str, Any]] = {200: {"model": VideoSessionJson}}


@router.post(PERSON + "/admit", responses=SEEN)
async def admit(api: Api, caller: Caller, session_id: SessionId, participant_id: ParticipantId) -> JSONResponse:
    """Lets somebody in who waits."""
    return _person(await api.moderation.admit(caller, session_id, participant_id), participant_id)


@router.post(PERSON + "/restore", responses=SEEN)
async def restore(api: Api, caller: Caller, session_id: SessionId, participant_id: ParticipantId) -> JSONResponse:
    """Lifts a removal: a fresh link brings the person back."""
    return _person(await api.moderation.restore(caller, session_id, participant_id), participant_id)


@router.post(PERSON + "/send-back", responses=SEEN)
async def send_back(api: Api, caller: Caller, session_id: SessionId, participant_id: ParticipantId) -> JSONResponse:
    """Returns somebody to the waiting room."""
    view = await api.moderation.send_back(caller, session_id, participant_id)
    return _person(view, participant_id, unconfirmed=await _unconfirmed(api, session_id))


@router.post(PERSON + "/remove", responses=SEEN)
async def remove(
    api: Api, caller: Caller, session_id: SessionId, participant_id: ParticipantId, body: RemoveBody
) -> JSONResponse:
    """Puts somebody out; their link, cookie, token and stream stop at once."""
    view = await api.moderation.remove(caller, session_id, participant_id, body.reason or "")
    return _person(view, participant_id, unconfirmed=await _unconfirmed(api, session_id))


@router.post(PERSON + "/mute", responses=SEEN)
async def mute(
    api: Api, caller: Caller, session_id: SessionId, participant_id: ParticipantId, body: KindsBody
) -> JSONResponse:
    """Stops somebody's packets on the server; a screen share is ended."""
    kinds = [TrackType(kind) for kind in body.kinds]
    view = await api.moderation.mute(caller, session_id, participant_id, kinds)
    return _person(view, participant_id, unconfirmed=await _unconfirmed(api, session_id))


@router.post(PERSON + "/unmute", responses=SEEN)
async def unmute(
    api: Api, caller: Caller, session_id: SessionId, participant_id: ParticipantId, body: MutableKindsBody
) -> JSONResponse:
    """Opens one's own microphone or camera, a mute by staff too."""
    kinds = [TrackType(kind) for kind in body.kinds]
    return _person(await api.moderation.unmute(caller, session_id, participant_id, kinds), participant_id)


@router.post(PERSON + "/unmute-request", status_code=204)
async def request_unmute(
    api: Api, caller: Caller, session_id: SessionId, participant_id: ParticipantId, body: MutableKindsBody
) -> Response:
    """Asks somebody to switch on."""
    kinds = [TrackType(kind) for kind in body.kinds]
    await api.moderation.request_unmute(caller, session_id, participant_id, kinds)
    return Response(status_code=204)


@router.post(PERSON + "/identity-check", responses=SEEN)
async def check_identity(
    api: Api, caller: Caller, session_id: SessionId, participant_id: ParticipantId, body: IdentityCheckBody
) -> JSONResponse:
    """Notes how somebody's identity was made sure of, by whom and when."""
    method = IdentityMethod(body.method)
    return _person(await api.moderation.check_identity(caller, session_id, participant_id, method), participant_id)


@router.post("/mute-all", responses=SESSION)
async def mute_all(api: Api, caller: Caller, session_id: SessionId) -> JSONResponse:
    """Everybody's microphone but the caller's own."""
    return await _session(api, await api.moderation.mute_all(caller, session_id))


@router.post("/lock", responses=SESSION)
async def lock(api: Api, caller: Caller, session_id: SessionId, body: LockBody | None = None) -> JSONResponse:
    """Keeps everybody out who is not in but the doctor in charge; or no longer."""
    locked = body.locked if body else True
    return JSONResponse(session_answer(await api.moderation.lock(caller, session_id, locked)))


@router.post("/screen-share", responses=SESSION)
async def screen_share(api: Api, caller: Caller, session_id: SessionId, body: ScreenShareBody) -> JSONResponse:
    """Whether patients and guests may share their screen."""
    return await _session(api, await api.moderation.allow_screen_share(caller, session_id, body.allowed))


@router.post("/extend", responses=SESSION)
async def extend(api: Api, caller: Caller, session_id: SessionId, body: ExtendBody | None = None) -> JSONResponse:
    """Moves the end of an active session's longest duration."""
    minutes = body.minutes if body else ExtendBody().minutes
    return JSONResponse(session_answer(await api.sessions.extend(caller, session_id, minutes)))


@router.put("/outcome", responses=SESSION)
async def set_outcome(api: Api, caller: Caller, session_id: SessionId, body: OutcomeBody) -> JSONResponse:
    """Notes how it went, also after the end."""
    return JSONResponse(session_answer(await api.sessions.set_outcome(caller, session_id, Outcome(body.outcome))))


async def _unconfirmed(api: ApiContext, session_id: str) -> bool:
    """Whether the media plane, which was told, has not said yet that it stopped what it was to stop."""
    return bool(await api.tracks.unconfirmed(session_id, within=timedelta()))


async def _session(api: ApiContext, view: SessionView) -> JSONResponse:
    unconfirmed = {"unconfirmed": True} if await _unconfirmed(api, view.session.id) else {}
    return JSONResponse(session_answer(view) | unconfirmed)


def _person(view: SessionView, participant_id: str, *, unconfirmed: bool = False) -> JSONResponse:
    person = next(one for one in view.session.participants if one.id == participant_id)
    return JSONResponse(participant_json(view, person) | ({"unconfirmed": True} if unconfirmed else {}))
