"""What the media plane was asked for: its sessions, and which publication it forwards where (media-control.md)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shinsatsu.domain.edges import Edge


class Direction(StrEnum):
    """A participant has one peer connection each way: publishing and receiving."""

    PUBLISH = "pub"
    RECEIVE = "rcv"


@dataclass(frozen=True, slots=True)
class MediaSession:
    """A media-plane session, one peer connection of one participant; `negotiating_until` holds off a second offer."""

    id: str
    session_id: str
    participant_id: str
    direction: Direction
    negotiating_until: datetime | None = None


class SubscriptionState(StrEnum):
    """pulling → flowing → cutting → closed; a row is never taken up again, the next pull has the next generation."""

    PULLING = "pulling"
    FLOWING = "flowing"
    CUTTING = "cutting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One pull of a publication into a receiver's session; `mid` is None until the plane has answered."""

    session_id: str
    publication: str
    receiver: str
    generation: int
    rcv_session: str
    state: SubscriptionState
    mid: str | None
    changed_at: datetime

    @property
    def edge(self) -> Edge:
        return Edge(self.publication, self.receiver)
