"""Media: names, publishing, subscribing, closing."""

from fastapi import APIRouter, Response
from starlette.responses import JSONResponse

from shinsatsu.api.answers import ClosedJson, ClosedTrackJson, GrantedTrackJson, NegotiatedJson, TrackResultJson
from shinsatsu.api.auth import Caller
from shinsatsu.api.context import Api
from shinsatsu.api.requests import GrantTrackBody, PublishBody, RenegotiateBody, TracksBody
from shinsatsu.api.sessions import SessionId
from shinsatsu.domain.offers import ClaimedTrack
from shinsatsu.domain.tracks import TrackType
from shinsatsu.service.ports import Negotiated, TrackResult

router = APIRouter(prefix="/api/video-sessions/{sessionId}", tags=["Media"])


@router.post("/tracks", status_code=201, responses={201: {"model": GrantedTrackJson}})
async def grant_track(api: Api, caller: Caller, session_id: SessionId, body: GrantTrackBody) -> JSONResponse:
    """Grants one more name: each screen share, and a track published anew, has one of its own."""
    track = await api.tracks.grant(caller, session_id, body.participant_id, TrackType(body.track_type))
    return JSONResponse({"trackName": track.track_name, "trackType": track.track_type.value}, 201)


@router.post("/tracks/publish", responses={200: {"model": NegotiatedJson}})
async def publish_tracks(api: Api, caller: Caller, session_id: SessionId, body: PublishBody) -> JSONResponse:
    """Publishes one's own granted tracks; the answer to the offer."""
    claims = [ClaimedTrack(track.mid, track.track_name) for track in body.tracks]
    negotiated = await api.tracks.publish(caller, session_id, body.participant_id, body.session_description.sdp, claims)
    return JSONResponse(_negotiated("answer", negotiated))


@router.post("/tracks/subscribe", responses={200: {"model": NegotiatedJson}})
async def subscribe_to_tracks(api: Api, caller: Caller, session_id: SessionId, body: TracksBody) -> JSONResponse:
    """Pulls other people's tracks; an offer to answer, if anything was added."""
    names = [track.track_name for track in body.tracks]
    negotiated = await api.tracks.subscribe(caller, session_id, body.participant_id, names)
    fresh = {"fresh": True} if negotiated.fresh else {}
    return JSONResponse(_negotiated("offer", negotiated) | fresh)


@router.put("/renegotiate", status_code=204)
async def renegotiate(api: Api, caller: Caller, session_id: SessionId, body: RenegotiateBody) -> Response:
    """Answers the offer of subscribing."""
    await api.tracks.renegotiate(caller, session_id, body.participant_id, body.session_description.sdp)
    return Response(status_code=204)


@router.post("/tracks/close", responses={200: {"model": ClosedJson}})
async def close_tracks(api: Api, caller: Caller, session_id: SessionId, body: TracksBody) -> JSONResponse:
    """Ends one's own publications and one's own receiving of others' tracks."""
    names = [track.track_name for track in body.tracks]
    results = await api.tracks.close(caller, session_id, body.participant_id, names)
    return JSONResponse({"tracks": [_closed(result) for result in results]})


def _negotiated(kind: str, negotiated: Negotiated) -> NegotiatedJson:
    return {
        "sessionDescription": {"type": kind, "sdp": negotiated.sdp} if negotiated.sdp is not None else None,
        "tracks": [_result(result) for result in negotiated.tracks],
    }


def _result(result: TrackResult) -> TrackResultJson:
    shown: TrackResultJson = {"trackName": result.track_name, "mid": result.mid}
    if result.error_code is not None:
        shown["errorCode"] = result.error_code
        shown["errorDescription"] = result.error_description or result.error_code
    return shown


def _closed(result: TrackResult) -> ClosedTrackJson:
    shown: ClosedTrackJson = {"trackName": result.track_name}
    if result.error_code is not None:
        shown["errorCode"] = result.error_code
    return shown
