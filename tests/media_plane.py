"""A media plane in memory that keeps to the Calls API's rules (`calls-semantics.md`), for use cases and reconciler."""

import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from shinsatsu.domain.errors import MediaPlaneError, MediaSessionGone
from shinsatsu.service.ports import LocalTrack, Negotiated, RemoteTrack, TrackResult


@dataclass
class PlaneSession:
    """One peer connection: what it publishes (name → mid), and what it receives (mid → source and name)."""

    published: dict[str, str] = field(default_factory=dict)
    received: dict[str, tuple[str, str]] = field(default_factory=dict)
    mids: "itertools.count[int]" = field(default_factory=itertools.count)


class InMemoryMediaPlane:
    """Implements `MediaPlane`. `during_pull` runs while a pull is at work; `failing` names calls that fail."""

    def __init__(self) -> None:
        self.sessions: dict[str, PlaneSession] = {}
        self.calls: list[str] = []
        self.failing: set[str] = set()
        self.during_pull: Callable[[], Awaitable[None]] | None = None
        self._numbers = itertools.count(1)

    def flowing(self) -> set[tuple[str, str]]:
        """Publication and receiving session of every edge that carries packets."""
        return {
            (name, media_id)
            for media_id, session in self.sessions.items()
            for source, name in session.received.values()
            if source in self.sessions and name in self.sessions[source].published
        }

    async def new_session(self) -> str:
        self._call("new_session")
        media_id = f"media-{next(self._numbers)}"
        self.sessions[media_id] = PlaneSession()
        return media_id

    async def publish(self, session_id: str, offer_sdp: str, tracks: Sequence[LocalTrack]) -> Negotiated:
        self._call("publish")
        session = self._session(session_id)
        session.published.update({track.track_name: track.mid for track in tracks})
        return Negotiated("answer", tuple(TrackResult(track.track_name, track.mid) for track in tracks))

    async def pull(self, session_id: str, tracks: Sequence[RemoteTrack]) -> Negotiated:
        self._call("pull")
        session = self._session(session_id)
        results = [self._pull_one(session, track) for track in tracks]
        if self.during_pull is not None:
            await self.during_pull()
        offer = "offer" if any(result.error_code is None for result in results) else None
        return Negotiated(offer, tuple(results))

    async def renegotiate(self, session_id: str, answer_sdp: str) -> None:
        self._call("renegotiate")
        self._session(session_id)

    async def close_tracks(
        self, session_id: str, mids: Sequence[str], timeout: float | None = None
    ) -> tuple[TrackResult, ...]:
        self._call("close_tracks")
        session = self._session(session_id)
        for mid in mids:
            session.received.pop(mid, None)
            session.published = {name: one for name, one in session.published.items() if one != mid}
        return tuple(TrackResult("", mid) for mid in mids)

    async def set_paused(
        self, session_id: str, mids: Sequence[str], paused: bool, timeout: float | None = None
    ) -> bool:
        return False

    async def abandon(self, session_id: str) -> None:
        self._call("abandon")
        if self.sessions.pop(session_id, None) is None:
            raise MediaSessionGone

    def _pull_one(self, session: PlaneSession, track: RemoteTrack) -> TrackResult:
        source = self.sessions.get(track.session_id)
        if source is None or track.track_name not in source.published:
            return TrackResult(track.track_name, "", "not_found_track_error", "There is no such live track.")
        mid = str(next(session.mids))
        session.received[mid] = (track.session_id, track.track_name)
        return TrackResult(track.track_name, mid)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failing:
            raise MediaPlaneError(f"{name} fails")

    def _session(self, session_id: str) -> PlaneSession:
        session = self.sessions.get(session_id)
        if session is None:
            raise MediaSessionGone
        return session
