"""Which published track may flow to whom (media-control.md): the one place where rights become packets."""

from collections.abc import Iterable
from dataclasses import dataclass

from shinsatsu.domain.session_status import OPEN
from shinsatsu.domain.tracks import Track, TrackState
from shinsatsu.domain.video_session import VideoSession


@dataclass(frozen=True, slots=True)
class Edge:
    """One publication, by its track name, to one receiver, by participant id."""

    publication: str
    receiver: str


def permitted_edges(session: VideoSession, tracks: Iterable[Track]) -> frozenset[Edge]:
    """Every published track of an admitted participant, unless staff muted it, to every other admitted user.

    None while the session is not open.
    """
    return _edges(session, tracks, muted=False)


def held_edges(session: VideoSession, tracks: Iterable[Track]) -> frozenset[Edge]:
    """The edges that staff's mutes alone stand against: shut now, and opened again when the owner opens them."""
    return _edges(session, tracks, muted=True)


def media_participants(session: VideoSession) -> frozenset[str]:
    """The participants who may hold media sessions at all; everybody else's are abandoned."""
    if session.status not in OPEN:
        return frozenset()
    return frozenset(one.id for one in session.present if one.admitted)


def _edges(session: VideoSession, tracks: Iterable[Track], *, muted: bool) -> frozenset[Edge]:
    if session.status not in OPEN:
        return frozenset()
    admitted = {one.id: one for one in session.present if one.admitted}
    return frozenset(
        Edge(track.track_name, receiver.id)
        for track in tracks
        if track.state is TrackState.PUBLISHED and track.participant_id in admitted
        if (track.track_type in admitted[track.participant_id].muted_by) is muted
        for receiver in admitted.values()
        if receiver.key != admitted[track.participant_id].key
    )
