"""Guests: family and interpreters, invited to one session by its staff."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from starlette.responses import JSONResponse

from shinsatsu.api.answers_access import GuestJson, GuestsJson
from shinsatsu.api.auth import Caller
from shinsatsu.api.context import Api
from shinsatsu.api.requests_access import GuestBody, WithholdBody
from shinsatsu.api.sessions import SessionId
from shinsatsu.domain.guests import GuestKind, withheld_of
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.guests import Invitee, NamedGuest

router = APIRouter(prefix="/api/video-sessions/{sessionId}/guests", tags=["Guests"])
GuestId = Annotated[int, Path(alias="userId", ge=-(2**48), le=-1)]


@router.post("", status_code=201, responses={201: {"model": GuestJson}})
async def invite_guest(api: Api, caller: Caller, session_id: SessionId, body: GuestBody) -> JSONResponse:
    """Invites somebody to this session; a link or an invitation for the answer's user lets them in."""
    invitee = Invitee(body.display_name, GuestKind(body.kind), withheld_of(body.withhold), body.language)
    return JSONResponse(_guest(await api.guests.invite(caller, session_id, invitee)), 201)


@router.get("", responses={200: {"model": GuestsJson}})
async def list_guests(api: Api, caller: Caller, session_id: SessionId) -> JSONResponse:
    """Everybody invited, those whose invitation was taken back too."""
    return JSONResponse({"guests": [_guest(one) for one in await api.guests.invited(caller, session_id)]})


@router.patch("/{userId}", responses={200: {"model": GuestJson}})
async def withhold(
    api: Api, caller: Caller, session_id: SessionId, user_id: GuestId, body: WithholdBody
) -> JSONResponse:
    """Sets what the guest may not do, from now on."""
    return JSONResponse(_guest(await api.guests.withhold(caller, session_id, user_id, withheld_of(body.withhold))))


@router.delete("/{userId}", status_code=204)
async def withdraw_guest(api: Api, caller: Caller, session_id: SessionId, user_id: GuestId) -> Response:
    """Takes the invitation back; a guest who is in is put out."""
    await api.guests.withdraw(caller, session_id, user_id)
    return Response(status_code=204)


def _guest(named: NamedGuest) -> GuestJson:
    guest = named.guest
    return {
        "userType": guest.key[0].value,
        "userId": guest.user_id,
        "displayName": named.person.display_name,
        "kind": guest.kind.value,
        "withhold": sorted(action.value for action in guest.withheld),
        "invitedBy": {"userType": guest.invited_by[0].value, "userId": guest.invited_by[1]},
        "invitedAt": to_text(guest.invited_at),
        "revokedAt": to_text(guest.revoked_at) if guest.revoked_at else None,
    }
