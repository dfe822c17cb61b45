"""Event streams of a real server on loopback: snapshot, order, resume, presence, refusals, goodbyes."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from shinsatsu.bootstrap.server import Server, build
from shinsatsu.demo.clinic import ADMIN, OPERATOR
from shinsatsu.lan import make_certificate
from shinsatsu.serving import Server as HttpServer
from shinsatsu.serving import listen, make_server, run
from shinsatsu.settings import Settings
from tests.api.clinic import Clinic, Json, Person, settings

GRACE = 0.2


@dataclass
class Live:
    """A server that listens, and its people."""

    clinic: Clinic
    port: int
    server: Server
    stop: asyncio.Event

    def stream(self, person: Person, session_id: str, **query: object) -> "connect":
        """A stream of that person's, not yet opened."""
        wanted = "&".join(f"{name}={value}" for name, value in query.items())
        address = f"ws://127.0.0.1:{self.port}/api/video-sessions/{session_id}/events?{wanted}"
        return connect(address, additional_headers=person.headers, proxy=None)


@asynccontextmanager
async def serving(configured: Settings) -> AsyncIterator[Live]:
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = build(configured)
    stop, ready = asyncio.Event(), asyncio.Event()

    async def when_ready() -> None:
        ready.set()

    running = asyncio.create_task(
        run(_uvicorn(server, configured), [listener], stop, when_ready=when_ready, before_stop=server.hub.stop)
    )
    await ready.wait()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            await server.appointments.put_people([OPERATOR, ADMIN])
            key = await server.make_key("tests")
            yield Live(Clinic(server, http, key), port, server, stop)
    finally:
        stop.set()
        await running


def _uvicorn(server: Server, configured: Settings) -> HttpServer:
    certificate, key = configured.tls_certificate, configured.tls_key
    return make_server(server.app, certificate=certificate, key=key, trusted_proxies=configured.trusted_proxies)


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with serving(settings(tmp_path, None, presence_grace=GRACE)) as running:
        yield running


async def hear(stream: ClientConnection) -> Json:
    """The next message that has a number, or answers one of ours."""
    while True:
        message: Json = json.loads(await asyncio.wait_for(stream.recv(), 5))
        if message.get("type") not in ("heartbeat", "permissions"):
            return message


async def until(stream: ClientConnection, message_type: str, **fields: Any) -> Json:
    """The next message of that type whose fields are those."""
    while True:
        message: Json = json.loads(await asyncio.wait_for(stream.recv(), 5))
        if message.get("type") == message_type and all(message.get(name) == value for name, value in fields.items()):
            return message


async def closed(stream: ClientConnection) -> tuple[int, list[Json]]:
    """Reads to the end: the close code and what came before."""
    heard: list[Json] = []
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionClosed):
            while True:
                heard.append(json.loads(await stream.recv()))
    assert stream.close_code is not None
    return stream.close_code, heard


async def join(person: Person, session_id: str) -> str:
    return str((await person.join(session_id))["participantId"])


async def test_a_consultation_as_its_patient_sees_it(live: Live) -> None:
    session = await live.clinic.open()
    patient = await live.clinic.person(session, "patient", 1)
    doctor = await live.clinic.person(session, "worker", 1)
    me = str((await live.clinic.enter(patient, session))["participantId"])
    async with live.stream(patient, session, participantId=me) as stream:
        snapshot = await hear(stream)
        assert snapshot["type"] == "snapshot"
        assert snapshot["session"]["status"] == "waiting"
        assert snapshot["you"] == {"userType": "patient", "userId": 1, "participantId": me}
        assert snapshot["tracks"] == []
        connected = await until(stream, "participant_updated")
        assert connected["participant"]["connected"] is True
        assert connected["seq"] == snapshot["seq"] + 1

        other = await join(doctor, session)
        joined = await until(stream, "participant_joined")
        assert (joined["participant"]["participantId"], joined["rejoined"]) == (other, False)
        assert joined["participant"]["displayName"] == "見本 太郎"
        async with live.stream(doctor, session, participantId=other) as theirs:
            active = await until(stream, "session_status", status="active")
            assert active["session"]["startedAt"] == active["at"]
            await theirs.send('{"type":"media_state","audioMuted":true,"videoMuted":false}')
            muted = await until(stream, "participant_updated")
            while not muted["participant"]["audioMuted"]:
                muted = await until(stream, "participant_updated")
            assert muted["participant"]["participantId"] == other
            await doctor.post(f"/api/video-sessions/{session}/end", {"outcome": "completed"})
            code, heard = await closed(stream)
            assert code == 4410
            ended = next(message for message in heard if message.get("type") == "session_status")
            assert (ended["status"], ended["endReason"]) == ("ended", "completed")
            assert ended["by"] == {"userType": "worker", "userId": 1, "role": "doctor", "displayName": "見本 太郎"}
            left = [message for message in heard if message.get("type") == "participant_left"]
            assert {(one["userType"], one["displayName"], one["reason"]) for one in left} == {
                ("patient", "試験 花子", "ended"),
                ("worker", "見本 太郎", "ended"),
            }
            assert (await closed(theirs))[0] == 4410


async def test_numbers_have_no_gap_and_a_stream_is_taken_up_where_it_ended(live: Live) -> None:
    session = await live.clinic.open()
    operator = await live.clinic.person(session, "worker", 4)
    patient = await live.clinic.person(session, "patient", 1)
    async with live.stream(operator, session) as stream:
        start = (await hear(stream))["seq"]
        for _ in range(5):
            await join(patient, session)
        whole = [await hear(stream) for _ in range(9)]  # five joins, four of them supersede
        assert [message["seq"] for message in whole] == list(range(start + 1, start + 10))
    async with live.stream(operator, session, after=start + 4) as stream:
        again = [await hear(stream) for _ in range(5)]
        assert [message["seq"] for message in again] == list(range(start + 5, start + 10))
        # Who came and is gone by now is no longer told of; who is there still is.
        assert again[-1]["participant"]["participantId"] == whole[-1]["participant"]["participantId"]
    for after in ("100000", "-1", "x", ""):
        async with live.stream(operator, session, after=after) as stream:
            assert (await hear(stream))["type"] == "snapshot"


async def test_forty_joins_at_once_arrive_in_order(live: Live) -> None:
    session = await live.clinic.open()
    people = [await live.clinic.person(session, *who) for who in (("patient", 1), ("worker", 1), ("worker", 3))]
    async with live.stream(people[0], session) as stream:
        start = (await hear(stream))["seq"]
        answers = await asyncio.gather(*(person.post(f"/api/video-sessions/{session}/join") for person in people * 13))
        assert {answer.status_code for answer in answers} == {200}
        numbers = [(await hear(stream))["seq"] for _ in range(39 + 36)]
        assert numbers == list(range(start + 1, start + 76))


async def test_presence_ends_after_its_grace_unless_the_stream_is_back(live: Live) -> None:
    session = await live.clinic.open()
    operator = await live.clinic.person(session, "worker", 4)
    patient = await live.clinic.person(session, "patient", 1)
    me = await join(patient, session)
    async with live.stream(operator, session) as watching:
        await hear(watching)
        async with live.stream(patient, session, participantId=me) as first:
            await hear(first)
            assert (await until(watching, "participant_updated"))["participant"]["connected"] is True
        async with live.stream(patient, session, participantId=me) as second:
            await hear(second)
            await second.send('{"type":"media_state","audioMuted":true,"videoMuted":false}')
            muted = await until(watching, "participant_updated")
            assert muted["participant"]["audioMuted"] is True
            assert muted["participant"]["connected"] is True
        gone = await until(watching, "participant_updated")
        assert gone["participant"]["connected"] is False


async def test_joining_again_ends_the_earlier_stream(live: Live) -> None:
    session = await live.clinic.open()
    doctor = await live.clinic.person(session, "worker", 1)
    me = await join(doctor, session)
    async with live.stream(doctor, session, participantId=me) as stream:
        await hear(stream)
        await join(doctor, session)
        code, heard = await closed(stream)
        assert code == 4409
        assert [one["reason"] for one in heard if one.get("type") == "participant_left"] == ["superseded"]
    async with live.stream(doctor, session, participantId=me) as stream:
        assert (await closed(stream))[0] == 4409


async def test_refusals_have_codes_of_their_own(live: Live) -> None:
    first = await live.clinic.open("a-1")
    other = await live.clinic.open(
        "a-2", patient={"userId": 2, "displayName": "x"}, doctor={"userId": 2, "displayName": "y"}, supportDoctors=[]
    )
    stranger = await live.clinic.person(other, "patient", 2)
    nobody = Person(live.clinic.http, {}, "nonsense")
    for person, session, code in ((nobody, first, 4401), (stranger, first, 4404), (stranger, "unknown", 4404)):
        async with live.stream(person, session) as stream:
            assert await closed(stream) == (code, [])


async def test_an_ended_session_is_told_and_closed(live: Live) -> None:
    session = await live.clinic.open()
    doctor = await live.clinic.person(session, "worker", 1)
    await doctor.post(f"/api/video-sessions/{session}/end")
    async with live.stream(doctor, session) as stream:
        code, (snapshot,) = await closed(stream)
        assert (code, snapshot["session"]["status"]) == (4410, "ended")


async def test_a_foreign_page_cannot_open_a_stream(live: Live) -> None:
    session = await live.clinic.open()
    patient = await live.clinic.person(session, "patient", 1)
    address = f"ws://127.0.0.1:{live.port}/api/video-sessions/{session}/events"
    same_host = f"https://127.0.0.1:{live.port}"
    for origin in ("https://evil.example", f"http://localhost:{live.port}", same_host, "null"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(address, additional_headers={**patient.headers, "Origin": origin}, proxy=None)
        assert refused.value.response.status_code == 403
    own = {**patient.headers, "Origin": f"http://127.0.0.1:{live.port}"}
    async with connect(address, additional_headers=own, proxy=None) as stream:
        assert (await hear(stream))["type"] == "snapshot"


@pytest.mark.parametrize(
    ("base_url", "said", "origin", "let_in"),
    [
        # The proxy tells the browser's scheme.
        ("https://clinic.example", {"X-Forwarded-Proto": "https"}, "https://127.0.0.1:{port}", True),
        ("https://clinic.example", {"X-Forwarded-Proto": "https"}, "http://127.0.0.1:{port}", False),
        # A proxy that tells nothing and rewrites Host: the public address counts.
        ("https://clinic.example:443", {}, "https://clinic.example", True),
        ("https://clinic.example", {}, "http://clinic.example", False),
    ],
)
async def test_a_page_behind_a_proxy_is_known_by_its_scheme_too(
    tmp_path: Path, base_url: str, said: dict[str, str], origin: str, let_in: bool
) -> None:
    async with serving(settings(tmp_path, None, base_url=base_url, trusted_proxies="127.0.0.1")) as live:
        headers = {**said, "Origin": origin.format(port=live.port)}
        opening = connect(
            f"ws://127.0.0.1:{live.port}/api/video-sessions/s/events", additional_headers=headers, proxy=None
        )
        if let_in:
            async with opening as stream:
                assert (await closed(stream))[0] == 4401
        else:
            with pytest.raises(InvalidStatus):
                await opening


async def test_over_tls_both_of_the_machines_addresses_are_our_own(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, ["127.0.0.1"])
    configured = settings(tmp_path, None, base_url="https://192.0.2.1:8000", tls_certificate=certificate, tls_key=key)
    trust = ssl.create_default_context(cafile=str(certificate))
    async with serving(configured) as live:
        for host in ("127.0.0.1", "localhost"):
            for scheme, status in (("https", 101), ("http", 403)):
                own = {"Origin": f"{scheme}://{host}:{live.port}"}
                address = f"wss://{host}:{live.port}/api/video-sessions/s/events"
                opening = connect(address, additional_headers=own, proxy=None, ssl=trust)
                if status == 101:
                    async with opening as stream:
                        assert (await closed(stream))[0] == 4401
                else:
                    with pytest.raises(InvalidStatus):
                        await opening


async def test_a_browser_names_its_grant_in_the_address(live: Live) -> None:
    session = await live.clinic.open()
    patient = await live.clinic.person(session, "patient", 1)
    grant = patient.grant["grantId"]
    cookie = {"Cookie": f"shinsatsu_grant_{grant}={patient.secret}"}
    address = f"ws://127.0.0.1:{live.port}/api/video-sessions/{session}/events"
    async with connect(f"{address}?grant={grant}", additional_headers=cookie, proxy=None) as stream:
        assert (await hear(stream))["you"]["userType"] == "patient"
    for query in ("", "?grant=other"):
        async with connect(address + query, additional_headers=cookie, proxy=None) as stream:
            assert await closed(stream) == (4401, [])


async def test_nonsense_is_answered_and_a_flood_ends_it(live: Live) -> None:
    session = await live.clinic.open()
    patient = await live.clinic.person(session, "patient", 1)
    async with live.stream(patient, session) as stream:
        await hear(stream)
        for text in ("{", '{"type":"admit"}', '{"type":"media_state","audioMuted":true,"videoMuted":true}'):
            await stream.send(text)
            assert (await hear(stream))["code"] == "invalid_message"
        await stream.send(b"\x00\x01")
        assert (await hear(stream))["code"] == "invalid_message"
        for _ in range(30):
            await stream.send('{"type":"heartbeat"}')
        assert (await closed(stream))[0] == 4429
    async with live.stream(patient, session) as stream:
        await hear(stream)
        await stream.send("x" * 5000)
        assert (await closed(stream))[0] == 4413


async def test_a_client_that_stops_reading_costs_the_others_nothing(live: Live) -> None:
    session = await live.clinic.open()
    patient = await live.clinic.person(session, "patient", 1)
    async with live.stream(patient, session) as reading, live.stream(patient, session) as deaf:
        start = (await hear(reading))["seq"]
        await hear(deaf)
        deaf.transport.pause_reading()
        for _ in range(30):
            await join(patient, session)
        assert [(await hear(reading))["seq"] for _ in range(59)] == list(range(start + 1, start + 60))
        deaf.transport.resume_reading()  # so that its goodbye need not be waited for


async def test_a_stopping_server_says_goodbye(live: Live) -> None:
    session = await live.clinic.open()
    patient = await live.clinic.person(session, "patient", 1)
    async with live.stream(patient, session) as stream:
        await hear(stream)
        live.stop.set()
        assert (await closed(stream))[0] == 1001
