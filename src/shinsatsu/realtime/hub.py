"""Who watches which consultation: each event is turned into a message once and goes to every viewer's bounded queue."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from shinsatsu.domain.errors import Forbidden, NotFound, Unavailable
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.roles import Action, AuthUser
from shinsatsu.realtime.projection import event_message
from shinsatsu.realtime.session import CloseCode, Closing
from shinsatsu.service.guard import authorize
from shinsatsu.service.views import SessionView, Snapshot

QUEUE_LENGTH = 256

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Viewer:
    """One stream's end of the hub: what arrived for it, and whether it is to end."""

    user: AuthUser
    participant_id: str | None
    arrived: deque[tuple[int, str | None]] = field(default_factory=deque)
    closing: Closing | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, seq: int, message: str | None) -> None:
        """Queues one message; a viewer that reads too slowly is sent away, to resume later."""
        if len(self.arrived) >= QUEUE_LENGTH:
            self.close(CloseCode.RESYNC_REQUIRED, "resync_required")
        else:
            self.arrived.append((seq, message))
            self.news.set()

    def close(self, code: CloseCode, reason: str) -> None:
        """Asks the stream to end after what is queued; the first reason stays."""
        self.closing = self.closing or Closing(code, reason)
        self.news.set()


@dataclass(slots=True, eq=False)
class _Channel:
    viewers: set[Viewer] = field(default_factory=set)
    fresh: list[StoredEvent] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class Hub:
    """The viewers of this process; `load` reads a session as it stands now."""

    def __init__(self, load: Callable[[str], Awaitable[Snapshot]]) -> None:
        self._load = load
        self._channels: dict[str, _Channel] = {}
        self._stopped = False

    def enter(self, session_id: str, user: AuthUser, participant_id: str | None) -> Viewer:
        """Adds a viewer: whatever is committed from now on reaches its queue."""
        viewer = Viewer(user, participant_id)
        self._channels.setdefault(session_id, _Channel()).viewers.add(viewer)
        if self._stopped:
            viewer.close(CloseCode.GOING_AWAY, "the server stops")
        return viewer

    def leave(self, session_id: str, viewer: Viewer) -> None:
        """Takes a viewer out."""
        channel = self._channels.get(session_id)
        if channel is not None:
            channel.viewers.discard(viewer)
            if not channel.viewers and channel.task is None:
                del self._channels[session_id]

    def on_events(self, session_id: str, events: Sequence[StoredEvent]) -> None:
        """Takes the events of a commit; returns at once, the viewers are served behind it."""
        channel = self._channels.get(session_id)
        if channel is None:
            return
        channel.fresh.extend(events)
        if channel.task is None:
            channel.task = asyncio.create_task(self._serve(session_id, channel), name="stream channel")

    def stop(self) -> None:
        """Says goodbye to every viewer (1001)."""
        self._stopped = True
        for channel in self._channels.values():
            for viewer in channel.viewers:
                viewer.close(CloseCode.GOING_AWAY, "the server stops")

    async def _serve(self, session_id: str, channel: _Channel) -> None:
        try:
            while channel.fresh and channel.viewers:
                try:
                    snapshot = await self._load(session_id)
                except Unavailable:
                    # The events are safe in the store: the viewers come back for them.
                    channel.fresh.clear()
                    for viewer in channel.viewers:
                        viewer.close(CloseCode.RESYNC_REQUIRED, "resync_required")
                    return
                # An event committed after the state was read waits for the next reading: it may be about
                # somebody who is not in it.
                events = [event for event in channel.fresh if event.seq <= snapshot.seq]
                channel.fresh = [event for event in channel.fresh if event.seq > snapshot.seq]
                _tell(channel.viewers, events, snapshot.view)
        finally:
            channel.task = None
            if not channel.viewers:
                self._channels.pop(session_id, None)


def closing_for(viewer: Viewer, events: Sequence[StoredEvent], view: SessionView) -> Closing | None:
    """Why a viewer's stream ends after these events, None when it goes on."""
    left = [event.metadata for event in events if event.event_type is EventType.LEFT]
    own_ends = {one["reason"] for one in left if one["participantId"] == viewer.participant_id}
    if "superseded" in own_ends:
        return Closing(CloseCode.STALE_PARTICIPANT, "stale_participant")
    if view.session.over:
        return Closing(CloseCode.SESSION_OVER, "the session is over")
    try:
        authorize(viewer.user, Action.VIEW, view.consultation)
    except NotFound:
        return Closing(CloseCode.NO_SUCH_SESSION, "not_found")
    except Forbidden as refused:
        return Closing(CloseCode.MAY_NOT_VIEW, refused.reason)
    if "booking_changed" in own_ends:  # still in the booking, as something else: come in again
        return Closing(CloseCode.STALE_PARTICIPANT, "stale_participant")
    return None


def _tell(viewers: set[Viewer], events: Sequence[StoredEvent], view: SessionView) -> None:
    messages = [(event.seq, event_message(event, view)) for event in events]
    for viewer in viewers:
        for seq, message in messages:
            viewer.put(seq, message)
        if closing := closing_for(viewer, events, view):
            viewer.close(closing.code, closing.reason)
