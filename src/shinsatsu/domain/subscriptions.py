"""What the media plane was asked for: its sessions, and which publication it forwards where (media-control.md)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shinsatsu.domain.edges import Edge

ANSWER_MAY_TAKE = timedelta(seconds=10)
"""How long an offer waits for the browser's answer, and keeps the next offer waiting."""


class Direction(StrEnum):
    """A participant has one peer connection each way: publishing and receiving."""

    PUBLISH = "pub"
    RECEIVE = "rcv"


@dataclass(frozen=True, slots=True)
class MediaSession:
    """A media-plane session, one peer connection of one participant; `negotiating_until` holds off a second offer.

    A retired one serves nobody any more, whatever rights come back: the plane is to drop it.
    """

    id: str
    session_id: str
    participant_id: str
    direction: Direction
    negotiating_until: datetime | None = None
    retired: bool = False


class SubscriptionState(StrEnum):
    """The life of one pull: pulling → offered → flowing → switching → paused → switching → flowing …

    From each of them it may come to cutting → closed. A row is never taken up again: the next pull has the next
    generation. Only `paused` and `closed` say that nothing flows.
    """

    PULLING = "pulling"
    """The plane was asked; the m-line's mid is not known before it answers."""
    OFFERED = "offered"
    """The plane offers it; it flows as soon as the browser's answer reaches the plane."""
    FLOWING = "flowing"
    SWITCHING = "switching"
    """The plane is told to shut or to open it; which of the two holds is known when it confirms."""
    PAUSED = "paused"
    """Shut while its owner is muted, as the plane has confirmed."""
    CUTTING = "cutting"
    """To be closed for good; the plane has not confirmed it yet."""
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
