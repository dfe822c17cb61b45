"""The console's door and its stream: one link, one login, this machine only; the newest state of each session."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from shinsatsu.domain.roles import UserType
from tests.api.clinic import PROOF, Clinic, Json, running_clinic, settings
from tests.api.test_bad_input import assert_problem
from tests.api.test_moderation import ADMIN, PATIENT, at
from tests.realtime.test_websocket import Live, closed

ELSEWHERE = {
    "patient": {"userId": 2, "displayName": "別の 人"},
    "doctor": {"userId": 2, "displayName": "別の 医師"},
    "supportDoctors": [],
}


@dataclass
class Console:
    """A worker's browser at the console."""

    http: httpx.AsyncClient
    login: Json
    secret: str

    @property
    def cookie(self) -> dict[str, str]:
        return {"cookie": f"shinsatsu_login_{self.login['loginId']}={self.secret}"}

    @property
    def headers(self) -> dict[str, str]:
        return {"Shinsatsu-Login": self.login["loginId"], **self.cookie}

    async def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        return await self.http.request(method, path, json=body, headers=self.headers)

    async def sessions(self) -> set[str]:
        return {one["id"] for one in (await self.send("GET", "/api/video-sessions")).json()["sessions"]}


async def token_for(clinic: Clinic, user_id: int) -> str:
    link = await clinic.server.console_link((UserType.WORKER, user_id), timedelta(minutes=5))
    return link.partition("?token=")[2]


async def console(clinic: Clinic, user_id: int) -> Console:
    answer = await clinic.http.post(
        "/api/console/exchange", json={"token": await token_for(clinic, user_id), "proof": PROOF}
    )
    assert answer.status_code == 200, answer.text
    login = answer.json()
    secret = answer.cookies[f"shinsatsu_login_{login['loginId']}"]
    clinic.http.cookies.clear()
    return Console(clinic.http, login, secret)


def feed(live: Live, query: str, headers: dict[str, str]) -> "connect":
    return connect(f"ws://127.0.0.1:{live.port}/api/console/events{query}", additional_headers=headers, proxy=None)


def feed_of(live: Live, worker: Console) -> "connect":
    return feed(live, f"?login={worker.login['loginId']}", worker.cookie)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with running_clinic(settings(tmp_path, None, console_links=True)) as running:
        await running.open("a-1")
        yield running


async def test_a_link_opens_once_and_answers_a_lost_reply_again(door: Clinic) -> None:
    token = await token_for(door, 4)
    first = await door.http.post("/api/console/exchange", json={"token": token, "proof": PROOF})
    assert first.json().keys() == {
        *("loginId", "userType", "userId", "role", "displayName", "expiresAt"),
        *("idleTimeout", "method"),
    }
    cookie = first.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    again = await door.http.post("/api/console/exchange", json={"token": token, "proof": PROOF})
    assert (again.json(), again.headers["set-cookie"]) == (first.json(), cookie)
    other = await door.http.post("/api/console/exchange", json={"token": token, "proof": PROOF + "!"})
    assert_problem(other, 410, "link_used")
    for damaged in (token[:-1], token + "x", "x", ".", token.partition(".")[2]):
        answer = await door.http.post("/api/console/exchange", json={"token": damaged, "proof": PROOF})
        assert_problem(answer, 401, "link_invalid")


@asynccontextmanager
async def from_address(clinic: Clinic, address: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(clinic.server.app, client=(address, 50000))
    async with httpx.AsyncClient(transport=transport, base_url=clinic.server.public_url) as http:
        yield http


@pytest.mark.parametrize("address", ["192.0.2.9", "10.0.0.1", "2001:db8::1", "0.0.0.0", ""])  # noqa: S104
async def test_the_door_is_on_this_machine_only(door: Clinic, address: str) -> None:
    body = {"token": await token_for(door, 4), "proof": PROOF}
    async with from_address(door, address) as http:
        assert_problem(await http.post("/api/console/exchange", json=body), 404, "not_found")
    async with from_address(door, "::1") as http:
        assert (await http.post("/api/console/exchange", json=body)).status_code == 200


async def test_there_is_no_door_where_nobody_gives_such_links_out(tmp_path: Path) -> None:
    async with running_clinic(settings(tmp_path, None)) as clinic:
        await clinic.open()
        body = {"token": await token_for(clinic, 4), "proof": PROOF}
        assert_problem(await clinic.http.post("/api/console/exchange", json=body), 404, "not_found")


async def test_a_consultations_link_grant_or_key_opens_nothing_of_it(door: Clinic) -> None:
    session = (await door.booking_system.get("/api/video-sessions")).json()["sessions"][0]["id"]
    token = await door.link(session, *ADMIN)
    answer = await door.http.post("/api/console/exchange", json={"token": token, "proof": PROOF})
    assert_problem(answer, 401, "link_invalid")
    admin = await door.person(session, *ADMIN)
    own = f"shinsatsu_grant_{admin.grant['grantId']}={admin.secret}"
    disguised = f"shinsatsu_login_{admin.grant['grantId']}={admin.secret}"
    credentials: list[dict[str, str]] = [
        admin.headers,
        door.booking_system.headers,
        {"Shinsatsu-Grant": admin.grant["grantId"], "cookie": own},
        {"Shinsatsu-Login": admin.grant["grantId"], "cookie": disguised},
        {"Shinsatsu-Login": admin.grant["grantId"], "cookie": own},
        {"Shinsatsu-Login": admin.grant["grantId"], **admin.headers},
        {},
    ]
    requests: list[tuple[str, str, Json | None]] = [
        ("DELETE", "/api/console/login", None),
        ("POST", f"/api/video-sessions/{session}/grants", {}),
        ("POST", "/api/users/patient/1/block", {"blocked": True}),
    ]
    for headers in credentials:
        for method, path, body in requests:
            answer = await door.http.request(method, path, json=body, headers=headers)
            assert_problem(answer, 401, "unauthenticated")
        assert (await door.http.get("/api/console/logins", headers=headers)).json() == {"logins": []}


async def test_a_login_reaches_as_far_as_role_and_relations(door: Clinic) -> None:
    other = await door.open("a-2", **ELSEWHERE)
    doctor, operator = await console(door, 1), await console(door, 4)
    assert other not in await doctor.sessions()
    assert other in await operator.sessions()
    assert_problem(await doctor.send("GET", f"/api/video-sessions/{other}"), 404, "not_found")
    assert_problem(await doctor.send("POST", f"/api/video-sessions/{other}/grants", {}), 404, "not_found")


async def test_admitting_from_the_list_without_being_in_the_call(door: Clinic) -> None:
    operator = await console(door, 4)
    (session,) = await operator.sessions()
    patient = await door.person(session, *PATIENT)
    me = (await patient.join(session))["participantId"]
    shown = (await operator.send("GET", f"/api/video-sessions/{session}")).json()
    assert set(shown["you"]["over"][me]) == {"admit", "remove", "check_identity"}
    answer = await operator.send("POST", at(session, me, "admit"), {})
    assert answer.json()["admission"] == "admitted"


async def test_a_login_enters_a_call_by_a_grant_of_its_own(door: Clinic) -> None:
    operator = await console(door, 4)
    (session,) = await operator.sessions()
    answer = await operator.send("POST", f"/api/video-sessions/{session}/grants", {})
    assert (answer.status_code, answer.json()["userId"], answer.json()["role"]) == (201, 4, "operator")
    grant = answer.json()["grantId"]
    cookie = {"cookie": f"shinsatsu_grant_{grant}={answer.cookies[f'shinsatsu_grant_{grant}']}"}
    joined = await door.http.post(
        f"/api/video-sessions/{session}/join",
        json={"reason": "to help"},
        headers={"Shinsatsu-Grant": grant, **cookie},
    )
    assert joined.json()["admission"] == "admitted"


async def test_a_cookie_speaks_only_with_its_header_and_ends_with_the_login(door: Clinic) -> None:
    doctor, operator = await console(door, 1), await console(door, 4)
    both = {"cookie": f"{doctor.cookie['cookie']}; {operator.cookie['cookie']}"}
    assert_problem(await door.http.get("/api/video-sessions", headers=both), 401, "unauthenticated")
    listed = (await door.http.get("/api/console/logins", headers=both)).json()["logins"]
    assert sorted(one["userId"] for one in listed) == [1, 4]
    crossed = {"Shinsatsu-Login": doctor.login["loginId"], **operator.cookie}
    assert_problem(await door.http.get("/api/video-sessions", headers=crossed), 401, "unauthenticated")
    assert (await doctor.send("DELETE", "/api/console/login")).status_code == 204
    assert_problem(await doctor.send("GET", "/api/video-sessions"), 401, "unauthenticated")
    assert_problem(await doctor.send("DELETE", "/api/console/login"), 401, "unauthenticated")
    assert [one["userId"] for one in (await door.http.get("/api/console/logins", headers=both)).json()["logins"]] == [4]


async def told(stream: ClientConnection) -> Json:
    """The next session that the console hears of."""
    async with asyncio.timeout(5):
        while True:
            message: Json = json.loads(await stream.recv())
            if message["type"] == "session":
                session: Json = message["session"]
                return session


async def test_each_console_hears_of_what_it_may_see(live: Live) -> None:
    clinic = live.clinic
    first, other = await clinic.open("a-1"), await clinic.open("a-2", **ELSEWHERE)
    doctor, operator = await console(clinic, 1), await console(clinic, 4)
    strangers, patient = await clinic.person(other, "patient", 2), await clinic.person(first, *PATIENT)
    async with feed_of(live, doctor) as theirs, feed_of(live, operator) as all_of_it:
        await theirs.recv()
        await all_of_it.recv()  # the first heartbeat: from here on it hears everything
        await strangers.join(other)
        arrived = await told(all_of_it)
        assert arrived["id"] == other
        assert [one["admission"] for one in arrived["participants"]] == ["waiting"]
        me = (await patient.join(first, devices={"camera": True, "microphone": False}))["participantId"]
        seen = await told(theirs)
        assert (seen["id"], seen["participants"][0]["devices"]) == (first, {"camera": True, "microphone": False})
        assert set(seen["you"]["over"][me]) == {"admit", "remove", "check_identity"}


@pytest.mark.parametrize("credential", ["none", "grant", "another's cookie", "header only"])
async def test_the_feed_opens_with_a_login_alone(live: Live, credential: str) -> None:
    clinic, session = live.clinic, await live.clinic.open()
    operator, admin = await console(clinic, 4), await clinic.person(session, *ADMIN)
    login = operator.login["loginId"]
    query, headers = {
        "none": ("", {}),
        "grant": (f"?grant={admin.grant['grantId']}", admin.headers),
        "another's cookie": (f"?login={login}", {"cookie": f"shinsatsu_login_{login}={admin.secret}"}),
        "header only": ("", {"Shinsatsu-Login": login}),
    }[credential]
    async with feed(live, query, headers) as stream:
        assert await closed(stream) == (4401, [])


async def test_a_foreign_page_cannot_open_the_feed(live: Live) -> None:
    await live.clinic.open()
    operator = await console(live.clinic, 4)
    with pytest.raises(InvalidStatus) as refused:
        await feed(live, f"?login={operator.login['loginId']}", {**operator.cookie, "Origin": "https://evil.example"})
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("ending", ["log out", "block"])
async def test_a_login_that_ends_ends_its_feed(live: Live, ending: str) -> None:
    await live.clinic.open()
    operator, admin = await console(live.clinic, 4), await console(live.clinic, 5)
    async with feed_of(live, operator) as stream:
        await stream.recv()
        if ending == "log out":
            await operator.send("DELETE", "/api/console/login")
        else:
            assert (await admin.send("POST", "/api/users/worker/4/block", {})).status_code == 204
        assert (await closed(stream))[0] == 4401


async def test_blocking_ends_everything_of_that_person_at_once(live: Live) -> None:
    clinic, session = live.clinic, await live.clinic.open()
    admin, operator = await console(clinic, 5), await console(clinic, 4)
    patient = await clinic.person(session, *PATIENT)
    me = (await clinic.enter(patient, session))["participantId"]
    for worker, status in ((operator, 403), (admin, 204)):
        answer = await worker.send("POST", "/api/users/patient/1/block", {"blocked": True})
        assert answer.status_code == status
        if status == 403:
            assert (await patient.get(f"/api/video-sessions/{session}")).status_code == 200
    assert_problem(await patient.get(f"/api/video-sessions/{session}"), 401, "unauthenticated")
    async with live.stream(patient, session, participantId=me) as stream:
        assert (await closed(stream))[0] == 4401
    shown = (await admin.send("GET", f"/api/video-sessions/{session}")).json()
    assert shown["participants"] == []
    answer = await admin.send("POST", "/api/users/worker/5/block", {})
    assert (answer.status_code, answer.json()["reason"]) == (403, "own_account")
    assert_problem(await admin.send("POST", "/api/users/worker/99/block", {}), 404, "not_found", "userId")
    assert (await admin.send("POST", "/api/users/patient/1/block", {"blocked": False})).status_code == 204
    assert (await patient.get(f"/api/video-sessions/{session}")).status_code == 401


async def test_a_blocked_persons_open_stream_ends(live: Live) -> None:
    clinic, session = live.clinic, await live.clinic.open()
    admin, patient = await console(clinic, 5), await clinic.person(session, *PATIENT)
    me = (await clinic.enter(patient, session))["participantId"]
    async with live.stream(patient, session, participantId=me) as present, live.stream(patient, session) as watching:
        await present.recv()
        await watching.recv()
        await admin.send("POST", "/api/users/patient/1/block", {})
        for stream in (present, watching):
            assert (await closed(stream))[0] in (4401, 4403)
