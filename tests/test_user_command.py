"""`shinsatsu user`: on a database without a server, and beside one that runs."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shinsatsu.cli import app
from tests.api.clinic import settings
from tests.api.test_console import console, feed_of
from tests.realtime.test_websocket import serving

COMMAND = [sys.executable, "-m", "shinsatsu", "user"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("SHINSATSU_")} | {
    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)
}


def user(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *arguments, "--data", str(folder)]
    return subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, text=True, timeout=50, check=False, cwd=folder.parent
    )


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """The command in this process, on a data folder of its own."""
    monkeypatch.chdir(tmp_path)
    before = os.umask(0o077)
    yield lambda *arguments: CliRunner().invoke(app, ["user", *arguments, "--data", str(tmp_path / "data")])
    os.umask(before)


def test_workers_from_the_command_line(run: Callable[..., Result]) -> None:
    added = run("add", "山田 太郎", "--role", "admin", "--login-name", "yamada")
    assert (added.exit_code, added.stderr) == (0, "worker 1000000\n")
    assert added.stdout.startswith("http://127.0.0.1:8000/console/setup#token=")
    taken = run("add", "x", "--role", "doctor", "--login-name", "ＹＡＭＡＤＡ")
    assert (taken.exit_code, taken.stderr) == (1, "shinsatsu: Somebody has this login name.\n")
    hidden = run("add", "a\x1b[31mb", "--role", "doctor")
    assert (hidden.exit_code, "displayName" in hidden.stderr) == (1, True)
    assert run("list").stdout == "1000000\tadmin\tyamada\t山田 太郎\tsetup pending\n"


def test_disabled_enabled_and_reset_from_the_command_line(run: Callable[..., Result]) -> None:
    added = run("add", "山田 太郎", "--role", "admin", "--login-name", "yamada", "--id", "7")
    assert run("disable", "7").exit_code == 0
    assert run("list").stdout == "7\tadmin\tyamada\t山田 太郎\tdisabled\n"
    assert "enable it first" in run("reset", "7").stderr
    assert run("enable", "7").exit_code == 0
    again = run("reset", "7", "--login-name", "taro")
    assert again.stdout.startswith("http://127.0.0.1:8000/console/setup#token=")
    assert again.stdout != added.stdout
    assert run("list").stdout == "7\tadmin\ttaro\t山田 太郎\tsetup pending\n"
    unknown = run("disable", "8")
    assert (unknown.exit_code, unknown.stderr) == (1, "shinsatsu: There is no such user.\n")


async def test_a_running_server_notices_that_an_account_was_disabled(tmp_path: Path) -> None:
    async with serving(settings(tmp_path, None, console_links=True)) as live:
        await live.clinic.open()
        operator = await console(live.clinic, 4)
        async with feed_of(live, operator) as stream:
            await stream.recv()
            done = await asyncio.to_thread(user, tmp_path, "disable", "4")
            assert done.returncode == 0, done.stderr
            async with asyncio.timeout(15):
                await stream.wait_closed()
            assert stream.close_code == 4401
        assert (await operator.send("GET", "/api/video-sessions")).status_code == 401
