"""What every request passes through, as plain ASGI: request id, the body's limits, security headers, the last net."""

import itertools
import re
import secrets
import traceback
from collections.abc import Iterable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shinsatsu.api.problems import HTTP_CODES, Refused, problem
from shinsatsu.service.request import REQUEST_ID

MAX_BODY_BYTES = 256 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")

_PROCESS = secrets.token_hex(4)
_REQUESTS = itertools.count(1)

log = structlog.get_logger(__name__)


def content_security_policy(public_url: str, frame_ancestors: str = "'none'") -> str:
    """The page's policy: nothing inline, nothing from elsewhere; streams and media of our own.

    The WebSocket's origin is spelt out, since older Safari does not count it as 'self'.
    """
    stream_origin = "ws" + public_url.removeprefix("http")
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "media-src 'self' blob: mediastream:",
            f"connect-src 'self' {stream_origin}",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {frame_ancestors}",
        )
    )


class Envelope:
    """Wraps the application that browsers reach at `public_url`."""

    def __init__(self, app: ASGIApp, *, public_url: str) -> None:
        self._app = app
        self._headers = list(_security_headers(public_url))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        REQUEST_ID.set(request_id)
        started = False

        async def send_enveloped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], *self._headers, (b"x-request-id", request_id.encode())]
                if scope["path"].startswith("/api/"):
                    MutableHeaders(raw=message["headers"]).setdefault("cache-control", "no-store")
            await send(message)

        refused = _refusal(headers, scope["path"])
        if refused is not None:
            await problem(request_id, refused, *HTTP_CODES[refused])(scope, receive, send_enveloped)
            return
        try:
            await self._app(scope, _limited(receive), send_enveloped)
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


def _refusal(headers: Headers, path: str) -> int | None:
    """The status for a body refused by its headers alone, before a byte of it is read; None where it may come."""
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
        return 413
    has_body = length != "0" or "transfer-encoding" in headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and path.startswith("/api/") and media_type != "application/json":
        return 415
    return None


def _limited(receive: Receive) -> Receive:
    seen = 0

    async def receive_limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY_BYTES:
            raise Refused(413)
        return message

    return receive_limited


def _security_headers(public_url: str) -> Iterable[tuple[bytes, bytes]]:
    yield b"content-security-policy", content_security_policy(public_url).encode()
    yield b"referrer-policy", b"no-referrer"
    yield b"permissions-policy", b"camera=(self), microphone=(self), display-capture=(self), screen-wake-lock=(self)"
    yield b"x-content-type-options", b"nosniff"
    yield b"cross-origin-opener-policy", b"same-origin"
    if public_url.startswith("https:"):
        yield b"strict-transport-security", b"max-age=31536000"
