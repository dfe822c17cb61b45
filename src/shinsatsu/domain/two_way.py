"""Whether patient and doctor hear and see each other: what a consultation counts as held by (spec §8)."""

from collections.abc import Collection, Iterable
from datetime import datetime

from shinsatsu.domain.edges import Edge
from shinsatsu.domain.events import EventType
from shinsatsu.domain.roles import TIMER, Relation
from shinsatsu.domain.tracks import Track, TrackType
from shinsatsu.domain.video_session import DOCTORS, VideoSession

KINDS = (TrackType.AUDIO, TrackType.VIDEO)


def two_way_media(session: VideoSession, tracks: Iterable[Track], flowing: Collection[Edge]) -> frozenset[TrackType]:
    """The kinds that flow from the patient to a doctor of the appointment and from one to the patient."""
    present = {one.id: one for one in session.present}
    patients = {one.id for one in present.values() if one.relation is Relation.OWN}
    doctors = {one.id for one in present.values() if one.relation in DOCTORS}
    owners = {track.track_name: track for track in tracks}
    ways: set[tuple[TrackType, bool]] = set()
    for edge in flowing:
        track = owners.get(edge.publication)
        if track is None:
            continue
        if track.participant_id in patients and edge.receiver in doctors:
            ways.add((track.track_type, True))
        elif track.participant_id in doctors and edge.receiver in patients:
            ways.add((track.track_type, False))
    return frozenset(kind for kind in KINDS if {(kind, True), (kind, False)} <= ways)


def note_two_way_media(session: VideoSession, kinds: Iterable[TrackType], now: datetime) -> None:
    """Notes the kinds that flow both ways between patient and doctor; once noted, they stay (spec §8)."""
    fresh = frozenset(kinds) - session.metadata.two_way_media
    if fresh:
        session.metadata.two_way_media |= fresh
        session.record(EventType.TWO_WAY_MEDIA, TIMER, now, kinds=sorted(session.metadata.two_way_media))
