"""One SFU process for all API tests; a fresh database for each."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.api.clinic import Clinic, Sfu, running_clinic, settings
from tests.realtime.test_websocket import GRACE, Live, serving


@pytest.fixture(scope="session")
def sfu() -> Iterator[Sfu]:
    secret = secrets.token_urlsafe(32)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "SHINSATSU_SFU_APP_ID": "test",
        "SHINSATSU_SFU_APP_SECRET": secret,
    }
    command = [sys.executable, "-m", "shinsatsu.sfu.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        yield Sfu(json.loads(process.stdout.readline())["url"], secret)
        process.terminate()


@pytest.fixture
async def clinic(tmp_path: Path, sfu: Sfu) -> AsyncIterator[Clinic]:
    async with running_clinic(settings(tmp_path, sfu)) as running:
        yield running


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    """A server that listens, for streams; nothing answers where its media plane should be."""
    async with serving(settings(tmp_path, None, presence_grace=GRACE, console_links=True)) as running:
        yield running
