"""Who is asking: a key, a grant or a host's JWT as a Bearer token, or the cookie that a header names."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from shinsatsu.api.context import ApiContext, api_context
from shinsatsu.domain.access_errors import HostTokenGone, HostTokenInvalid
from shinsatsu.domain.credentials import LOGIN_LIFETIME, Grant, Login
from shinsatsu.domain.errors import Unauthenticated
from shinsatsu.domain.roles import AuthUser
from shinsatsu.service.access_log import Proved
from shinsatsu.service.host_tokens import HostTokens
from shinsatsu.service.keys import API_KEY_PREFIX

COOKIE_PREFIX = "shinsatsu_grant_"
GRANT_HEADER = "shinsatsu-grant"
GRANT_QUERY = "grant"
LOGIN_COOKIE_PREFIX = "shinsatsu_login_"
LOGIN_HEADER = "shinsatsu-login"
LOGIN_QUERY = "login"
DOTS_OF_A_JWT = 2
BACKGROUND_HEADER = "shinsatsu-background"


async def authenticated(request: Request) -> AuthUser:
    """The caller; raises Unauthenticated, or 429 when this address was refused too often."""
    context = api_context(request)
    try:
        bearer = bearer_token(request)
        if bearer is not None and bearer.startswith(API_KEY_PREFIX):
            user = await context.keys.user_of(bearer)
            return prove(request, user, f"key:{user.user_id}")
        if bearer is not None and bearer.count(".") == DOTS_OF_A_JWT and context.host_tokens is not None:
            proved = await _by_host_token(context.host_tokens, bearer)
            return prove(request, proved.user, proved.credential)
        if bearer is None and LOGIN_HEADER in request.headers:
            return (await login_of(context, request, request.headers[LOGIN_HEADER])).user
        return (await grant_of(context, request, bearer, request.headers.get(GRANT_HEADER))).user
    except Unauthenticated:
        await context.rate_limits.count_failure(request)
        raise


async def _by_host_token(host_tokens: HostTokens, token: str) -> Proved:
    """Whom the host application's JWT lets act; whatever is wrong with it, it is no credential."""
    try:
        return await host_tokens.user_of(token)
    except (HostTokenInvalid, HostTokenGone):
        raise Unauthenticated("This credential is not valid.") from None


async def grant_of(context: ApiContext, connection: HTTPConnection, bearer: str | None, selector: str | None) -> Grant:
    """The grant of a Bearer token, or of the cookie that `selector` names; raises Unauthenticated."""
    if bearer is not None:
        try:
            grant = await context.access.grant(bearer)
        except Unauthenticated:  # it may have been meant as an API key
            raise Unauthenticated("This credential is not valid.") from None
    else:
        cookie = connection.cookies.get(COOKIE_PREFIX + selector) if selector else None
        if cookie is None:
            raise Unauthenticated("A grant or an API key is needed.")
        grant = await context.access.grant(cookie, selector)
    prove(connection, grant.user, f"grant:{grant.id}")
    return grant


async def login_of(context: ApiContext, connection: HTTPConnection, selector: str | None) -> Login:
    """The login of the cookie that `selector` names; raises Unauthenticated. Nothing else opens the console."""
    cookie = connection.cookies.get(LOGIN_COOKIE_PREFIX + selector) if selector else None
    if cookie is None or selector is None:
        raise Unauthenticated("A login is needed.")
    # A stream that stays open, and a page that asks by itself, are no sign of anybody being there.
    waiting = connection.scope["type"] != "http" or connection.headers.get(BACKGROUND_HEADER) == "1"
    login = await context.logins.login(cookie, selector, sign_of_life=not waiting)
    prove(connection, login.user, f"login:{login.id}")
    return login


async def current_login(request: Request) -> Login:
    """The caller's login, for what only the console does."""
    context = api_context(request)
    try:
        return await login_of(context, request, request.headers.get(LOGIN_HEADER))
    except Unauthenticated:
        await context.rate_limits.count_failure(request)
        raise


def prove(connection: HTTPConnection, user: AuthUser, credential: str) -> AuthUser:
    """Notes who stands behind the connection: every way in says it, and the record of accesses names them."""
    connection.state.proved = Proved(user, credential)
    return user


def bearer_token(connection: HTTPConnection) -> str | None:
    """The Bearer token (RFC 6750), None where no Authorization was sent; raises Unauthenticated for another scheme."""
    header = connection.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Authorization must be a Bearer token.")
    return token.strip()


def grant_cookies(cookies: Mapping[str, str]) -> dict[str, str]:
    """The grants a browser holds: id → secret."""
    return {
        name.removeprefix(COOKIE_PREFIX): secret for name, secret in cookies.items() if name.startswith(COOKIE_PREFIX)
    }


def held_logins(cookies: Mapping[str, str]) -> dict[str, str]:
    """The logins a browser holds: id → secret."""
    prefix = LOGIN_COOKIE_PREFIX
    return {name.removeprefix(prefix): secret for name, secret in cookies.items() if name.startswith(prefix)}


def set_login_cookie(response: Response, login: Login, secret: str, *, secure: bool) -> None:
    """Gives the browser the login, out of reach of scripts and of other sites."""
    response.set_cookie(
        LOGIN_COOKIE_PREFIX + login.id,
        secret,
        max_age=int(LOGIN_LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=secure,
    )


def set_grant_cookie(response: Response, grant: Grant, secret: str, *, secure: bool) -> None:
    """Gives the browser the grant under a name of its own, out of reach of scripts."""
    response.set_cookie(
        COOKIE_PREFIX + grant.id,
        secret,
        max_age=int((grant.expires_at - grant.created_at).total_seconds()),
        httponly=True,
        samesite="lax",
        secure=secure,
    )


Caller = Annotated[AuthUser, Depends(authenticated)]
LoginCaller = Annotated[Login, Depends(current_login)]
