"""Two servers on one PostgreSQL: what one commits, the other's viewers and consoles hear."""

import asyncio
import itertools
import json
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from websockets.asyncio.client import connect

from shinsatsu.domain.roles import UserType
from shinsatsu.realtime.postgresql_bus import CHANNEL
from tests.api.clinic import settings
from tests.postgresql import PostgresqlServer
from tests.realtime.test_websocket import Live, closed, serving

NUMBERS = itertools.count(1)
SECRET = "one secret that both of the servers share"


async def listening(address: str, servers: int) -> None:
    """Waits until every server listens to the others."""
    connection = await asyncpg.connect(address)
    try:
        async with asyncio.timeout(10):
            query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1"
            while await connection.fetchval(query, CHANNEL) < servers:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.02)
    finally:
        await connection.close()


@pytest.fixture
def address(postgresql: PostgresqlServer) -> str:
    return postgresql.address(f"servers_{next(NUMBERS)}", template="migrated")


async def test_viewers_of_another_server_hear_of_it(address: str, tmp_path: Path) -> None:
    shared = {"database_url": address, "secret": SECRET}
    async with (
        serving(settings(tmp_path / "one", None, **shared)) as one,
        serving(settings(tmp_path / "two", None, **shared)) as two,
    ):
        await listening(address, 2)
        session_id = await one.clinic.open()
        doctor = await one.clinic.person(session_id, "worker", 1)
        async with two.stream(doctor, session_id) as stream:
            assert json.loads(await stream.recv())["type"] == "snapshot"
            assert json.loads(await stream.recv())["type"] == "permissions"
            joined = await doctor.post(f"/api/video-sessions/{session_id}/join")
            assert joined.status_code == 200
            async with asyncio.timeout(5):
                heard = json.loads(await stream.recv())
            assert (heard["type"], heard["participant"]["displayName"]) == ("participant_joined", "見本 太郎")


async def test_a_lost_connection_to_the_others_has_viewers_resume(address: str, tmp_path: Path) -> None:
    async with serving(settings(tmp_path / "one", None, database_url=address, secret=SECRET)) as one:
        await listening(address, 1)
        session_id = await one.clinic.open()
        doctor = await one.clinic.person(session_id, "worker", 1)
        async with one.stream(doctor, session_id) as stream:
            assert json.loads(await stream.recv())["type"] == "snapshot"
            await cut_off(address)
            async with asyncio.timeout(5):
                await stream.wait_closed()
            assert stream.close_code == 4503
        await listening(address, 1)


async def test_whoever_is_blocked_on_another_server_is_cut_off_here_too(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shinsatsu.realtime.websocket.ASK_AGAIN_SECONDS", 0)  # with every sign of life
    monkeypatch.setattr("shinsatsu.realtime.console_feed.HEARTBEAT_INTERVAL", 0.05)
    shared = {"database_url": address, "secret": SECRET, "console_links": True}
    async with (
        serving(settings(tmp_path / "one", None, **shared)) as one,
        serving(settings(tmp_path / "two", None, **shared)) as two,
    ):
        await listening(address, 2)
        session_id = await one.clinic.open()
        doctor = await one.clinic.person(session_id, "worker", 1)
        admin, console = await log_in(one, 5), await log_in(two, 1)
        feed = f"ws://127.0.0.1:{two.port}/api/console/events?login={console['shinsatsu-login']}"
        async with two.stream(doctor, session_id) as stream, connect(feed, additional_headers=console) as desk:
            await stream.recv()
            await desk.recv()
            blocked = await one.clinic.http.post("/api/users/worker/1/block", json={}, headers=admin)
            assert blocked.status_code == 204
            await stream.send('{"type":"heartbeat"}')
            assert ((await closed(stream))[0], (await closed(desk))[0]) == (4401, 4401)


async def test_another_role_has_streams_begin_anew_and_those_elsewhere_asked_again(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shinsatsu.realtime.websocket.ASK_AGAIN_SECONDS", 0)  # with every sign of life
    shared = {"database_url": address, "secret": SECRET, "console_links": True}
    async with (
        serving(settings(tmp_path / "one", None, **shared)) as one,
        serving(settings(tmp_path / "two", None, **shared)) as two,
    ):
        await listening(address, 2)
        session_id = await one.clinic.open()
        doctor = await one.clinic.person(session_id, "worker", 1)
        admin, console = await log_in(one, 5), await log_in(one, 1)
        feed = f"ws://127.0.0.1:{one.port}/api/console/events?login={console['shinsatsu-login']}"
        async with (
            one.stream(doctor, session_id) as here,
            two.stream(doctor, session_id) as there,
            connect(feed, additional_headers=console) as desk,
        ):
            for stream in (here, there, desk):
                await stream.recv()
            place, to = "/api/users/worker/1", {"role": "operator"}
            assert (await one.clinic.http.patch(place, json=to, headers=admin)).status_code == 200
            assert ((await closed(here))[0], (await closed(desk))[0]) == (4503, 4503)
            await there.send('{"type":"heartbeat"}')
            assert (await closed(there))[0] == 4503
        async with one.stream(doctor, session_id) as again, two.stream(doctor, session_id) as there:
            assert json.loads(await again.recv())["type"] == "snapshot"  # the grant is as good as before
            await there.recv()
            connection = await asyncpg.connect(address)
            await connection.execute("UPDATE users SET role = 'doctor' WHERE user_type = 'worker' AND user_id = 1")
            await connection.execute("UPDATE appointments SET doctor_id = 2")
            await connection.close()
            for stream in (again, there):
                await stream.send('{"type":"heartbeat"}')
                assert (await closed(stream))[0] == 4404


async def log_in(live: Live, user_id: int) -> dict[str, str]:
    """A worker's headers at the console."""
    link = await live.server.console_link((UserType.WORKER, user_id), timedelta(minutes=5))
    body = {"token": link.partition("?token=")[2], "proof": "a proof that nobody can guess"}
    answer = await live.clinic.http.post("/api/console/exchange", json=body)
    login = answer.json()["loginId"]
    secret = answer.cookies[f"shinsatsu_login_{login}"]
    live.clinic.http.cookies.clear()
    return {"shinsatsu-login": login, "cookie": f"shinsatsu_login_{login}={secret}"}


async def cut_off(address: str) -> None:
    connection = await asyncpg.connect(address)
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = $1"
    )
    await connection.execute(query, CHANNEL)
    await connection.close()


async def test_a_link_taken_back_on_another_server_ends_its_streams_here(address: str, tmp_path: Path) -> None:
    shared = {"database_url": address, "secret": SECRET}
    async with (
        serving(settings(tmp_path / "one", None, **shared)) as one,
        serving(settings(tmp_path / "two", None, **shared)) as two,
    ):
        await listening(address, 2)
        session_id = await one.clinic.open()
        patient = await one.clinic.person(session_id, "patient", 1)
        links = f"/api/video-sessions/{session_id}/links"
        (link,) = (await one.clinic.booking_system.get(links)).json()["links"]
        async with two.stream(patient, session_id) as stream:
            await stream.recv()
            answer = await one.clinic.booking_system.send("DELETE", f"{links}/{link['linkId']}")
            assert answer.status_code == 204
            assert (await closed(stream))[0] == 4401
            assert stream.close_reason == "revoked"


async def test_whoever_is_removed_on_another_server_is_cut_off_here(address: str, tmp_path: Path) -> None:
    shared = {"database_url": address, "secret": SECRET}
    async with (
        serving(settings(tmp_path / "one", None, **shared)) as one,
        serving(settings(tmp_path / "two", None, **shared)) as two,
    ):
        await listening(address, 2)
        session_id = await one.clinic.open()
        patient = await one.clinic.person(session_id, "patient", 1)
        doctor = await one.clinic.person(session_id, "worker", 1)
        me = (await patient.join(session_id))["participantId"]
        async with two.stream(patient, session_id) as stream, two.stream(doctor, session_id) as staff:
            await stream.recv()
            place = f"/api/video-sessions/{session_id}/participants/{me}/remove"
            assert (await doctor.post(place, {"reason": "wrong person"})).status_code == 200
            assert (await closed(stream))[0] == 4403
            await one.clinic.book(status="cancelled")
            assert (await closed(staff))[0] == 4410


async def test_a_grant_that_ends_without_an_event_ends_its_streams_too(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that died between its commit and its word of it, or whoever works on the database."""
    monkeypatch.setattr("shinsatsu.realtime.websocket.ASK_AGAIN_SECONDS", 0)  # with every sign of life
    async with serving(settings(tmp_path / "one", None, database_url=address, secret=SECRET)) as one:
        session_id = await one.clinic.open()
        patient = await one.clinic.person(session_id, "patient", 1)
        async with one.stream(patient, session_id) as stream:
            await stream.recv()
            connection = await asyncpg.connect(address)
            await connection.execute("UPDATE grants SET revoked_at = created_at")
            await connection.close()
            await stream.send('{"type":"heartbeat"}')
            assert (await closed(stream))[0] == 4401
