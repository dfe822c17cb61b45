"""What webhooks need to keep; see `repositories`. Messages are written by `SessionRepository`, with what they tell.

Each session has a queue at each endpoint. Whoever delivers holds the queue by a lease, so that its messages go out one
after the other, whatever the number of servers; a lease that ran out is anybody's.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shinsatsu.domain.webhooks import Endpoint


@dataclass(frozen=True, slots=True)
class EndpointState:
    """An endpoint and how it stands: messages to be delivered, given up, and the last one that arrived."""

    endpoint: Endpoint
    pending: int
    failed: int
    last_delivery_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The first message of a queue, held under a lease; `attempts` failed so far."""

    endpoint: Endpoint
    session_id: str
    seq: int
    message_id: str
    body: str
    attempts: int
    give_up_at: datetime
    lease: str


class WebhookRepository(Protocol):
    """`webhook_endpoints`, `webhook_messages` and `webhook_queues`.

    What settles a delivery returns False, and does nothing, when its lease is no longer the queue's.
    """

    async def endpoints(self) -> list[EndpointState]:
        """All of them, the oldest first."""

    async def hold(self, endpoint_id: str) -> Endpoint | None:
        """The endpoint, unchanged by others to the end of the transaction."""

    async def add(self, endpoint: Endpoint) -> None:
        """Inserts one."""

    async def save(self, endpoint: Endpoint) -> None:
        """Writes secrets and whether it is disabled."""

    async def remove(self, endpoint_id: str) -> None:
        """Deletes it with its messages."""

    async def due(self, now: datetime) -> list[str]:
        """Endpoints, not disabled, with a queue that is due and held by nobody."""

    async def claim(self, endpoint_id: str, now: datetime, lease: str, until: datetime, limit: int) -> list[Delivery]:
        """Takes up to that many due queues under the lease; passes over those that others are taking."""

    async def delivered(self, delivery: Delivery, now: datetime) -> bool:
        """Settles the message; the next one of its queue is due."""

    async def postpone(self, delivery: Delivery, due_at: datetime, failure: str) -> bool:
        """Counts a failed attempt; the queue is due again then."""

    async def give_up(self, delivery: Delivery, now: datetime, failure: str) -> bool:
        """Counts a failed attempt, the last one; the next message of the queue is due."""

    async def give_up_all(self, endpoint_id: str, now: datetime, failure: str) -> int:
        """Gives up whatever a held endpoint was still to be sent; returns how much that is."""

    async def replay(self, endpoint_id: str, since: datetime | None, now: datetime, sessions: int) -> int:
        """Has a held endpoint be sent again what was given up, or all that was created since then.

        Does so for that many sessions; returns how many messages it was, 0 when, for that `now`, all is done.
        """

    async def forget(self, delivered_before: datetime, failed_before: datetime) -> None:
        """Deletes messages settled before then."""
