"""`security_events`: noted during a transaction, numbered and written by its commit under the chain's one row."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from shinsatsu.domain.audit import SECURITY, canonical
from shinsatsu.domain.roles import AuthUser, UserType, WorkerRole
from shinsatsu.domain.security_events import SecurityEvent, SecurityEventType, StoredSecurityEvent
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.service.request import ADDRESS, REQUEST_ID
from shinsatsu.store.chains import Chains
from shinsatsu.store.proof_tables import security_chain, security_events
from shinsatsu.store.statements import Statements

CHAIN = 1
HELD = (
    select(security_chain.c.last_seq, security_chain.c.last_hash)
    .where(security_chain.c.id == bindparam("key"))
    .with_for_update()
)
MOVE_ON = update(security_chain).where(security_chain.c.id == bindparam("key"))
INSERT = insert(security_events)
EVENTS = select(
    *(column for column in security_events.c if column.name != "metadata"),
    security_events.c.metadata.label("metadata_json"),
)
AFTER = (
    EVENTS.where(security_events.c.seq > bindparam("after")).order_by(security_events.c.seq).limit(bindparam("most"))
)
LAST = (
    EVENTS.where(security_events.c.event_type == bindparam("event_type_key"))
    .order_by(security_events.c.seq.desc())
    .limit(1)
)


class SqlSecurityLog:
    """Implements `SecurityLog`; `flush` is the unit of work's to call, last before its commit."""

    def __init__(self, connection: Statements, chains: Chains) -> None:
        self._connection = connection
        self._chains = chains
        self._noted: list[SecurityEvent] = []

    def record(
        self,
        event_type: SecurityEventType,
        actor: AuthUser | None,
        now: datetime,
        *,
        session_id: str | None = None,
        **metadata: Any,
    ) -> None:
        user_type, user_id, role = (actor.user_type, actor.user_id, actor.role) if actor else (None, None, None)
        self._noted.append(SecurityEvent(event_type, user_type, user_id, role, session_id, metadata, now))

    async def flush(self) -> None:
        """Writes what was noted; holds the chain's row from here to the end of the transaction."""
        if not self._noted:
            return
        held = (await self._connection.execute(HELD, {"key": CHAIN})).first()
        values = [_values(seq, event) for seq, event in enumerate(self._noted, held.last_seq + 1)]
        self._noted.clear()
        head = self._chains.extend(SECURITY, held.last_hash, values)
        await self._connection.execute(INSERT, values)
        await self._connection.execute(MOVE_ON, {"key": CHAIN, "last_seq": values[-1]["seq"], **head})

    async def after(self, seq: int, limit: int) -> list[StoredSecurityEvent]:
        found = await self._connection.execute(AFTER, {"after": seq, "most": limit})
        return [_event_of(row) for row in found]

    async def last(self, event_type: SecurityEventType) -> StoredSecurityEvent | None:
        row = (await self._connection.execute(LAST, {"event_type_key": event_type})).first()
        return None if row is None else _event_of(row)


def _values(seq: int, event: SecurityEvent) -> dict[str, Any]:
    return {
        "seq": seq,
        "event_type": event.event_type,
        "user_type": event.user_type,
        "user_id": event.user_id,
        "role": event.role,
        "address": ADDRESS.get(),
        "request_id": REQUEST_ID.get(),
        "video_session_id": event.session_id,
        "metadata": canonical(event.metadata),
        "created_at": to_text(event.created_at),
    }


def _event_of(row: Any) -> StoredSecurityEvent:
    event = SecurityEvent(
        SecurityEventType(row.event_type),
        UserType(row.user_type) if row.user_type else None,
        row.user_id,
        WorkerRole(row.role) if row.role else None,
        row.video_session_id,
        json.loads(row.metadata_json),
        from_text(row.created_at),
    )
    return StoredSecurityEvent(row.seq, event, row.request_id, row.address)
