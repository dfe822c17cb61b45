"""Accesses and refusals on record, in one place for every route and stream, as plain ASGI.

Whatever a proven caller reads is noted before a byte of it goes out. A refusal is noted once its answer is out, so that
neither the text nor the time of an answer depends on it. Who was proven and what was refused stand in the connection's
state: `proved` (by `auth`) and `refused` (by `problems` and the streams).
"""

import re
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shinsatsu.api.problems import HTTP_CODES, from_domain, status_of
from shinsatsu.api.rate_limits import network_of
from shinsatsu.domain.errors import ShinsatsuError, Unavailable
from shinsatsu.realtime.sockets import closing_of
from shinsatsu.service.access_log import AccessLog, Proved
from shinsatsu.service.denials import Denial, Denials

ON_RECORD = frozenset({401, 403, 404, 410, 429})
"""What counts as a refusal; 404 only where the domain said it: a stranger, or somebody trying addresses."""
WHAT = {
    "/api/video-sessions": "sessions",
    "/api/video-sessions/{sessionId}": "session",
    "/api/console/events": "console",
}
"""Route → what is read there; anywhere else the address's last fixed part says it."""
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class RefusalsNoted:
    """The outermost part: notes what was refused, also by the envelope, once the answer is out."""

    def __init__(self, app: ASGIApp, *, denials: Denials) -> None:
        self._app = app
        self._denials = denials

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            refused = scope.get("state", {}).get("refused")
            if refused is not None:
                self._note(scope, refused)

    def _note(self, scope: Scope, error: Exception) -> None:
        status, code, reason = _told(error)
        if status not in ON_RECORD:
            return
        proved: Proved | None = scope["state"].get("proved")
        denial = Denial(
            code,
            reason,
            scope.get("method", "WS"),
            _route(scope),
            _session_id(scope),
            proved.user if proved else None,
            proved.credential if proved else None,
        )
        # An attacker's flood uses up the minute of its address, not that of the people who are known there.
        address = scope["client"][0] if scope.get("client") else ""
        self._denials.note(str(proved.user.key) if proved else network_of(address), denial)


class AccessesNoted:
    """The part inside the envelope, whose headers its 503 has: shows nothing that was not noted before."""

    def __init__(self, app: ASGIApp, *, access_log: AccessLog) -> None:
        self._app = app
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reads = scope["type"] == "websocket" or scope.get("method") in ("GET", "HEAD")
        await self._app(scope, receive, self._noting(scope, receive, send) if reads else send)

    def _noting(self, scope: Scope, receive: Receive, send: Send) -> Send:
        """`send`, which notes the access before the first message that shows anything."""
        noted = withheld = False

        async def noting(message: Message) -> None:
            nonlocal noted, withheld
            if withheld:  # the rest of an answer that did not go out
                return
            if not noted and _shows(scope.get("state", {}), message):
                try:
                    await self._note_access(scope)
                except Unavailable as error:
                    withheld = True
                    await _unavailable(scope, receive, send, error)
                    return
                noted = True
            await send(message)

        return noting

    async def _note_access(self, scope: Scope) -> None:
        route = _route(scope)
        await self._access_log.read(scope["state"]["proved"], what_of(route), route, _session_id(scope))


def what_of(route: str) -> str:
    """What is read at a route: its own word, else the address's last fixed part."""
    return WHAT.get(route) or [part for part in route.split("/") if not part.startswith("{")][-1].replace("-", "_")


def _shows(state: dict[str, Any], message: Message) -> bool:
    """Whether something of somebody's goes out with this message."""
    if "proved" not in state or "refused" in state:
        return False
    if message["type"] == "http.response.start":
        return bool(message["status"] < 300)
    return bool(message["type"] == "websocket.send")


async def _unavailable(scope: Scope, receive: Receive, send: Send, error: Unavailable) -> None:
    """The answer in place of the one that could not be noted."""
    if scope["type"] == "http":
        await from_domain(Request(scope), error)(scope, receive, send)
        return
    closing = closing_of(error)
    await send({"type": "websocket.close", "code": int(closing.code), "reason": closing.reason})


def _told(error: Exception) -> tuple[int, str, str | None]:
    """Status, code and reason of what was refused."""
    if isinstance(error, ShinsatsuError):
        return status_of(error), error.code, getattr(error, "reason", None)
    assert isinstance(error, HTTPException)  # noqa: S101 - nothing else is set
    return error.status_code, HTTP_CODES.get(error.status_code, ("refused", ""))[0], None


def _route(scope: Scope) -> str:
    """The template that the address fitted; never the address itself."""
    return str(getattr(scope.get("route"), "path", "none"))


def _session_id(scope: Scope) -> str | None:
    """The consultation that the address names, whether or not there is one."""
    places = scope.get("path_params", {})
    named = places.get("sessionId") or places.get("session_id")
    return named if isinstance(named, str) and _SESSION_ID.fullmatch(named) else None
