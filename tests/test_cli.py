"""The commands as a person runs them: processes of their own, real signals."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from shinsatsu.demo.ready import this_command
from shinsatsu.lan import make_certificate
from shinsatsu.settings import SettingsRefused, read_settings
from shinsatsu.settings_check import checked
from tests.log_watch import refuse_secrets
from tests.test_supervisor import ENVIRONMENT, alive, free_port

COMMAND = [sys.executable, "-m", "shinsatsu"]
SECRET = "s" * 32
CLINIC = "https://clinic.example"
Json = dict[str, Any]


@contextmanager
def demo(*options: str, folder: Path) -> Iterator[tuple[Json, subprocess.Popen[str]]]:
    """A running demo: its ready line and its process; temporary files go to `folder`."""
    environment = {**ENVIRONMENT, "TMPDIR": str(folder)}
    command = [*COMMAND, "demo", "--json", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline()), process
    finally:
        process.kill()
        refuse_secrets(process.communicate()[1])


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def commands_of(pid: int) -> list[str]:
    return [Path(f"/proc/{child}/cmdline").read_text() for child in children(pid)]


def wait_for(condition: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def listening(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


def test_the_demo_says_when_it_is_ready_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo(folder=tmp_path) as (ready, process):
        assert list(ready) == ["baseUrl", "apiKey", "sfu", "appointments", "users", "links", "consoleLinks"]
        assert list(ready["sfu"]) == ["url", "appId", "appSecret"]
        assert len(ready["appointments"]) == 6
        assert list(ready["appointments"][0]) == ["id", "patientId", "doctorId", "supportDoctorIds"]
        roles = [user["role"] for user in ready["users"]]
        assert [roles.count(role) for role in (None, "doctor", "operator", "admin")] == [6, 3, 1, 1]
        assert list(ready["links"]) == [
            "patient", "doctor", "supportDoctor", "operator", "admin", "otherPatient", "otherDoctor",
        ]  # fmt: skip
        assert list(ready["consoleLinks"]) == ["doctor", "operator", "admin"]
        assert all(link.startswith(f"{ready['baseUrl']}/console?token=") for link in ready["consoleLinks"].values())
        assert httpx.get(f"{ready['baseUrl']}/healthz").json()["status"] == "ok"
        own, other = (ready["links"][name].partition("?")[0] for name in ("patient", "otherPatient"))
        assert own == ready["links"]["admin"].partition("?")[0] != other
        (folder,) = tmp_path.iterdir()
        assert folder.stat().st_mode & 0o077 == 0
        started = children(process.pid)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        output, errors = process.communicate(timeout=10)
        assert time.monotonic() - began < 2
        assert (process.returncode, output) == (0, "")
        assert "Traceback" not in errors
        assert not any(map(alive, started))
        assert not listening(ready["baseUrl"])
        assert not listening(ready["sfu"]["url"])
        assert list(tmp_path.iterdir()) == []


def test_a_killed_sfu_is_back_on_its_ports_and_the_session_is_not_lost(tmp_path: Path) -> None:
    with demo("--data", str(tmp_path / "data"), folder=tmp_path) as (ready, process):
        (sfu,) = children(process.pid)
        os.kill(sfu, signal.SIGKILL)
        wait_for(lambda: children(process.pid) not in ([], [sfu]))
        wait_for(lambda: httpx.get(f"{ready['baseUrl']}/healthz").json()["mediaPlane"] == "ok")
        answer = httpx.post(
            f"{ready['baseUrl']}/api/video-sessions/create",
            json={"appointmentId": ready["appointments"][0]["id"]},
            headers={"Authorization": f"Bearer {ready['apiKey']}"},
        )
        assert answer.status_code == 201
    with demo("--data", str(tmp_path / "data"), folder=tmp_path) as (again, _):
        sessions = httpx.get(
            f"{again['baseUrl']}/api/video-sessions", headers={"Authorization": f"Bearer {again['apiKey']}"}
        ).json()["sessions"]
        assert sorted(session["status"] for session in sessions).count("waiting") == 1


def test_a_killed_demo_takes_its_sfu_along(tmp_path: Path) -> None:
    with demo(folder=tmp_path) as (_, process):
        started = children(process.pid)
        process.kill()
        wait_for(lambda: not any(map(alive, started)))


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("demo", "--port", port, TMPDIR=str(tmp_path))
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert port in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_minted_from_the_command_line(tmp_path: Path) -> None:
    with demo(folder=tmp_path) as (ready, _):
        session = ready["links"]["patient"].partition("/consultation/")[2].partition("?")[0]
        base = ("--url", ready["baseUrl"])
        result = run("link", session, "patient", "1", *base, SHINSATSU_API_KEY=ready["apiKey"])
        assert result.stdout.startswith(f"{ready['baseUrl']}/consultation/{session}?token=")
        refused = run("link", session, "patient", "2", *base, SHINSATSU_API_KEY=ready["apiKey"])
        assert refused.returncode == 1
        assert "does not belong" in refused.stderr
        unknown = run("link", session, "patient", "1", *base, SHINSATSU_API_KEY="something")
        assert unknown.returncode == 1
        assert unknown.stderr == "shinsatsu: This credential is not valid.\n"


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        ({"HOST": "0.0.0.0"}, "SHINSATSU_HOST"),  # noqa: S104 - what is refused
        ({"HOST": "0.0.0.0", "TRUSTED_PROXIES": "10.0.0.1"}, "SHINSATSU_BASE_URL"),  # noqa: S104
        ({"HOST": "::", "TRUSTED_PROXIES": "10.0.0.1"}, "SHINSATSU_BASE_URL"),
        ({"HOST": "no such host", "BASE_URL": CLINIC, "TRUSTED_PROXIES": "10.0.0.1"}, "SHINSATSU_HOST"),
        ({"TRUSTED_PROXIES": "*"}, "SHINSATSU_TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": "10.0.0.1,0.0.0.0/0"}, "SHINSATSU_TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": "::/0"}, "SHINSATSU_TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": "10.0.0.1/8"}, "SHINSATSU_TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": "proxy.example"}, "SHINSATSU_TRUSTED_PROXIES"),
        ({"BASE_URL": "http://clinic.example"}, "SHINSATSU_BASE_URL"),
        ({"BASE_URL": f"{CLINIC}/video"}, "SHINSATSU_BASE_URL"),
        ({"BASE_URL": f"{CLINIC}?a=b"}, "SHINSATSU_BASE_URL"),
        ({"BASE_URL": f"{CLINIC}/#top"}, "SHINSATSU_BASE_URL"),
        ({"BASE_URL": "https://somebody@clinic.example"}, "SHINSATSU_BASE_URL"),
        ({"BASE_URL": "https://[clinic"}, "SHINSATSU_BASE_URL"),
        ({"TLS_CERTIFICATE": "/no.pem", "TLS_KEY": "/no.key"}, "SHINSATSU_TLS_CERTIFICATE=/no.pem"),
        ({"TLS_CERTIFICATE": __file__, "TLS_KEY": __file__}, f"SHINSATSU_TLS_CERTIFICATE={__file__}"),
        ({"SECRET": SECRET}, "SHINSATSU_SFU_APP_SECRET"),
        ({"DATABASE_URL": "nonsense"}, "SHINSATSU_DATABASE_URL"),
        ({"DATABASE_URL": "mysql://db.example/shinsatsu"}, "SHINSATSU_DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://u:word@127.0.0.1:1/x", "SECRET": "k" * 32}, "SHINSATSU_DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x?colour=blue", "SECRET": "k" * 32}, "SHINSATSU_DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:////proc/no/such.db"}, "SHINSATSU_DATABASE_URL"),
        ({"DATA_DIR": "/proc/no"}, "SHINSATSU_DATA_DIR"),
        ({"EXCHANGE_RATE": "lots"}, "SHINSATSU_EXCHANGE_RATE"),
        ({"FAILURE_RATE": "5/fortnight"}, "SHINSATSU_FAILURE_RATE"),
        ({"TLS_CERTIFICATE": "x.pem"}, "SHINSATSU_TLS_KEY"),
        ({"ALLOWED_ORIGINS": "*"}, "SHINSATSU_ALLOWED_ORIGINS"),
        ({"SECRET": "short"}, "SHINSATSU_SECRET"),
        ({"DATABASE_URL": "postgresql://db.example/shinsatsu"}, "SHINSATSU_SECRET"),
        ({"SFU_URL": "", "BASE_URL": "https://clinic.example"}, "SHINSATSU_SFU_BIND"),
        ({"SFU_URL": "http://sfu.example"}, "SHINSATSU_SFU_URL"),
        ({"SFU_APP_SECRET": "changeme"}, "SHINSATSU_SFU_APP_SECRET"),
        ({"PORT": "eighty"}, "SHINSATSU_PORT"),
        ({"ICE_SERVERS": "stun:x"}, "SHINSATSU_ICE_SERVERS"),
    ],
)
def test_serve_refuses_what_is_insecure_in_one_line(tmp_path: Path, setting: dict[str, str], names: str) -> None:
    good = {"DATA_DIR": str(tmp_path), "SFU_URL": "http://127.0.0.1:9", "SFU_APP_SECRET": SECRET, "PORT": "0"}
    tmp_path.chmod(0o700)
    environment = {f"SHINSATSU_{name}": value for name, value in {**good, **setting}.items()}
    result = run("serve", **environment)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert result.stderr.startswith("shinsatsu: ")
    assert names in result.stderr
    assert "word@" not in result.stderr


def test_serve_names_the_key_that_does_not_fit(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "other").mkdir()
    certificate, key = make_certificate(tmp_path, ["127.0.0.1"])
    _, another = make_certificate(tmp_path / "other", ["127.0.0.1"])
    locked = tmp_path / "locked.pem"
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked.write_bytes(loaded.private_bytes(encoding, shape, serialization.BestAvailableEncryption(b"word")))
    for wrong in (another, locked, tmp_path / "no.key"):
        result = run(
            "serve",
            SHINSATSU_DATA_DIR=str(tmp_path),
            SHINSATSU_TLS_CERTIFICATE=str(certificate),
            SHINSATSU_TLS_KEY=str(wrong),
        )
        assert result.returncode == 1
        assert result.stderr.startswith(f"shinsatsu: SHINSATSU_TLS_KEY={wrong}")
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "command",
    [
        ("demo", "--port", "0", "--data", "/proc/no"),
        ("migrate", "--data", "/proc/no"),
        ("key", "x", "--data", "/proc/no"),
    ],
)
def test_a_folder_that_cannot_be_made_is_one_line(command: tuple[str, ...]) -> None:
    result = run(*command)
    assert result.returncode == 1
    assert result.stderr.startswith("shinsatsu: ")
    assert "/proc/no" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_demo_leaves_the_clinics_database_alone(tmp_path: Path) -> None:
    file = tmp_path / "clinic.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ENVIRONMENT, "SHINSATSU_DATABASE_URL", f"sqlite:///{file}")
        with demo("--data", str(tmp_path / "data"), folder=tmp_path):
            assert (tmp_path / "data" / "shinsatsu.db").exists()
    assert not file.exists()


def test_postgresql_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(SettingsRefused, match=r"SHINSATSU_DATABASE_URL.*shinsatsu\[postgresql\]"):
        read_settings(database_url="postgresql://db.example/shinsatsu")


def test_proxies_may_be_addresses_and_networks(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    wanted = read_settings(
        data_dir=tmp_path,
        base_url="https://clinic.example:443/",
        trusted_proxies="127.0.0.1,10.0.0.0/8,fd00::/8,::1",
        allowed_origins="https://Portal.Example",
        sfu_bind="192.0.2.1",
    )
    assert checked(wanted).origins == {"https://clinic.example", "https://portal.example"}


def test_an_sfu_open_to_others_needs_a_real_secret() -> None:
    for host, secret, names in (
        ("0.0.0.0", "short", "SHINSATSU_SFU_APP_SECRET"),  # noqa: S104 - what is refused
        ("192.0.2.1", "", "SHINSATSU_SFU_APP_SECRET"),
        ("somewhere", SECRET, "--http-host"),
    ):
        options = ("--http-port", "0", "--udp-port", "0", "--http-host", host)
        result = run("sfu", *options, SHINSATSU_SFU_APP_ID="x", SHINSATSU_SFU_APP_SECRET=secret)
        assert result.returncode == 1
        assert names in result.stderr
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_sfu_on_loopback_takes_a_short_secret(host: str) -> None:
    environment = {**ENVIRONMENT, "SHINSATSU_SFU_APP_ID": "x", "SHINSATSU_SFU_APP_SECRET": "short"}
    command = [*COMMAND, "sfu", "--http-port", "0", "--udp-port", "0", "--http-host", host]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "ready"
        process.terminate()


def test_the_demo_names_a_command_that_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "venv" / "bin" / "shinsatsu"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert this_command() == str(program)
    monkeypatch.chdir(tmp_path)
    assert this_command() == "venv/bin/shinsatsu"
    monkeypatch.setenv("PATH", str(program.parent))
    assert this_command() == "shinsatsu"
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "shinsatsu" / "__main__.py")])
    assert this_command() == f"{sys.executable} -m shinsatsu"


def test_the_demos_patient_has_no_link_on_its_command_line(tmp_path: Path) -> None:
    with demo("--with-patient", folder=tmp_path) as (ready, process):
        wait_for(lambda: any("synthetic_patient" in command for command in commands_of(process.pid)), 20)
        assert not any("token" in command for command in commands_of(process.pid))
        session = ready["links"]["patient"].partition("/consultation/")[2].partition("?")[0]
        address = f"{ready['baseUrl']}/api/video-sessions/{session}"
        headers = {"Authorization": f"Bearer {ready['apiKey']}"}
        wait_for(lambda: httpx.get(address, headers=headers).json()["status"] == "waiting", 20)


def test_serve_refuses_a_folder_that_everybody_can_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    result = run(
        "serve",
        SHINSATSU_DATA_DIR=str(tmp_path),
        SHINSATSU_SFU_URL="http://127.0.0.1:9",
        SHINSATSU_SFU_APP_SECRET=SECRET,
    )
    assert result.returncode == 1
    assert str(tmp_path) in result.stderr


def test_serve_runs_and_ends_on_sigterm(tmp_path: Path) -> None:
    folder, port = tmp_path / "data", free_port()
    key = run("key", "booking system", "--data", str(folder)).stdout.strip()
    environment = {
        **ENVIRONMENT,
        "SHINSATSU_DATA_DIR": str(folder),
        "SHINSATSU_PORT": str(port),
        "SHINSATSU_SFU_URL": "http://127.0.0.1:9",
        "SHINSATSU_SFU_APP_SECRET": SECRET,
    }
    with subprocess.Popen([*COMMAND, "serve"], env=environment, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: listening(f"http://127.0.0.1:{port}"))
        headers = {"Authorization": f"Bearer {key}"}
        answer = httpx.get(f"http://127.0.0.1:{port}/api/video-sessions?secret=word", headers=headers)
        assert answer.json() == {"sessions": []}
        process.terminate()
        _, errors = process.communicate(timeout=5)
    refuse_secrets(errors)
    assert process.returncode == 0
    assert "word" not in errors
    assert key not in errors
    assert (folder / "secret").stat().st_mode & 0o777 == 0o600


def test_serve_keeps_an_sfu_that_outlives_it_and_is_taken_up_again(tmp_path: Path) -> None:
    folder, port, sfu_port = tmp_path / "data", free_port(), free_port()
    environment = {
        **ENVIRONMENT,
        "SHINSATSU_DATA_DIR": str(folder),
        "SHINSATSU_PORT": str(port),
        "SHINSATSU_SFU_HTTP_PORT": str(sfu_port),
        "SHINSATSU_SFU_UDP_PORT": str(free_port()),
    }

    def health() -> Json:
        answer: Json = httpx.get(f"http://127.0.0.1:{port}/healthz").json()
        return answer

    def sfu_pid() -> int:
        return int((folder / "sfu.pid").read_text())

    log = (tmp_path / "serve.log").open("w")
    with log, subprocess.Popen([*COMMAND, "serve"], env=environment, stderr=log) as first:
        wait_for(lambda: listening(f"http://127.0.0.1:{port}"), 20)
        assert health()["mediaPlane"] == "ok"
        kept = sfu_pid()
        first.kill()
    try:
        assert alive(kept)
        with subprocess.Popen([*COMMAND, "serve"], env=environment, stderr=subprocess.PIPE, text=True) as second:
            wait_for(lambda: listening(f"http://127.0.0.1:{port}"), 20)
            assert sfu_pid() == kept
            os.kill(kept, signal.SIGKILL)
            wait_for(lambda: sfu_pid() != kept and health()["mediaPlane"] == "ok", 20)
            kept = sfu_pid()
            second.terminate()
            refuse_secrets(second.communicate()[1])
        assert second.returncode == 0
        wait_for(lambda: not alive(kept))
        assert not (folder / "sfu.pid").exists()
    finally:
        if alive(kept):
            os.kill(kept, signal.SIGKILL)


def test_the_sfu_loads_neither_web_framework_nor_database(tmp_path: Path) -> None:
    program = (
        "import sys, shinsatsu.cli, shinsatsu.sfu.server;"
        "print([name for name in ('fastapi', 'sqlalchemy', 'rich', 'structlog', 'av') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd="/",
    )
