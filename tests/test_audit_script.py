"""docs/verify_audit.py on what an attacker hands it: each fault is named, and a newer anchor is told apart."""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shinsatsu.domain.audit import canonical
from tests.test_audit_command import audit, by_script, edit, judged, left_behind, lines_of  # noqa: F401 - a fixture

NEWER = "missing; or this anchor is newer than the export: copy the anchor first, then export"
CHANGED = "changed, removed, inserted or reordered"
Line = dict[str, Any]


def exported(folder: Path) -> list[Line]:
    assert audit(folder, "export", "--out", str(folder / "export.jsonl")).exit_code == 0
    return lines_of(folder / "export.jsonl")


def handed(folder: Path, lines: list[Line]) -> list[str]:
    """What the script names in an export of those lines; nothing else may come out of it."""
    (folder / "export.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    script = judged(folder)
    assert (script.returncode, script.stderr) == (1, "")
    return script.stdout.splitlines()


def test_rows_beyond_the_end_of_a_chain_are_named(data: Path) -> None:
    lines = exported(data)
    last = lines[-1]
    chain, seq = last["event"]["chain"], last["event"]["seq"] + 1
    chained = {**last["event"], "seq": seq, "prevHash": last["hash"]}
    honest = hashlib.sha256(canonical(chained).encode()).hexdigest()
    unchained = {**chained, "seq": seq + 7, "prevHash": "0" * 64}
    for event, stated in ((chained, honest), (chained, "f" * 64), (unchained, "f" * 64)):
        assert handed(data, [*lines, {"event": event, "hash": stated}]) == [f"{chain} {seq}: {CHANGED}"]
    nowhere = {**chained, "chain": "made up", "seq": 1, "prevHash": "0" * 64}
    found = hashlib.sha256(canonical(nowhere).encode()).hexdigest()
    assert handed(data, [*lines, {"event": nowhere, "hash": found}]) == [f"made up 1: {CHANGED}"]


@pytest.mark.parametrize("step", [1, 5])
def test_a_row_inserted_by_hand_after_the_last_is_named(data: Path, step: int) -> None:
    with sqlite3.connect(data / "shinsatsu.db") as database:
        (columns,) = [[row[1] for row in database.execute("PRAGMA table_info(session_events)")]]
        chain, last = database.execute(
            "SELECT video_session_id, max(seq) FROM session_events WHERE video_session_id LIKE '%-000009'"
        ).fetchone()
    database.close()
    changed = {"id": f"'{chain}:{last + step}'", "seq": str(last + step)}
    values = ", ".join(changed.get(name, name) for name in columns)
    where = f"video_session_id = '{chain}' AND seq = {last}"
    edit(data, f"INSERT INTO session_events SELECT {values} FROM session_events WHERE {where}")  # noqa: S608
    assert audit(data, "verify").exit_code == 1
    assert by_script(data).stdout.splitlines() == [f"{chain} {last + 1}: {CHANGED}"]


def test_an_anchor_newer_than_the_export_has_words_of_its_own(data: Path) -> None:
    """Only the order tells that from a tail that was cut off, so that both are faults."""
    exported(data)
    before = (data / "anchor.jsonl").read_bytes()
    assert audit(data, "prune", "--before", "2027-01-01").exit_code == 0
    script = judged(data)
    assert (script.returncode, script.stderr) == (1, "")
    assert {line.partition(": ")[2] for line in script.stdout.splitlines()} == {NEWER}
    now = (data / "anchor.jsonl").read_bytes()
    (data / "anchor.jsonl").write_bytes(before)  # copied first, then exported
    assert by_script(data).returncode == 0
    (data / "anchor.jsonl").write_bytes(now)
    assert judged(data).returncode == 0


def test_a_key_rotated_between_the_copy_and_the_export_is_no_fault(data: Path) -> None:
    before = (data / "anchor.jsonl").read_bytes()
    assert audit(data, "rotate-key").exit_code == 0
    (data / "anchor.jsonl").write_bytes(before)
    script = by_script(data)
    assert (script.returncode, script.stdout) == (0, "all as it was written\n")


def test_a_tail_cut_off_with_its_old_head_is_found(data: Path) -> None:
    lines = exported(data)
    chain, seq = lines[-1]["event"]["chain"], lines[-1]["event"]["seq"]
    head = next(place for place, one in enumerate(lines) if one.get("signed", {}).get("chain") == chain)
    heads = [one for one in lines_of(data / "anchor.jsonl") if one["signed"].get("chain") == chain]
    *_, lines[head] = (one for one in heads if one["signed"]["seq"] < seq)
    left = lines[head]["signed"]["seq"]
    assert handed(data, lines[: left - seq]) == [f"{chain} {left + 1}: {NEWER}"]


HOSTILE: dict[str, Callable[[Line], object]] = {
    "no signature": lambda line: line.pop("signature"),
    "null": lambda line: line.update(signature=None),
    "not hex": lambda line: line.update(signature="None"),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_tombstone_without_its_signature_is_named(data: Path, how: str) -> None:
    lines = exported(data)
    tombstone = next(one for one in lines if one.get("signed", {}).get("kind") == "tombstone")
    HOSTILE[how](tombstone)
    assert handed(data, lines) == [f"tombstone {tombstone['signed']['chain']}: not as it was signed"]


@pytest.mark.parametrize(
    "line",
    [{}, [], {"event": None, "hash": ""}, {"event": {"chain": "x"}}, {"signed": None}, {"signed": {}},
     {"signed": {"kind": "tombstone"}}, {"signed": {"kind": "head", "chain": [], "seq": 1, "hash": ""}}, {"event": 1}],
)  # fmt: skip
def test_a_line_that_is_nothing_is_shown(data: Path, line: Any) -> None:
    named = handed(data, [*exported(data), line])
    assert f"not to be read: {json.dumps(line)}" in [one.removesuffix("\\n'") for one in named]


def test_bytes_that_are_no_text_are_named(data: Path) -> None:
    exported(data)
    with (data / "export.jsonl").open("ab") as out:
        out.write(b'{"event":{"chain":"\xff","seq":1,"prevHash":""},"hash":""}\n')
    script = judged(data)
    assert (script.returncode, script.stderr) == (1, "")
    assert "not to be read" in script.stdout
