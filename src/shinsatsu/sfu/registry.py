"""The sessions of one app: made, found, waited for and swept away."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable

from shinsatsu.rtc.parameters import IceParameters
from shinsatsu.sfu.capabilities import VIDEO_PREFERENCE
from shinsatsu.sfu.errors import Full, ItemError, SessionGone
from shinsatsu.sfu.negotiation import Negotiation
from shinsatsu.sfu.plane import MediaTransport
from shinsatsu.sfu.requests import TrackRequest, TracksRequest, parsed
from shinsatsu.sfu.sections import LocalTransport
from shinsatsu.sfu.session import Session
from shinsatsu.sfu.tracks import Item, Limits, Track, chosen_rid, error_fields

Pulled = tuple[str | None, bool, list[Item]]
"""The SDP for the client, whether it is an offer, and an item a track."""


class Registry:
    """All sessions of the app on one media transport; `clock` gives seconds, the same as the transport's."""

    def __init__(
        self,
        transport: MediaTransport,
        clock: Callable[[], float],
        limits: Limits | None = None,
        video_preference: tuple[str, ...] = VIDEO_PREFERENCE,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._limits = limits or Limits()
        self._video_preference = video_preference
        self._sessions: dict[str, Session] = {}

    def create(self, offer: str | None = None) -> tuple[Session, str | None]:
        """Makes a session, and answers its offer when there is one."""
        if len(self._sessions) >= self._limits.sessions:
            raise Full(f"this SFU holds its most sessions ({self._limits.sessions})")
        ice = IceParameters(secrets.token_hex(8), secrets.token_hex(16))
        connection = self._transport.open(ice)
        negotiation = Negotiation(
            LocalTransport(ice, self._transport.fingerprint, self._transport.candidates),
            session_id=secrets.randbits(62),
            ssrcs=_random_ssrc,
            video_preference=self._video_preference,
            most_sections=self._limits.sections,
        )
        session = Session(secrets.token_hex(16), connection, negotiation, self._limits, self._clock())
        try:
            answer = session.connect(offer, self._clock()) if offer is not None else None
        except Exception:
            session.close()
            raise
        self._sessions[session.id] = session
        return session, answer

    def get(self, session_id: str) -> Session:
        """The live session of this id; SessionGone when there is none."""
        session = self._sessions.get(session_id)
        if session is None or session.closed:
            raise SessionGone("no such session, or no longer: make a new one")
        return session

    def delete(self, session_id: str) -> None:
        """Ends a session at once; SessionGone when there is none."""
        self.get(session_id).close()
        del self._sessions[session_id]

    async def pull(self, session: Session, request: TracksRequest) -> Pulled:
        """Waits for the publishers, then negotiates in one step; cancelled while it waits, it leaves no trace."""
        session.check_free(self._clock())
        if request.offer is not None:
            parsed(request.offer)
        waited = await asyncio.gather(*(self._available(track) for track in request.tracks))
        found = [_still_live(track) for track in waited]
        wanted = [
            (track, item) for track, item in zip(found, request.tracks, strict=True) if not isinstance(track, ItemError)
        ]
        if request.offer is not None:
            sdp, mids = session.answer_pull(request.offer, wanted, self._clock())
        elif wanted:
            sdp_or_none, mids = session.offer(wanted, self._clock())
            sdp = sdp_or_none or ""
        else:
            sdp, mids = "", []
        results = iter(mids)
        outcomes = [track if isinstance(track, ItemError) else next(results) for track in found]
        items = [_pull_item(track, outcome) for track, outcome in zip(request.tracks, outcomes, strict=True)]
        return sdp or None, bool(sdp) and request.offer is None, items

    async def _available(self, request: TrackRequest) -> Track | ItemError:
        try:
            return await self._wait_for(request)
        except ItemError as error:
            return error

    async def _wait_for(self, request: TrackRequest) -> Track:
        publisher = self._sessions.get(request.session_id or "")
        track = publisher.tracks.get(request.track_name or "") if publisher is not None else None
        if publisher is None or track is None:
            raise ItemError("not_found_track_error", f"no track {request.track_name!r} in session {request.session_id}")
        if request.preferred_rid is not None and track.publication.rids:
            chosen_rid(track.publication.rids, request)
        limits = self._limits
        if not await publisher.connection.wait_connected(limits.publisher_transport) and not track.closed:
            raise ItemError(
                "empty_track_error", f"the publisher is not connected after {limits.publisher_transport:g} s"
            )
        if not track.closed and not await track.publication.wait_first_packet(limits.first_packet) and not track.closed:
            raise ItemError("empty_track_error", f"the track sent no packet within {limits.first_packet:g} s")
        return track

    def sweep(self, now: float) -> None:
        """Drops what is overdue in every session, and forgets the ended ones."""
        for session in list(self._sessions.values()):
            session.sweep(now)
        self._sessions = {id_: session for id_, session in self._sessions.items() if not session.closed}

    def close(self) -> None:
        """Ends every session."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def health(self) -> dict[str, object]:
        """Figures for the operator."""
        sessions = self._sessions.values()
        return {
            "status": "ok",
            "sessions": len(sessions),
            "connections": dict(Counter(session.connection.state for session in sessions)),
            "tracks": sum(len(session.tracks) for session in sessions),
            "pulls": sum(len(session.pulls) for session in sessions),
            "transport": dict(self._transport.counters),
        }


def _still_live(track: Track | ItemError) -> Track | ItemError:
    """A track may have been closed while another one of the call was waited for."""
    if isinstance(track, Track) and track.closed:
        return ItemError("not_found_track_error", f"track {track.name!r} was closed meanwhile")
    return track


def _pull_item(request: TrackRequest, outcome: str | ItemError) -> Item:
    item: Item = {"sessionId": request.session_id, "trackName": request.track_name}
    if isinstance(outcome, ItemError):
        return item | {"mid": ""} | error_fields(outcome, request.path)
    return item | {"mid": outcome}


def _random_ssrc() -> int:
    # 32 random bits: two of the few thousand sources of one SFU meet once in a million starts, 0 is not used.
    return secrets.randbelow(2**32 - 1) + 1
