"""Webhooks in the database. Rows are locked in one order: endpoint, queue, messages."""

import json
from datetime import datetime
from typing import Any

from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.domain.webhooks import GIVE_UP_AFTER, Endpoint, WebhookType
from shinsatsu.service.webhook_repository import Delivery, EndpointState
from shinsatsu.store import webhook_statements as sql
from shinsatsu.store.rows import Values, moment, moment_text
from shinsatsu.store.statements import Statements


class SqlWebhooks:
    """Implements `WebhookRepository`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def endpoints(self) -> list[EndpointState]:
        counts = {(row.endpoint_id, row.state): row.messages for row in await self._connection.execute(sql.COUNTS)}
        return [
            EndpointState(
                _endpoint_of(row),
                counts.get((row.id, sql.PENDING), 0),
                counts.get((row.id, sql.FAILED), 0),
                moment(row.last_delivery_at),
            )
            for row in await self._connection.execute(sql.ENDPOINTS)
        ]

    async def hold(self, endpoint_id: str) -> Endpoint | None:
        row = (await self._connection.execute(sql.HOLD_ENDPOINT, {"endpoint_key": endpoint_id})).first()
        return None if row is None else _endpoint_of(row)

    async def add(self, endpoint: Endpoint) -> None:
        values = {
            "id": endpoint.id,
            "url": endpoint.url,
            "types": json.dumps(sorted(endpoint.types)),
            "created_at": to_text(endpoint.created_at),
            **_changeable(endpoint),
        }
        await self._connection.execute(sql.INSERT_ENDPOINT, values)

    async def save(self, endpoint: Endpoint) -> None:
        values = {"endpoint_key": endpoint.id, **_changeable(endpoint)}
        await self._connection.execute(sql.UPDATE_ENDPOINT, values)

    async def remove(self, endpoint_id: str) -> None:
        for statement in (sql.HOLD_FOR_REMOVAL, sql.DELETE_QUEUES, sql.DELETE_MESSAGES, sql.DELETE_ENDPOINT):
            await self._connection.execute(statement, {"endpoint_key": endpoint_id})

    async def due(self, now: datetime) -> list[str]:
        return list((await self._connection.execute(sql.DUE, {"now": to_text(now)})).scalars())

    async def claim(self, endpoint_id: str, now: datetime, lease: str, until: datetime, limit: int) -> list[Delivery]:
        row = (await self._connection.execute(sql.ENDPOINT, {"endpoint_key": endpoint_id})).first()
        if row is None or row.disabled_at is not None:
            return []
        endpoint = _endpoint_of(row)
        wanted = {"endpoint_key": endpoint_id, "now": to_text(now), "most": limit}
        sessions = list((await self._connection.execute(sql.CLAIM, wanted)).scalars())
        held = [await self._take(endpoint, session_id, lease, until) for session_id in sessions]
        return [delivery for delivery in held if delivery is not None]

    async def delivered(self, delivery: Delivery, now: datetime) -> bool:
        latest = {"endpoint_key": delivery.endpoint.id, "last_delivery_at": to_text(now)}
        await self._connection.execute(sql.UPDATE_ENDPOINT, latest)
        values = {"state": sql.DELIVERED, "settled_at": to_text(now), "failure": None}
        return await self._settle(delivery, now, values)

    async def postpone(self, delivery: Delivery, due_at: datetime, failure: str) -> bool:
        return await self._settle(delivery, due_at, {"attempts": delivery.attempts + 1, "failure": failure})

    async def give_up(self, delivery: Delivery, now: datetime, failure: str) -> bool:
        settled = {"state": sql.FAILED, "settled_at": to_text(now)}
        values = {"attempts": delivery.attempts + 1, "failure": failure, **settled}
        return await self._settle(delivery, now, values)

    async def give_up_all(self, endpoint_id: str, now: datetime, failure: str) -> int:
        await self._connection.execute(sql.DELETE_QUEUES, {"endpoint_key": endpoint_id})
        settled = {"state": sql.FAILED, "settled_at": to_text(now), "failure": failure}
        return (await self._connection.execute(sql.GIVE_UP_ALL, {"endpoint_key": endpoint_id, **settled})).rowcount

    async def replay(self, endpoint_id: str, since: datetime | None, now: datetime, sessions: int) -> int:
        until = to_text(now + GIVE_UP_AFTER)
        which: Values = {"endpoint_key": endpoint_id, "replayed_until": until}
        find, write = sql.SESSIONS_GIVEN_UP, sql.REPLAY_GIVEN_UP
        if since is not None:
            which["since"] = to_text(since)
            find, write = sql.SESSIONS_SETTLED_SINCE, sql.REPLAY_SINCE
        afresh = {"state": sql.PENDING, "attempts": 0, "settled_at": None, "failure": None, "give_up_at": until}
        messages = 0
        for session_id in list((await self._connection.execute(find, {**which, "most": sessions})).scalars()):
            await self._reopen(endpoint_id, session_id, now)
            values = {**which, **afresh, "session_key": session_id}
            messages += (await self._connection.execute(write, values)).rowcount
        return messages

    async def forget(self, delivered_before: datetime, failed_before: datetime) -> None:
        before = {"delivered_before": to_text(delivered_before), "failed_before": to_text(failed_before)}
        await self._connection.execute(sql.FORGET, before)

    async def _take(self, endpoint: Endpoint, session_id: str, lease: str, until: datetime) -> Delivery | None:
        queue = {"endpoint_key": endpoint.id, "session_key": session_id}
        row = (await self._connection.execute(sql.HEAD, queue)).first()
        if row is None:
            await self._connection.execute(sql.DELETE_QUEUE, queue)
            return None
        await self._connection.execute(sql.LEASE, {**queue, "lease_value": lease, "until": to_text(until)})
        give_up_at = from_text(row.give_up_at)
        return Delivery(endpoint, session_id, row.seq, row.id, row.body, row.attempts, give_up_at, lease)

    async def _settle(self, delivery: Delivery, due_at: datetime, values: Values) -> bool:
        """Writes what became of the message, and when its queue is due; an empty queue goes."""
        queue = {"endpoint_key": delivery.endpoint.id, "session_key": delivery.session_id}
        row = (await self._connection.execute(sql.HOLD_LEASED, queue)).first()
        if row is None or row.lease != delivery.lease:
            return False
        await self._connection.execute(sql.UPDATE_MESSAGE, {**queue, "seq_key": delivery.seq, **values})
        # Asked after the queue is held: a message that was being written meanwhile is there now.
        if (await self._connection.execute(sql.HEAD, queue)).first() is None:
            await self._connection.execute(sql.DELETE_QUEUE, queue)
        else:
            await self._connection.execute(sql.RELEASE, {**queue, "due": to_text(due_at)})
        return True

    async def _reopen(self, endpoint_id: str, session_id: str, now: datetime) -> None:
        queue = {"endpoint_key": endpoint_id, "session_key": session_id}
        reopened = await self._connection.execute(sql.REOPEN_QUEUE, {**queue, "due": to_text(now)})
        if reopened.rowcount == 0:
            values = {"endpoint_id": endpoint_id, "video_session_id": session_id, "due_at": to_text(now)}
            await self._connection.execute(sql.INSERT_QUEUE, values)


def _endpoint_of(row: Any) -> Endpoint:
    return Endpoint(
        id=row.id,
        url=row.url,
        types=frozenset(map(WebhookType, json.loads(row.types))),
        secret=row.secret,
        created_at=from_text(row.created_at),
        previous_secret=row.previous_secret,
        previous_until=moment(row.previous_until),
        disabled_at=moment(row.disabled_at),
    )


def _changeable(endpoint: Endpoint) -> Values:
    return {
        "secret": endpoint.secret,
        "previous_secret": endpoint.previous_secret,
        "previous_until": moment_text(endpoint.previous_until),
        "disabled_at": moment_text(endpoint.disabled_at),
    }
