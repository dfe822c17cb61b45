"""How a program gets in and what it heeds; the server is scripted, the whole way is in tests/e2e."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest
from websockets.asyncio.server import Server, ServerConnection, serve

from shinsatsu.media.attendance import Attendance
from shinsatsu.media.clip import load_clip
from shinsatsu.media.consultation_client import ApiError, ConsultationClient, ConsultationLink
from shinsatsu.media.room_news import AttendanceOver, ConnectionLost, RemoteTrack, RoomNews
from shinsatsu.media.synthetic_patient import main, rejoin_delay
from shinsatsu.rtc.dtls import Certificate

LINK = "http://127.0.0.1:1/consultation/s1?token=secret-token"
GRANT = {"grantId": "g1", "sessionId": "s1", "appointmentId": "a1"}
Handler = Callable[[httpx.Request], httpx.Response]


def problem(status: int, code: str, reason: str = "") -> httpx.Response:
    return httpx.Response(status, json={"code": code, "reason": reason})


def client_of(handler: Handler, link: str = LINK) -> ConsultationClient:
    return ConsultationClient(ConsultationLink.parse(link), transport=httpx.MockTransport(handler))


def test_a_link_is_read_and_its_token_not_shown() -> None:
    link = ConsultationLink.parse("https://clinic.example/video/consultation/s1?token=secret-token")
    assert (link.base_url, link.session_id, link.token) == ("https://clinic.example/video", "s1", "secret-token")
    assert "secret-token" not in repr(link)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://x/consultation/s1?token=t",
        "http://x/consultation/s1",
        "http://x/s1?token=t",
        "/consultation/s?token=t",
    ],
)
def test_other_addresses_are_no_links(url: str) -> None:
    with pytest.raises(ValueError, match="not a consultation link"):
        ConsultationLink.parse(url)


async def test_the_grant_of_the_cookie_travels_as_bearer() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path.endswith("/exchange"):
            return httpx.Response(200, json=GRANT, headers={"set-cookie": "shinsatsu_grant_g1=grant; HttpOnly; Path=/"})
        return httpx.Response(204)

    client = client_of(answer)
    await client.exchange()
    await client.leave("p1")
    assert json.loads(seen[0].content)["token"] == "secret-token"
    assert 16 <= len(json.loads(seen[0].content)["proof"]) <= 128
    assert seen[1].headers["authorization"] == "Bearer grant"
    assert "cookie" not in seen[1].headers


@pytest.mark.parametrize(
    ("response", "code", "passing"),
    [
        (problem(410, "link_used"), "link_used", False),
        (problem(503, "database_unavailable"), "database_unavailable", True),
        (problem(429, "rate_limited"), "rate_limited", True),
        (httpx.Response(502, text="<html>"), "no_problem", True),
        (httpx.Response(200, json=GRANT), "no_grant", False),
        (httpx.Response(200, json={}), "malformed_answer", False),
    ],
)
async def test_refusals_have_the_servers_code(response: httpx.Response, code: str, passing: bool) -> None:
    with pytest.raises(ApiError) as caught:
        await client_of(lambda _: response).exchange()
    assert (caught.value.code, caught.value.passing) == (code, passing)


def test_it_comes_back_later_and_later_but_comes_back() -> None:
    delays = [rejoin_delay(failures) for failures in range(1, 200)]
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (0.25, 5.0)


def test_a_link_that_is_none_ends_the_program_and_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--link", "http://127.0.0.1/secret-token"]) == 2
    told = capsys.readouterr()
    assert "not a consultation link" in told.err
    assert "secret-token" not in told.out + told.err


def test_a_link_may_come_in_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for link in ("http://127.0.0.1/secret-token", ""):
        monkeypatch.setenv("SHINSATSU_PATIENT_LINK", link)
        assert main([]) == 2
        told = capsys.readouterr()
        assert "not a consultation link" in told.err
        assert "secret-token" not in told.out + told.err


class Consultation:
    """A server that lets a person wait, and says what a test has it say on the event stream."""

    def __init__(self, *messages: Mapping[str, object], close_code: int = 1000, joins: tuple[str, ...] = ()) -> None:
        self.messages = messages
        self.close_code = close_code
        self.refusals = list(joins)
        self.calls: list[str] = []
        self.heard: list[str] = []
        self.streaming = asyncio.Event()

    def handle(self, request: httpx.Request) -> httpx.Response:
        operation = request.url.path.rpartition("/")[2]
        self.calls.append(operation)
        if operation == "create":
            return httpx.Response(201, json={"id": "s1"})
        if operation == "join" and self.refusals:
            return problem(409, self.refusals.pop(0))
        if operation == "publish":
            return problem(422, "invalid_session_description")
        if operation == "join" and request.content != b"{}":
            assert json.loads(request.content) == {"participantId": "p1"}
            tracks = [{"trackName": f"patient-7-{kind}-1", "trackType": kind} for kind in ("audio", "video")]
            return httpx.Response(200, json={"participantId": "p1", "admission": "admitted", "tracks": tracks})
        return httpx.Response(200, json={"participantId": "p1", "admission": "waiting", "tracks": []})

    async def stream(self, socket: ServerConnection) -> None:
        self.heard.append(socket.request.path if socket.request else "")
        self.streaming.set()
        for message in self.messages:
            await socket.send(json.dumps(message))
        if self.close_code:
            await socket.close(self.close_code)
        else:
            await socket.wait_closed()

    @asynccontextmanager
    async def attended(self) -> AsyncIterator[Attendance]:
        server: Server
        async with serve(self.stream, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            client = client_of(self.handle, f"http://127.0.0.1:{port}/consultation/s1?token=t")
            yield Attendance(client, load_clip("patient"), Certificate.generate())
            await client.close()


def about_me(**changes: object) -> dict[str, object]:
    return {"type": "participant_updated", "participant": {"participantId": "p1", **changes}}


@pytest.mark.parametrize(
    ("messages", "close_code", "expected"),
    [
        ([{"type": "session_status", "status": "ended"}], 4410, AttendanceOver),
        ([{"type": "session_status", "status": "active"}], 1001, ConnectionLost),
        ([{"seq": 4}, {"type": "nobody knows"}], 1012, ConnectionLost),
        ([], 4503, ConnectionLost),
        ([], 4409, AttendanceOver),
        ([], 4401, AttendanceOver),
        ([about_me(admission="removed")], 0, AttendanceOver),
        (
            [{"type": "snapshot", "session": {"participants": [about_me(admission="removed")["participant"]]}}],
            0,
            AttendanceOver,
        ),
        ([{"type": "participant_left", "participantId": "p1", "reason": "superseded"}], 0, AttendanceOver),
        ([{"type": "participant_left", "participantId": "p1", "reason": "disconnected"}], 0, ConnectionLost),
        ([{"type": "participant_left", "participantId": "p2", "reason": "left"}], 1001, ConnectionLost),
    ],
)
async def test_what_ends_a_stay_and_what_only_interrupts_it(
    messages: list[Mapping[str, object]], close_code: int, expected: type[Exception]
) -> None:
    consultation = Consultation(*messages, close_code=close_code)
    async with consultation.attended() as attendance:
        with pytest.raises(expected):
            await attendance.run()
    assert consultation.calls == ["join"]
    assert consultation.heard == ["/api/video-sessions/s1/events?participantId=p1"]


async def test_a_scheduled_session_is_opened_first() -> None:
    consultation = Consultation(close_code=1001, joins=("session_not_open",))
    async with consultation.attended() as attendance:
        with pytest.raises(ConnectionLost):
            await attendance.run()
    assert consultation.calls == ["join", "create", "join"]


async def test_an_ended_session_is_not_opened_again() -> None:
    consultation = Consultation(joins=("session_ended",))
    async with consultation.attended() as attendance:
        with pytest.raises(ApiError, match="session_ended"):
            await attendance.run()
    assert consultation.calls == ["join"]


async def test_who_is_told_to_go_leaves_first() -> None:
    consultation = Consultation(close_code=0)
    async with consultation.attended() as attendance:
        stay = asyncio.create_task(attendance.run())
        async with asyncio.timeout(5):
            await consultation.streaming.wait()
        stay.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stay
    assert consultation.calls == ["join", "leave"]


def snapshot(*tracks: tuple[str, str, str], **me: object) -> dict[str, object]:
    listed = [{"trackName": name, "participantId": owner, "trackType": kind} for name, owner, kind in tracks]
    return {"type": "snapshot", "session": {"participants": [{"participantId": "p1", **me}]}, "tracks": listed}


async def test_let_in_it_asks_for_its_tracks_and_publishes() -> None:
    consultation = Consultation(snapshot(admission="waiting"), snapshot(admission="admitted"), close_code=0)
    async with consultation.attended() as attendance:
        with pytest.raises(ApiError, match="invalid_session_description"):
            await attendance.run()
    assert consultation.calls == ["join", "join", "publish"]


def test_what_the_others_publish_is_asked_for_once_and_again_when_they_open_it() -> None:
    news = RoomNews("p1", admitted=True)
    news.heed(snapshot(("a", "p2", "audio"), ("v", "p2", "video"), ("own", "p1", "audio"), admission="admitted"))
    assert news.wanted == ["a", "v"]
    news.asked.update(news.wanted)
    news.heed(
        {"type": "participant_updated", "change": "muted", "kind": "audio", "participant": {"participantId": "p2"}}
    )
    assert news.wanted == []
    news.heed(
        {"type": "participant_updated", "change": "unmuted", "kind": "audio", "participant": {"participantId": "p2"}}
    )
    assert news.wanted == ["a"]
    news.heed({"type": "track_closed", "trackName": "v"})
    news.heed({"type": "track_published", "track": {"trackName": "w", "participantId": "p2", "trackType": "video"}})
    assert news.tracks == {"a": RemoteTrack("p2", "audio"), "w": RemoteTrack("p2", "video")}


def test_a_publication_that_the_server_ended_is_published_anew_after_another_join() -> None:
    news = RoomNews("p1", admitted=True)
    news.own_tracks = frozenset({"own"})
    with pytest.raises(ConnectionLost):
        news.heed({"type": "track_closed", "trackName": "own", "reason": "closed"})


def test_sent_back_it_waits_and_knows_it_even_when_it_is_let_in_again_at_once() -> None:
    news = RoomNews("p1", admitted=True)
    news.heed(snapshot(admission="sent_back"))
    assert not news.admitted
    news.heed(snapshot(admission="admitted"))
    assert (news.admitted, news.times_sent_back) == (True, 1)


def test_what_staff_muted_stays_muted() -> None:
    news = RoomNews("p1", admitted=True)
    news.heed(about_me(admission="admitted", mutedBy={"audio": {"userType": "worker", "userId": 3}}))
    assert news.muted_by_staff == {"audio"}
    news.heed({"type": "unmute_requested", "participantId": "p1", "kinds": ["audio"]})
    assert news.muted_by_staff == {"audio"}
    news.heed(about_me(admission="admitted"))
    assert news.muted_by_staff == set()
