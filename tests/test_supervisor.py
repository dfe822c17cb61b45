"""Children: started, taken up again after a kill, stopped, and never outliving their parent."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shinsatsu.supervisor import ChildFailed, Supervisor, restart_delay

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def until(condition: Callable[[], bool], *, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other processes give no event
            await asyncio.sleep(0.01)


def web_child(port: int) -> Supervisor:
    async def answers() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    return Supervisor("web", "http.server", [str(port), "--bind", "127.0.0.1"], ENVIRONMENT, answers)


async def test_a_killed_child_is_started_again_and_a_stopped_one_is_not() -> None:
    child = web_child(free_port())
    await child.start(10)
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.pid not in (None, first))
    second = child.pid
    assert second is not None
    await child.stop()
    assert not alive(first)
    assert not alive(second)
    assert child.pid is None


async def test_a_child_that_cannot_start_is_named_with_its_status() -> None:
    async def never() -> bool:
        return False

    child = Supervisor("web", "no_such_module", [], ENVIRONMENT, never)
    with pytest.raises(ChildFailed, match="web ended with status 1"):
        await child.start(10)


async def test_a_child_that_cannot_be_started_again_at_first_is_tried_until_it_can(tmp_path: Path) -> None:
    child = web_child(free_port())
    await child.start(10)
    first = child.pid
    assert first is not None
    python = tmp_path / "python"
    child._command = (str(python), *child._command[1:])
    os.kill(first, signal.SIGKILL)
    await until(lambda: not alive(first))
    await asyncio.sleep(restart_delay(1) * 2)  # at least one attempt has failed
    assert child.pid is None
    python.symlink_to(sys.executable)
    await until(lambda: child.pid is not None)
    await child.stop()


async def test_stopping_is_no_error_while_the_child_cannot_be_started(tmp_path: Path) -> None:
    child = web_child(free_port())
    await child.start(10)
    first = child.pid
    assert first is not None
    child._command = (str(tmp_path / "nothing"),)
    os.kill(first, signal.SIGKILL)
    await until(lambda: not alive(first))
    await asyncio.sleep(restart_delay(1) * 2)
    await child.stop()
    with pytest.raises(ChildFailed, match="web cannot be started"):
        await child.start(1)


def test_a_child_ends_with_its_parent_however_that_died() -> None:
    port = free_port()
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            f"child = subprocess.Popen([sys.executable, '-m', 'shinsatsu.lifeline', 'http.server', '{port}'],"
            " stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)\n"
            "print(child.pid, flush=True)\ntime.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()

    async def gone() -> None:
        await until(lambda: not alive(child))

    asyncio.run(gone())


def test_quick_deaths_are_answered_more_and_more_slowly() -> None:
    delays = [restart_delay(deaths) for deaths in range(12)]
    assert delays[0] <= delays[1] <= 0.1
    assert delays == sorted(delays)
    assert delays[-1] == 5.0
