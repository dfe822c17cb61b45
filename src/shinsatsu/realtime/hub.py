"""Who watches which consultation: each commit becomes each viewer's messages and goes to their bounded queue.

A message is made once for all who see everything; patients and guests have their own.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import Forbidden, NotFound, Unavailable
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.roles import TIMER, Action, AuthUser, UserKey
from shinsatsu.domain.sight import Sight
from shinsatsu.realtime.projection import (
    as_seen_by,
    event_message,
    permissions_message,
    snapshot_message,
    turn_of,
)
from shinsatsu.realtime.session import CloseCode, Closing
from shinsatsu.service.guard import authorize
from shinsatsu.service.views import SessionView, Snapshot, view_of

QUEUE_LENGTH = 256

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Viewer:
    """One stream's end of the hub: what arrived for it (a note has no number), and whether it is to end."""

    user: AuthUser
    participant_id: str | None
    grant_id: str | None = None
    arrived: deque[tuple[int | None, str | None]] = field(default_factory=deque)
    closing: Closing | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    permissions: str = ""

    def put(self, seq: int | None, message: str | None) -> None:
        """Queues one message; a viewer that reads too slowly is sent away, to resume later."""
        if len(self.arrived) >= QUEUE_LENGTH:
            self.close(CloseCode.RESYNC_REQUIRED, "resync_required")
        else:
            self.arrived.append((seq, message))
            self.news.set()

    def tell_permissions(self, view: SessionView) -> None:
        """Queues what the viewer may do, where it is not what they were told last."""
        message = permissions_message(view)
        if message != self.permissions:
            self.permissions = message
            self.put(None, message)

    def close(self, code: CloseCode, reason: str) -> None:
        """Asks the stream to end after what is queued; the first reason stays."""
        self.closing = self.closing or Closing(code, reason)
        self.news.set()


@dataclass(slots=True, eq=False)
class _Channel:
    viewers: set[Viewer] = field(default_factory=set)
    fresh: list[tuple[Sequence[StoredEvent], Consultation]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class Hub:
    """The viewers of this process; `load` reads a session's snapshot as somebody sees it."""

    def __init__(self, load: Callable[[AuthUser, str], Awaitable[Snapshot]]) -> None:
        self._load = load
        self._channels: dict[str, _Channel] = {}
        self._stopped = False

    def enter(self, session_id: str, user: AuthUser, participant_id: str | None, grant_id: str | None = None) -> Viewer:
        """Adds a viewer: whatever is committed from now on reaches its queue."""
        viewer = Viewer(user, participant_id, grant_id)
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

    def on_events(self, events: Sequence[StoredEvent], consultation: Consultation) -> None:
        """Takes the events of a commit and the state it left; returns at once, the viewers are served behind it."""
        session_id = consultation.session.id
        channel = self._channels.get(session_id)
        if channel is None:
            return
        channel.fresh.append((events, consultation))
        if channel.task is None:
            channel.task = asyncio.create_task(self._serve(session_id, channel), name="stream channel")

    def watches(self, session_id: str) -> bool:
        """Whether anybody here looks at that session."""
        return session_id in self._channels

    def cut_off(self, key: UserKey) -> None:
        """Ends every stream of somebody who may do nothing any more."""
        for channel in self._channels.values():
            for viewer in channel.viewers:
                if viewer.user.key == key:
                    viewer.close(CloseCode.NO_GRANT, "account_blocked")

    def reopen(self, key: UserKey) -> None:
        """Has somebody open every stream anew, as whoever they are by now."""
        for channel in self._channels.values():
            for viewer in channel.viewers:
                if viewer.user.key == key:
                    viewer.close(CloseCode.RESYNC_REQUIRED, "role_changed")

    def resync(self) -> None:
        """Something may have been missed: everybody comes back and resumes."""
        for channel in self._channels.values():
            for viewer in channel.viewers:
                viewer.close(CloseCode.RESYNC_REQUIRED, "resync_required")

    def stop(self) -> None:
        """Says goodbye to every viewer (1001)."""
        self._stopped = True
        for channel in self._channels.values():
            for viewer in channel.viewers:
                viewer.close(CloseCode.GOING_AWAY, "the server stops")

    async def _serve(self, session_id: str, channel: _Channel) -> None:
        try:
            while channel.fresh and channel.viewers:
                commits, channel.fresh = channel.fresh, []
                events = sorted((event for batch, _ in commits for event in batch), key=lambda event: event.seq)
                latest = max((one for _, one in commits), key=lambda one: one.session.last_seq)
                try:
                    await self._tell(session_id, channel.viewers, events, latest)
                except Exception as error:  # the events are safe in the store: the viewers come back for them
                    if not isinstance(error, Unavailable):
                        log.exception("news not told", session_id=session_id)
                    for viewer in channel.viewers:
                        viewer.close(CloseCode.RESYNC_REQUIRED, "resync_required")
                    return
        finally:
            channel.task = None
            channel.fresh.clear()
            if not channel.viewers:
                self._channels.pop(session_id, None)

    async def _tell(
        self, session_id: str, viewers: set[Viewer], events: Sequence[StoredEvent], consultation: Consultation
    ) -> None:
        view = view_of(consultation, TIMER)
        for_all = [(event.seq, event_message(event, view)) for event in events]
        for viewer in list(viewers):
            own = as_seen_by(viewer.user, view, events)
            if own.sight is Sight.ALL:
                messages = for_all
            elif turn := turn_of(events, own):
                messages = await self._another_sight(session_id, viewer, events, turn)
            else:
                messages = [(event.seq, event_message(event, own)) for event in events]
            for seq, message in messages:
                viewer.put(seq, message)
            if closing := closing_for(viewer, events, own):
                viewer.close(closing.code, closing.reason)
            else:
                viewer.tell_permissions(own)

    async def _another_sight(
        self, session_id: str, viewer: Viewer, events: Sequence[StoredEvent], turn: StoredEvent
    ) -> list[tuple[int, str | None]]:
        """Somebody let in or sent back sees more or less from here on: a snapshot instead of the news.

        It may be later than these events; those that follow then repeat what it says.
        """
        try:
            snapshot = replace(await self._load(viewer.user, session_id), seq=events[-1].seq)
        except (NotFound, Forbidden):  # out again meanwhile, as the next events tell
            return [(event.seq, None) for event in events]
        hidden: list[tuple[int, str | None]] = [(event.seq, None) for event in events[:-1]]
        return [*hidden, (snapshot.seq, snapshot_message(snapshot, viewer.participant_id, turn))]


def closing_for(viewer: Viewer, events: Sequence[StoredEvent], view: SessionView) -> Closing | None:
    """Why a viewer's stream ends after these events, None when it goes on."""
    revoked = {event.metadata["grantId"] for event in events if event.event_type is EventType.LINK_REVOKED}
    if viewer.grant_id is not None and viewer.grant_id in revoked:
        return Closing(CloseCode.NO_GRANT, "revoked")
    left = [event.metadata for event in events if event.event_type is EventType.LEFT]
    own_ends = {one["reason"] for one in left if one["participantId"] == viewer.participant_id}
    for reason, word in (("superseded", "stale_participant"), ("moved", "moved")):
        if reason in own_ends:
            return Closing(CloseCode.STALE_PARTICIPANT, word)
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
