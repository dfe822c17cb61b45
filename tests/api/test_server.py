"""What surrounds the use cases: headers, health, limits, the page, the reference, the limits of patience."""

import sqlite3
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from shinsatsu.api.pages import asset_mounts, page_routes
from shinsatsu.api.rate_limits import network_of
from tests.api.clinic import Clinic, Sfu, booking, running_clinic, settings
from tests.api.test_bad_input import assert_problem
from tests.api.test_consultation import OFFER


async def test_every_answer_carries_the_security_headers(clinic: Clinic) -> None:
    for path in ("/api/clinic", "/api/nothing", "/docs", "/healthz", "/consultation/x"):
        headers = (await clinic.http.get(path)).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert "camera=(self)" in headers["permissions-policy"]
        assert "strict-transport-security" not in headers
    assert (await clinic.http.get("/api/clinic")).headers["cache-control"] == "no-store"


async def test_https_adds_hsts_and_secure_cookies(tmp_path: Path, sfu: Sfu) -> None:
    async with running_clinic(settings(tmp_path, sfu, base_url="https://clinic.example")) as clinic:
        answer = await clinic.http.get("/api/clinic")
        assert "max-age" in answer.headers["strict-transport-security"]
        session = await clinic.book()
        token = await clinic.link(session["id"], "patient", 1)
        exchanged = await clinic.http.post("/api/links/exchange", json={"token": token, "proof": "p" * 16})
        assert "Secure" in exchanged.headers["set-cookie"]


async def test_health_names_the_part_that_is_away(clinic: Clinic, tmp_path: Path) -> None:
    answer = await clinic.http.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok", "mediaPlane": "ok"})
    async with running_clinic(settings(tmp_path / "alone", None)) as alone:
        answer = await alone.http.get("/healthz")
        assert answer.status_code == 200
        assert answer.json() == {"status": "degraded", "database": "ok", "mediaPlane": "unavailable"}


async def test_a_lost_media_plane_is_a_503_and_the_session_goes_on(tmp_path: Path) -> None:
    async with running_clinic(settings(tmp_path, None)) as clinic:
        session = await clinic.open()
        patient = await clinic.person(session, "patient", 1)
        address = f"/api/video-sessions/{session}"
        joined = await clinic.enter(patient, session)
        body = {
            "participantId": joined["participantId"],
            "sessionDescription": {"type": "offer", "sdp": OFFER},
            "tracks": [{"mid": "0", "trackName": joined["tracks"][1]["trackName"]}],
        }
        answer = await patient.post(f"{address}/tracks/publish", body)
        assert_problem(answer, 503, "media_plane_unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert (await patient.get(address)).json()["status"] == "waiting"


async def test_a_locked_database_is_a_503_with_nothing_half_written(clinic: Clinic, tmp_path: Path) -> None:
    await clinic.book("a-1")
    file = tmp_path / "shinsatsu.db"
    with sqlite3.connect(file) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = await clinic.booking_system.post("/api/video-sessions/create", {"appointmentId": "a-1"})
        assert_problem(answer, 503, "database_unavailable")
        assert int(answer.headers["retry-after"]) > 0
        other.rollback()
    other.close()
    sessions = (await clinic.booking_system.get("/api/video-sessions")).json()["sessions"]
    assert [one["status"] for one in sessions] == ["scheduled"]
    answer = await clinic.booking_system.post("/api/video-sessions/create", {"appointmentId": "a-1"})
    assert answer.status_code == 201


async def test_a_mistake_of_ours_is_a_500_without_details(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "試験 花子"

    def broken(self: object) -> None:
        raise ZeroDivisionError(name)  # not written here: a traceback in the log quotes this line

    monkeypatch.setattr("shinsatsu.service.session_manager.scope_of", broken)
    answer = await clinic.booking_system.get("/api/video-sessions")
    assert_problem(answer, 500, "internal_error")
    assert name not in answer.text
    assert "Zero" not in answer.text


async def test_too_many_exchanges_from_one_address_have_to_wait(tmp_path: Path) -> None:
    async with running_clinic(settings(tmp_path, None, exchange_rate="3/minute")) as clinic:
        body = {"token": "nonsense", "proof": "p" * 16}
        answers = [await clinic.http.post("/api/links/exchange", json=body) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        assert_problem(answers[-1], 429, "rate_limited")
        assert 0 < int(answers[-1].headers["retry-after"]) <= 60


async def test_too_many_bad_credentials_have_to_wait_and_good_ones_do_not(tmp_path: Path) -> None:
    async with running_clinic(settings(tmp_path, None, failure_rate="2/minute")) as clinic:
        bad = {"Authorization": "Bearer nonsense"}
        answers = [await clinic.http.get("/api/video-sessions", headers=bad) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        assert (await clinic.booking_system.get("/api/video-sessions")).status_code == 200


def test_one_household_is_one_address() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff") != network_of("2001:db8:0:1::1")
    assert network_of("192.0.2.1") != network_of("192.0.2.2")


async def test_the_reference_needs_nothing_from_elsewhere(clinic: Clinic) -> None:
    page = await clinic.http.get("/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "http:" not in page.text
    document = (await clinic.http.get("/openapi.json")).json()
    for path in document["paths"]:
        assert path in page.text
    assert "/api/video-sessions/{sessionId}/tracks/publish" in document["paths"]
    assert (await clinic.http.get("/docs.css")).headers["content-type"].startswith("text/css")


async def test_the_page_is_served_for_every_address_a_person_opens(tmp_path: Path) -> None:
    def client(web: Path) -> httpx.AsyncClient:
        app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})
        app.include_router(page_routes(web))
        app.router.routes.extend(asset_mounts(web))
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x")

    async with client(tmp_path) as http:
        answer = await http.get("/consultation/s-1?token=t")
        assert answer.status_code == 503
        assert "make web" in answer.text
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>page")
    (tmp_path / "assets" / "a-1234.js").write_text("1")
    async with client(tmp_path) as http:
        for address in ("/", "/consultation/s-1", "/consultation/s-1?token=t"):
            answer = await http.get(address)
            assert (answer.status_code, answer.text) == (200, "<!doctype html>page")
            assert answer.headers["cache-control"] == "no-store"
        asset = await http.get("/assets/a-1234.js")
        assert "immutable" in asset.headers["cache-control"]
        assert (await http.get("/assets/../index.html")).status_code in (200, 404)
        assert (await http.get("/assets/%2e%2e/index.html")).status_code == 404


async def test_the_request_id_reaches_the_events(clinic: Clinic, tmp_path: Path) -> None:
    headers = {**clinic.booking_system.headers, "x-request-id": "booking-12345678"}
    await clinic.http.put("/api/appointments/a-1", json=booking(), headers=headers)
    file = tmp_path / "shinsatsu.db"
    with sqlite3.connect(file) as database:
        rows = database.execute("SELECT request_id FROM session_events").fetchall()
    database.close()
    assert rows == [("booking-12345678",)]
