"""A stream ends with its grant, whichever way that ends, and with no other."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest
from starlette.websockets import WebSocket

from shinsatsu.api.context import ApiContext
from shinsatsu.bootstrap import server as bootstrap
from shinsatsu.domain.credentials import Grant
from tests.api.clinic import Json, Person, settings
from tests.realtime.test_websocket import GRACE, Live, closed, hear, join, serving


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with serving(settings(tmp_path, None, presence_grace=GRACE)) as running:
        yield running


async def link_of(live: Live, session: str, person: Person) -> str:
    """The id of the link that gave somebody their grant."""
    listed: Json = (await live.clinic.booking_system.get(f"/api/video-sessions/{session}/links")).json()
    return str(next(one["linkId"] for one in listed["links"] if one["userId"] == person.grant["userId"]))


async def revoke(live: Live, session: str, link_id: str) -> None:
    answer = await live.clinic.booking_system.send("DELETE", f"/api/video-sessions/{session}/links/{link_id}")
    assert answer.status_code == 204, answer.text


async def test_a_link_taken_back_ends_the_streams_of_its_grant_alone(live: Live) -> None:
    session = await live.clinic.open()
    doctor = await live.clinic.person(session, "worker", 1)
    first = await live.clinic.person(session, "patient", 1)
    link_id = await link_of(live, session, first)
    second = await live.clinic.person(session, "patient", 1)
    me = await join(first, session)
    async with (
        live.stream(first, session, participantId=me) as stream,
        live.stream(first, session) as looking,
        live.stream(second, session) as other,
        live.stream(doctor, session) as staff,
    ):
        for one in (stream, looking, other, staff):
            assert (await hear(one))["type"] == "snapshot"
        await revoke(live, session, link_id)
        for one in (stream, looking):
            assert (await closed(one))[0] == 4401
            assert one.close_reason == "revoked"
        assert (await doctor.post(f"/api/video-sessions/{session}/lock")).status_code == 200
        while (await hear(staff)).get("change") != "locked":
            pass
        assert other.close_code is None
    async with live.stream(first, session) as stream:
        assert await closed(stream) == (4401, [])
    refused = await first.get(f"/api/video-sessions/{session}")
    assert refused.status_code == 401


async def test_who_is_in_by_that_link_alone_is_out(live: Live) -> None:
    session = await live.clinic.open()
    doctor = await live.clinic.person(session, "worker", 1)
    patient = await live.clinic.person(session, "patient", 1)
    await live.clinic.enter(patient, session)
    async with live.stream(doctor, session) as staff:
        assert [one["userType"] for one in (await hear(staff))["session"]["participants"]] == ["patient"]
        await revoke(live, session, await link_of(live, session, patient))
        while (left := await hear(staff)).get("type") != "participant_left":
            pass
        assert (left["userId"], left["reason"]) == (1, "withdrawn")


async def test_a_grant_that_runs_out_ends_its_stream(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await live.clinic.open()
    patient = await live.clinic.person(session, "patient", 1)
    with sqlite3.connect(tmp_path / "shinsatsu.db") as database:
        query = "SELECT expires_at FROM grants WHERE id = ?"
        (expires_at,) = database.execute(query, (patient.grant["grantId"],)).fetchone()
    database.close()

    class Late(datetime):
        """The stream opens a moment before the grant's end."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromisoformat(expires_at) - timedelta(milliseconds=50)

    monkeypatch.setattr("shinsatsu.realtime.websocket.datetime", Late)
    async with live.stream(patient, session) as stream:
        code, heard = await closed(stream)
    assert (code, heard[0]["type"], stream.close_reason) == (4401, "snapshot", "the grant has ended")


async def test_a_cancelled_booking_and_a_removal_end_streams(live: Live) -> None:
    session = await live.clinic.open()
    doctor = await live.clinic.person(session, "worker", 1)
    patient = await live.clinic.person(session, "patient", 1)
    me = await join(patient, session)
    async with live.stream(patient, session) as stream, live.stream(doctor, session) as staff:
        await hear(stream)
        await hear(staff)
        place = f"/api/video-sessions/{session}/participants/{me}/remove"
        assert (await doctor.post(place, {"reason": "wrong person"})).status_code == 200
        assert ((await closed(stream))[0], stream.close_reason) == (4403, "removed")
        await live.clinic.book(status="cancelled")
        assert (await closed(staff))[0] == 4410
    for person in (patient, doctor):
        async with live.stream(person, session) as stream:
            assert await closed(stream) == (4401, [])


async def test_taken_back_just_before_the_stream_is_known(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """The grant was looked up, then revoked, then the stream began to listen: nobody told it."""
    session = await live.clinic.open()
    patient = await live.clinic.person(session, "patient", 1)
    link_id = await link_of(live, session, patient)
    look_up = bootstrap._stream_grant
    found = asyncio.Event()

    async def slowly(context: ApiContext, websocket: WebSocket) -> Grant:
        grant = await look_up(context, websocket)
        if not found.is_set():
            found.set()
            await revoke(live, session, link_id)
        return grant

    monkeypatch.setattr(bootstrap, "_stream_grant", slowly)
    async with live.stream(patient, session) as stream:
        assert (await closed(stream))[0] == 4401
    assert found.is_set()
