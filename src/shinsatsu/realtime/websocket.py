"""The event stream over a WebSocket: joins the plain `EventStream` to the hub, the store and its participant."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import structlog
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from shinsatsu.domain.credentials import Grant
from shinsatsu.domain.errors import (
    Conflict,
    Forbidden,
    NotFound,
    ShinsatsuError,
    Unauthenticated,
    Unavailable,
)
from shinsatsu.realtime.hub import Hub, Viewer
from shinsatsu.realtime.messages import MediaState
from shinsatsu.realtime.projection import as_seen_by, event_message, snapshot_message, turn_of
from shinsatsu.realtime.session import CloseCode, EventStream
from shinsatsu.realtime.sockets import close_stream, closing_of, origin_allowed, own_origin, refuse_stream, send_all
from shinsatsu.service.presence import Presence
from shinsatsu.service.session_manager import SessionManager

BACKLOG_LIMIT = 500
ASK_AGAIN_SECONDS = 30.0

log = structlog.get_logger(__name__)

Authenticate = Callable[[WebSocket], Awaitable[Grant]]


class Streams:
    """Serves event streams; `authenticate` finds the grant that a WebSocket speaks for, or raises Unauthenticated."""

    def __init__(
        self,
        sessions: SessionManager,
        presence: Presence,
        hub: Hub,
        authenticate: Authenticate,
        *,
        origins: Collection[str],
        presence_grace: float,
        server_id: str,
    ) -> None:
        self._sessions = sessions
        self._presence = presence
        self._hub = hub
        self._authenticate = authenticate
        self._origins = frozenset(origins)
        self._grace = presence_grace
        self._server_id = server_id
        self._goodbyes: set[asyncio.Task[None]] = set()

    def router(self) -> APIRouter:
        """The stream's address."""
        router = APIRouter()
        router.add_api_websocket_route("/api/video-sessions/{session_id}/events", self.serve)
        return router

    async def serve(self, websocket: WebSocket) -> None:
        """One stream from its opening to its end."""
        if not origin_allowed(websocket.headers.get("origin"), own_origin(websocket), self._origins):
            websocket.state.refused = Forbidden("origin")
            await websocket.close()  # before it is accepted: the browser is answered 403
            return
        await websocket.accept()
        session_id = websocket.path_params["session_id"]
        try:
            after = _number(websocket.query_params.get("after"))
            grant = await self._authenticate(websocket)
        except ShinsatsuError as refused:
            await refuse_stream(websocket, refused)
            return
        viewer = self._hub.enter(session_id, grant.user, websocket.query_params.get("participantId"), grant.id)
        stream = EventStream(after, time.monotonic())
        connection = _Connection(websocket, session_id, grant, viewer, stream, f"{self._server_id}:{uuid4().hex}")
        try:
            await self._run(connection)
        finally:
            self._hub.leave(session_id, viewer)
            self._say_goodbye(connection)

    async def stop(self) -> None:
        """Lets go of what still waits to be said; participants stay as they are and come back to the next server."""
        for task in self._goodbyes:
            task.cancel()
        await asyncio.gather(*self._goodbyes, return_exceptions=True)

    async def _run(self, connection: "_Connection") -> None:
        try:
            await self._catch_up(connection)
            await self._ask_again(connection)  # it may have ended while nobody knew of this stream yet
            await self._appear(connection)
        except ShinsatsuError as refused:
            connection.websocket.state.refused = refused
            closing = closing_of(refused)
            connection.stream.close(closing.code, closing.reason)
        reader = asyncio.create_task(self._read(connection), name="stream reader")
        try:
            await self._pump(connection)
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
                await reader

    async def _catch_up(self, connection: "_Connection") -> None:
        """Gives the stream what the store has: the events it lacks, or the snapshot where they are too many."""
        stream, viewer = connection.stream, connection.viewer
        user, session_id = connection.grant.user, connection.session_id
        snapshot, events = await self._sessions.catch_up(user, session_id, stream.last, BACKLOG_LIMIT)
        turn = turn_of(events, snapshot.view) if events is not None else None
        if events is None or turn is not None:
            stream.snapshot(snapshot.seq, snapshot_message(snapshot, viewer.participant_id, turn))
        else:
            view = as_seen_by(user, snapshot.view, events)
            for event in events:
                stream.event(event.seq, event_message(event, view))
        if snapshot.view.session.over:
            stream.close(CloseCode.SESSION_OVER, "the session is over")
        else:
            viewer.tell_permissions(snapshot.view)

    async def _appear(self, connection: "_Connection") -> None:
        participant_id = connection.viewer.participant_id
        if participant_id is not None and connection.stream.closing is None:
            await self._presence.connected(connection.grant.user, connection.session_id, participant_id, connection.id)
            connection.appeared = True

    async def _read(self, connection: "_Connection") -> None:
        """Hears the client until it goes away; what it says is obeyed one after the other."""
        while True:
            message = await connection.websocket.receive()
            if message["type"] == "websocket.disconnect":
                connection.gone = True
                connection.viewer.news.set()
                return
            said = connection.stream.receive(message.get("text") or "", time.monotonic())
            connection.viewer.news.set()
            if said is not None:
                await self._obey(connection, said)

    async def _obey(self, connection: "_Connection", said: MediaState) -> None:
        participant_id = connection.viewer.participant_id
        if participant_id is None:
            connection.stream.refuse("invalid_message", "media_state: this stream carries nobody's presence.")
            return
        try:
            await self._presence.media_state(
                connection.grant.user, connection.session_id, participant_id, said.audio_muted, said.video_muted
            )
        except ShinsatsuError as refused:
            connection.stream.refuse(refused.code, refused.detail)
        connection.viewer.news.set()

    async def _pump(self, connection: "_Connection") -> None:
        """Sends what there is to send, until the stream or its client is over."""
        stream, viewer = connection.stream, connection.viewer
        while True:
            while viewer.arrived:
                seq, message = viewer.arrived.popleft()
                if seq is not None:
                    stream.event(seq, message)
                elif message is not None:
                    stream.note(message)
            if stream.gap and stream.closing is None:
                await self._refill(connection)
            if viewer.closing is not None:
                stream.close(viewer.closing.code, viewer.closing.reason)
            if connection.gone or not await send_all(connection.websocket, stream.take()):
                return
            if stream.closing is not None:
                await close_stream(connection.websocket, stream.closing)
                return
            await self._wait(connection)

    async def _wait(self, connection: "_Connection") -> None:
        """Waits for news, the next heartbeat or the grant's end."""
        stream, viewer = connection.stream, connection.viewer
        now = time.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(stream.deadline, connection.grant_ends) - now)):
                await viewer.news.wait()
        viewer.news.clear()
        now = time.monotonic()
        stream.tick(now)
        if now >= connection.grant_ends:
            stream.close(CloseCode.NO_GRANT, "the grant has ended")
        elif now >= connection.ask_again_at:
            connection.ask_again_at = now + ASK_AGAIN_SECONDS
            await self._ask_again(connection)

    async def _ask_again(self, connection: "_Connection") -> None:
        """The grant may have been taken back, its account blocked, or its role changed, on another server."""
        try:
            grant = await self._authenticate(connection.websocket)
            await self._sessions.get(grant.user, connection.session_id)
            if grant.user.role is not connection.grant.user.role:
                connection.stream.close(CloseCode.RESYNC_REQUIRED, "role_changed")
        except (Unauthenticated, NotFound, Forbidden) as gone:
            closing = closing_of(gone)
            connection.stream.close(closing.code, closing.reason)
        except Unavailable:
            return  # asked again a while later

    async def _refill(self, connection: "_Connection") -> None:
        try:
            await self._catch_up(connection)
        except ShinsatsuError as refused:
            closing = closing_of(refused)
            connection.stream.close(closing.code, closing.reason)

    def _say_goodbye(self, connection: "_Connection") -> None:
        """Notes the absence after a grace, unless the participant is back on another stream by then."""
        closing = connection.stream.closing
        if not connection.appeared or (
            closing and closing.code in (CloseCode.SESSION_OVER, CloseCode.STALE_PARTICIPANT)
        ):
            return

        async def goodbye() -> None:
            await asyncio.sleep(self._grace)
            participant_id = connection.viewer.participant_id
            if participant_id is None:
                return
            try:
                await self._presence.disconnected(
                    connection.grant.user, connection.session_id, participant_id, connection.id
                )
            except (NotFound, Conflict, Unavailable) as error:
                log.info("absence not noted", session_id=connection.session_id, code=error.code)

        task = asyncio.create_task(goodbye(), name="stream goodbye")
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)


@dataclass(slots=True, eq=False)
class _Connection:
    """One WebSocket, what it may see, and whether its client is still there."""

    websocket: WebSocket
    session_id: str
    grant: Grant
    viewer: Viewer
    stream: EventStream
    id: str
    grant_ends: float = 0.0
    ask_again_at: float = 0.0
    appeared: bool = False
    gone: bool = False

    def __post_init__(self) -> None:
        self.ask_again_at = time.monotonic() + ASK_AGAIN_SECONDS
        self.grant_ends = time.monotonic() + (self.grant.expires_at - datetime.now(UTC)).total_seconds()


def _number(text: str | None) -> int | None:
    """`after` as a number; anything else asks for the snapshot."""
    return int(text) if text is not None and text.isdecimal() and len(text) < 16 else None
