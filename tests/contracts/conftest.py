"""The Calls API under test: our own SFU as a child process, or any other one named by the environment.

SHINSATSU_CALLS_URL (such as https://rtc.live.cloudflare.com/v1), SHINSATSU_CALLS_APP_ID, SHINSATSU_CALLS_APP_SECRET.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest


@dataclass(frozen=True)
class CallsUnderTest:
    """Where the API is and how to get in; `pid` only where the server is our own."""

    url: str
    app_id: str
    secret: str
    pid: int | None = None

    @property
    def app_url(self) -> str:
        return f"{self.url}/apps/{self.app_id}"

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.secret}"}
        return httpx.Client(base_url=self.app_url, headers=headers, timeout=20)


def start_sfu(*options: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """Starts our SFU on free ports and waits for its one line."""
    environment = os.environ | {"SHINSATSU_SFU_APP_ID": "contract", "SHINSATSU_SFU_APP_SECRET": "contract-secret"}
    command = [sys.executable, "-m", "shinsatsu.sfu.server", "--die-with-parent", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def stop_sfu(process: subprocess.Popen[str]) -> int:
    """Ends it as an operator would; its exit status."""
    process.terminate()
    status = process.wait(timeout=5)
    assert process.stdout is not None
    process.stdout.close()
    return status


@pytest.fixture(scope="session")
def calls() -> Iterator[CallsUnderTest]:
    url = os.environ.get("SHINSATSU_CALLS_URL")
    if url:
        yield CallsUnderTest(
            url.rstrip("/"), os.environ["SHINSATSU_CALLS_APP_ID"], os.environ["SHINSATSU_CALLS_APP_SECRET"]
        )
        return
    process, ready = start_sfu()
    try:
        yield CallsUnderTest(f"{ready['url']}/v1", "contract", "contract-secret", process.pid)
    finally:
        stop_sfu(process)


@pytest.fixture
def own_sfu(calls: CallsUnderTest) -> CallsUnderTest:
    """For what only our own server promises."""
    if calls.pid is None:
        pytest.skip("only our own SFU promises this")
    return calls


@pytest.fixture
def api(calls: CallsUnderTest) -> Iterator[httpx.Client]:
    with calls.client() as client:
        yield client
