"""Stopping publications at their source, once nobody may receive them any more."""

from collections.abc import Iterable

from shinsatsu.domain.errors import MediaPlaneError
from shinsatsu.domain.tracks import Track
from shinsatsu.service.ports import MediaPlane


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
