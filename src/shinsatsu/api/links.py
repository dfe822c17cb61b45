"""Consultation links: minted for people of a session, listed, taken back."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from starlette.responses import JSONResponse

from shinsatsu.api.answers_links import LinkJson, LinksJson, ListedLinkJson
from shinsatsu.api.auth import Caller
from shinsatsu.api.context import Api
from shinsatsu.api.requests_links import LinkBody
from shinsatsu.api.sessions import SessionId
from shinsatsu.domain.roles import UserType
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.links import ListedLink

router = APIRouter(prefix="/api/video-sessions/{sessionId}/links", tags=["Links"])
LinkId = Annotated[str, Path(alias="linkId", max_length=64)]


@router.post("", status_code=201, responses={201: {"model": LinkJson}})
async def mint_link(api: Api, caller: Caller, session_id: SessionId, body: LinkBody) -> JSONResponse:
    """A fresh link for one person of the session; their earlier unused ones are worth nothing any more."""
    minted = await api.links.mint(caller, session_id, UserType(body.user_type), body.user_id)
    url = consultation_url(api.public_url, session_id, minted.token)
    answer: LinkJson = {"linkId": minted.id, "url": url, "expiresAt": to_text(minted.expires_at)}
    return JSONResponse(answer, 201)


@router.get("", responses={200: {"model": LinksJson}})
async def list_links(api: Api, caller: Caller, session_id: SessionId) -> JSONResponse:
    """Every link of the session's appointment, newest first; never its token."""
    return JSONResponse({"links": [_listed(one) for one in await api.links.list(caller, session_id)]})


@router.delete("/{linkId}", status_code=204)
async def revoke_link(api: Api, caller: Caller, session_id: SessionId, link_id: LinkId) -> Response:
    """Takes a link back, and the grant it gave: its streams end at once, and the stay that nothing else carries."""
    await api.links.revoke(caller, session_id, link_id)
    return Response(status_code=204)


def consultation_url(public_url: str, session_id: str, token: str) -> str:
    """A consultation link's address (spec §6.2)."""
    return f"{public_url}/consultation/{session_id}?token={token}"


def _listed(listed: ListedLink) -> ListedLinkJson:
    link = listed.link
    return {
        "linkId": link.id,
        "userType": link.user_type.value,
        "userId": link.user_id,
        "displayName": listed.display_name,
        "createdAt": to_text(link.created_at),
        "createdBy": {"userType": link.created_by_type.value, "userId": link.created_by_id},
        "expiresAt": to_text(link.expires_at),
        "usedAt": to_text(link.used_at) if link.used_at else None,
        "revokedAt": to_text(link.revoked_at) if link.revoked_at else None,
        "state": listed.state.value,
    }
