"""What the tests of invitations and guests do over and over: make them by the API, and wait for how somebody stands."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
from playwright.sync_api import expect

from tests.e2e.browser import Person

BORN = "1948-03-12"


def invite(api: httpx.Client, session_id: str, user_id: int, **asked: Any) -> str:
    """The address of a fresh invitation, by birth date unless told otherwise."""
    asked = asked or {"check": "birth_date", "birthDate": BORN}
    answer = api.post(
        f"/api/video-sessions/{session_id}/invitations", json={"userType": "patient", "userId": user_id, **asked}
    )
    answer.raise_for_status()
    return str(answer.json()["url"])


def expect_admission(person: Person, admission: str) -> None:
    expect(person.page.get_by_test_id("session-status")).to_have_attribute("data-admission", admission, timeout=15_000)


def answer_birth_date(person: Person, born: str) -> None:
    """Types the date as one does: into the three fields."""
    names = ("invitation-birth-date", "invitation-birth-month", "invitation-birth-day")
    for name, part in zip(names, born.split("-"), strict=True):
        person.page.get_by_test_id(name).fill(part)
    person.page.get_by_test_id("invitation-submit").click()


@contextmanager
def as_holder_of(base_url: str, link: str) -> Iterator[httpx.Client]:
    """The API as a program of whoever the link is for asks it."""
    token = link.rpartition("token=")[2]
    with httpx.Client(base_url=base_url, timeout=30) as api:
        granted = api.post("/api/links/exchange", json={"token": token, "proof": "p" * 32})
        granted.raise_for_status()
        secret = granted.cookies[f"shinsatsu_grant_{granted.json()['grantId']}"]
        api.cookies.clear()
        api.headers["Authorization"] = f"Bearer {secret}"
        yield api


@dataclass
class Gateway:
    """Whatever a clinic sends its SMS and mail by: keeps what it was given."""

    url: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    status: int = 204


@contextmanager
def delivery_gateway() -> Iterator[Gateway]:
    """A gateway on loopback that answers as its `status` says."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if gateway.status < 300:
                gateway.messages.append(json.loads(body))
            self.send_response(gateway.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    gateway = Gateway(f"http://127.0.0.1:{server.server_port}/codes")
    thread = threading.Thread(target=server.serve_forever, name="delivery gateway")
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
