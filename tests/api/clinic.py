"""A wired server for the tests: the real application over a real SQLite file and a real SFU process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from shinsatsu.bootstrap.server import Server, build
from shinsatsu.demo.clinic import ADMIN, OPERATOR
from shinsatsu.settings import Settings

BASE_URL = "http://127.0.0.1:8000"
PROOF = "a proof that nobody can guess"
Json = dict[str, Any]


@dataclass(frozen=True)
class Sfu:
    """A running SFU process."""

    url: str
    app_secret: str = field(repr=False)


@dataclass
class Person:
    """Somebody with a grant, as a program sends it."""

    http: httpx.AsyncClient
    grant: Json
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

    async def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        return await self.http.request(method, path, json=body, headers=self.headers)

    async def post(self, path: str, body: object = None) -> httpx.Response:
        return await self.send("POST", path, {} if body is None else body)

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path, headers=self.headers)

    async def join(self, session_id: str, **wish: object) -> Json:
        """Comes in, and says why where that is wanted; the answer."""
        answer = await self.post(f"/api/video-sessions/{session_id}/join", {"reason": "to help", **wish})
        assert answer.status_code == 200, answer.text
        joined: Json = answer.json()
        return joined


@dataclass
class Clinic:
    """A server, its booking system, and people on request."""

    server: Server
    http: httpx.AsyncClient
    api_key: str

    @property
    def booking_system(self) -> Person:
        return Person(self.http, {}, self.api_key)

    async def book(self, appointment_id: str = "a-1", **changes: object) -> Json:
        """Books patient 1 with doctor 1 and support doctor 3; returns the session."""
        answer = await self.booking_system.send("PUT", f"/api/appointments/{appointment_id}", booking(**changes))
        assert answer.status_code == 200, answer.text
        session: Json = answer.json()["session"]
        return session

    async def open(self, appointment_id: str = "a-1", **changes: object) -> str:
        """Books and creates; returns the waiting session's id."""
        await self.book(appointment_id, **changes)
        answer = await self.booking_system.post("/api/video-sessions/create", {"appointmentId": appointment_id})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def link(self, session_id: str, user_type: str, user_id: int) -> str:
        """A link's token."""
        answer = await self.booking_system.post(
            f"/api/video-sessions/{session_id}/links", {"userType": user_type, "userId": user_id}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["url"]).partition("?token=")[2]

    async def person(self, session_id: str, user_type: str, user_id: int) -> Person:
        """Somebody who came in by a link."""
        token = await self.link(session_id, user_type, user_id)
        answer = await self.http.post("/api/links/exchange", json={"token": token, "proof": PROOF})
        assert answer.status_code == 200, answer.text
        grant = answer.json()
        secret = answer.cookies[f"shinsatsu_grant_{grant['grantId']}"]
        self.http.cookies.clear()
        return Person(self.http, grant, secret)

    async def enter(self, person: Person, session_id: str) -> Json:
        """Comes in and, where that takes somebody's leave, is let in by an admin; the join's answer then."""
        joined = await person.join(session_id)
        if joined["admission"] == "admitted":
            return joined
        admin = await self.person(session_id, "worker", 5)
        me = joined["participantId"]
        answer = await admin.post(f"/api/video-sessions/{session_id}/participants/{me}/admit")
        assert answer.status_code == 200, answer.text
        return await person.join(session_id, participantId=me)


def booking(**changes: object) -> Json:
    """A booking's body; `changes` replace its fields."""
    return {
        "patient": {"userId": 1, "displayName": "試験 花子", "language": "ja"},
        "doctor": {"userId": 1, "displayName": "見本 太郎", "licenceYear": 2008, "specialty": "内科"},
        "supportDoctors": [{"userId": 3, "displayName": "支援 次郎"}],
        "startsAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "scheduledDuration": 15,
        **changes,
    }


def settings(folder: Path, sfu: Sfu | None, **changes: Any) -> Settings:
    """Settings of a server in a folder; without an SFU nothing answers at its address."""
    return Settings(
        data_dir=folder,
        base_url=changes.pop("base_url", BASE_URL),
        sfu_url=sfu.url if sfu else "http://127.0.0.1:9",
        sfu_app_id="test",
        sfu_app_secret=SecretStr(sfu.app_secret if sfu else "-" * 32),
        exchange_rate=changes.pop("exchange_rate", "1000/minute"),
        login_rate=changes.pop("login_rate", "1000/minute"),
        **changes,
    )


@asynccontextmanager
async def running_clinic(configured: Settings) -> AsyncIterator[Clinic]:
    """The server started, an API key made, an operator (4) and an admin (5) known."""
    server = build(configured)
    app = server.app
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=configured.public_url) as http,
    ):
        await server.appointments.put_people([OPERATOR, ADMIN])
        yield Clinic(server, http, await server.make_key("tests"))
