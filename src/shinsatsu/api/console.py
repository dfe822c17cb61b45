"""The console's door: a one-time link becomes a worker's login; a login gives itself a grant to enter a call."""

from ipaddress import ip_address
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.responses import JSONResponse

from shinsatsu.api.answers import GrantJson, LoginJson, LoginsJson
from shinsatsu.api.auth import current_login, held_logins, set_grant_cookie, set_login_cookie
from shinsatsu.api.context import Api
from shinsatsu.api.entrance import grant_json
from shinsatsu.api.requests import MAX_ID, BlockBody, ExchangeBody
from shinsatsu.api.sessions import SessionId
from shinsatsu.domain.credentials import Login
from shinsatsu.domain.errors import NotFound
from shinsatsu.domain.roles import UserType
from shinsatsu.domain.timestamps import to_text

router = APIRouter(tags=["Console"])
LoginCaller = Annotated[Login, Depends(current_login)]


@router.post("/api/console/exchange", responses={200: {"model": LoginJson}})
async def exchange_console_link(api: Api, request: Request, body: ExchangeBody) -> JSONResponse:
    """Uses a console link up and sets the login's cookie; only on this machine, and where such links are given out."""
    await api.rate_limits.count_exchange(request)
    if not api.console_links or not _is_loopback(request):
        raise NotFound("There is no such way in here.")
    login, secret = await api.logins.open(body.token, body.proof)
    response = JSONResponse(_login(login))
    set_login_cookie(response, login, secret, secure=api.secure)
    return response


@router.get("/api/console/logins", responses={200: {"model": LoginsJson}})
async def list_logins(api: Api, request: Request) -> JSONResponse:
    """The live logins this browser holds, from its cookies alone."""
    return JSONResponse({"logins": [_login(login) for login in await api.logins.held(held_logins(request.cookies))]})


@router.delete("/api/console/login", status_code=204)
async def end_login(api: Api, login: LoginCaller) -> Response:
    """Ends the caller's own login."""
    await api.logins.end(login)
    api.console_feed.log_out(login.id)
    return Response(status_code=204)


@router.post("/api/video-sessions/{sessionId}/grants", status_code=201, responses={201: {"model": GrantJson}})
async def grant_oneself(api: Api, login: LoginCaller, session_id: SessionId) -> JSONResponse:
    """A grant for oneself in the session's appointment, to enter the call with."""
    grant, secret = await api.logins.grant(login, session_id)
    response = JSONResponse(grant_json(grant), 201)
    set_grant_cookie(response, grant, secret, secure=api.secure)
    return response


@router.post("/api/users/{userType}/{userId}/block", status_code=204)
async def block_account(
    api: Api,
    login: LoginCaller,
    user_type: Annotated[Literal["patient", "worker"], Path(alias="userType")],
    user_id: Annotated[int, Path(alias="userId", ge=1, le=MAX_ID)],
    body: BlockBody,
) -> Response:
    """Blocks an account: from now on it may do nothing, and its stays end. `blocked: false` opens it again."""
    key = (UserType(user_type), user_id)
    if body.blocked:
        await api.accounts.block(login.user, key)
        for end_streams in api.cut_off:
            end_streams(key)
    else:
        await api.accounts.unblock(login.user, key)
    return Response(status_code=204)


def _login(login: Login) -> LoginJson:
    return {
        "loginId": login.id,
        "userType": login.user.user_type.value,
        "userId": login.user.user_id,
        "role": login.user.role.value if login.user.role else None,
        "displayName": login.user.display_name,
        "expiresAt": to_text(login.expires_at),
    }


def _is_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
