"""One request to the Calls API: authorised, retried within bounds, and its failures told in our own errors.

The secret travels in the header alone; neither it nor any body is ever logged or put into an error.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import httpx
import structlog

from shinsatsu.domain.errors import (
    MediaNegotiationRefused,
    MediaPlaneError,
    MediaSessionGone,
    MediaSessionNotReady,
)

log = structlog.get_logger(__name__)

JsonObject = Mapping[str, object]

_BACKOFF = (0.1, 0.3, 0.9)
_NOT_READY_WAITS = (0.1, 0.2, 0.4, 0.8, 1.5, 2.0)
_LONGEST_RETRY_AFTER = 3.0
_PASSING = frozenset({"internal_error", "backend_error", "temporarily_unavailable_error"})
_MOST_DESCRIPTION = 200
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose body was read as a JSON object; `code` is its errorCode, "" when the call worked."""

    status: int
    body: JsonObject
    code: str = ""
    retry_after: float | None = None

    @property
    def passing(self) -> bool:
        """Whether the failure is one that trying again can cure."""
        return self.code in _PASSING or self.status == 429 or self.status >= 500


class Attempt(NamedTuple):
    """What one try came to: a reply, or the failure to get one and whether the request may be sent again."""

    reply: Reply | None
    failure: str = ""
    again: bool = False


class CallsHttp:
    """Requests below one app's address, on one pool of kept-alive connections; `sleep` waits between tries."""

    def __init__(
        self,
        base_url: str,
        app_id: str,
        app_secret: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sleep = sleep
        self._client = httpx.AsyncClient(
            base_url=f"{base_url.rstrip('/')}/apps/{app_id}/",
            headers={"Authorization": f"Bearer {app_secret}"},
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=60.0),
            transport=transport,
            # The plane's address and secret are ours alone: no proxy of the environment gets to see them.
            trust_env=False,
        )

    async def close(self) -> None:
        """Closes the pool."""
        await self._client.aclose()

    async def call(self, method: str, path: str, body: JsonObject | None = None, *, timeout: float) -> JsonObject:
        """The answer's body; raises the MediaPlaneError family. Each try has `timeout` seconds."""
        reply = await self.request(method, path, body, timeout=timeout)
        if reply.code or reply.status >= 400:
            raise error_of(reply)
        return reply.body

    async def request(self, method: str, path: str, body: JsonObject | None = None, *, timeout: float) -> Reply:
        """The last reply, errors too, after bounded tries; raises MediaPlaneError when there was none."""
        failures = not_ready = 0
        while True:
            attempt = await self._try(method, path, body, timeout)
            reply = attempt.reply
            if reply is None:
                if not attempt.again or failures == len(_BACKOFF):
                    raise MediaPlaneError(f"the media plane could not be reached: {attempt.failure}")
                wait, failures = _BACKOFF[failures], failures + 1
            elif reply.status == 425 and not_ready < len(_NOT_READY_WAITS):
                wait, not_ready = _NOT_READY_WAITS[not_ready], not_ready + 1
            elif reply.passing and failures < len(_BACKOFF):
                wait, failures = max(_BACKOFF[failures], reply.retry_after or 0.0), failures + 1
            else:
                return reply
            await self._sleep(wait)

    async def _try(self, method: str, path: str, body: JsonObject | None, timeout: float) -> Attempt:
        try:
            response = await self._client.request(method, path, json=body, timeout=timeout)
        except httpx.TransportError as error:
            failure = type(error).__name__
            log.warning("media plane unreachable", method=method, operation=_operation(path), failure=failure)
            return Attempt(None, failure, again=_may_repeat(method, error))
        reply = _read(response)
        if reply.code or reply.status >= 400:
            log.info(
                "media plane refused", method=method, operation=_operation(path), status=reply.status, code=reply.code
            )
        return Attempt(reply)


def _may_repeat(method: str, error: httpx.TransportError) -> bool:
    """Whether the request did no harm or may be done twice; a POST whose answer was lost may have been carried out."""
    never_sent = httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout
    # The server hung up before a byte of answer: a kept-alive connection that it had closed meanwhile.
    hung_up = httpx.RemoteProtocolError
    if isinstance(error, never_sent | hung_up):
        return True
    return method != "POST" and not isinstance(error, httpx.TimeoutException)


def _operation(path: str) -> str:
    """A path without its session id: "sessions/new", "sessions/tracks/new"."""
    first, *rest = path.split("/")
    return path if rest in ([], ["new"]) else "/".join([first, *rest[1:]])


def _read(response: httpx.Response) -> Reply:
    body: JsonObject | None = None
    if not response.content.strip() and response.is_success:
        body = {}
    else:
        try:
            parsed = response.json()
        except (ValueError, RecursionError):
            parsed = None
        body = parsed if isinstance(parsed, dict) else None
    if body is None:
        # An answer that is not JSON is no answer of the Calls API: a proxy's error page, or a wrong address.
        return Reply(response.status_code, {}, "" if response.is_error else "malformed_answer", _retry_after(response))
    return Reply(response.status_code, body, _code(body.get("errorCode")), _retry_after(response))


def _code(value: object) -> str:
    """An errorCode fit for logs: "" when there is none, "unknown_error" for anything that is not a short word."""
    if value in (None, ""):
        return ""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else "unknown_error"


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return min(float(text), _LONGEST_RETRY_AFTER) if text.isascii() and text.isdigit() else None


def error_of(reply: Reply) -> MediaPlaneError:
    """Our error for a failed call: by errorCode first, as the API's own clients read it, then by status."""
    detail = f"the media plane answered {reply.status} {reply.code}".rstrip() + _description(reply.body)
    if reply.status == 425:
        return MediaSessionNotReady(detail)
    if reply.status == 410 or (reply.code == "session_error" and reply.status != 406):
        return MediaSessionGone(detail)
    if reply.code == "invalid_session_description" or (reply.status == 406 and not reply.code):
        return MediaNegotiationRefused(detail)
    return MediaPlaneError(detail)


def _description(body: JsonObject) -> str:
    """The plane's own sentence, one line and short: text with line ends might quote the SDP that was sent."""
    text = body.get("errorDescription")
    if not isinstance(text, str) or not text:
        return ""
    return ": " + text.splitlines()[0][:_MOST_DESCRIPTION]
