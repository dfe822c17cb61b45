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
    """Every published track of an admitted participant to every other admitted user, while the session is open."""
    if session.status not in OPEN:
        return frozenset()
    admitted = {one.id: one for one in session.present if one.admitted}
    return frozenset(
        Edge(track.track_name, receiver.id)
        for track in tracks
        if track.state is TrackState.PUBLISHED and track.participant_id in admitted
        for receiver in admitted.values()
        if receiver.key != admitted[track.participant_id].key
    )


def media_participants(session: VideoSession) -> frozenset[str]:
    """The participants who may hold media sessions at all; everybody else's are abandoned."""
    if session.status not in OPEN:
        return frozenset()
    return frozenset(one.id for one in session.present if one.admitted)
