"""The watch over the suite's logs sees what it should and makes a run fail for it; logging keeps values back itself."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.roles import UserType
from shinsatsu.domain.scopes import KeyScope
from shinsatsu.service.standard_webhooks import new_secret
from shinsatsu.service.totp import offer
from shinsatsu.serving import make_server
from shinsatsu.sfu.app import CallsApi, Credentials
from shinsatsu.sfu.server import http_config
from tests.house import DOCTOR, PATIENT, House
from tests.log_watch import found_in
from tests.sfu.test_session import Sfu

ROOT = Path(__file__).parent.parent
HARMLESS = """
{"level": "error", "event": "request failed", "request_id": "bc8b1b40-000000d9", "error": "ValueError"}
edges of 01a21088-e072-7c29-a18a-df4a1d2bc9e9 unconfirmed
head 5138ff59539b80c9380fe1ef39d0a97e319f3b877a45b099b67bdd3a53be754c of a chain
a denial was not recorded denied=rate_limited route=/api/video-sessions/{sessionId}/links error=database_unavailable
WWW-Authenticate: Bearer
"""
CONFTEST = "from tests.log_watch import pytest_runtest_makereport, pytest_sessionfinish, pytest_terminal_summary"
SUITE = """
import pathlib, subprocess, sys, structlog

NAME, KEY = "試験 " + "花子", "sk_" + "0123456789" * 4

def test_harmless():
    print("nothing")

def test_structlog():
    structlog.get_logger().warning("came in", who=NAME)

def test_a_process():
    subprocess.run([sys.executable, "-c", f"import sys; sys.stderr.write('{KEY}')"], check=True)

def test_a_file(tmp_path: pathlib.Path):
    (tmp_path / "server.log").write_text(KEY)
"""
IN_A_TERMINAL = """
import logging, structlog
from shinsatsu.serving import configure_logging

def fail():
    token = "a token that nobody " + "may read"
    raise ValueError("what went wrong")

configure_logging("info")
for log in (structlog.get_logger("a"), logging.getLogger("b")):
    try:
        fail()
    except ValueError:
        log.exception("not done")
"""


async def test_it_sees_what_we_make(engine: AsyncEngine) -> None:
    house = House(engine)
    session_id = await house.opened()
    link = await house.links.mint(DOCTOR, session_id, UserType.PATIENT, PATIENT.user_id)
    key = await house.keys.make(None, "portal", [KeyScope.LINKS])
    grant, secret = await house.links.exchange(link.token, "p" * 16)
    made = [link.token, key.secret, secret, new_secret(), offer("yamada", "clinic").secret, offer("y", "c").uri]
    made += [f"Cookie: shinsatsu_grant_{grant.id}={secret}", f"GET /consultation/{session_id}?token=abcdef"]
    made += [PATIENT.display_name, "1964-10-11", "Authorization: bearer abcdefghij"]
    assert [one for one in made if not list(found_in(f"event {one} told"))] == []


def test_it_leaves_what_may_be_told() -> None:
    assert list(found_in(HARMLESS)) == []


def test_it_makes_the_run_fail(tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    with TemporaryDirectory() as base:  # not below our own, whose `*.log` are watched
        options = ("-q", "-p", "no:cacheprovider", "--basetemp", f"{base}/tests")
        done = python("-m", "pytest", *options, folder=tmp_path)
    assert done.returncode == 1, done.stdout
    assert "2 failed, 2 passed" in done.stdout
    assert "what no log may have" in done.stdout
    assert "server.log: an API key" in done.stdout


@pytest.mark.parametrize("terminal", [True, False])
def test_a_logged_exception_shows_no_variables(tmp_path: Path, terminal: bool) -> None:
    ours, theirs = os.openpty()
    done = python("-c", IN_A_TERMINAL, folder=tmp_path, stderr=theirs if terminal else None)
    os.close(theirs)
    told = os.read(ours, 100_000).decode() if terminal else done.stderr
    os.close(ours)
    assert told.count("not done") == 2
    assert "nobody may read" not in told


def test_no_server_has_an_access_log() -> None:
    """Uvicorn's would have addresses with their queries; that `serve` keeps quiet is in tests/test_cli.py."""

    async def nothing(*_: object) -> None: ...

    assert make_server(nothing).config.access_log is False
    sfu = Sfu()
    assert http_config(CallsApi(sfu.registry, Credentials("app", "secret"), sfu.clock)).access_log is False


async def test_a_database_error_quotes_no_values(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as refused:
            await connection.execute(text("SELECT * FROM nowhere WHERE name = :name"), {"name": PATIENT.display_name})
    assert PATIENT.display_name not in str(refused.value)


def python(*arguments: str, folder: Path, stderr: int | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if stderr is None else stderr,
        text=True,
        check=False,
        timeout=50,
    )
