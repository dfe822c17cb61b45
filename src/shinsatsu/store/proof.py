"""The proof's rows: read as they stand for a verification; checkpoints, tombstones and erasures written."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, Text, bindparam, cast, delete, exists, func, insert, literal, null, select, update

from shinsatsu.domain.audit import GENESIS, SECURITY, Kind, digest
from shinsatsu.domain.audit_evidence import CheckpointRow, EventRow, HeadRow, TextRow, TombstoneRow
from shinsatsu.domain.roles import UserKey
from shinsatsu.domain.session_status import OVER
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.ports import Sealer
from shinsatsu.store.chains import Chains, head_values
from shinsatsu.store.proof_tables import (
    event_texts,
    proof_checkpoints,
    proof_tombstones,
    security_chain,
    security_events,
)
from shinsatsu.store.security import CHAIN, HELD
from shinsatsu.store.statements import Statements
from shinsatsu.store.tables import session_events, session_participants, video_sessions

BATCH = 5000


def _head(table: Table, name: Any) -> Any:
    columns = (name, "last_seq", "last_hash", "head_signature", "head_kid", "head_signed_at", "head_checkpoint")
    return select(*(table.c[one] if isinstance(one, str) else one for one in columns))


def _events(table: Table, chain: Any, name: Any, about: Any) -> Any:
    first = (chain, table.c.seq, name, table.c.event_type, table.c.user_type, table.c.user_id, table.c.role)
    rest = (table.c.address, table.c.request_id, about, table.c.metadata, table.c.created_at)
    return select(*first, *rest, table.c.prev_hash, table.c.hash)


SECURITY_NAME = literal(f"{SECURITY}:").concat(cast(security_events.c.seq, Text))
SECURITY_EVENTS = _events(
    security_events, literal(SECURITY), SECURITY_NAME, security_events.c.video_session_id
).order_by(security_events.c.seq)
SESSION_EVENTS = _events(session_events, session_events.c.video_session_id, session_events.c.id, null()).order_by(
    session_events.c.video_session_id, session_events.c.seq
)
SESSION_HEADS = _head(video_sessions, video_sessions.c.id)
SECURITY_HEAD = _head(security_chain, security_chain.c.id)
CHECKPOINTS = select(proof_checkpoints).order_by(proof_checkpoints.c.number)
TOMBSTONES = select(proof_tombstones).order_by(proof_tombstones.c.chain, proof_tombstones.c.first_seq)
TEXTS = select(event_texts)

NEWEST_CHECKPOINT = CHECKPOINTS.order_by(None).order_by(proof_checkpoints.c.number.desc()).limit(1)
LIST_SESSIONS = (
    update(video_sessions)
    .where(video_sessions.c.head_checkpoint.is_(None))
    .values(head_checkpoint=bindparam("number"))
    .returning(video_sessions.c.id, video_sessions.c.last_seq, video_sessions.c.last_hash)
)
LIST_SECURITY = (
    update(security_chain)
    .where(security_chain.c.head_checkpoint.is_(None), security_chain.c.last_seq > 0)
    .values(head_checkpoint=bindparam("number"))
    .returning(literal(SECURITY), security_chain.c.last_seq, security_chain.c.last_hash)
)
UNSIGNED = select(video_sessions.c.id, video_sessions.c.last_seq, video_sessions.c.last_hash).where(
    video_sessions.c.head_signature.is_(None)
)
SIGN = update(video_sessions).where(video_sessions.c.id == bindparam("key"))

BURIED = exists().where(
    proof_tombstones.c.chain == video_sessions.c.id, proof_tombstones.c.last_seq >= video_sessions.c.last_seq
)
PRUNABLE = (
    select(video_sessions.c.id)
    .where(video_sessions.c.status.in_(OVER), video_sessions.c.ended_at < bindparam("before"), ~BURIED)
    .order_by(video_sessions.c.id)
)
HELD_SESSION = (
    select(video_sessions.c.last_seq, video_sessions.c.last_hash)
    .where(video_sessions.c.id == bindparam("key"), video_sessions.c.status.in_(OVER), ~BURIED)
    .with_for_update(of=video_sessions)
)
BURIED_UNTIL = select(func.max(proof_tombstones.c.last_seq)).where(proof_tombstones.c.chain == bindparam("key"))
BURY = insert(proof_tombstones)
EVENTS_OF = select(session_events.c.id).where(session_events.c.video_session_id == bindparam("key"))
DELETE_TEXTS = delete(event_texts).where(event_texts.c.event_id.in_(EVENTS_OF))
DELETE_EVENTS = delete(session_events).where(session_events.c.video_session_id == bindparam("key"))
FIRST_KEPT = select(func.min(security_events.c.seq)).where(security_events.c.created_at >= bindparam("before"))
HASH_AT = select(security_events.c.hash).where(security_events.c.seq == bindparam("key"))
DELETE_SECURITY = delete(security_events).where(security_events.c.seq <= bindparam("key"))

WRITTEN = select(event_texts.c.event_id, event_texts.c.field).where(event_texts.c.text.is_not(None))
WRITTEN_AT = WRITTEN.where(event_texts.c.participant_id == bindparam("key"))
WRITTEN_OF = WRITTEN.join(session_participants, session_participants.c.id == event_texts.c.participant_id).where(
    session_participants.c.user_type == bindparam("type_key"), session_participants.c.user_id == bindparam("id_key")
)
ERASE = update(event_texts).where(event_texts.c.event_id == bindparam("key"), event_texts.c.field == bindparam("name"))


class SqlProof:
    """Implements `ProofRepository`."""

    def __init__(self, connection: Statements, chains: Chains, sealer: Sealer) -> None:
        self._connection = connection
        self._chains = chains
        self._sealer = sealer

    async def heads(self) -> list[HeadRow]:
        security = [list(row) for row in await self._connection.execute(SECURITY_HEAD)]
        for row in security:
            row[0] = SECURITY if row[0] == CHAIN else f"{SECURITY} {row[0]}"
        return [HeadRow(*row) for row in (*security, *(await self._connection.execute(SESSION_HEADS)))]

    async def checkpoints(self) -> list[CheckpointRow]:
        return [CheckpointRow(*row) for row in await self._connection.execute(CHECKPOINTS)]

    async def tombstones(self) -> list[TombstoneRow]:
        return [TombstoneRow(*row) for row in await self._connection.execute(TOMBSTONES)]

    async def events(self, lenient: bool = False) -> AsyncIterator[Sequence[EventRow]]:
        for statement in (SECURITY_EVENTS, SESSION_EVENTS):
            async for batch in self._connection.stream(statement, BATCH, lenient):
                yield batch

    async def texts(self, lenient: bool = False) -> AsyncIterator[list[TextRow]]:
        async for batch in self._connection.stream(TEXTS, BATCH, lenient):
            yield [TextRow(*row) for row in batch]

    async def list_heads(self) -> int:
        last = (await self._connection.execute(NEWEST_CHECKPOINT)).first()
        number = last.number + 1 if last else 1
        heads = [list(row) for row in await self._connection.execute(LIST_SESSIONS, {"number": number})]
        heads += [list(row) for row in await self._connection.execute(LIST_SECURITY, {"number": number})]
        if not heads:
            return 0
        previous = digest(last.statement) if last else GENESIS
        sealed = self._chains.seal(Kind.CHECKPOINT, number=number, previous=previous, heads=sorted(heads))
        values = {"number": number, "statement": sealed.statement, "signature": sealed.signature}
        await self._connection.execute(insert(proof_checkpoints), values)
        return len(heads)

    async def sign_heads(self) -> int:
        if (await self._connection.execute(NEWEST_CHECKPOINT)).first() is not None:
            return 0
        found = list(await self._connection.execute(UNSIGNED))
        for row in found:
            sealed = self._sealer.head(row.id, row.last_seq, row.last_hash)
            await self._connection.execute(SIGN, {"key": row.id, **head_values(row.last_hash, sealed)})
        return len(found)

    async def prunable(self, before: datetime) -> list[str]:
        return list((await self._connection.execute(PRUNABLE, {"before": to_text(before)})).scalars())

    async def prune_session(self, session_id: str) -> int:
        held = (await self._connection.execute(HELD_SESSION, {"key": session_id})).first()
        if held is None:
            return 0
        count = await self._bury(session_id, held.last_seq, held.last_hash)
        await self._connection.execute(DELETE_TEXTS, {"key": session_id})
        await self._connection.execute(DELETE_EVENTS, {"key": session_id})
        return count

    async def prune_security(self, before: datetime) -> int:
        held = (await self._connection.execute(HELD, {"key": CHAIN})).first()
        kept = (await self._connection.execute(FIRST_KEPT, {"before": to_text(before)})).scalar_one()
        last = held.last_seq if kept is None else kept - 1
        last_hash = (await self._connection.execute(HASH_AT, {"key": last})).first()
        if last_hash is None:
            return 0
        count = await self._bury(SECURITY, last, last_hash[0])
        await self._connection.execute(DELETE_SECURITY, {"key": last})
        return count

    async def erase(self, *, participant_id: str | None = None, user: UserKey | None = None) -> list[str]:
        if user is not None:
            found = await self._connection.execute(WRITTEN_OF, {"type_key": user[0], "id_key": user[1]})
        else:
            found = await self._connection.execute(WRITTEN_AT, {"key": participant_id})
        erased = []
        for event, field in list(found):
            sealed = self._chains.seal(Kind.ERASURE, event=event, field=field)
            gone = {"salt": None, "text": None, "erasure": sealed.statement, "signature": sealed.signature}
            await self._connection.execute(ERASE, {"key": event, "name": field, **gone})
            erased.append(f"{event}/{field}")
        return erased

    async def _bury(self, chain: str, last: int, last_hash: str) -> int:
        """Leaves a tombstone for what a chain still has up to an event; the events' triggers ask for it."""
        first = ((await self._connection.execute(BURIED_UNTIL, {"key": chain})).scalar_one() or 0) + 1
        sealed = self._chains.seal(Kind.TOMBSTONE, chain=chain, firstSeq=first, seq=last, hash=last_hash)
        said = {"statement": sealed.statement, "signature": sealed.signature}
        await self._connection.execute(BURY, {"chain": chain, "first_seq": first, "last_seq": last, **said})
        return last - first + 1
