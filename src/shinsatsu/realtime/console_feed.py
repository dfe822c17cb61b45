"""The console's stream: the newest state of every session that changes and that a worker may see.

A reader gets states, not a backlog: a session that changes again before it was sent is sent once.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.credentials import Login
from shinsatsu.domain.errors import Forbidden, NotFound, ShinsatsuError, Unauthenticated, Unavailable
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.roles import Action, UserKey
from shinsatsu.realtime.messages import HEARTBEAT, encode
from shinsatsu.realtime.session import HEARTBEAT_INTERVAL, SILENCE_LIMIT, CloseCode, Closing
from shinsatsu.realtime.sockets import close_stream, closing_of, origin_allowed, own_origin, refuse_stream, send_all
from shinsatsu.service.guard import authorize
from shinsatsu.service.views import view_of
from shinsatsu.wire import session_answer

STILL_LOCKED = {
    EventType.INVITATION_LOCKED: True,
    EventType.INVITATION_UNLOCKED: False,
    EventType.INVITATION_REVOKED: False,
}
"""What a console is told of at once besides states: somebody stands before an invitation that wrong answers locked."""

AuthenticateLogin = Callable[[WebSocket], Awaitable[Login]]


@dataclass(slots=True, eq=False)
class _Reader:
    """One console: which sessions changed since they were sent, newest state of each, and whether it is to end."""

    login: Login
    fresh: dict[str, Consultation] = field(default_factory=dict)
    invitations: dict[str, tuple[Consultation, bool]] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    heard_at: float = field(default_factory=time.monotonic)
    closing: Closing | None = None
    gone: bool = False

    def take(self) -> list[str]:
        """The messages to send now."""
        fresh, self.fresh = self.fresh, {}
        invitations, self.invitations = self.invitations, {}
        states: list[dict[str, Any]] = [
            {"type": "session", "session": session_answer(view_of(consultation, self.login.user))}
            for consultation in fresh.values()
            if self._may_see(consultation)
        ]
        news: list[dict[str, Any]] = [
            {
                "type": "invitation",
                "sessionId": consultation.session.id,
                "invitationId": invitation_id,
                "locked": locked,
            }
            for invitation_id, (consultation, locked) in invitations.items()
            if self._may_see(consultation)
        ]
        return [encode(message) for message in (*states, *news)]

    def _may_see(self, consultation: Consultation) -> bool:
        try:
            authorize(self.login.user, Action.VIEW, consultation)
        except (NotFound, Forbidden):
            return False
        return True


class ConsoleFeed:
    """The consoles of this process; `authenticate` finds the login that a WebSocket speaks for."""

    def __init__(self, authenticate: AuthenticateLogin, origins: Collection[str]) -> None:
        self._authenticate = authenticate
        self._origins = frozenset(origins)
        self._readers: set[_Reader] = set()

    def router(self) -> APIRouter:
        """The stream's address."""
        router = APIRouter()
        router.add_api_websocket_route("/api/console/events", self.serve)
        return router

    def on_events(self, events: Sequence[StoredEvent], consultation: Consultation) -> None:
        """Takes the state that a commit left; returns at once."""
        for reader in self._readers:
            known = reader.fresh.get(consultation.session.id)
            if known is None or known.session.last_seq < consultation.session.last_seq:
                reader.fresh[consultation.session.id] = consultation
                reader.news.set()
            for event in events:
                if event.event_type in STILL_LOCKED:
                    locked = STILL_LOCKED[event.event_type]
                    reader.invitations[str(event.metadata["invitationId"])] = (consultation, locked)

    def watches(self, _: str) -> bool:
        """Whether any console is open here, which looks at every session."""
        return bool(self._readers)

    def resync(self) -> None:
        """Something may have been missed: every console comes back and reads the list anew."""
        for reader in self._readers:
            reader.closing = reader.closing or Closing(CloseCode.RESYNC_REQUIRED, "resync_required")
            reader.news.set()

    def log_out(self, login_id: str, reason: str) -> None:
        """Ends the streams of a login that was ended."""
        self._end({reader for reader in self._readers if reader.login.id == login_id}, reason)

    def cut_off(self, key: UserKey) -> None:
        """Ends every console of somebody who may do nothing any more."""
        self._end({reader for reader in self._readers if reader.login.user.key == key}, "account_blocked")

    def reopen(self, key: UserKey) -> None:
        """Has somebody open every console's stream anew, as whoever they are by now."""
        for reader in self._readers:
            if reader.login.user.key == key:
                reader.closing = reader.closing or Closing(CloseCode.RESYNC_REQUIRED, "role_changed")
                reader.news.set()

    def stop(self) -> None:
        """Says goodbye to every console (1001)."""
        for reader in self._readers:
            reader.closing = reader.closing or Closing(CloseCode.GOING_AWAY, "the server stops")
            reader.news.set()

    def _end(self, readers: Collection[_Reader], reason: str) -> None:
        for reader in readers:
            reader.closing = reader.closing or Closing(CloseCode.NO_GRANT, reason)
            reader.news.set()

    async def serve(self, websocket: WebSocket) -> None:
        """One console's stream from its opening to its end."""
        if not origin_allowed(websocket.headers.get("origin"), own_origin(websocket), self._origins):
            websocket.state.refused = Forbidden("origin")
            await websocket.close()  # before it is accepted: the browser is answered 403
            return
        await websocket.accept()
        try:
            reader = _Reader(await self._authenticate(websocket))
        except ShinsatsuError as refused:
            await refuse_stream(websocket, refused)
            return
        self._readers.add(reader)
        listening = asyncio.create_task(_listen(websocket, reader), name="console reader")
        try:
            await self._pump(websocket, reader)
        finally:
            self._readers.discard(reader)
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
                await listening

    async def _ask_again(self, websocket: WebSocket, reader: _Reader) -> None:
        """The login may have ended, or its account been blocked, on another server."""
        try:
            reader.login = await self._authenticate(websocket)
        except Unauthenticated as gone:
            reader.closing = reader.closing or closing_of(gone)
            reader.fresh.clear()
        except Unavailable:
            return  # asked again with the next heartbeat

    async def _pump(self, websocket: WebSocket, reader: _Reader) -> None:
        beat_at = time.monotonic()
        while True:
            messages = reader.take()
            now = time.monotonic()
            if now >= beat_at:
                await self._ask_again(websocket, reader)
                messages.append(HEARTBEAT)
                beat_at = now + HEARTBEAT_INTERVAL
            if reader.gone or not await send_all(websocket, messages):
                return
            if now - reader.heard_at > SILENCE_LIMIT:
                reader.closing = reader.closing or Closing(CloseCode.GOING_AWAY, "no sign of life")
            if reader.closing is not None:
                await close_stream(websocket, reader.closing)
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, beat_at - time.monotonic())):
                    await reader.news.wait()
            reader.news.clear()


async def _listen(websocket: WebSocket, reader: _Reader) -> None:
    """Hears the console's signs of life until it goes away."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            reader.gone = True
            reader.news.set()
            return
        reader.heard_at = time.monotonic()
