"""A media plane in memory that keeps to the Calls API's rules (`calls-semantics.md`), for use cases and reconciler."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shinsatsu.domain.errors import MediaNegotiationRefused, MediaPlaneError, MediaSessionGone
from shinsatsu.service.ports import LocalTrack, Negotiated, RemoteTrack, TrackResult


@dataclass
class Pull:
    """A source on an m-line of a receiving session; it flows once the browser has answered, unless paused."""

    source: str
    track_name: str
    answered: bool = False
    paused: bool = False


@dataclass
class PlaneSession:
    """One peer connection: what it publishes (name → mid), and what it receives (by mid)."""

    published: dict[str, str] = field(default_factory=dict)
    received: dict[str, Pull] = field(default_factory=dict)
    mids: "itertools.count[int]" = field(default_factory=itertools.count)


Weather = Callable[[str, str], Awaitable[None]]
"""Asked about each call with its name and session; may wait, and raise what the caller then gets to see."""


async def fair(call: str, session_id: str) -> None:
    """No trouble at all."""


class InMemoryMediaPlane:
    """Implements `MediaPlane`; without `extensions` it is plain Calls.

    `during_pull` runs while a pull is at work; `failing` names calls that fail. `before` and `after` are the weather on
    the way to the plane, where a call may get lost, and on the way back, when it has done its work.
    """

    def __init__(self, *, extensions: bool = True) -> None:
        self.extensions = extensions
        self.sessions: dict[str, PlaneSession] = {}
        self.calls: list[str] = []
        self.failing: set[str] = set()
        self.during_pull: Callable[[], Awaitable[None]] | None = None
        self.before: Weather = fair
        self.after: Weather = fair
        self._numbers = itertools.count(1)

    def flowing(self) -> set[tuple[str, str]]:
        """Publication and receiving session of every edge that carries packets."""
        return {
            (pull.track_name, media_id)
            for media_id, session in self.sessions.items()
            for pull in session.received.values()
            if pull.answered and not pull.paused
            if pull.source in self.sessions and pull.track_name in self.sessions[pull.source].published
        }

    def in_use(self) -> set[str]:
        """The sessions on which anything is published or received."""
        return {media_id for media_id, session in self.sessions.items() if session.published or session.received}

    async def new_session(self) -> str:
        await self._arrive("new_session")
        media_id = f"media-{next(self._numbers)}"
        self.sessions[media_id] = PlaneSession()
        return media_id

    async def publish(self, session_id: str, offer_sdp: str, tracks: Sequence[LocalTrack]) -> Negotiated:
        await self._arrive("publish", session_id)
        session = self._session(session_id)
        results = []
        for track in tracks:
            taken = session.published.setdefault(track.track_name, track.mid) == track.mid
            results.append(TrackResult(track.track_name, track.mid, None if taken else "repeated_local_track_error"))
        await self.after("publish", session_id)
        return Negotiated("answer", tuple(results))

    async def pull(self, session_id: str, tracks: Sequence[RemoteTrack]) -> Negotiated:
        await self._arrive("pull", session_id)
        session = self._session(session_id)
        if any(not pull.answered for pull in session.received.values()):
            raise MediaNegotiationRefused("an offer awaits its answer")
        results = [self._pull_one(session, track) for track in tracks]
        if self.during_pull is not None:
            await self.during_pull()
        await self.after("pull", session_id)
        offer = "offer" if any(result.error_code is None for result in results) else None
        return Negotiated(offer, tuple(results))

    async def renegotiate(self, session_id: str, answer_sdp: str) -> None:
        await self._arrive("renegotiate", session_id)
        for pull in self._session(session_id).received.values():
            pull.answered = True
        await self.after("renegotiate", session_id)

    async def close_tracks(
        self, session_id: str, mids: Sequence[str], timeout: float | None = None
    ) -> tuple[TrackResult, ...]:
        async with within(timeout):
            await self._arrive("close_tracks", session_id)
            session = self._session(session_id)
            for mid in mids:
                session.received.pop(mid, None)
                session.published = {name: one for name, one in session.published.items() if one != mid}
            await self.after("close_tracks", session_id)
        return tuple(TrackResult("", mid) for mid in mids)

    async def set_paused(
        self, session_id: str, mids: Sequence[str], paused: bool, timeout: float | None = None
    ) -> bool:
        if not self.extensions:
            return False
        async with within(timeout):
            await self._arrive("set_paused", session_id)
            received = self._session(session_id).received
            for mid in mids:
                if mid in received:
                    received[mid].paused = paused
                elif not paused:
                    raise MediaPlaneError("what is closed cannot be opened")
            await self.after("set_paused", session_id)
        return True

    async def abandon(self, session_id: str) -> None:
        await self._arrive("abandon", session_id)
        if session_id not in self.sessions:
            raise MediaSessionGone
        if self.extensions:
            del self.sessions[session_id]
        else:
            self.sessions[session_id].published.clear()
            self.sessions[session_id].received.clear()
        await self.after("abandon", session_id)

    async def alive(self, session_id: str) -> bool:
        await self._arrive("alive", session_id)
        return session_id in self.sessions

    def expire_offers(self) -> None:
        """What the plane does with offers that were not answered in time."""
        for session in self.sessions.values():
            session.received = {mid: pull for mid, pull in session.received.items() if pull.answered}

    def _pull_one(self, session: PlaneSession, track: RemoteTrack) -> TrackResult:
        source = self.sessions.get(track.session_id)
        if source is None or track.track_name not in source.published:
            return TrackResult(track.track_name, "", "not_found_track_error", "There is no such live track.")
        mid = str(next(session.mids))
        session.received[mid] = Pull(track.session_id, track.track_name)
        return TrackResult(track.track_name, mid)

    async def _arrive(self, name: str, session_id: str = "") -> None:
        self.calls.append(name)
        if name in self.failing:
            raise MediaPlaneError(f"{name} fails")
        await self.before(name, session_id)

    def _session(self, session_id: str) -> PlaneSession:
        session = self.sessions.get(session_id)
        if session is None:
            raise MediaSessionGone
        return session


@asynccontextmanager
async def within(timeout: float | None) -> AsyncIterator[None]:
    """A time limit whose end is a failure of the plane to the caller."""
    try:
        async with asyncio.timeout(timeout):
            yield
    except TimeoutError:
        raise MediaPlaneError("no answer in time") from None
