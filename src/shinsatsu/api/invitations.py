"""Invitations: staff and booking systems send, list, revoke and unlock them; whoever holds one opens it."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import JSONResponse

from shinsatsu.api.answers_links import (
    CodeSentJson,
    InvitationJson,
    InvitationLookJson,
    InvitationOpenedJson,
    InvitationsJson,
    ListedInvitationJson,
)
from shinsatsu.api.auth import Caller
from shinsatsu.api.context import Api
from shinsatsu.api.links import consultation_url
from shinsatsu.api.requests_links import InvitationBody, InvitationCodeBody, OpenInvitationBody
from shinsatsu.api.sessions import SessionId
from shinsatsu.domain.invitations import CODE_LIFETIME, DeliveryKind, InvitationCheck
from shinsatsu.domain.roles import UserType
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.invitation_door import Answer
from shinsatsu.service.invitations import InvitationWish, ListedInvitation

PATH = "/api/video-sessions/{sessionId}/invitations"
router = APIRouter(tags=["Invitations"])
InvitationId = Annotated[str, Path(alias="invitationId", max_length=64)]


@router.post(PATH, status_code=201, responses={201: {"model": InvitationJson}})
async def send_invitation(api: Api, caller: Caller, session_id: SessionId, body: InvitationBody) -> JSONResponse:
    """An address to send ahead by SMS or mail, good to the appointment's end; the person's earlier ones are revoked."""
    to = body.deliver_to
    wish = InvitationWish(
        (UserType(body.user_type), body.user_id),
        InvitationCheck(body.check) if body.check else None,
        body.birth_date,
        (DeliveryKind(to.kind), to.address) if to else None,
    )
    sent = await api.invitations.send(caller, session_id, wish)
    answer: InvitationJson = {
        "invitationId": sent.id,
        "url": f"{api.public_url}/i/{sent.code}",
        "expiresAt": to_text(sent.expires_at),
        "check": sent.check.value,
    }
    return JSONResponse(answer, 201)


@router.get(PATH, responses={200: {"model": InvitationsJson}})
async def list_invitations(api: Api, caller: Caller, session_id: SessionId) -> JSONResponse:
    """Every invitation to the session's appointment, newest first; never its code."""
    return JSONResponse({"invitations": [_listed(one) for one in await api.invitations.list(caller, session_id)]})


@router.delete(PATH + "/{invitationId}", status_code=204)
async def revoke_invitation(api: Api, caller: Caller, session_id: SessionId, invitation_id: InvitationId) -> Response:
    """Takes an invitation back."""
    await api.invitations.revoke(caller, session_id, invitation_id)
    return Response(status_code=204)


@router.post(PATH + "/{invitationId}/unlock", status_code=204)
async def unlock_invitation(api: Api, caller: Caller, session_id: SessionId, invitation_id: InvitationId) -> Response:
    """Gives somebody who was locked out five more tries."""
    await api.invitations.unlock(caller, session_id, invitation_id)
    return Response(status_code=204)


@router.post("/api/invitations/look", responses={200: {"model": InvitationLookJson}})
async def look_at_invitation(api: Api, request: Request, body: InvitationCodeBody) -> JSONResponse:
    """What an invitation asks, and when the appointment is; no patient's name."""
    await api.rate_limits.count_exchange(request)
    look = await api.invitation_door.look(body.code)
    answer: InvitationLookJson = {
        "check": look.check.value,
        "startsAt": to_text(look.starts_at),
        "doctor": {"displayName": look.doctor} if look.doctor else None,
        "sentTo": look.sent_to,
        "locked": False,
    }
    return JSONResponse(answer)


@router.post("/api/invitations/send-code", status_code=202, responses={202: {"model": CodeSentJson}})
async def send_one_time_code(api: Api, request: Request, body: InvitationCodeBody) -> JSONResponse:
    """Has a one-time code sent to the address that the invitation was made with."""
    await api.rate_limits.count_exchange(request)
    sent_to = await api.invitation_door.send_code(body.code)
    answer: CodeSentJson = {"sentTo": sent_to, "validFor": round(CODE_LIFETIME.total_seconds())}
    return JSONResponse(answer, 202)


@router.post("/api/invitations/open", responses={200: {"model": InvitationOpenedJson}})
async def open_invitation(api: Api, request: Request, body: OpenInvitationBody) -> JSONResponse:
    """A fresh consultation link for the right answer; five wrong ones lock the invitation."""
    await api.rate_limits.count_exchange(request)
    opened = await api.invitation_door.open(body.code, Answer(body.birth_date, body.one_time_code))
    answer: InvitationOpenedJson = {"url": consultation_url(api.public_url, opened.session_id, opened.token)}
    return JSONResponse(answer)


def _listed(listed: ListedInvitation) -> ListedInvitationJson:
    invitation = listed.invitation
    return {
        "invitationId": invitation.id,
        "userType": invitation.user_type.value,
        "userId": invitation.user_id,
        "displayName": listed.display_name,
        "check": invitation.asked.check.value,
        "createdAt": to_text(invitation.created_at),
        "expiresAt": to_text(listed.expires_at),
        "openedAt": to_text(invitation.opened_at) if invitation.opened_at else None,
        "revokedAt": to_text(invitation.revoked_at) if invitation.revoked_at else None,
        "lockedAt": to_text(invitation.locked_at) if invitation.locked_at else None,
        "wrongTries": invitation.wrong_tries,
        "sentTo": invitation.asked.sent_to,
        "state": listed.state.value,
    }
