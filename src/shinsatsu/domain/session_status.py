"""Where a session can stand, how it moves from there, and how it can end (spec §2 and §8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from shinsatsu.domain.roles import UserKey
from shinsatsu.domain.tracks import TrackType


class SessionStatus(StrEnum):
    """Where a session stands."""

    SCHEDULED = "scheduled"
    WAITING = "waiting"
    ACTIVE = "active"
    ENDED = "ended"
    FAILED = "failed"


TRANSITIONS: Mapping[SessionStatus, frozenset[SessionStatus]] = MappingProxyType(
    {
        SessionStatus.SCHEDULED: frozenset({SessionStatus.WAITING, SessionStatus.ENDED}),
        SessionStatus.WAITING: frozenset({SessionStatus.ACTIVE, SessionStatus.ENDED, SessionStatus.FAILED}),
        SessionStatus.ACTIVE: frozenset({SessionStatus.ENDED, SessionStatus.FAILED}),
        SessionStatus.ENDED: frozenset(),
        SessionStatus.FAILED: frozenset(),
    }
)
OPEN = frozenset({SessionStatus.WAITING, SessionStatus.ACTIVE})
OVER = frozenset({SessionStatus.ENDED, SessionStatus.FAILED})


class EndReason(StrEnum):
    """Why a session is over."""

    COMPLETED = "completed"
    TIMEOUT = "timeout"
    ERROR = "error"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What staff note of how it went; separate from the end reason."""

    COMPLETED = "completed"
    NO_SHOW_PATIENT = "no_show_patient"
    NO_SHOW_DOCTOR = "no_show_doctor"
    MOVED_TO_PHONE = "moved_to_phone"
    MOVED_TO_IN_PERSON = "moved_to_in_person"


class Timeout(StrEnum):
    """Which time ran out (spec §6.1)."""

    JOIN = "join"
    IDLE = "idle"
    MAX = "max"


@dataclass(slots=True)
class SessionMetadata:
    """Spec §2, as far as it is known yet; durations in minutes, `failure` is the sub-reason of `failed`.

    `two_way_media`: the kinds, audio and video, that flowed both ways between the patient and a doctor.
    """

    scheduled_duration: int
    actual_duration: int | None = None
    end_reason: EndReason | None = None
    ended_by: UserKey | None = None
    outcome: Outcome | None = None
    failure: str | None = None
    timeout: Timeout | None = None
    two_way_media: frozenset[TrackType] = frozenset()
