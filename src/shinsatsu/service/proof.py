"""Keeping the proof: signed lists at intervals, what is deleted when its time is over, what is erased on request."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from shinsatsu.domain.audit_evidence import Anchored, CheckpointRow, Signed, Verdict
from shinsatsu.domain.audit_verify import Auditor
from shinsatsu.domain.errors import ConflictError, Unavailable
from shinsatsu.domain.roles import TIMER, UserKey
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.commands import Commands
from shinsatsu.service.proof_repository import ProofRepository
from shinsatsu.service.repositories import UnitOfWork

CatchUp = Callable[[Sequence[CheckpointRow]], None]
"""Tells the anchor of the signed lists that it lacks."""
NAMELESS = "—"
"""The name of somebody whose name was erased."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted: sessions, their events, security events."""

    sessions: int
    session_events: int
    security_events: int


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: how many texts, and whether a name."""

    texts: int
    name: bool


class Proof:
    """Use cases of the proof, for the server itself and for whoever runs it."""

    def __init__(self, commands: Commands, catch_up: CatchUp | None = None) -> None:
        self._commands = commands
        self._catch_up = catch_up

    async def run(self, interval: timedelta) -> None:
        """Lists the heads at once, then at intervals; a database that is away is asked again the next time."""
        if self._catch_up is not None:
            await self._bring_up(self._catch_up)
        while True:
            await self.list_heads()
            await asyncio.sleep(interval.total_seconds())

    async def _bring_up(self, catch_up: CatchUp) -> None:
        try:
            async with self._commands.units_of_work.read() as unit:
                checkpoints = await unit.proof.checkpoints()
            await asyncio.to_thread(catch_up, checkpoints)
        except Unavailable as error:
            log.warning("anchor_not_checked", error=str(error))

    async def list_heads(self) -> int:
        """A signed list of the heads that changed since the last one; how many they are."""

        async def transaction(unit: UnitOfWork) -> int:
            await unit.proof.sign_heads()
            return await unit.proof.list_heads()

        try:
            return await self._commands.transact(transaction)
        except (ConflictError, Unavailable) as error:
            log.warning("checkpoint_failed", error=str(error))
            return 0

    async def verify(self, anchored: Anchored, signed: Signed, lenient: bool = False) -> Verdict:
        """Reads everything, in one state of the database, and says whether it is as it was written.

        `anchored` has to be read before: what is committed meanwhile is newer than the anchor, never older.
        """
        async with self.reading() as rows:
            return await examine(rows, anchored, signed, lenient)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[ProofRepository]:
        """The proof's rows in one state of the database."""
        async with self._commands.units_of_work.read() as unit:
            yield unit.proof

    async def prune(self, before: datetime) -> Pruned:
        """Deletes the events of sessions that ended before, and older security events; tombstones stay."""
        async with self._commands.units_of_work.read() as unit:
            sessions = await unit.proof.prunable(before)
        counts = [await self._prune_session(one) for one in sessions]

        async def transaction(unit: UnitOfWork) -> Pruned:
            pruned = Pruned(len(counts), sum(counts), await unit.proof.prune_security(before))
            unit.security.record(
                SecurityEventType.EVENTS_PRUNED,
                TIMER,
                self._commands.clock.now(),
                before=to_text(before),
                sessions=pruned.sessions,
                sessionEvents=pruned.session_events,
                securityEvents=pruned.security_events,
            )
            return pruned

        return await self._commands.transact(transaction)

    async def erase(self, *, participant_id: str | None = None, user: UserKey | None = None) -> Erased:
        """Erases what was written at one stay, or at all stays of a user, and the user's name until it is given again.

        What is erased is on record, in the same transaction.
        """

        async def transaction(unit: UnitOfWork) -> Erased:
            erased = await unit.proof.erase(participant_id=participant_id, user=user)
            whose = {"participantId": participant_id} if user is None else {"userType": user[0], "userId": user[1]}
            if erased:
                kind = SecurityEventType.TEXTS_ERASED
                unit.security.record(kind, TIMER, self._commands.clock.now(), **whose, texts=erased)
            return Erased(len(erased), user is not None and await self._erase_name(unit, user))

        return await self._commands.transact(transaction)

    async def record_rotation(self, old: str, new: str) -> None:
        """Records that another key signs from now on."""

        async def transaction(unit: UnitOfWork) -> None:
            kind = SecurityEventType.SIGNING_KEY_ROTATED
            unit.security.record(kind, TIMER, self._commands.clock.now(), kid=new, previous=old)

        await self._commands.transact(transaction)

    async def _erase_name(self, unit: UnitOfWork, user: UserKey) -> bool:
        """Takes a person's name; False for nobody, and for whoever has none any more."""
        await unit.appointments.hold_person(user)
        person = (await unit.appointments.people([user])).get(user)
        if person is None or person.display_name == NAMELESS:
            return False
        await unit.appointments.put_people([replace(person, display_name=NAMELESS)])
        kind, now = SecurityEventType.NAME_ERASED, self._commands.clock.now()
        unit.security.record(kind, TIMER, now, userType=user[0], userId=user[1])
        return True

    async def _prune_session(self, session_id: str) -> int:
        return await self._commands.transact(lambda unit: unit.proof.prune_session(session_id))


async def examine(rows: ProofRepository, anchored: Anchored, signed: Signed, lenient: bool = False) -> Verdict:
    """Says whether all rows are as they were written."""
    auditor = Auditor(anchored, signed, await rows.heads(), await rows.tombstones(), await rows.checkpoints())
    async for events in rows.events(lenient):
        auditor.events(events)
    async for texts in rows.texts(lenient):
        auditor.texts(texts)
    return auditor.verdict()
