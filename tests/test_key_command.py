"""`shinsatsu key` and `shinsatsu keys`, as a person runs them."""

import subprocess
import sys
from pathlib import Path

from tests.test_supervisor import ENVIRONMENT

COMMAND = [sys.executable, "-m", "shinsatsu"]


def run(folder: Path, *words: str, fails: bool = False) -> str:
    command = [*COMMAND, *words, "--data", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=ENVIRONMENT)
    assert (done.returncode != 0) is fails, done.stderr
    return (done.stderr if fails else done.stdout).strip()


def test_make_list_rotate_and_revoke(tmp_path: Path) -> None:
    secret = run(tmp_path, "key")
    assert secret.startswith("sk_")
    other = run(tmp_path, "key", "auditor", "--scope", "audit:read", "--expires-days", "30")
    first, second = run(tmp_path, "keys", "list").splitlines()
    assert first == "1 appointments,links,links:worker,sessions:read booking system"
    assert second.startswith("2 audit:read until=")
    assert second.endswith(" auditor")
    key_id, _, rotated = run(tmp_path, "keys", "rotate", "1", "--overlap-minutes", "0").partition(" ")
    assert key_id == "3"
    assert rotated.startswith("sk_")
    run(tmp_path, "keys", "revoke", "2")
    listed = run(tmp_path, "keys", "list")
    assert "replaced-by=3" in listed.splitlines()[0]
    assert "revoked=" in listed.splitlines()[1]
    assert not any(one in listed for one in (secret, other, rotated))


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    assert "--scope users is none of appointments" in run(tmp_path, "key", "--scope", "users", fails=True)
    assert run(tmp_path, "keys", "revoke", "7", fails=True) == "shinsatsu: There is no such key."
