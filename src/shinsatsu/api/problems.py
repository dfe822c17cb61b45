"""Errors as problem+json (RFC 9457): one table from the error tree to HTTP, one shape for everything refused."""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shinsatsu.domain import access_errors, errors, invitation_errors, login_errors

RETRY_AFTER_SECONDS = 2

STATUS: Mapping[type[errors.ShinsatsuError], int] = {
    errors.Unauthenticated: 401,
    errors.LinkInvalid: 401,
    login_errors.CredentialRefused: 401,
    login_errors.SetupExpired: 410,
    login_errors.ChallengeExpired: 410,
    login_errors.AccountLocked: 429,
    errors.LinkGone: 410,
    access_errors.HostTokenGone: 410,
    access_errors.OidcFailure: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Invalid: 422,
    errors.Conflict: 409,
    errors.Unavailable: 503,
    invitation_errors.CodeTooSoon: 429,
}

HTTP_CODES: Mapping[int, tuple[str, str]] = {
    403: ("cross_site", "Another site's page cannot write here."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not know that method."),
    413: ("payload_too_large", "The body is larger than 256 KiB."),
    415: ("unsupported_media_type", "The body must be application/json."),
    429: ("rate_limited", "Too many attempts from this address; try again later."),
}


class Refused(HTTPException):
    """An HTTP answer that the domain knows nothing of: 413, 415, 429."""


def problem(
    request_id: str,
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """The problem document as a response; `members` (`field`, `reason`) that are None are left out."""
    document = {
        "type": f"urn:shinsatsu:error:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **{name: value for name, value in members.items() if value is not None},
        "requestId": request_id,
    }
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Response(content, status, headers, "application/problem+json")


def from_domain(request: Request, error: Exception) -> Response:
    """Answers any error of the domain's tree."""
    assert isinstance(error, errors.ShinsatsuError)  # noqa: S101 - what it is registered for
    request.state.refused = error
    status = status_of(error)
    headers = {}
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, login_errors.AccountLocked | invitation_errors.CodeTooSoon):
        headers["Retry-After"] = str(error.retry_after)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    members = {
        "field": error.field,
        "reason": error.reason if isinstance(error, errors.Forbidden | login_errors.LoginExpired) else None,
        "heldBy": error.held_by if isinstance(error, errors.DoctorBusy) else None,
        "triesLeft": error.tries_left if isinstance(error, invitation_errors.CheckFailed) else None,
    }
    return problem(request.state.request_id, status, error.code, error.detail, headers=headers, **members)


def status_of(error: errors.ShinsatsuError) -> int:
    """The table's word for an error or the nearest of its kinds."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def from_validation(request: Request, error: Exception) -> Response:
    """Answers a body, path or query that does not fit: malformed JSON 400, else 422 with the first wrong field."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    first = error.errors()[0]
    if first["loc"] == ("path", "sessionId"):
        return problem(request.state.request_id, 404, "not_found", "There is no such consultation.")
    if first["type"] == "json_invalid":
        return problem(request.state.request_id, 400, "malformed_json", "The body is not valid JSON.")
    field = field_path(first["loc"][1:])
    sentence = f"{field or 'The body'}: {first['msg'].removeprefix('Value error, ')}."
    return problem(request.state.request_id, 422, "invalid_request", sentence, field=field or None)


def from_http(request: Request, error: Exception) -> Response:
    """Answers what the framework or `Refused` raised."""
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    if error.status_code == 400:  # the framework's word for a body that its JSON parser could not take
        return problem(request.state.request_id, 400, "malformed_json", "The body is not valid JSON.")
    if error.status_code != 404:  # an address that nothing answers to refuses nobody
        request.state.refused = error
    code, detail = HTTP_CODES.get(error.status_code, ("refused", str(error.detail)))
    headers = {**(error.headers or {})}
    if error.status_code == 405:  # the framework names the methods of the first route that has this address
        headers["Allow"] = ", ".join(sorted(_methods_at(request.app, request.scope["path"])))
    return problem(request.state.request_id, error.status_code, code, detail, headers=headers)


def _methods_at(app: Any, path: str) -> set[str]:
    """Every method that an address knows (RFC 9110 §10.2.1): of the first route that it fits, and its namesakes."""
    fitting = [route for route in _routes(app) if route.path_regex.match(path)]
    return {method for route in fitting if route.path == fitting[0].path for method in route.methods or ()}


def _routes(holder: Any) -> Iterator[Any]:
    for route in holder.routes:
        if hasattr(route, "original_router"):
            yield from _routes(route.original_router)
        elif hasattr(route, "methods"):
            yield route


def field_path(location: tuple[int | str, ...]) -> str:
    """`("tracks", 0, "mid")` as `tracks[0].mid`."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path
