"""Getting in: a link becomes a grant, a browser finds its grants again, the clinic says who it is."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from shinsatsu.api.answers import ClinicJson, GrantJson, GrantsJson, HealthJson
from shinsatsu.api.auth import grant_cookies, set_grant_cookie
from shinsatsu.api.context import Api
from shinsatsu.api.requests_links import LinkExchangeBody
from shinsatsu.domain.credentials import Grant

router = APIRouter(tags=["Getting in"])


@router.post("/api/links/exchange", responses={200: {"model": GrantJson}})
async def exchange_link(api: Api, request: Request, body: LinkExchangeBody) -> JSONResponse:
    """Uses a link up and sets the grant's cookie; the same token and proof get the same answer for 60 s."""
    await api.rate_limits.count_exchange(request)
    grant, secret = await api.links.exchange(body.token, body.proof, body.session_id)
    response = JSONResponse(grant_json(grant))
    set_grant_cookie(response, grant, secret, secure=api.secure)
    return response


@router.get("/api/grants", responses={200: {"model": GrantsJson}})
async def list_grants(
    api: Api, request: Request, session_id: Annotated[str, Query(alias="sessionId", max_length=64)]
) -> JSONResponse:
    """The live grants this browser holds for that session's appointment, from its cookies alone."""
    grants = await api.access.grants_for(session_id, grant_cookies(request.cookies))
    return JSONResponse({"grants": [grant_json(grant) for grant in grants]})


@router.get("/api/clinic", responses={200: {"model": ClinicJson}})
async def get_clinic(api: Api) -> JSONResponse:
    """The clinic's name and how to reach it."""
    return JSONResponse(dict(api.clinic))


@router.get("/healthz", responses={200: {"model": HealthJson}, 503: {"model": HealthJson}})
async def healthz(api: Api) -> JSONResponse:
    """Whether the server can work: 503 without its database; a lost media plane is told, and comes back by itself."""
    database, media_plane = await api.health.database(), await api.health.media_plane()
    answer: HealthJson = {
        "status": "ok" if database and media_plane else "degraded",
        "database": "ok" if database else "unavailable",
        "mediaPlane": "ok" if media_plane else "unavailable",
    }
    return JSONResponse(answer, 200 if database else 503, {"Cache-Control": "no-store"})


def grant_json(grant: Grant) -> GrantJson:
    """Whom a grant lets act, and where."""
    return {
        "grantId": grant.id,
        "sessionId": grant.session_id,
        "appointmentId": grant.appointment_id,
        "userType": grant.user.user_type.value,
        "userId": grant.user.user_id,
        "role": grant.user.role.value if grant.user.role else None,
        "displayName": grant.user.display_name,
    }
