"""Verifies the proof: every event against its chain, every chain against its head, the anchor and the signed lists.

Pure: rows come in order, the answer is a `Verdict` that names the first row of each chain that is not as written.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any

from shinsatsu.domain.audit import GENESIS, SALT_LENGTH, Kind, canonical, digest, head_statement, text_hash
from shinsatsu.domain.audit_chain import ChainRows, Texts
from shinsatsu.domain.audit_evidence import (
    Anchored,
    CheckpointRow,
    EventRow,
    Fault,
    FaultKind,
    HeadRow,
    Part,
    Signed,
    TextRow,
    TombstoneRow,
    Verdict,
    read_statement,
)


class Auditor:
    """One verification: the small tables at once, in order, then the events by chain and number, then the texts."""

    def __init__(
        self,
        anchored: Anchored,
        signed: Signed,
        heads: Iterable[HeadRow],
        tombstones: Iterable[TombstoneRow],
        checkpoints: Iterable[CheckpointRow],
    ) -> None:
        self._anchored = anchored
        self._signed = signed
        self._faults: list[Fault] = []
        self._texts: Texts = {}
        self._listed: dict[str, dict[int, int]] = defaultdict(dict)
        self._read_checkpoints(list(checkpoints))
        self._ends: dict[str, tuple[int, str]] = {}
        self._read_tombstones(list(tombstones))
        self._heads: dict[str, HeadRow] = {}
        for head in heads:
            if self._heads.setdefault(head.chain, head) is not head:
                self._fault(Part.HEAD, FaultKind.INSERTED, head.chain, head.seq)
        self._done: set[str] = set()
        self._broken: dict[str, int] = {}
        self._open: ChainRows | None = None
        self._events = 0

    def events(self, batch: Iterable[EventRow]) -> None:
        """Takes the next rows."""
        for name, rows in groupby(batch, key=itemgetter(0)):
            if self._open is None or self._open.name != name:
                self._close()
                self._open = self._begin(name)
            self._open.feed(rows, self._texts)

    def texts(self, batch: Iterable[TextRow]) -> None:
        """Takes texts, once all events were taken."""
        self._close()
        for row in batch:
            chain, seq = _place(row.event_id)
            if seq >= self._broken.get(chain, seq + 1):
                continue  # the event itself is at fault
            expected = self._texts.pop((row.event_id, row.field), None)
            if expected is None:
                self._fault(Part.TEXT, FaultKind.INSERTED, chain, seq)
            elif row.text is None and not self._erased(row, expected[1]):
                self._fault(Part.TEXT, FaultKind.REMOVED, chain, seq, "without its erasure")
            elif row.text is not None and not _as_written(row, *expected):
                self._fault(Part.TEXT, FaultKind.CHANGED, chain, seq)

    def verdict(self) -> Verdict:
        """What was found, once everything was taken."""
        self._close()
        for name in (set(self._heads) | set(self._anchored.hashes) | set(self._ends)) - self._done:
            self._open = self._begin(name)
            self._close()
        for event, _ in self._texts:
            self._fault(Part.TEXT, FaultKind.REMOVED, *_place(event))
        if self._events and not self._anchored.lines:
            self._fault(Part.ANCHOR, FaultKind.REMOVED, "", 0, "there is none, so that nothing is proven")
        faults = sorted({*self._faults, *self._anchored.faults}, key=lambda one: (one.chain, one.seq, one.part))
        return Verdict(self._events, len(self._done), faults, self._anchored.proven_until(faults))

    def _begin(self, name: Any) -> ChainRows:
        self._done.add(name)
        seq, last_hash = self._ends.get(name, (0, GENESIS))
        return ChainRows(name, seq, last_hash, self._anchored.hashes.get(name, {}))

    def _close(self) -> None:
        """Judges the chain whose rows were all taken."""
        chain, self._open = self._open, None
        if chain is None:
            return
        self._events += chain.count
        head = self._heads.get(chain.name)
        known = self._anchored.last_seq(chain.name)
        broken = chain.broken(max(known, head.seq if head and isinstance(head.seq, int) else 0))
        if broken is not None:
            self._broken[str(chain.name)] = chain.seq + 1
            self._fault(Part.EVENT, broken, chain.name, chain.seq + 1)
        elif head is None:
            self._fault(Part.HEAD, FaultKind.REMOVED, chain.name, chain.seq)
        else:
            self._judge_head(head, chain)

    def _judge_head(self, head: HeadRow, chain: ChainRows) -> None:
        name, seq = chain.name, chain.seq
        listed = self._listed.get(name, {}).get(seq)
        if seq == 0:
            if head != HeadRow(name, 0, GENESIS, None, None, None, listed):
                self._fault(Part.HEAD, FaultKind.CHANGED, name, seq)
            return
        known = self._anchored.last_seq(name)
        fits = (head.seq, head.hash, head.checkpoint) == (seq, chain.last_hash, listed)
        if fits and self._head_signed(head):
            return
        if 0 < known < seq:
            self._fault(Part.EVENT, FaultKind.INSERTED, name, known + 1, "nothing that is signed covers it")
        elif fits:
            self._fault(Part.HEAD, FaultKind.UNSIGNED, name, seq, "not signed by a key that is known")
        else:
            self._fault(Part.HEAD, FaultKind.CHANGED, name, seq)

    def _head_signed(self, head: HeadRow) -> bool:
        """Whether one of our keys signed a head, and the anchor's newest line of its chain, which mostly is the same.

        Where a signed list vouches for the head, that line needs no look at its own signature.
        """
        if not isinstance(head.at, str) or not isinstance(head.kid, str):
            return False
        _, line, signature = self._anchored.newest.get(head.chain, (0, None, None))
        members = {"kind": Kind.HEAD.value, "chain": head.chain, "seq": head.seq, "hash": head.hash}
        same = signature == head.signature and line == {**members, "at": head.at, "kid": head.kid}
        if same and head.checkpoint is not None:
            return True
        if not same and line is not None and not self._signed(canonical(line), signature, line.get("kid")):
            self._fault(Part.ANCHOR, FaultKind.UNSIGNED, head.chain, line["seq"], "not signed by a key that is known")
        text = head_statement(head.chain, head.seq, head.hash, head.at, head.kid)
        return self._signed(text, head.signature, head.kid)

    def _read_checkpoints(self, rows: list[CheckpointRow]) -> None:
        previous = GENESIS
        for expected, row in enumerate(rows, 1):
            known = self._statement(row.statement, row.signature, Kind.CHECKPOINT)
            if known is None or (row.number, known["number"], known["previous"]) != (expected, expected, previous):
                missing = isinstance(row.number, int) and row.number > expected
                self._fault(Part.CHECKPOINT, FaultKind.REMOVED if missing else FaultKind.CHANGED, "", expected)
                break
            if self._anchored.checkpoints.setdefault(expected, known) != known:
                self._fault(Part.CHECKPOINT, FaultKind.CHANGED, "", expected, "the anchor has another one")
            previous = digest(row.statement)
            self._anchored.list_heads(known)
            for chain, seq, _ in known["heads"]:
                self._listed[chain][seq] = expected
        last = max(self._anchored.checkpoints, default=0)
        if last > len(rows):
            self._fault(Part.CHECKPOINT, FaultKind.REMOVED, "", len(rows) + 1)

    def _read_tombstones(self, rows: list[TombstoneRow]) -> None:
        for row in rows:
            known = self._statement(row.statement, row.signature, Kind.TOMBSTONE)
            first = self._ends.get(row.chain, (0, GENESIS))[0] + 1
            said = known and (known["chain"], known["firstSeq"], known["seq"])
            if known is None or said != row[:3] or row.first_seq != first:
                self._fault(Part.TOMBSTONE, FaultKind.CHANGED, row.chain, first)
                continue
            if self._anchored.tombstones.get((row.chain, first), known) != known:
                self._fault(Part.TOMBSTONE, FaultKind.CHANGED, row.chain, first, "the anchor has another one")
            self._anchored.expect(row.chain, row.last_seq, known["hash"])
            self._ends[row.chain] = (row.last_seq, known["hash"])
        for chain, first in self._anchored.tombstones.keys() - {(row.chain, row.first_seq) for row in rows}:
            self._fault(Part.TOMBSTONE, FaultKind.REMOVED, chain, first)

    def _erased(self, row: TextRow, participant_id: str) -> bool:
        known = self._statement(row.erasure, row.signature, Kind.ERASURE)
        said = known and (known["event"], known["field"])
        return said == (row.event_id, row.field) and row.salt is None and row.participant_id == participant_id

    def _statement(self, text: Any, signature: Any, kind: Kind) -> dict[str, Any] | None:
        """What a stored statement says; None unless it is of that kind and one of our keys signed it."""
        known = read_statement(text)
        if known is None or known.get("kind") != kind or not self._signed(text, signature, known.get("kid")):
            return None
        return known

    def _fault(self, part: Part, kind: FaultKind, chain: object, seq: int, detail: str = "") -> None:
        self._faults.append(Fault(part, kind, str(chain), seq, detail))


def _as_written(row: TextRow, expected: str, participant_id: str) -> bool:
    if row.salt is None or row.text is None or (row.erasure, row.signature) != (None, None):
        return False
    try:
        found = text_hash(row.salt, row.text)
    except (TypeError, UnicodeEncodeError):
        return False
    return len(row.salt) == SALT_LENGTH and found == expected and row.participant_id == participant_id


def _place(event: str) -> tuple[str, int]:
    chain, _, seq = str(event).rpartition(":")
    return chain, int(seq) if seq.isdecimal() else 0
