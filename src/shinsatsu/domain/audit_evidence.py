"""What a verification rests on: the rows as they stand, what the anchor says, what was found."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from shinsatsu.domain.audit import Kind, canonical

Signed = Callable[[str, Any, Any], bool]
"""Whether a text was signed: text, signature, the key's name."""
EventRow = Sequence[Any]
"""chain, seq, id, type, userType, userId, role, address, requestId, sessionId, metadata, createdAt, prevHash, hash"""


class HeadRow(NamedTuple):
    """A chain's newest event, as its row says."""

    chain: str
    seq: int
    hash: str
    signature: str | None
    kid: str | None
    at: str | None
    checkpoint: int | None


class TombstoneRow(NamedTuple):
    """What stands for events that were deleted when their time was over."""

    chain: str
    first_seq: int
    last_seq: int
    statement: str
    signature: str


class CheckpointRow(NamedTuple):
    """A signed list of the heads that changed since the one before."""

    number: int
    statement: str
    signature: str


class TextRow(NamedTuple):
    """What somebody wrote, or that it was erased."""

    event_id: str
    field: str
    participant_id: str
    salt: str | None
    text: str | None
    erasure: str | None
    signature: str | None


class FaultKind(StrEnum):
    """What became of the first row that is not as it was written."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    UNSIGNED = "unsigned"


class Part(StrEnum):
    """What kind of row it is."""

    EVENT = "event"
    HEAD = "head"
    TEXT = "text"
    TOMBSTONE = "tombstone"
    CHECKPOINT = "checkpoint"
    ANCHOR = "anchor"


@dataclass(frozen=True, slots=True)
class Fault:
    """One row that is not as it was written; `seq` its number in the chain, or the checkpoint's."""

    part: Part
    kind: FaultKind
    chain: str
    seq: int
    detail: str = ""

    def __str__(self) -> str:
        where = f"checkpoint {self.seq}" if self.part is Part.CHECKPOINT else f"{self.chain} {self.part} {self.seq}"
        return f"{where}: {self.kind}{': ' if self.detail else ''}{self.detail}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; everything that was anchored up to `proven_until` is as it was written."""

    events: int
    chains: int
    faults: list[Fault]
    proven_until: str | None


@dataclass(slots=True)
class Anchored:
    """What statements outside the database, and signed lists inside it, say of the chains."""

    lines: int = 0
    hashes: dict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    newest: dict[str, tuple[int, dict[str, Any], Any]] = field(default_factory=dict)
    checkpoints: dict[int, dict[str, Any]] = field(default_factory=dict)
    tombstones: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    moments: list[tuple[str, str, int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def take(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Takes in an anchor's lines, in any order; lines of several anchors add up."""
        for line in lines:
            self.lines += 1
            signed = line["signed"]
            kind = signed.get("kind")
            if kind == Kind.HEAD:
                self._head(signed, line.get("signature"), line.get("hashes") or [signed["hash"]])
            elif kind == Kind.CHECKPOINT:
                self._once(self.checkpoints, signed["number"], signed, Part.CHECKPOINT)
                self.list_heads(signed)
            elif kind == Kind.TOMBSTONE:
                self._once(self.tombstones, (signed["chain"], signed["firstSeq"]), signed, Part.TOMBSTONE)

    def list_heads(self, checkpoint: Mapping[str, Any]) -> None:
        """Takes in the heads of a checkpoint."""
        for chain, seq, head in checkpoint["heads"]:
            self.expect(chain, seq, head)
            self.moments.append((checkpoint["at"], chain, seq))

    def expect(self, chain: str, seq: int, event_hash: str) -> None:
        """Notes the hash of an event; a second one says that the database was put back to an earlier state."""
        if self.hashes[chain].setdefault(seq, event_hash) != event_hash:
            self.faults.append(
                Fault(Part.ANCHOR, FaultKind.CHANGED, chain, seq, "signed twice, with different content")
            )

    def last_seq(self, chain: str) -> int:
        """The highest number that is known of a chain."""
        return max(self.hashes.get(chain, {}), default=0)

    def proven_until(self, faults: Iterable[Fault]) -> str | None:
        """The last moment before the first statement that covers what is at fault."""
        broken: dict[str, int] = {}
        late = []
        for fault in faults:
            if fault.part is not Part.CHECKPOINT:
                broken[fault.chain] = min(fault.seq, broken.get(fault.chain, fault.seq))
            elif fault.seq in self.checkpoints:
                late.append(self.checkpoints[fault.seq]["at"])
        late += [at for at, chain, seq in self.moments if chain in broken and seq >= broken[chain]]
        limit = min(late, default=None)
        return max((at for at, _, _ in self.moments if limit is None or at < limit), default=None)

    def _head(self, signed: dict[str, Any], signature: Any, hashes: Sequence[str]) -> None:
        chain, seq = signed["chain"], signed["seq"]
        self.expect(chain, seq, signed["hash"])
        for back, event_hash in enumerate(reversed(hashes[:-1]), 1):
            self.expect(chain, seq - back, event_hash)
        if seq > self.newest.get(chain, (0,))[0]:
            self.newest[chain] = (seq, signed, signature)
        self.moments.append((signed["at"], chain, seq))

    def _once(self, known: dict[Any, dict[str, Any]], name: Any, signed: dict[str, Any], part: Part) -> None:
        if known.setdefault(name, signed) != signed:
            chain, seq = name if isinstance(name, tuple) else ("", name)
            self.faults.append(Fault(part, FaultKind.CHANGED, chain, seq, "signed twice, with different content"))


def read_statement(text: Any) -> dict[str, Any] | None:
    """The members of a stored statement; None for text that is not as we write statements."""
    try:
        found = json.loads(text)
        return found if isinstance(found, dict) and canonical(found) == text else None
    except (ValueError, TypeError):
        return None
