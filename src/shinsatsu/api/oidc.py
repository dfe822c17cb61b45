"""Staff log in at the provider: there and back by redirects; what went wrong the console's page says."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from shinsatsu.api.auth import set_login_cookie
from shinsatsu.api.context import Api, ApiContext
from shinsatsu.api.login import browser_named
from shinsatsu.domain.access_errors import OidcFailure, OidcStateInvalid, OidcUnavailable
from shinsatsu.domain.errors import NotFound
from shinsatsu.service.oidc_logins import HOME, LASTS, Answer, OidcLogins, handle_of

OIDC_PATH = "/api/login/oidc"
CALLBACK_PATH = OIDC_PATH + "/callback"
NOTE_COOKIE_PREFIX = "shinsatsu_oidc_"
LONGEST = 4096
BACK = {"description": "Back to the console, which says what went wrong"}
Text = Annotated[str | None, Query(max_length=LONGEST)]

router = APIRouter(prefix=OIDC_PATH, tags=["Staff login"])


@router.get("/start", status_code=302, response_class=Response, responses={303: BACK})
async def start_at_provider(
    api: Api, request: Request, return_to: Annotated[str | None, Query(alias="return", max_length=LONGEST)] = None
) -> Response:
    """Sends the browser to the provider, with a note of its own for ten minutes; back to the console if that fails."""
    oidc = await _way_in(api, request)
    try:
        started = await oidc.start(return_to)
    except OidcUnavailable as failure:
        return _failed(failure)
    response = RedirectResponse(started.address, 302)
    # Lax: the provider sends the browser back here from its own site.
    response.set_cookie(
        NOTE_COOKIE_PREFIX + started.handle,
        started.note,
        max_age=int(LASTS.total_seconds()),
        path=OIDC_PATH,
        httponly=True,
        samesite="lax",
        secure=api.secure,
    )
    return response


@router.get("/callback", status_code=303, response_class=Response)
async def come_back_from_provider(
    api: Api, request: Request, state: Text = None, code: Text = None, error: Text = None, iss: Text = None
) -> Response:
    """Logs in whom the provider vouches for, in the browser that began it, and sends it on to the console."""
    oidc = await _way_in(api, request)
    cookie = NOTE_COOKIE_PREFIX + handle_of(state or "")
    answer = Answer(state or "", code, error, iss)
    try:
        opened, return_to = await oidc.finish(request.cookies.get(cookie), answer, browser_named(request))
    except OidcFailure as failure:
        if isinstance(failure, OidcStateInvalid):
            request.state.refused = failure
        response = _failed(failure)
    else:
        response = RedirectResponse(return_to, 303)
        set_login_cookie(response, opened.login, opened.secret, secure=api.secure)
    response.delete_cookie(cookie, path=OIDC_PATH, secure=api.secure, httponly=True, samesite="lax")
    return response


async def _way_in(api: ApiContext, request: Request) -> OidcLogins:
    await api.rate_limits.count_login(request)
    if api.oidc is None:
        raise NotFound("There is no such way in here.")
    return api.oidc


def _failed(failure: OidcFailure) -> Response:
    return RedirectResponse(f"{HOME}?loginError={failure.code}", 303)
