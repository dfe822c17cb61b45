"""One user's one stay in a session, from a join to its end."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shinsatsu.domain.roles import Relation, UserKey, UserType, WorkerRole


class Admission(StrEnum):
    """Whether a participant has been let in (spec §8)."""

    WAITING = "waiting"
    ADMITTED = "admitted"
    SENT_BACK = "sent_back"
    REMOVED = "removed"
    LEFT = "left"


@dataclass(slots=True)
class Participant:
    """A row of `session_participants`. `connection_id` names the event stream that carries its presence."""

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
    left_at: datetime | None = None
    superseded_by: str | None = None
    is_active: bool = True

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

    def depart(self, now: datetime, admission: Admission = Admission.LEFT, superseded_by: str | None = None) -> None:
        """Ends this stay; the row is history from here on."""
        self.is_active = False
        self.left_at = now
        self.admission = admission
        self.superseded_by = superseded_by
        self.connection_id = None
