"""How the Calls API's answers become results and errors of ours; scripted answers, no network but the last test."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import httpx
import pytest

from shinsatsu.domain.errors import (
    MediaNegotiationRefused,
    MediaPlaneError,
    MediaSessionGone,
    MediaSessionNotReady,
)
from shinsatsu.media.calls_client import CallsClient
from shinsatsu.service.ports import LocalTrack, RemoteTrack, TrackResult

SECRET = "s3cret-of-the-app"
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\na=ice-pwd:never-to-be-logged\r\n"
Answer = httpx.Response | Exception


class Plane:
    """A media plane that gives the scripted answers in turn, the last one for ever, and notes what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def body(self, index: int = -1) -> Any:
        return json.loads(self.requests[index].content)

    def client(self) -> CallsClient:
        transport = httpx.MockTransport(self.handle)
        return CallsClient("http://plane/v1/", "app1", SECRET, transport=transport, sleep=self.sleep)


def error(status: int, code: str = "", description: str = "why") -> httpx.Response:
    return httpx.Response(status, json={"errorCode": code, "errorDescription": description})


def capabilities(*names: str) -> httpx.Response:
    return httpx.Response(200, json={"extensions": dict.fromkeys(names, 1)})


async def test_a_session_is_made_with_the_secret_in_the_header() -> None:
    plane = Plane(httpx.Response(201, json={"sessionId": "abc"}))
    assert await plane.client().new_session() == "abc"
    request = plane.requests[0]
    assert (request.method, str(request.url)) == ("POST", "http://plane/v1/apps/app1/sessions/new")
    assert request.headers["authorization"] == f"Bearer {SECRET}"


async def test_publish_gives_the_answer_and_a_result_for_each_track() -> None:
    items = [
        {"mid": "1", "trackName": "camera", "errorCode": "repeated_local_track_error", "errorDescription": "twice"},
        {"mid": "0", "trackName": "mic"},
    ]
    plane = Plane(httpx.Response(200, json={"sessionDescription": {"type": "answer", "sdp": SDP}, "tracks": items}))
    done = await plane.client().publish("s", "offer", [LocalTrack("0", "mic"), LocalTrack("1", "camera")])
    assert done.sdp == SDP
    assert done.tracks == (
        TrackResult("mic", "0"),
        TrackResult("camera", "1", "repeated_local_track_error", "twice"),
    )
    assert plane.body() == {
        "sessionDescription": {"type": "offer", "sdp": "offer"},
        "tracks": [
            {"location": "local", "mid": "0", "trackName": "mic"},
            {"location": "local", "mid": "1", "trackName": "camera"},
        ],
    }


async def test_pull_results_come_in_the_order_asked_and_an_unnamed_track_has_failed() -> None:
    items = [
        {"trackName": "b", "mid": "4"},
        {"trackName": "a", "mid": "", "errorCode": "empty_track_error"},
        "nonsense",
    ]
    plane = Plane(httpx.Response(200, json={"sessionDescription": {"type": "offer", "sdp": SDP}, "tracks": items}))
    done = await plane.client().pull("r", [RemoteTrack("p", name) for name in "abc"])
    assert done.sdp == SDP
    assert [(each.track_name, each.mid, each.error_code) for each in done.tracks] == [
        ("a", "", "empty_track_error"),
        ("b", "4", None),
        ("c", "", "no_result"),
    ]


async def test_a_pull_that_adds_nothing_has_no_offer() -> None:
    items = [{"trackName": "a", "mid": "", "errorCode": "not_found_track_error"}]
    plane = Plane(httpx.Response(200, json={"requiresImmediateRenegotiation": False, "tracks": items}))
    assert (await plane.client().pull("r", [RemoteTrack("p", "a")])).sdp is None


async def test_a_pull_is_given_more_than_fifteen_seconds() -> None:
    plane = Plane(httpx.Response(200, json={"tracks": []}))
    await plane.client().pull("r", [RemoteTrack("p", "a")])
    assert plane.requests[0].extensions["timeout"]["read"] >= 15


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(406, "invalid_session_description"), MediaNegotiationRefused),
        (error(406), MediaNegotiationRefused),
        (error(410, "session_error"), MediaSessionGone),
        (httpx.Response(410), MediaSessionGone),
        (error(425, "session_error"), MediaSessionNotReady),
        (error(401, "unauthorized"), MediaPlaneError),
        (error(404, "not_found"), MediaPlaneError),
        (error(406, "invalid_params"), MediaPlaneError),
        (error(413, "payload_too_large"), MediaPlaneError),
        (error(200, "internal_error"), MediaPlaneError),
        (httpx.Response(200, text="<html>a proxy speaks</html>"), MediaPlaneError),
        (httpx.Response(502, text="bad gateway"), MediaPlaneError),
        (httpx.Response(200, json=[1]), MediaPlaneError),
    ],
)
async def test_failures_become_our_errors(answer: httpx.Response, expected: type[MediaPlaneError]) -> None:
    with pytest.raises(MediaPlaneError) as caught:
        await Plane(answer).client().renegotiate("r", SDP)
    assert type(caught.value) is expected


@pytest.mark.parametrize("passing", [error(500, "internal_error"), error(503), error(429), error(200, "backend_error")])
async def test_a_passing_failure_is_tried_again_within_bounds(passing: httpx.Response) -> None:
    healed = Plane(passing, passing, httpx.Response(201, json={"sessionId": "abc"}))
    assert await healed.client().new_session() == "abc"
    assert healed.waits == sorted(healed.waits)
    assert len(healed.waits) == 2
    lasting = Plane(passing)
    with pytest.raises(MediaPlaneError):
        await lasting.client().new_session()
    assert len(lasting.requests) == 4


async def test_retry_after_is_honoured_but_not_without_bound() -> None:
    def limited(seconds: str) -> httpx.Response:
        return httpx.Response(429, headers={"retry-after": seconds})

    plane = Plane(limited("2"), limited("3600"), limited("soon"), httpx.Response(201, json={"sessionId": "abc"}))
    await plane.client().new_session()
    assert plane.waits[0] == 2
    assert plane.waits[1] <= 5
    assert plane.waits[2] <= 5


async def test_a_session_not_connected_yet_is_waited_for() -> None:
    plane = Plane(error(425, "session_error"), error(425, "session_error"), httpx.Response(200, json={"tracks": []}))
    await plane.client().pull("r", [RemoteTrack("p", "a")])
    assert len(plane.requests) == 3


def _publish(client: CallsClient) -> Any:
    return client.publish("s", "offer", [LocalTrack("0", "mic")])


def _close(client: CallsClient) -> Any:
    return client.close_tracks("s", ["0"])


@pytest.mark.parametrize(
    ("call", "failure", "tries"),
    [
        (_publish, httpx.ConnectError("refused"), 4),
        (_publish, httpx.RemoteProtocolError("disconnected without an answer"), 4),
        (_publish, httpx.ReadError("reset"), 1),
        (_publish, httpx.ReadTimeout("slow"), 1),
        (_close, httpx.ReadError("reset"), 4),
        (_close, httpx.ReadTimeout("slow"), 1),
    ],
)
async def test_what_may_have_been_carried_out_is_not_sent_twice(
    call: Callable[[CallsClient], Any], failure: Exception, tries: int
) -> None:
    plane = Plane(failure)
    with pytest.raises(MediaPlaneError):
        await call(plane.client())
    assert len(plane.requests) == tries


async def test_close_is_forced_and_already_closed_counts_as_closed() -> None:
    items = [
        {"mid": "1", "errorCode": "close_track_error"},
        {"mid": "2", "errorCode": "other_error", "errorDescription": "no"},
    ]
    plane = Plane(httpx.Response(200, json={"tracks": [{"mid": "0"}, *items]}))
    results = await plane.client().close_tracks("s", ["0", "1", "2", "3"])
    assert [each.error_code for each in results] == [None, None, "other_error", "no_result"]
    assert plane.body() == {"tracks": [{"mid": mid} for mid in "0123"], "force": True}


async def test_close_gives_up_when_its_time_is_over() -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = CallsClient("http://plane", "app1", SECRET, transport=httpx.MockTransport(hang))
    with pytest.raises(MediaPlaneError, match="within"):
        await client.close_tracks("s", ["0"], timeout=0.01)


async def test_extensions_are_asked_once() -> None:
    plane = Plane(capabilities("tracks.pause"), httpx.Response(200, json={"tracks": [{"mid": "0"}]}))
    client = plane.client()
    assert await client.set_paused("r", ["0"], True)
    assert await client.set_paused("r", ["0"], False)
    assert [request.method for request in plane.requests] == ["GET", "PUT", "PUT"]
    assert plane.body() == {"tracks": [{"mid": "0", "paused": False}]}


async def test_plain_calls_has_no_pause_and_abandoning_closes_all_that_is_there() -> None:
    there = httpx.Response(200, json={"tracks": [{"mid": "0", "location": "remote"}, {"mid": "4"}]})
    closed = httpx.Response(200, json={"tracks": [{"mid": "0"}, {"mid": "4", "errorCode": "close_track_error"}]})
    plane = Plane(error(404, "not_found"), there, closed)
    client = plane.client()
    assert not await client.set_paused("r", ["0"], True)
    await client.abandon("r")
    assert [request.method for request in plane.requests] == ["GET", "GET", "PUT"]
    assert plane.body() == {"tracks": [{"mid": "0"}, {"mid": "4"}], "force": True}


@pytest.mark.parametrize("answer", [error(410, "session_error"), error(425, "session_error")])
async def test_what_is_gone_or_never_connected_needs_no_closing(answer: Answer) -> None:
    plane = Plane(error(404, "not_found"), answer)
    await plane.client().abandon("r")
    assert {request.method for request in plane.requests} == {"GET"}


async def test_what_stays_open_on_plain_calls_is_not_abandoned() -> None:
    there = httpx.Response(200, json={"tracks": [{"mid": "0"}]})
    refused = httpx.Response(200, json={"tracks": [{"mid": "0", "errorCode": "other_error"}]})
    with pytest.raises(MediaPlaneError):
        await Plane(error(404, "not_found"), there, refused).client().abandon("r")


@pytest.mark.parametrize(
    ("answer", "alive"),
    [
        (httpx.Response(200, json={"tracks": []}), True),
        (error(425, "session_error"), True),
        (error(410, "session_error"), False),
    ],
)
async def test_a_session_is_alive_until_the_plane_says_that_it_is_gone(answer: Answer, alive: bool) -> None:
    assert await Plane(answer).client().alive("s") is alive


async def test_a_plane_that_does_not_answer_says_nothing_about_a_session() -> None:
    with pytest.raises(MediaPlaneError):
        await Plane(error(500)).client().alive("s")


async def test_a_plane_that_is_down_has_unknown_extensions() -> None:
    plane = Plane(error(503), error(503), error(503), error(503), capabilities("tracks.pause"))
    client = plane.client()
    with pytest.raises(MediaPlaneError):
        await client.extensions()
    assert await client.extensions() == {"tracks.pause"}


async def test_shutting_what_is_closed_worked_opening_it_did_not() -> None:
    gone = httpx.Response(200, json={"tracks": [{"mid": "0", "errorCode": "close_track_error"}]})
    client = Plane(capabilities("tracks.pause"), gone).client()
    assert await client.set_paused("r", ["0"], True)
    with pytest.raises(MediaPlaneError):
        await client.set_paused("r", ["0"], False)


async def test_abandoning_deletes_and_is_content_with_gone() -> None:
    plane = Plane(capabilities("sessions.delete"), error(410, "session_error"))
    await plane.client().abandon("a/b")
    assert plane.requests[-1].method == "DELETE"
    assert plane.requests[-1].url.raw_path == b"/v1/apps/app1/sessions/a%2Fb"


@pytest.mark.parametrize(
    ("answer", "healthy"),
    [
        (capabilities(), True),
        (error(404), True),
        (error(401), False),
        (error(500), False),
        (httpx.ConnectError("x"), False),
    ],
)
async def test_health(answer: Answer, healthy: bool) -> None:
    assert await Plane(answer).client().healthy() is healthy


@pytest.mark.parametrize("answer", [error(406, "invalid_session_description", SDP), httpx.ConnectError(SECRET)])
async def test_neither_sdp_nor_secret_is_logged_or_told(
    answer: Answer, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(MediaPlaneError) as caught:
        await Plane(answer).client().publish("s", SDP, [LocalTrack("0", "mic")])
    told = "".join((*capsys.readouterr(), caplog.text, str(caught.value)))
    assert "media plane" in told
    for hidden in (SECRET, "ice-pwd", "never-to-be-logged"):
        assert hidden not in told


@pytest.fixture
async def counting_server() -> AsyncIterator[tuple[int, Sequence[asyncio.StreamWriter]]]:
    connections: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        body = b'{"sessionId":"abc"}'
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], connections
    server.close()
    for writer in connections:
        writer.close()
    await server.wait_closed()


async def test_calls_share_one_connection(
    counting_server: tuple[int, Sequence[asyncio.StreamWriter]],
) -> None:
    port, connections = counting_server
    client = CallsClient(f"http://127.0.0.1:{port}", "app1", SECRET)
    for _ in range(3):
        assert await client.new_session() == "abc"
    await client.close()
    assert len(connections) == 1
