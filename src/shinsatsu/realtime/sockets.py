"""What every WebSocket of ours does the same: whom it lets open it, how it sends, and how it says why it ends."""

import asyncio
import contextlib
from collections.abc import Collection

from starlette.websockets import WebSocket, WebSocketDisconnect

from shinsatsu.domain.errors import (
    Conflict,
    Forbidden,
    NotFound,
    ShinsatsuError,
    StaleParticipant,
    Unauthenticated,
)
from shinsatsu.domain.login_errors import LoginExpired
from shinsatsu.realtime.session import CloseCode, Closing

SEND_TIMEOUT = 10.0


def origin_allowed(origin: str | None, own: str, allowed: Collection[str]) -> bool:
    """Whether a WebSocket may be opened from there: our own pages, listed origins, and programs, which send none."""
    return origin is None or origin.lower() in {own, *allowed}


def own_origin(websocket: WebSocket) -> str:
    """The origin that the page of this connection's address has (RFC 6454), its scheme as a trusted proxy told it."""
    scheme = "https" if websocket.url.scheme == "wss" else "http"
    return f"{scheme}://{websocket.headers.get('host', '').lower()}"


def closing_of(error: ShinsatsuError) -> Closing:
    """The close code that says what an error says."""
    match error:
        case LoginExpired():
            return Closing(CloseCode.NO_GRANT, error.reason)
        case Unauthenticated():
            return Closing(CloseCode.NO_GRANT, error.code)
        case Forbidden():
            return Closing(CloseCode.MAY_NOT_VIEW, error.reason)
        case NotFound():
            return Closing(CloseCode.NO_SUCH_SESSION, error.code)
        case StaleParticipant():
            return Closing(CloseCode.STALE_PARTICIPANT, error.code)
        case Conflict():
            return Closing(CloseCode.SESSION_OVER, error.code)
    return Closing(CloseCode.RESYNC_REQUIRED, error.code)


async def refuse_stream(websocket: WebSocket, error: ShinsatsuError) -> None:
    """Closes a stream that may not open, and leaves word of it for the record."""
    websocket.state.refused = error
    await close_stream(websocket, closing_of(error))


async def send_all(websocket: WebSocket, messages: list[str]) -> bool:
    """Sends; False when the client is gone or takes nothing any more."""
    try:
        async with asyncio.timeout(SEND_TIMEOUT):
            for text in messages:
                await websocket.send_text(text)
    except (TimeoutError, WebSocketDisconnect, RuntimeError):  # RuntimeError: the close was already under way
        return False
    return True


async def close_stream(websocket: WebSocket, closing: Closing) -> None:
    with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(SEND_TIMEOUT):
            await websocket.close(int(closing.code), closing.reason)
