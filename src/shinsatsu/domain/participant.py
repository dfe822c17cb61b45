"""One user's one stay in a session, from a join to its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shinsatsu.domain.roles import AuthUser, Relation, UserKey, UserType, WorkerRole
from shinsatsu.domain.tracks import TrackType


class Admission(StrEnum):
    """Whether a participant has been let in (spec §8)."""

    WAITING = "waiting"
    ADMITTED = "admitted"
    SENT_BACK = "sent_back"
    REMOVED = "removed"
    LEFT = "left"


class IdentityMethod(StrEnum):
    """How staff made sure who somebody is; never the document itself."""

    MY_NUMBER_CARD = "my_number_card"
    INSURANCE_CARD = "insurance_card"
    DRIVERS_LICENCE = "drivers_licence"
    PASSPORT = "passport"
    KNOWN_TO_STAFF = "known_to_staff"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """Who made sure of somebody's identity, how and when."""

    method: IdentityMethod
    by: UserKey
    at: datetime


@dataclass(frozen=True, slots=True)
class Devices:
    """What the device check found before the join."""

    camera: bool
    microphone: bool


@dataclass(slots=True)
class Participant:
    """A row of `session_participants`. `connection_id` names the event stream that carries its presence.

    `muted_by` says which staff member shut a microphone or camera: it flows to nobody until its owner opens it again.
    `waiting_since` is when the present wait began, `removal_note` why staff removed the person, in their words.
    """

    id: str
    user_type: UserType
    user_id: int
    role: WorkerRole | None
    relation: Relation
    admission: Admission
    joined_at: datetime
    join_reason: str | None = None
    connection_id: str | None = None
    audio_muted: bool = False
    video_muted: bool = False
    muted_by: Mapping[TrackType, UserKey] = field(default_factory=dict)
    waiting_since: datetime | None = None
    devices: Devices | None = None
    identity: IdentityCheck | None = None
    removal_note: str | None = None
    left_at: datetime | None = None
    superseded_by: str | None = None
    is_active: bool = True

    @classmethod
    def newcomer(
        cls,
        actor: AuthUser,
        relation: Relation,
        participant_id: str,
        now: datetime,
        reason: str | None,
        devices: Devices | None,
    ) -> "Participant":
        """Somebody as they come in for the first time: workers are let in, patients and guests wait."""
        return cls(
            id=participant_id,
            user_type=actor.user_type,
            user_id=actor.user_id,
            role=actor.role,
            relation=relation,
            admission=Admission.ADMITTED if actor.user_type is UserType.WORKER else Admission.WAITING,
            joined_at=now,
            join_reason=reason,
            devices=devices,
        )

    @property
    def key(self) -> UserKey:
        return (self.user_type, self.user_id)

    @property
    def connected(self) -> bool:
        return self.connection_id is not None

    @property
    def admitted(self) -> bool:
        """Present and let in: the condition of every media right."""
        return self.is_active and self.admission is Admission.ADMITTED

    @property
    def waits(self) -> bool:
        """Present and not let in (yet, or any more)."""
        return self.is_active and self.admission in (Admission.WAITING, Admission.SENT_BACK)

    def set_muted(self, kind: TrackType, muted: bool) -> bool:
        """Notes whether the microphone or camera is off; False when nothing changed."""
        before = self.audio_muted if kind is TrackType.AUDIO else self.video_muted
        if kind is TrackType.AUDIO:
            self.audio_muted = muted
        else:
            self.video_muted = muted
        return before != muted

    def take_over(self, earlier: "Participant") -> None:
        """Goes on where the same user's earlier stay stops."""
        self.admission = earlier.admission if earlier.admission is not Admission.LEFT else self.admission
        self.waiting_since = earlier.waiting_since
        self.audio_muted, self.video_muted = earlier.audio_muted, earlier.video_muted
        self.muted_by = earlier.muted_by
        self.identity = earlier.identity
        self.devices = self.devices or earlier.devices
        self.join_reason = self.join_reason or earlier.join_reason

    def depart(self, now: datetime, admission: Admission = Admission.LEFT, superseded_by: str | None = None) -> None:
        """Ends this stay; the row is history from here on."""
        self.is_active = False
        self.left_at = now
        self.admission = admission
        self.superseded_by = superseded_by
        self.connection_id = None
