"""What the use cases need of the proof's rows; see `repositories`."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from shinsatsu.domain.audit_evidence import CheckpointRow, EventRow, HeadRow, TextRow, TombstoneRow
from shinsatsu.domain.roles import UserKey


class ProofRepository(Protocol):
    """Heads, checkpoints, tombstones, texts; and all events in order, as they stand."""

    async def heads(self) -> list[HeadRow]:
        """The head of every chain."""

    async def checkpoints(self) -> list[CheckpointRow]:
        """Every signed list, the oldest first."""

    async def tombstones(self) -> list[TombstoneRow]:
        """What stands for deleted events, by chain and number."""

    def events(self, lenient: bool = False) -> AsyncIterator[Sequence[EventRow]]:
        """Every event in batches, by chain and number; `lenient` takes text that no database of ours would write."""

    def texts(self, lenient: bool = False) -> AsyncIterator[list[TextRow]]:
        """What people wrote, or that it was erased, in batches."""

    async def list_heads(self) -> int:
        """Writes a checkpoint of the heads that none lists yet; how many there were."""

    async def sign_heads(self) -> int:
        """Signs the heads of a database from before there were signatures: only while no checkpoint exists."""

    async def prunable(self, before: datetime) -> list[str]:
        """Sessions that ended before and still have events."""

    async def prune_session(self, session_id: str) -> int:
        """Deletes the events of a session that is over, and their texts; leaves a tombstone; how many there were."""

    async def prune_security(self, before: datetime) -> int:
        """Deletes security events up to the first one that is not older; leaves a tombstone; how many there were."""

    async def erase(self, *, participant_id: str | None = None, user: UserKey | None = None) -> list[str]:
        """Erases what was written at one stay, or at all stays of a user; `event id/field` of each text."""
