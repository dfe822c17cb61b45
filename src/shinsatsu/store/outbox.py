"""The outbox: messages are written in the transaction of what they tell, behind earlier ones of their session."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from shinsatsu.domain.events import StoredEvent
from shinsatsu.domain.timestamps import to_text
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.domain.webhooks import GIVE_UP_AFTER, Message, message_of
from shinsatsu.store.statements import Statements
from shinsatsu.store.webhook_tables import webhook_endpoints, webhook_messages, webhook_queues

LISTENING = (
    select(webhook_endpoints.c.id, webhook_endpoints.c.types)
    .where(webhook_endpoints.c.disabled_at.is_(None))
    .order_by(webhook_endpoints.c.id)
    .with_for_update(read=True, key_share=True)  # nobody removes it before this transaction's messages are there
)
HOLD_QUEUE = (
    update(webhook_queues)
    .where(
        webhook_queues.c.endpoint_id == bindparam("endpoint_key"),
        webhook_queues.c.video_session_id == bindparam("session_key"),
    )
    .values(due_at=webhook_queues.c.due_at)
)
"""Changes nothing: whoever settles the queue's message waits, or was faster and took the empty queue away."""
INSERT_QUEUE, INSERT_MESSAGES = insert(webhook_queues), insert(webhook_messages)


class Outbox:
    """Where a session's events go beside `session_events`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def write(self, session: VideoSession, events: Sequence[StoredEvent]) -> None:
        """Writes a message for each event that an endpoint wants to hear of; nothing where none does."""
        messages = [message for event in events if (message := message_of(event, session)) is not None]
        if not messages:
            return
        for endpoint in (await self._connection.execute(LISTENING)).all():
            types = set(json.loads(endpoint.types))
            wanted = [message for message in messages if message.webhook_type in types]
            if wanted:
                await self._queue(endpoint.id, session.id, wanted)

    async def _queue(self, endpoint_id: str, session_id: str, messages: Sequence[Message]) -> None:
        held = await self._connection.execute(HOLD_QUEUE, {"endpoint_key": endpoint_id, "session_key": session_id})
        if held.rowcount == 0:
            due = {"due_at": to_text(messages[0].created_at)}
            queue = {"endpoint_id": endpoint_id, "video_session_id": session_id, **due}
            await self._connection.execute(INSERT_QUEUE, queue)
        await self._connection.execute(INSERT_MESSAGES, [_values(endpoint_id, one) for one in messages])


def _values(endpoint_id: str, message: Message) -> dict[str, Any]:
    return {
        "endpoint_id": endpoint_id,
        "video_session_id": message.session_id,
        "seq": message.seq,
        "id": message.id,
        "body": message.body,
        "created_at": to_text(message.created_at),
        "state": "pending",
        "attempts": 0,
        "give_up_at": to_text(message.created_at + GIVE_UP_AFTER),
    }
