"""`shinsatsu webhooks` as it is typed, on a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("SHINSATSU_")}
COMMAND = (sys.executable, "-m", "shinsatsu", "webhooks")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments, "--data", str(folder)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd="/",
    )


def said(folder: Path, *arguments: str) -> str:
    result = run(folder, *arguments)
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    return result.stdout.strip()


def test_from_adding_to_removing(folder: Path) -> None:
    endpoint_id, secret = said(folder, "add", "https://hook.example/x", "--type", "session.ended").split()
    assert secret.startswith("whsec_")
    listed = f"{endpoint_id} https://hook.example/x pending=0 failed=0 session.ended"
    assert said(folder, "list") == listed
    assert said(folder, "rotate", endpoint_id).startswith("whsec_")
    assert said(folder, "replay") == f"{endpoint_id} 0"
    assert said(folder, "replay", "--endpoint", endpoint_id, "--since", "2026-11-23T05:30:00Z") == f"{endpoint_id} 0"
    assert said(folder, "remove", endpoint_id) == ""
    assert said(folder, "list") == ""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("add", "http://hook.example/"), "url: only https"),
        (("add", "https://hook.example/", "--type", "session.paused"), "--type session.paused is none of"),
        (("replay", "--endpoint", "nothing"), "There is no such webhook"),
        (("replay", "--since", "yesterday"), "write it like"),
        (("replay", "--since", "2026-11-23T05:30:00"), "write it like"),
    ],
)
def test_what_is_refused_in_one_line(folder: Path, arguments: tuple[str, ...], reason: str) -> None:
    result = run(folder, *arguments)
    assert result.returncode != 0
    assert reason in result.stderr
    assert "Traceback" not in result.stderr
