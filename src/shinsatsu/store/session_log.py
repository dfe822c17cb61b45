"""`session_events` and the texts beside them: numbered and chained as they are written, read in order."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, insert, or_, select

from shinsatsu.domain.audit import canonical, event_id
from shinsatsu.domain.events import Event, EventType, StoredEvent
from shinsatsu.domain.roles import UserType, WorkerRole
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.service.repositories import Words
from shinsatsu.service.request import ADDRESS, REQUEST_ID
from shinsatsu.store.chains import Chains, Values, salted
from shinsatsu.store.proof_tables import event_texts
from shinsatsu.store.statements import Statements
from shinsatsu.store.tables import session_events, session_participants

INSERT_EVENTS, INSERT_TEXTS = insert(session_events), insert(event_texts)
EVENTS_AFTER = (
    select(
        *(column for column in session_events.c if column.name != "metadata"),
        session_events.c.metadata.label("metadata_json"),
    )
    .where(session_events.c.video_session_id == bindparam("key"), session_events.c.seq > bindparam("after"))
    .order_by(session_events.c.seq)
    .limit(bindparam("most"))
)
_reason, _note = event_texts.alias("reason"), event_texts.alias("note")
STAYS_WITH_WORDS = session_participants.outerjoin(
    _reason, and_(_reason.c.participant_id == session_participants.c.id, _reason.c.field == "reason")
).outerjoin(_note, and_(_note.c.participant_id == session_participants.c.id, _note.c.field == "note"))
JOIN_REASON, REMOVAL_NOTE = _reason.c.text.label("join_reason"), _note.c.text.label("removal_note")
WORDS = (
    select(session_participants.c.id, JOIN_REASON, REMOVAL_NOTE)
    .select_from(STAYS_WITH_WORDS)
    .where(
        session_participants.c.video_session_id == bindparam("key"),
        or_(_reason.c.text.is_not(None), _note.c.text.is_not(None)),
    )
)


@dataclass(frozen=True, slots=True)
class Numbered:
    """Events with their numbers, what is to be written for them, and the columns of the session's new head."""

    events: list[StoredEvent]
    rows: list[Values]
    texts: list[Values]
    head: Values


class SessionLog:
    """The part of `SqlSessions` that is about events."""

    def __init__(self, connection: Statements, chains: Chains) -> None:
        self._connection = connection
        self._chains = chains

    def number(self, session: VideoSession) -> Numbered:
        """Takes the session's recorded events on into its chain; nothing is written yet."""
        events: list[StoredEvent] = []
        texts: list[Values] = []
        for seq, event in enumerate(session.events, session.last_seq + 1):
            hashes, salts = salted(event.texts) if event.texts else ({}, {})
            stored = _numbered(session.id, seq, event, hashes)
            events.append(stored)
            texts += [_text_values(stored, field, salt, event.texts[field]) for field, salt in salts.items()]
        session.events.clear()
        if not events:
            return Numbered([], [], [], {})
        rows = [_event_values(event) for event in events]
        head = self._chains.extend(session.id, session.last_hash, rows)
        session.last_seq, session.last_hash = events[-1].seq, head["last_hash"]
        return Numbered(events, rows, texts, head)

    async def write(self, numbered: Numbered) -> None:
        if numbered.rows:
            await self._connection.execute(INSERT_EVENTS, numbered.rows)
        if numbered.texts:
            await self._connection.execute(INSERT_TEXTS, numbered.texts)

    async def after(self, session_id: str, seq: int, limit: int) -> list[StoredEvent]:
        found = await self._connection.execute(EVENTS_AFTER, {"key": session_id, "after": seq, "most": limit})
        return [_event_of(row) for row in found]

    async def words(self, session_id: str) -> dict[str, Words]:
        found = await self._connection.execute(WORDS, {"key": session_id})
        return {row.id: Words(row.join_reason, row.removal_note) for row in found}


def _numbered(session_id: str, seq: int, event: Event, hashes: dict[str, str]) -> StoredEvent:
    return StoredEvent(
        seq=seq,
        session_id=session_id,
        event_type=event.event_type,
        user_type=event.user_type,
        user_id=event.user_id,
        metadata={**event.metadata, **hashes},
        created_at=event.created_at,
        role=event.role,
        address=ADDRESS.get(),
        request_id=REQUEST_ID.get(),
    )


def _event_values(event: StoredEvent) -> Values:
    return {
        "id": event_id(event.session_id, event.seq),
        "video_session_id": event.session_id,
        "event_type": event.event_type,
        "user_type": event.user_type,
        "user_id": event.user_id,
        "role": event.role,
        "address": event.address,
        "request_id": event.request_id,
        "metadata": canonical(event.metadata),
        "created_at": to_text(event.created_at),
        "seq": event.seq,
    }


def _text_values(event: StoredEvent, field: str, salt: str, text: str) -> Values:
    participant_id = event.metadata["participantId"]
    name = event_id(event.session_id, event.seq)
    return {"event_id": name, "field": field, "participant_id": participant_id, "salt": salt, "text": text}


def _event_of(row: Any) -> StoredEvent:
    return StoredEvent(
        seq=row.seq,
        session_id=row.video_session_id,
        event_type=EventType(row.event_type),
        user_type=UserType(row.user_type),
        user_id=row.user_id,
        metadata=json.loads(row.metadata_json or "{}"),
        created_at=from_text(row.created_at),
        role=WorkerRole(row.role) if row.role else None,
        address=row.address,
        request_id=row.request_id,
    )
