"""The anchor: a file outside the database to which signed statements are appended, one JSON line each."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import structlog

from shinsatsu.domain.audit import Kind

CHECKPOINT, KEY = f'"kind":"{Kind.CHECKPOINT}"', f'"kind":"{Kind.KEY}"'
"""Marks of lines of those kinds."""
log = structlog.get_logger(__name__)


class AnchorFile:
    """Appends whole lines in one write, so that several processes may share the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, lines: Sequence[str]) -> bool:
        """Appends; False, and a line in the log, when the file cannot be written: the next checkpoint says it again."""
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                data = "".join(line + "\n" for line in lines).encode()
                if os.write(descriptor, data) != len(data):
                    raise OSError(f"{self.path} took only a part of a line")
            finally:
                os.close(descriptor)
        except OSError as error:
            log.error("anchor_failed", path=str(self.path), error=str(error))  # noqa: TRY400 - the error says it all
            return False
        return True

    def listed(self) -> set[int]:
        """The numbers of the checkpoints in it."""
        return {line["signed"]["number"] for line in self.read(CHECKPOINT) if "number" in line["signed"]}

    def read(self, mark: str = "") -> Iterator[dict[str, Any]]:
        """The statements in it, or those with a mark; what is no whole line (the machine lost power) is passed over."""
        try:
            with self.path.open(encoding="utf-8", errors="replace") as lines:
                yield from _statements(line for line in lines if mark in line)
        except FileNotFoundError:
            return


def _statements(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    decode = json.JSONDecoder().raw_decode
    for line in lines:
        try:
            found, _ = decode(line)
        except ValueError:
            continue
        if isinstance(found, dict) and isinstance(found.get("signed"), dict):
            yield found
