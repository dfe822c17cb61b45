"""Signs heads and statements with the folder's key and appends them to the anchor."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shinsatsu.domain.audit import Kind, Sealed, head_statement
from shinsatsu.domain.audit_evidence import CheckpointRow, read_statement
from shinsatsu.domain.timestamps import to_text
from shinsatsu.proof.anchor import AnchorFile
from shinsatsu.proof.keys import KEY_FILE, SigningKey, listed_keys, own_keys, read_or_make_key
from shinsatsu.service.ports import Clock

MOST_OWED = 10_000
"""Lines that are kept for an anchor that cannot be written at the moment."""


class FileSealer:
    """Implements `Sealer`. The key is made on first use, and read again after it was rotated by another process."""

    def __init__(self, folder: Path, anchor: AnchorFile, clock: Clock) -> None:
        self._folder = folder
        self._anchor = anchor
        self._clock = clock
        self._key: SigningKey | None = None
        self._read_at = 0
        self._owed: list[str] = []

    def head(self, chain: str, seq: int, last_hash: str) -> Sealed:
        key, at = self.key(), self._now()
        return key.sign(head_statement(chain, seq, last_hash, at, key.kid), at)

    def seal(self, kind: Kind, **members: Any) -> Sealed:
        return self.key().seal(kind, self._now(), **members)

    def anchor(self, lines: Sequence[str]) -> None:
        self._owed += lines
        keys = [] if self._anchor.path.exists() else listed_keys(self._folder)
        if self._anchor.append([*keys, *self._owed]):
            self._owed = []
        else:
            del self._owed[:-MOST_OWED]  # the signed lists say it again

    def catch_up(self, checkpoints: Sequence[CheckpointRow]) -> None:
        """Appends the signed lists that did not reach the anchor: it could not be written, or the machine stopped."""
        known = self._anchor.listed()
        keys = own_keys(self._folder)
        lines = []
        for row in checkpoints:
            signed = read_statement(row.statement)
            if row.number not in known and signed and keys.signed(row.statement, row.signature, signed.get("kid")):
                lines.append(Sealed(row.statement, row.signature, signed["at"], signed["kid"]).line())
        if lines:
            self.anchor(lines)

    def key(self) -> SigningKey:
        """The key that signs now. Raises `SecretFileError` when its file cannot be used."""
        file = self._folder / KEY_FILE
        try:
            changed = file.stat().st_mtime_ns
        except FileNotFoundError:
            changed = -1
        if self._key is None or changed != self._read_at:
            self._key = read_or_make_key(self._folder, self._now())
            self._read_at = file.stat().st_mtime_ns
        return self._key

    def _now(self) -> str:
        return to_text(self._clock.now())
