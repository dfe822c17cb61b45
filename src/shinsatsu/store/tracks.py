"""`tracks`: what was granted and where it is published."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update

from shinsatsu.domain.roles import UserType
from shinsatsu.domain.tracks import Track, TrackState, TrackType
from shinsatsu.store.statements import Statements
from shinsatsu.store.tables import tracks

OF_SESSION = (
    select(tracks)
    .where(tracks.c.video_session_id == bindparam("key"), tracks.c.state != TrackState.CLOSED)
    .order_by(tracks.c.track_name)
)
PUBLICATIONS = (
    select(tracks)
    .where(
        tracks.c.video_session_id == bindparam("key"),
        tracks.c.media_session_id.is_not(None),
        tracks.c.track_name.in_(bindparam("names", expanding=True)),
    )
    .order_by(tracks.c.track_name)
)
MIDS_ON = (
    select(tracks.c.mid)
    .where(tracks.c.media_session_id == bindparam("key"), tracks.c.mid.is_not(None))
    .order_by(tracks.c.mid)
)
SAVE = update(tracks).where(tracks.c.video_session_id == bindparam("key"), tracks.c.track_name == bindparam("name"))


class SqlTracks:
    """Implements `TrackRepository`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def of_session(self, session_id: str) -> list[Track]:
        found = await self._connection.execute(OF_SESSION, {"key": session_id})
        return [_track_of(row) for row in found]

    async def save(self, session_id: str, tracks: Sequence[Track]) -> None:
        for track in tracks:
            values = {
                "key": session_id,
                "name": track.track_name,
                "state": track.state,
                "media_session_id": track.media_session_id,
                "mid": track.mid,
            }
            await self._connection.execute(SAVE, values)

    async def publications(self, session_id: str, names: Collection[str]) -> list[Track]:
        found = await self._connection.execute_once(PUBLICATIONS, {"key": session_id, "names": sorted(names)})
        return [_track_of(row) for row in found]

    async def mids_on(self, media_id: str) -> list[str]:
        return [str(mid) for mid in (await self._connection.execute(MIDS_ON, {"key": media_id})).scalars()]


def _track_of(row: Any) -> Track:
    return Track(
        track_name=row.track_name,
        track_type=TrackType(row.track_type),
        participant_id=row.participant_id,
        user_type=UserType(row.user_type),
        user_id=row.user_id,
        state=TrackState(row.state),
        media_session_id=row.media_session_id,
        mid=row.mid,
    )
