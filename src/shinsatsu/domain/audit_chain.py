"""One chain under verification: rows in order, and where they stop being what was written, what became of them."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from shinsatsu.domain.audit import event_body, event_id
from shinsatsu.domain.audit_evidence import EventRow, FaultKind

TEXT_FIELDS = ("reason", "note")
_MARKS = tuple(f'"{name}Hash":"' for name in TEXT_FIELDS)
Texts = dict[tuple[str, str], tuple[str, str]]
"""Event id and field → the text's hash and whose stay it is about."""


class ChainRows:
    """Takes a chain's rows, beginning after `seq`, whose hash is `last_hash`; `known` are hashes from elsewhere."""

    def __init__(self, name: str, seq: int, last_hash: str, known: Mapping[int, str]) -> None:
        self.name = name
        self.seq = seq
        self.last_hash = last_hash
        self.count = 0
        self._known = known
        self._rest: list[tuple[Any, Any]] = []
        """Number and hash of the first row that is at fault, and of all that follow."""

    def feed(self, rows: Iterable[EventRow], texts: Texts) -> None:
        """Takes the next rows; collects the hashes of texts that their metadata name."""
        name, known, expected, previous = self.name, self._known, self.seq + 1, self.last_hash
        for row in rows:
            self.count += 1
            found = row[13]
            if (
                self._rest
                or row[1] != expected
                or row[12] != previous
                or row[2] != event_id(name, expected)
                or known.get(expected, found) != found
                or _hash_of(row) != found
            ):
                self._rest.append((row[1], found))
                continue
            if _MARKS[0] in row[10] or _MARKS[1] in row[10]:
                _note_texts(row, texts)
            expected, previous = expected + 1, found
        self.seq, self.last_hash = expected - 1, previous

    def broken(self, last: int) -> FaultKind | None:
        """What became of the row after the last good one; `last` is the number the chain should reach."""
        first = self.seq + 1
        if not self._rest:
            return FaultKind.REMOVED if last >= first else None
        if first > last:
            return FaultKind.INSERTED
        seq, found = self._rest[0]
        original = self._known.get(first)
        hashes = [one for _, one in self._rest]
        if original is not None and original in hashes[1:]:
            return FaultKind.INSERTED if self.seq + len(self._rest) > last else FaultKind.REORDERED
        if seq != first or any(found == one for number, one in self._known.items() if number > first):
            return FaultKind.REMOVED
        return FaultKind.CHANGED


def _hash_of(row: EventRow) -> str | None:
    if row[1].__class__ is not int or not (row[5] is None or row[5].__class__ is int):
        return None  # a number that is text could hide another member
    try:
        return sha256(event_body(*row[:13]).encode()).hexdigest()
    except (TypeError, UnicodeEncodeError):  # bytes, or text that is no UTF-8
        return None


def _note_texts(row: EventRow, texts: Texts) -> None:
    metadata = json.loads(row[10])
    for field in TEXT_FIELDS:
        if f"{field}Hash" in metadata:
            texts[(row[2], field)] = (metadata[f"{field}Hash"], metadata.get("participantId"))
