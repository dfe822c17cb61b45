"""API keys over HTTP: shown once, bound by scopes, rotated and revoked by administrators who are logged in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.clinic import Clinic, Json, Person, booking, running_clinic, settings
from tests.api.test_bad_input import assert_problem
from tests.api.test_console import Console, console


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with running_clinic(settings(tmp_path, None, console_links=True)) as running:
        yield running


@pytest.fixture
async def admin(clinic: Clinic) -> Console:
    return await console(clinic, 5)


async def make(admin: Console, *scopes: str, **more: object) -> Json:
    answer = await admin.send("POST", "/api/keys", {"name": "portal", "scopes": scopes, **more})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def test_a_key_is_shown_once_listed_rotated_and_revoked(clinic: Clinic, admin: Console) -> None:
    key = await make(admin, "sessions:read", "links", expiresAt="2100-01-01T00:00:00.000Z")
    program = Person(clinic.http, {}, key.pop("secret"))
    assert (key["name"], key["scopes"], key["lastUsedAt"]) == ("portal", ["links", "sessions:read"], None)
    assert key["expiresAt"] == "2100-01-01T00:00:00.000Z"
    assert (await program.get("/api/video-sessions")).status_code == 200
    rotated = await admin.send("POST", f"/api/keys/{key['id']}/rotate", {"overlapMinutes": 5})
    assert rotated.status_code == 201
    fresh = Person(clinic.http, {}, rotated.json().pop("secret"))
    assert (await program.get("/api/video-sessions")).status_code == 200
    assert (await fresh.get("/api/video-sessions")).status_code == 200
    listed = (await admin.send("GET", "/api/keys")).json()["keys"]
    assert [one["id"] for one in listed][-2:] == [key["id"], rotated.json()["id"]]
    assert listed[-2]["replacedBy"] == rotated.json()["id"]
    assert listed[-2]["lastUsedAt"] is not None
    assert all("secret" not in one for one in listed)
    assert_problem(await admin.send("POST", f"/api/keys/{key['id']}/rotate"), 409, "key_over")
    for key_id in (key["id"], rotated.json()["id"]):
        assert (await admin.send("DELETE", f"/api/keys/{key_id}")).status_code == 204
    for one in (program, fresh):
        assert_problem(await one.get("/api/video-sessions"), 401, "unauthenticated")
    assert_problem(await admin.send("DELETE", "/api/keys/999"), 404, "not_found")


async def test_without_the_scope_it_is_refused_and_says_why(clinic: Clinic, admin: Console) -> None:
    session_id = await clinic.open()
    key = await make(admin, "links")
    program = Person(clinic.http, {}, key["secret"])
    links = f"/api/video-sessions/{session_id}/links"
    assert (await program.post(links, {"userType": "patient", "userId": 1})).status_code == 201
    refused = [
        await program.post(links, {"userType": "worker", "userId": 1}),
        await program.send("PUT", "/api/appointments/a-1", booking()),
        await program.post("/api/video-sessions/create", {"appointmentId": "a-1"}),
        await program.post(f"/api/video-sessions/{session_id}/end"),
        await program.get("/api/video-sessions"),
        await program.get(f"/api/video-sessions/{session_id}"),
        await program.get("/api/audit/security-events"),
    ]
    for answer in refused:
        assert_problem(answer, 403, "forbidden")
        assert answer.json()["reason"] == "scope_missing"


async def test_a_key_for_worker_links_alone(clinic: Clinic, admin: Console) -> None:
    session_id = await clinic.open()
    program = Person(clinic.http, {}, (await make(admin, "links:worker"))["secret"])
    links = f"/api/video-sessions/{session_id}/links"
    assert (await program.post(links, {"userType": "worker", "userId": 1})).status_code == 201
    assert_problem(await program.post(links, {"userType": "patient", "userId": 1}), 403, "forbidden")


async def test_a_key_for_the_record_manages_nothing(clinic: Clinic, admin: Console) -> None:
    program = Person(clinic.http, {}, (await make(admin, "audit:read"))["secret"])
    events = (await program.get("/api/audit/security-events")).json()["events"]
    assert events[-1]["type"] == "key_made"
    for path in ("/api/keys", "/api/users"):
        assert_problem(await program.get(path), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("scopes", {"scopes": []}),
        ("scopes[0]", {"scopes": ["users"]}),
        ("name", {"name": ""}),
        ("expiresAt", {"expiresAt": "2001-01-01T00:00:00Z"}),
        ("expiresAt", {"expiresAt": 17}),
        ("secret", {"secret": "sk_mine"}),
    ],
)
async def test_bad_wishes(admin: Console, field: str, change: Json) -> None:
    answer = await admin.send("POST", "/api/keys", {"name": "portal", "scopes": ["links"], **change})
    assert_problem(answer, 422, "invalid_request", field)
