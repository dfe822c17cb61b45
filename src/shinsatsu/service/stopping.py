"""Stopping publications at their source, once nobody may receive them any more."""

from collections.abc import Iterable, Set
from datetime import datetime

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import MediaPlaneError
from shinsatsu.domain.events import EventType
from shinsatsu.domain.roles import AuthUser
from shinsatsu.domain.tracks import Track, TrackState, TrackType
from shinsatsu.service.ports import MediaPlane
from shinsatsu.service.repositories import UnitOfWork


async def stop_sending(plane: MediaPlane, tracks: Iterable[Track]) -> dict[str, str]:
    """Force-closes the publishers' mids; track name → error code of those the plane did not confirm."""
    failed = {}
    for track in tracks:
        if track.media_session_id is None or track.mid is None:
            continue
        try:
            await plane.close_tracks(track.media_session_id, [track.mid])
        except MediaPlaneError as error:  # the edges are cut already; a source nobody receives ends by itself
            failed[track.track_name] = error.code
    return failed


async def end_screens(
    unit: UnitOfWork, consultation: Consultation, owners: Set[str], actor: AuthUser, now: datetime, reason: str
) -> list[Track]:
    """Closes those participants' screen shares, in the transaction; what is returned is to be stopped after it."""
    tracks = await unit.tracks.of_session(consultation.session.id)
    screens = [one for one in tracks if one.track_type is TrackType.SCREEN and one.participant_id in owners]
    for track in screens:
        if track.state is TrackState.PUBLISHED:
            consultation.session.record_track(EventType.TRACK_CLOSED, track, actor, now, reason=reason)
    await unit.tracks.save(consultation.session.id, [track.closed() for track in screens])
    return screens
