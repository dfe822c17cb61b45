"""What the event stream says of one stay in a consultation, as far as a program needs to know it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from shinsatsu.media.consultation_client import items, text

_OVER = frozenset({"superseded", "moved", "removed", "blocked", "ended"})


class AttendanceOver(Exception):
    """There is no way back in: the consultation has ended, or the place was taken from us."""


class ConnectionLost(Exception):
    """The server or the media plane is not reached any more; joining again may help."""


class RemoteTrack(NamedTuple):
    """Somebody else's publication: whose, and of which kind."""

    participant_id: str
    track_type: str


class RoomNews:
    """The state of the room as its messages leave it: whether we are let in, what the others publish, our own mutes."""

    def __init__(self, participant_id: str, *, admitted: bool) -> None:
        self.participant_id = participant_id
        self.own_tracks = frozenset[str]()
        self.admitted = admitted
        self.times_sent_back = 0
        self.muted_by_staff = frozenset[str]()
        self.tracks: dict[str, RemoteTrack] = {}
        self.asked: set[str] = set()
        """Names that were asked for and need not be again, unless their owner was muted and opens them."""
        self._changed = asyncio.Event()

    @property
    def wanted(self) -> list[str]:
        """The tracks to ask for now."""
        return [name for name in self.tracks if name not in self.asked]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits for news that make the condition true."""
        while not holds():
            await self._changed.wait()

    def heed(self, message: Mapping[str, Any]) -> None:
        """Takes in one message; raises AttendanceOver or ConnectionLost when the stay is over with it."""
        match message.get("type"):
            case "snapshot":
                self._look_around(message)
            case "track_published":
                self._note_track(message.get("track"))
            case "track_closed":
                self._note_closed(text(message, "trackName"))
            case "participant_updated":
                self._note_participant(message)
            case "participant_left":
                self._note_departure(message)
            case "session_status" if message.get("status") in ("ended", "failed"):
                raise AttendanceOver("the consultation has ended")
        self.asked &= self.tracks.keys()
        self._changed.set()
        self._changed = asyncio.Event()

    def _look_around(self, message: Mapping[str, Any]) -> None:
        self.tracks.clear()
        for track in items(message, "tracks"):
            self._note_track(track)
        session = message.get("session")
        for participant in items(session, "participants") if isinstance(session, dict) else ():
            self._note_self(participant)

    def _note_track(self, track: object) -> None:
        if isinstance(track, dict) and track.get("participantId") != self.participant_id:
            self.tracks[text(track, "trackName")] = RemoteTrack(text(track, "participantId"), text(track, "trackType"))

    def _note_closed(self, track_name: str) -> None:
        if track_name in self.own_tracks:
            raise ConnectionLost("the server has ended what we publish")
        self.tracks.pop(track_name, None)

    def _note_participant(self, message: Mapping[str, Any]) -> None:
        participant = message.get("participant")
        if not isinstance(participant, dict):
            return
        self._note_self(participant)
        if message.get("change") == "unmuted":
            opened = (participant.get("participantId"), message.get("kind"))
            self.asked.difference_update(name for name, track in self.tracks.items() if track == opened)

    def _note_self(self, participant: Mapping[str, Any]) -> None:
        if participant.get("participantId") != self.participant_id:
            return
        if participant.get("admission") == "removed":
            raise AttendanceOver("removed from the consultation")
        admitted = participant.get("admission") == "admitted"
        if self.admitted and not admitted:
            self.times_sent_back += 1
        self.admitted = admitted
        muted = participant.get("mutedBy")
        self.muted_by_staff = frozenset(muted if isinstance(muted, dict) else ())

    def _note_departure(self, message: Mapping[str, Any]) -> None:
        if message.get("participantId") != self.participant_id:
            return
        if message.get("reason") in _OVER:
            raise AttendanceOver(f"this stay is over: {message.get('reason')}")
        raise ConnectionLost("the server has let us go")
