"""The console's door: a one-time link becomes a worker's login; a login gives itself a grant to enter a call."""

from ipaddress import ip_address

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from shinsatsu.api.answers import GrantJson, LoginJson, LoginsJson
from shinsatsu.api.auth import LoginCaller, held_logins, set_grant_cookie, set_login_cookie
from shinsatsu.api.context import Api
from shinsatsu.api.entrance import grant_json
from shinsatsu.api.login import browser_named, login_json
from shinsatsu.api.requests import ExchangeBody
from shinsatsu.api.sessions import SessionId
from shinsatsu.domain.errors import NotFound

router = APIRouter(tags=["Console"])


@router.post("/api/console/exchange", responses={200: {"model": LoginJson}})
async def exchange_console_link(api: Api, request: Request, body: ExchangeBody) -> JSONResponse:
    """Uses a console link up and sets the login's cookie; only on this machine, and where such links are given out."""
    await api.rate_limits.count_exchange(request)
    if not api.console_links or not _is_loopback(request):
        raise NotFound("There is no such way in here.")
    login, secret = await api.logins.open(body.token, body.proof, browser_named(request))
    response = JSONResponse(login_json(api, login))
    set_login_cookie(response, login, secret, secure=api.secure)
    return response


@router.get("/api/console/logins", responses={200: {"model": LoginsJson}})
async def list_logins(api: Api, request: Request) -> JSONResponse:
    """The live logins this browser holds, from its cookies alone."""
    return JSONResponse(
        {"logins": [login_json(api, login) for login in await api.logins.held(held_logins(request.cookies))]}
    )


@router.delete("/api/console/login", status_code=204)
async def end_login(api: Api, login: LoginCaller) -> Response:
    """Ends the caller's own login."""
    await api.logins.end(login)
    return Response(status_code=204)


@router.post("/api/video-sessions/{sessionId}/grants", status_code=201, responses={201: {"model": GrantJson}})
async def grant_oneself(api: Api, login: LoginCaller, session_id: SessionId) -> JSONResponse:
    """A grant for oneself in the session's appointment, to enter the call with."""
    grant, secret = await api.logins.grant(login, session_id)
    response = JSONResponse(grant_json(grant), 201)
    set_grant_cookie(response, grant, secret, secure=api.secure)
    return response


def _is_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
