"""The SFU as a process: its one line, its end, its size."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.contracts.conftest import start_sfu, stop_sfu


def resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_on_free_ports_stays_small_and_ends_within_a_second(number: signal.Signals) -> None:
    process, ready = start_sfu()
    try:
        assert ready["event"] == "ready"
        assert httpx.get(f"{ready['url']}/healthz").json()["sessions"] == 0
        assert ready["udpPort"] > 0
        assert resident_megabytes(process.pid) <= 70
    finally:
        started = time.monotonic()
        process.send_signal(number)
        status = stop_sfu(process)
    assert status == 0
    assert time.monotonic() - started < 1


def test_without_extensions_it_is_plain_calls() -> None:
    process, ready = start_sfu("--plain")
    headers = {"Authorization": "Bearer contract-secret"}
    try:
        app = f"{ready['url']}/v1/apps/contract"
        assert httpx.get(f"{app}/capabilities", headers=headers).status_code == 404
        id_ = httpx.post(f"{app}/sessions/new", headers=headers).json()["sessionId"]
        for response in (
            httpx.put(f"{app}/sessions/{id_}/tracks/pause", headers=headers, json={}),
            httpx.delete(f"{app}/sessions/{id_}", headers=headers),
        ):
            assert response.status_code in (404, 405)
            assert response.json()["errorCode"]
    finally:
        assert stop_sfu(process) == 0


def test_it_ends_with_its_parent() -> None:
    script = (
        "import sys; from tests.contracts.conftest import start_sfu;"
        "p, ready = start_sfu(); print(p.pid, flush=True); import os; os._exit(0)"
    )
    started = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=True, timeout=20)
    pid = int(started.stdout)
    deadline = time.monotonic() + 5
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)  # another process: nothing here can tell of its end
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    ("options", "environment", "told"),
    [
        ([], {"SHINSATSU_SFU_APP_SECRET": ""}, "SHINSATSU_SFU_APP_SECRET"),
        (["--bind", "nowhere"], {}, "nowhere"),
        (["--advertise", "nowhere"], {}, "nowhere"),
        (["--http-host", "nowhere"], {}, "nowhere"),
    ],
)
def test_what_is_wrong_with_its_settings_is_one_line(
    options: list[str], environment: dict[str, str], told: str
) -> None:
    assert told in refused(options, environment)


def test_a_taken_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "in use" in refused(["--http-port", str(taken.getsockname()[1])], {})


def refused(options: list[str], environment: dict[str, str]) -> str:
    """The one line the process ends with."""
    credentials = {"SHINSATSU_SFU_APP_ID": "a", "SHINSATSU_SFU_APP_SECRET": "b"}
    ended = subprocess.run(
        [sys.executable, "-m", "shinsatsu.sfu.server", *options],
        env=os.environ | credentials | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    return ended.stderr
