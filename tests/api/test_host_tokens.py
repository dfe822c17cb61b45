"""A portal hands its patient over, over HTTP: by exchange into a browser, or as a Bearer token of its own."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tests.api.clinic import BASE_URL, PROOF, Clinic, running_clinic, settings
from tests.api.test_bad_input import assert_problem
from tests.identity.host import ISSUER, SHARED, forged, signed

EXCHANGE = "/api/host-tokens/exchange"
PORTAL = {
    "host_token_algorithms": ("HS256",),
    "host_token_issuer": ISSUER,
    "host_token_secret": SecretStr(SHARED.decode()),
}


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with running_clinic(settings(tmp_path, None, **PORTAL)) as running:
        yield running


def token(age: timedelta = timedelta(0), **said: Any) -> str:
    given = {"aud": BASE_URL, "sub": "1", "appointmentId": "a-1", **said}
    return signed("HS256", now=datetime.now(UTC) - age, **given)


async def exchange(clinic: Clinic, given: str, proof: str = PROOF) -> httpx.Response:
    return await clinic.http.post(EXCHANGE, json={"token": given, "proof": proof})


async def test_the_browser_gets_a_grant(clinic: Clinic) -> None:
    session_id = await clinic.open()
    answer = await exchange(clinic, token())
    assert answer.status_code == 200, answer.text
    grant = answer.json()
    assert (grant["sessionId"], grant["userType"], grant["userId"]) == (session_id, "patient", 1)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"shinsatsu_grant_{grant['grantId']}=")
    assert "HttpOnly" in cookie
    joined = await clinic.http.post(
        f"/api/video-sessions/{session_id}/join", json={}, headers={"Shinsatsu-Grant": grant["grantId"]}
    )
    assert joined.status_code == 200


async def test_each_refusal_has_its_code_and_is_on_record(clinic: Clinic) -> None:
    await clinic.open()
    used = token()
    await exchange(clinic, used)
    assert_problem(await exchange(clinic, used, PROOF + "x"), 410, "host_token_used")
    assert_problem(await exchange(clinic, token(timedelta(minutes=7), jti="2")), 410, "host_token_expired")
    for bad in ("rubbish", used[:-4], token(aud="https://elsewhere.example"), token(sub="2"), token(userType="worker")):
        assert_problem(await exchange(clinic, bad), 401, "host_token_invalid")
    assert_problem(await exchange(clinic, forged({"alg": "none"}, {}, None)), 401, "host_token_invalid")
    assert_problem(await exchange(clinic, used, "short"), 422, "invalid_request", "proof")
    assert_problem(await exchange(clinic, "x" * 8193), 422, "invalid_request", "token")
    await clinic.server.app.state.context.denials.flush()
    events = (await clinic.booking_system.get("/api/audit/security-events")).json()["events"]
    codes = {one["metadata"]["code"] for one in events if one["type"] == "denied"}
    assert codes == {"host_token_used", "host_token_expired", "host_token_invalid"}
    assert used not in str(events)


async def test_a_bearer_token_acts_by_itself(clinic: Clinic) -> None:
    session_id = await clinic.open()
    elsewhere = await clinic.open("a-2", patient={"userId": 2, "displayName": "別の 人"})
    headers = {"Authorization": f"Bearer {token()}"}
    assert (await clinic.http.get(f"/api/video-sessions/{session_id}", headers=headers)).status_code == 200
    assert_problem(await clinic.http.get(f"/api/video-sessions/{elsewhere}", headers=headers), 404, "not_found")
    assert (await clinic.http.get("/api/video-sessions", headers=headers)).json()["sessions"][0]["id"] == session_id
    events = (await clinic.booking_system.get("/api/audit/security-events")).json()["events"]
    read = next(one for one in events if one["type"] == "read")
    assert (read["userType"], read["userId"]) == ("patient", 1)
    assert read["metadata"]["credential"].startswith("host:")
    for bad in (token(timedelta(minutes=7)), token(sub="2"), "a.b.c", token()[:-4]):
        refused = await clinic.http.get(f"/api/video-sessions/{session_id}", headers={"Authorization": f"Bearer {bad}"})
        assert_problem(refused, 401, "unauthenticated")


async def test_attempts_are_counted(tmp_path: Path) -> None:
    async with running_clinic(settings(tmp_path, None, exchange_rate="3/minute", **PORTAL)) as clinic:
        for _ in range(3):
            assert_problem(await exchange(clinic, "rubbish"), 401, "host_token_invalid")
        assert_problem(await exchange(clinic, token()), 429, "rate_limited")


async def test_without_a_portal_there_is_no_such_way(tmp_path: Path) -> None:
    async with running_clinic(settings(tmp_path, None)) as clinic:
        await clinic.open()
        assert_problem(await exchange(clinic, token()), 404, "not_found")
        refused = await clinic.http.get("/api/video-sessions", headers={"Authorization": f"Bearer {token()}"})
        assert_problem(refused, 401, "unauthenticated")


async def test_without_its_keys_nothing_is_believed(tmp_path: Path) -> None:
    keys = {**PORTAL, "host_token_algorithms": ("RS256",), "host_token_jwks": str(tmp_path / "missing.json")}
    async with running_clinic(settings(tmp_path, None, **keys)) as clinic:
        await clinic.open()
        given = signed("RS256", now=datetime.now(UTC), aud=BASE_URL, sub="1", appointmentId="a-1")
        assert_problem(await exchange(clinic, given), 503, "keys_unavailable")
