"""What every request passes through, as plain ASGI: request id, the body's limits, security headers, the last net."""

import itertools
import re
import secrets
import traceback
from collections.abc import Collection, Sequence

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shinsatsu.api.body_limits import limited, refused_body
from shinsatsu.api.problems import HTTP_CODES, Refused, problem
from shinsatsu.api.security_headers import comes_from_elsewhere, security_headers
from shinsatsu.service.request import ADDRESS, REQUEST_ID

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")

_PROCESS = secrets.token_hex(4)
_REQUESTS = itertools.count(1)

log = structlog.get_logger(__name__)


class Envelope:
    """Wraps the application that browsers reach at `public_url`; `origins` are those whose pages may write here."""

    def __init__(
        self, app: ASGIApp, *, public_url: str, origins: Collection[str], frame_ancestors: Sequence[str] = ()
    ) -> None:
        self._app = app
        self._origins = origins
        self._headers = list(security_headers(public_url, frame_ancestors))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        ADDRESS.set(scope["client"][0] if scope.get("client") else None)
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        REQUEST_ID.set(request_id)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_enveloped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], *self._headers, (b"x-request-id", request_id.encode())]
                if scope["path"].startswith("/api/"):
                    MutableHeaders(raw=message["headers"]).setdefault("cache-control", "no-store")
            await send(message)

        refused = 403 if comes_from_elsewhere(scope["method"], headers, self._origins) else None
        refused = refused or refused_body(headers, scope["path"])
        if refused is not None:
            scope["state"]["refused"] = Refused(refused)
            await problem(request_id, refused, *HTTP_CODES[refused])(scope, receive, send_enveloped)
            return
        try:
            await self._app(scope, limited(receive), send_enveloped)
        except Exception as error:
            # The type and the place are logged, the message is not: it may quote what a person sent.
            where = traceback.format_tb(error.__traceback__)
            log.error(  # noqa: TRY400
                "request failed", method=scope["method"], request_id=request_id, error=type(error).__name__, where=where
            )
            if started:
                raise
            answer = problem(
                request_id, 500, "internal_error", "The server made a mistake; the request id finds it in the log."
            )
            await answer(scope, receive, send_enveloped)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else f"{_PROCESS}-{next(_REQUESTS):08x}"
