"""Tracks: their names, their life, and what one user may do with another's (spec §3)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from shinsatsu.domain.roles import AuthUser, UserType


class TrackType(StrEnum):
    """What a track carries."""

    AUDIO = "audio"
    VIDEO = "video"
    SCREEN = "screen"

    @property
    def media_kind(self) -> str:
        """The kind of m-line it needs: `audio` or `video` (RFC 8866 §5.14)."""
        return "audio" if self is TrackType.AUDIO else "video"


class TrackState(StrEnum):
    """A name is granted first, then published once, then closed for good; it is never published again."""

    GRANTED = "granted"
    PUBLISHED = "published"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Track:
    """One name granted to one participant, and where it is published. Whose it is stands here, never in the name."""

    track_name: str
    track_type: TrackType
    participant_id: str
    user_type: UserType
    user_id: int
    state: TrackState = TrackState.GRANTED
    media_session_id: str | None = None
    mid: str | None = None

    def published(self, media_session_id: str, mid: str) -> "Track":
        return replace(self, state=TrackState.PUBLISHED, media_session_id=media_session_id, mid=mid)

    def closed(self) -> "Track":
        return replace(self, state=TrackState.CLOSED)


@dataclass(frozen=True, slots=True)
class TrackPermissions:
    """What a viewer may do with one track; `can_control` is muting and the like."""

    can_publish: bool
    can_subscribe: bool
    can_control: bool


def track_name(user_type: UserType, user_id: int, track_type: TrackType, milliseconds: int) -> str:
    """`{userType}-{userId}-{trackType}-{timestamp}`, the timestamp in ms (spec §3)."""
    return f"{user_type}-{user_id}-{track_type}-{milliseconds}"


def named(tracks: Iterable[Track]) -> list[dict[str, Any]]:
    """Granted tracks as an event tells them."""
    return [{"trackName": track.track_name, "trackType": track.track_type} for track in tracks]


def track_permissions(viewer: AuthUser, track: Track, *, flows: bool = True) -> TrackPermissions:
    """Own track (same id and same user type): all three; somebody else's: subscribe, control only for workers.

    `flows` False says that it may reach nobody at the moment, such as a muted one (media-control.md).
    """
    if viewer.key == (track.user_type, track.user_id):
        return TrackPermissions(can_publish=True, can_subscribe=True, can_control=True)
    return TrackPermissions(can_publish=False, can_subscribe=flows, can_control=viewer.user_type is UserType.WORKER)
