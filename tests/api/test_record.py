"""Whatever somebody reads and whatever is refused, as it stands in the security log; on each kind of database."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.api.witness import WHAT, what_of
from shinsatsu.domain.errors import DatabaseUnavailable
from shinsatsu.domain.roles import AuthUser, Person
from shinsatsu.domain.security_events import SecurityEventType, StoredSecurityEvent
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.signing_keys import SigningKeys
from shinsatsu.settings import Settings
from tests.api.asgi import Answer, InProcess
from tests.api.clinic import running_clinic, settings
from tests.api.endpoints import ENDPOINTS
from tests.api.test_permission_table import routes
from tests.house import ADMIN, DOCTOR, OTHER_DOCTOR, PATIENT, House

SESSION = "/api/video-sessions/{sessionId}"


@dataclass
class Desk:
    """The application over a house with one open session, and who asks it."""

    house: House
    app: InProcess
    session_id: str

    async def headers(self, user: AuthUser) -> dict[str, str]:
        _, secret = await self.house.access.grant_to(user, self.session_id)
        return {"authorization": f"Bearer {secret}"}

    async def login(self, user: AuthUser) -> dict[str, str]:
        token = await self.house.logins.mint_link(user.key, timedelta(minutes=5))
        login, secret = await self.house.logins.open(token, "p" * 16)
        return {"shinsatsu-login": login.id, "cookie": f"shinsatsu_login_{login.id}={secret}"}

    async def get(self, path: str, user: AuthUser, query: str = "") -> Answer:
        return await self.app.request("GET", path, query, await self.headers(user))

    async def written(self, event_type: SecurityEventType) -> list[StoredSecurityEvent]:
        await self.house.denials.flush()
        async with self.house.units_of_work.read() as unit:
            found = await unit.security.after(0, 1000)
        return [one for one in found if one.event.event_type is event_type]

    async def reads(self) -> list[tuple[str, str | None]]:
        found = [one.event for one in await self.written(SecurityEventType.READ)]
        return [(one.metadata["what"], one.session_id) for one in found]

    async def denials(self) -> list[dict[str, Any]]:
        return [dict(one.event.metadata) for one in await self.written(SecurityEventType.DENIED)]


@pytest.fixture
async def desk(engine: AsyncEngine) -> AsyncIterator[Desk]:
    house = House(engine)
    app = InProcess(house)
    session_id = await house.opened()
    await house.appointments.put_people([Person(*OTHER_DOCTOR.key, OTHER_DOCTOR.role, OTHER_DOCTOR.display_name)])
    yield Desk(house, app, session_id)
    await app.stop()
    house.units_of_work.close()


@asynccontextmanager
async def read_only(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A database that can be read and takes nothing."""

    def away() -> AbstractAsyncContextManager[UnitOfWork]:
        raise DatabaseUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(house.units_of_work, "write", away)
        yield


async def test_everything_read_is_on_record(desk: Desk) -> None:
    here, headers = f"/api/video-sessions/{desk.session_id}", await desk.login(ADMIN)
    for path, query in (
        ("/api/video-sessions", "q=Patient"),
        (here, ""),
        (here + "/tracks", ""),
        (here + "/waiting-room", ""),
        (here + "/events/history", ""),
        (here + "/fhir", ""),
        (here + "/permissions", f"userType=patient&userId={PATIENT.user_id}"),
        ("/api/audit/security-events", ""),
    ):
        answer = await desk.app.request("GET", path, query, headers)
        assert answer.status == 200, answer
    log = [("security_events", None)]
    whole = ["session", "tracks", "waiting_room", "history", "fhir", "permissions"]
    assert await desk.reads() == [("sessions", None), *((what, desk.session_id) for what in whole), *log]
    found = await desk.written(SecurityEventType.READ)
    assert {(one.event.user_type, one.event.user_id, one.event.role) for one in found} == {("worker", 30, "admin")}
    assert {one.address for one in found} == {"127.0.0.1"}
    assert len({one.request_id for one in found} - {None}) == len(found)
    assert "Patient" not in str(found)  # what somebody searched for can be a name


async def test_every_route_names_what_is_read_there(desk: Desk) -> None:
    """Two routes that read different things are told apart."""
    paths = {path for method, path in routes(desk.app.app) if method in ("GET", "WS")}
    assert set(WHAT) <= paths
    public = {one.path for one in ENDPOINTS if one.public}
    names = [what_of(path) for path in paths - public if path.startswith("/api/")]
    assert len(names) == len(set(names)), sorted(names)


async def test_polling_is_one_event_a_minute(desk: Desk) -> None:
    headers = await desk.headers(DOCTOR)
    for _ in range(5):
        await desk.app.request("GET", f"/api/video-sessions/{desk.session_id}", "", headers)
    assert len(await desk.reads()) == 1
    desk.house.clock.pass_time(seconds=61)
    await desk.app.request("GET", f"/api/video-sessions/{desk.session_id}", "", headers)
    assert len(await desk.reads()) == 2


async def test_nothing_is_shown_that_cannot_be_noted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = await desk.headers(DOCTOR)
    address = f"/api/video-sessions/{desk.session_id}"
    async with read_only(desk.house, monkeypatch):
        refused = await desk.app.request("GET", address, "", headers)
        stream = await desk.app.open(address + "/events", "", headers)
    assert (refused.status, refused.json()["code"]) == (503, "database_unavailable")
    assert set(refused.json()) == {"type", "title", "status", "code", "detail", "requestId"}
    assert (stream.status, stream.reason, stream.text) == (4503, "database_unavailable", "")
    assert (await desk.app.request("GET", address, "", headers)).status == 200
    assert await desk.reads() == [("session", desk.session_id)]


async def test_a_stream_that_opens_is_a_read(desk: Desk) -> None:
    answer = await desk.app.open(f"/api/video-sessions/{desk.session_id}/events", "", await desk.headers(DOCTOR))
    assert '"snapshot"' in answer.text
    assert await desk.reads() == [("events", desk.session_id)]
    (only,) = await desk.written(SecurityEventType.READ)
    assert only.request_id is not None
    assert only.event.metadata["route"] == "/api/video-sessions/{session_id}/events"


async def test_every_refusal_is_on_record_once_with_its_reason(desk: Desk) -> None:
    here = f"/api/video-sessions/{desk.session_id}"
    assert (await desk.get(here + "/events/history", PATIENT)).status == 403
    assert (await desk.get(here, OTHER_DOCTOR, "secret=1")).status == 404
    assert (await desk.get("/api/video-sessions/s-none", DOCTOR)).status == 404
    assert (await desk.app.request("GET", here, "", {})).status == 401
    assert (await desk.app.request("GET", "/api/nothing-here", "", {})).status == 404
    found = await desk.denials()
    credentials = [one.pop("credential", "")[:6] for one in found]
    assert found == [
        {"code": "forbidden", "reason": "role_may_not", "method": "GET", "route": SESSION + "/events/history"},
        {"code": "not_found", "reason": "stranger", "method": "GET", "route": SESSION},
        {"code": "not_found", "method": "GET", "route": SESSION},
        {"code": "unauthenticated", "method": "GET", "route": SESSION},
    ]
    assert credentials == ["grant:", "grant:", "grant:", ""]
    events = [one.event for one in await desk.written(SecurityEventType.DENIED)]
    assert [one.user_id for one in events] == [PATIENT.user_id, OTHER_DOCTOR.user_id, DOCTOR.user_id, None]
    assert [one.session_id for one in events] == [desk.session_id, desk.session_id, "s-none", desk.session_id]
    assert await desk.reads() == []


async def test_refused_links_are_on_record(desk: Desk) -> None:
    minted = await desk.house.links.mint(ADMIN, desk.session_id, PATIENT.user_type, PATIENT.user_id)
    body = {"token": minted.token, "proof": "p" * 16}
    assert (await desk.app.request("POST", "/api/links/exchange", "", {}, body)).status == 200
    desk.house.clock.pass_time(minutes=2)
    used = await desk.app.request("POST", "/api/links/exchange", "", {}, {**body, "proof": "q" * 16})
    broken = await desk.app.request("POST", "/api/links/exchange", "", {}, {**body, "token": "broken"})
    assert (used.status, broken.status) == (410, 401)
    assert [one["code"] for one in await desk.denials()] == ["link_used", "link_invalid"]
    assert minted.token not in str(await desk.denials())


async def test_refused_streams_are_on_record(desk: Desk) -> None:
    address = f"/api/video-sessions/{desk.session_id}/events"
    foreign = {**await desk.headers(DOCTOR), "origin": "https://evil.example"}
    answers = [
        await desk.app.open(address, "", {}),
        await desk.app.open(address, "", await desk.headers(OTHER_DOCTOR)),
        await desk.app.open(address, "", foreign),
        await desk.app.open("/api/console/events", "", {}),
    ]
    assert [one.status for one in answers] == [4401, 4404, 1000, 4401]
    told = [(one["code"], one.get("reason"), one["method"]) for one in await desk.denials()]
    assert told == [
        ("unauthenticated", None, "WS"),
        ("not_found", "stranger", "WS"),
        ("forbidden", "origin", "WS"),
        ("unauthenticated", None, "WS"),
    ]
    assert await desk.reads() == []


async def test_a_refusal_does_not_wait_for_its_record(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await desk.app.request("GET", "/api/video-sessions", "", {})
    async with read_only(desk.house, monkeypatch):
        during = await desk.app.request("GET", "/api/video-sessions", "", {})
        await asyncio.wait_for(desk.house.denials.flush(), 5)
    for answer in (before, during):
        assert answer.status == 401
    assert {**before.json(), "requestId": ""} == {**during.json(), "requestId": ""}


async def test_a_write_from_another_site_is_on_record(desk: Desk) -> None:
    headers = {**await desk.headers(DOCTOR), "cookie": "a=b", "origin": "https://evil.example"}
    answer = await desk.app.request("POST", f"/api/video-sessions/{desk.session_id}/lock", "", headers)
    assert (answer.status, answer.json()["code"]) == (403, "cross_site")
    assert await desk.denials() == [{"code": "cross_site", "method": "POST", "route": "none"}]


async def test_an_admin_reads_the_log_page_by_page(desk: Desk) -> None:
    for path in ("", "/tracks", "/waiting-room"):
        await desk.get(f"/api/video-sessions/{desk.session_id}{path}", DOCTOR)
    headers, path = await desk.login(ADMIN), "/api/audit/security-events"
    everything = (await desk.app.request("GET", path, "", headers)).json()
    assert everything["next"] is None
    seen: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = (await desk.app.request("GET", path, f"after={after}&limit=2", headers)).json()
        seen, after = seen + page["events"], page["next"]
    assert seen[: len(everything["events"])] == everything["events"]
    first = next(one for one in seen if one["type"] == "read")
    assert first["metadata"]["credential"].startswith("grant:")
    assert {name: first[name] for name in ("userType", "userId", "role", "sessionId")} == {
        "userType": "worker",
        "userId": DOCTOR.user_id,
        "role": "doctor",
        "sessionId": desk.session_id,
    }
    assert (first["address"], len(first["requestId"]) > 0) == ("127.0.0.1", True)
    assert (await desk.app.request("GET", path, "limit=501", headers)).status == 422
    assert (await desk.get(path, DOCTOR)).status == 403


async def test_an_orderly_stop_loses_nothing_and_a_start_notes_new_settings(tmp_path: Path) -> None:
    configured = settings(tmp_path, None)
    async with running_clinic(configured) as clinic:
        for _ in range(40):
            assert (await clinic.http.get("/api/video-sessions")).status_code == 401
    async with running_clinic(configured):
        pass
    async with running_clinic(configured.model_copy(update={"link_ttl": 120.0})):
        pass
    found = security_events(configured)
    denied = [json.loads(said) for kind, said in found if kind == "denied"]
    told = [json.loads(said)["link_ttl"] for kind, said in found if kind == "settings"]
    assert (len(denied), denied[-1]["suppressed"]) == (31, 9)
    assert told == ["300.0", "120.0"]


async def test_a_start_with_another_secret_is_on_record(tmp_path: Path) -> None:
    configured = settings(tmp_path, None)
    old, new = (SecretStr(letter * 40) for letter in "ab")
    rotated = configured.model_copy(update={"secret": new, "old_secrets": (old,)})
    for start in (configured.model_copy(update={"secret": old, "old_secrets": (new,)}), rotated, rotated):
        async with running_clinic(start):
            pass
    told = [json.loads(said) for kind, said in security_events(configured) if kind == "settings"]
    ids = [one.pop("secret_id") for one in told]
    assert ids == [SigningKeys([one.get_secret_value().encode()]).newest_id for one in (old, new)]
    assert told[0] == told[1]


def security_events(configured: Settings) -> list[tuple[str, str]]:
    """Type and metadata of each, in order."""
    assert configured.sqlite_file is not None
    with contextlib.closing(sqlite3.connect(configured.sqlite_file)) as database:
        return database.execute("SELECT event_type, metadata FROM security_events ORDER BY seq").fetchall()
