"""`shinsatsu audit` on a real data folder, and the script in docs that verifies its export without our code."""

import asyncio
import json
import random
import shutil
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from typer.testing import CliRunner, Result

from shinsatsu.cli import app
from shinsatsu.proof.anchor import AnchorFile
from shinsatsu.proof.keys import own_keys, rotate_key
from shinsatsu.proof.sealer import FileSealer
from shinsatsu.service.proof import Proof
from shinsatsu.store.engine import make_engine
from shinsatsu.store.unit_of_work import SqlUnitsOfWork
from tests.house import House, SettableClock
from tests.proof import eventful
from tests.tampering import Attacker

SCRIPT = Path(__file__).parents[1] / "docs" / "verify_audit.py"


@pytest.fixture(name="data")
def left_behind(migrated_file: Path, tmp_path: Path) -> Path:
    """A folder as a server leaves it: some sessions are pruned, others are not."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    shutil.copy(migrated_file, folder / "shinsatsu.db")
    asyncio.run(live(folder))
    return folder


async def live(folder: Path) -> None:
    engine = make_engine(f"sqlite:///{folder / 'shinsatsu.db'}")
    house = House(engine)
    sealer = FileSealer(folder, AnchorFile(folder / "anchor.jsonl"), house.clock)
    house.commands.units_of_work = house.units_of_work = SqlUnitsOfWork(engine, sealer)
    await eventful(house, 2)
    house.clock.pass_time(days=3)
    await house.proof.prune(house.clock.now() - timedelta(days=1))
    for number in (3, 4):
        await house.opened(f"later-{number}")
    await house.proof.list_heads()
    await house.opened("last")
    house.units_of_work.close()
    await engine.dispose()


def audit(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments, "--data", str(data)], env={"SHINSATSU_DATABASE_URL": ""})


def by_script(data: Path) -> subprocess.CompletedProcess[str]:
    assert audit(data, "export", "--out", str(data / "export.jsonl")).exit_code == 0
    return judged(data)


def judged(data: Path) -> subprocess.CompletedProcess[str]:
    """What the script says of an export and an anchor that lie there."""
    command = [sys.executable, str(SCRIPT), str(data / "export.jsonl"), str(data / "anchor.jsonl")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def edit(data: Path, sql: str) -> None:
    with sqlite3.connect(data / "shinsatsu.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute(sql)
    database.close()


def test_a_folder_that_nobody_touched(data: Path) -> None:
    found = audit(data, "verify")
    assert (found.exit_code, found.stdout.splitlines()[-1]) == (0, "proven up to 2026-11-26T05:30:14.000Z")
    assert "all as they were written" in found.stdout
    script = by_script(data)
    assert (script.returncode, script.stdout.strip(), script.stderr) == (0, "all as it was written", "")
    assert "in the wrong room" not in (data / "export.jsonl").read_text()
    kinds = {one.get("signed", {}).get("kind") for one in lines_of(data / "export.jsonl")}
    assert kinds == {"key", "tombstone", "checkpoint", "head", None}


def test_the_first_row_that_was_changed_is_named_by_both(data: Path) -> None:
    edit(data, "UPDATE session_events SET user_id = 4711 WHERE video_session_id LIKE '%-000009' AND seq = 2")
    found, script = audit(data, "verify"), by_script(data)
    assert found.exit_code == script.returncode == 1
    assert "id-000009 event 2: changed" in found.stdout
    assert "id-000009 2: changed, removed, inserted or reordered" in script.stdout


def test_bytes_that_are_no_text_are_a_change_and_no_crash(data: Path) -> None:
    edit(
        data,
        "UPDATE session_events SET metadata = CAST(x'ff' AS TEXT) WHERE video_session_id LIKE '%-000009' AND seq = 1",
    )
    found = audit(data, "verify")
    assert found.exit_code == 1
    assert "id-000009 event 1: changed" in found.stdout
    assert by_script(data).returncode == 1


def test_the_script_agrees_with_the_command(data: Path, tmp_path: Path) -> None:
    """On edits of what it is given: it has no texts, and a blank in JSON is none in an export."""
    heads = lines_of(data / "anchor.jsonl")
    known = [{**one["signed"], "signature": one["signature"]} for one in heads if one["signed"]["kind"] == "head"]
    kinds = (Attacker.swap, Attacker.append, Attacker.rewrite, Attacker.truncate, Attacker.bury, Attacker.forge_list)
    agreed = 0
    for seed, kind in enumerate((*kinds, *kinds)):
        copy = Path(shutil.copytree(data, tmp_path / f"copy-{seed}"))
        engine = create_engine(f"sqlite:///{copy / 'shinsatsu.db'}")
        with engine.begin() as connection:
            attacker = Attacker(connection, random.Random(seed), known)
            attacker.disarm()
            did = kind(attacker)
        engine.dispose()
        assert (audit(copy, "verify").exit_code, by_script(copy).returncode) == ((1, 1) if did else (0, 0)), did
        agreed += did is not None
    assert agreed > len(kinds) / 2


def test_prune_and_erase_keep_it_proven(data: Path) -> None:
    found = audit(data, "prune", "--before", "2027-01-01")
    assert (found.exit_code, found.stdout) == (0, "deleted: 0 events of 0 sessions, 1 security events\n")
    assert audit(data, "erase", "--user", "worker:20").stdout == "erased: 0 texts, and the name of worker:20\n"
    assert audit(data, "erase", "--user", "worker:20").stdout == "erased: 0 texts, no name\n"
    assert audit(data, "verify").exit_code == 0
    assert by_script(data).returncode == 0


@pytest.mark.parametrize(
    "arguments", [("erase",), ("erase", "--user", "7"), ("erase", "--participant", "a", "--user", "patient:7")]
)
def test_what_to_erase_must_be_said(data: Path, arguments: tuple[str, ...]) -> None:
    assert audit(data, *arguments).exit_code != 0


@pytest.mark.parametrize("user", ["patient:abc", "patient:", "system:0", "patient:9999999999999999999", "7", ""])
def test_who_is_no_user_is_told_in_one_line(data: Path, user: str) -> None:
    found = audit(data, "erase", "--user", user)
    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr == f"shinsatsu: {user} is no user: write patient:7, patient:-2 (a guest) or worker:3\n"


def test_a_rotated_key_signs_on(data: Path) -> None:
    before = own_keys(data)
    assert audit(data, "rotate-key").exit_code == 0
    kids = [one["signed"]["kid"] for one in lines_of(data / "anchor.jsonl")]
    assert kids[-1] not in before
    assert kids[-1] in own_keys(data)
    assert audit(data, "verify").exit_code == 0
    assert by_script(data).returncode == 0
    assert (data / "audit.key").stat().st_mode & 0o777 == 0o600


def test_a_running_server_takes_up_the_new_key(tmp_path: Path) -> None:
    sealer = FileSealer(tmp_path, AnchorFile(tmp_path / "anchor.jsonl"), SettableClock())
    first = sealer.head("s1", 1, "0" * 64).kid
    old, new, _ = rotate_key(tmp_path, "2026-11-23T05:30:00.000Z")
    assert (old.kid, sealer.head("s1", 2, "0" * 64).kid) == (first, new.kid)
    assert first != new.kid


def test_without_the_anchor_or_the_database(data: Path, tmp_path: Path) -> None:
    (data / "anchor.jsonl").rename(data / "kept.jsonl")
    found = audit(data, "verify")
    assert found.exit_code == 1
    assert "anchor 0: removed: there is none" in found.stdout
    assert audit(data, "verify", "--anchor", str(data / "kept.jsonl")).exit_code == 0
    nowhere = audit(tmp_path / "nowhere", "verify")
    assert (nowhere.exit_code, (tmp_path / "nowhere").exists()) == (1, False)
    (data / "audit.key").chmod(0o644)
    found = audit(data, "verify", "--anchor", str(data / "kept.jsonl"))
    assert found.exit_code == 1
    assert "chmod 600" in found.stderr


def test_an_anchor_that_could_not_be_written_learns_of_it_later(data: Path) -> None:
    lost = (data / "anchor.jsonl").read_text().splitlines()
    kept = [line for line in lost if '"kind":"checkpoint"' not in line]
    (data / "anchor.jsonl").write_text("\n".join(kept) + "\n")
    asyncio.run(bring_up(data))
    lines = (data / "anchor.jsonl").read_text().splitlines()
    assert {line for line in lost if line not in kept} < set(lines)
    assert audit(data, "verify").exit_code == 0


async def bring_up(data: Path) -> None:
    """Starts the keeper of the proof and stops it again."""
    engine = make_engine(f"sqlite:///{data / 'shinsatsu.db'}")
    house = House(engine)
    house.clock.pass_time(days=4)
    sealer = FileSealer(data, AnchorFile(data / "anchor.jsonl"), house.clock)
    house.commands.units_of_work = units = SqlUnitsOfWork(engine, sealer)
    keeper = asyncio.create_task(Proof(house.commands, sealer.catch_up).run(timedelta(days=1)))
    async with asyncio.timeout(20):
        while AnchorFile(data / "anchor.jsonl").listed() != {1, 2, 3}:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)
    units.close()
    await engine.dispose()


def test_lines_wait_for_an_anchor_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "anchor.jsonl"
    sealer = FileSealer(tmp_path, AnchorFile(path), SettableClock())
    first, second = (sealer.head("s1", seq, "0" * 64).line() for seq in (1, 2))
    sealer.anchor([first])
    path.parent.mkdir()
    sealer.anchor([second])
    assert path.read_text().splitlines()[-2:] == [first, second]
    assert json.loads(path.read_text().splitlines()[0])["signed"]["kind"] == "key"
