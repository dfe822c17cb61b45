"""The HTTP side: clients that leave, dawdle, send what they like, or ask for sessions without end."""

import asyncio
import contextlib
import gc
import json
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinsatsu.rtc.sdp_parse import MAX_CHARACTERS
from shinsatsu.sfu.app import CallsApi, Credentials
from shinsatsu.sfu.errors import CallsError, Full
from shinsatsu.sfu.registry import Registry
from shinsatsu.sfu.server import HttpServer, http_config
from shinsatsu.sfu.session import Session
from shinsatsu.sfu.tracks import Limits
from shinsatsu.sfu.transport import UdpTransport
from tests.sfu.test_session import Clock, Sfu, sample


@asynccontextmanager
async def serving(sfu: Sfu, *, body_seconds: float = 10.0) -> AsyncIterator[tuple[HttpServer, int]]:
    api = CallsApi(sfu.registry, Credentials("app", "secret"), sfu.clock, body_seconds=body_seconds)
    server = HttpServer(http_config(api))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield server, listener.getsockname()[1]
        finally:
            server.should_exit = True
            await running


def post(path: str, body: object) -> bytes:
    content = json.dumps(body).encode()
    head = f"POST /apps/app{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\nContent-Length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


async def settled(server: HttpServer, requests: int) -> None:
    """Until the server works at just so many requests."""
    async with asyncio.timeout(5):
        while len(server.server_state.tasks) != requests:  # noqa: ASYNC110  # the server raises no event
            await asyncio.sleep(0)


def pull_of(publisher: Session, *names: str) -> object:
    return {"tracks": [{"location": "remote", "sessionId": publisher.id, "trackName": name} for name in names]}


@pytest.mark.parametrize("flows_meanwhile", [False, True], ids=["while it waits", "as the offer is made"])
async def test_a_client_that_leaves_takes_its_pull_along(flows_meanwhile: bool) -> None:
    sfu = Sfu(Limits())
    publisher, sending = sfu.session()
    sending.flows_at_once = False
    sfu.publish(publisher)
    receiver, _ = sfu.session()
    async with serving(sfu) as (server, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post(f"/sessions/{receiver.id}/tracks/new", pull_of(publisher, "cam")))
        await settled(server, 1)
        writer.close()
        await writer.wait_closed()
        if flows_meanwhile:
            sending.publications[1].packet(1.0)
        await settled(server, 0)
        sending.publications[1].packet(1.0)

        assert receiver.describe() == []
        _, offered, _ = await sfu.pull(receiver, publisher, "cam")
        assert offered


async def test_a_body_that_dawdles_is_given_up() -> None:
    async with serving(Sfu(), body_seconds=0.05) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post("/sessions/new", {"unknown": "x" * 1000})[:-500])
        reply = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()

    assert reply.startswith(b"HTTP/1.1 408")


Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("\ud800"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.just("\udfff"), inner, max_size=3)
    ),
    max_leaves=6,
)
OFFER: dict[str, Json] = {"type": "offer", "sdp": sample("chromium-156-push")}
ANSWER: dict[str, Json] = {"type": "answer", "sdp": sample("chromium-156-recvonly")}
CALLS: list[tuple[str, str, dict[str, Json]]] = [
    ("POST", "/sessions/new", {"sessionDescription": OFFER}),
    (
        "POST",
        "/sessions/{id}/tracks/new",
        {
            "sessionDescription": OFFER,
            "autoDiscover": False,
            "tracks": [{"location": "local", "mid": "0", "trackName": "mic", "bidirectionalMediaStream": False}],
        },
    ),
    (
        "POST",
        "/sessions/{id}/tracks/new",
        {
            "tracks": [
                {
                    "location": "remote",
                    "sessionId": "x",
                    "trackName": "mic",
                    "mid": "1",
                    "simulcast": {"preferredRid": "q", "priorityOrdering": "none", "ridNotAvailable": "none"},
                }
            ]
        },
    ),
    ("PUT", "/sessions/{id}/renegotiate", {"sessionDescription": ANSWER}),
    ("PUT", "/sessions/{id}/tracks/close", {"tracks": [{"mid": "0"}], "force": False, "sessionDescription": OFFER}),
    ("PUT", "/sessions/{id}/tracks/update", {"tracks": [{"mid": "0", "simulcast": {"preferredRid": "q"}}]}),
    ("PUT", "/sessions/{id}/tracks/pause", {"tracks": [{"mid": "0", "paused": True}]}),
]


def places(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value in a body, the body itself first."""
    yield path
    items: Iterable[tuple[str | int, Json]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield from places(inner, (*path, key))


def replaced(value: Json, path: tuple[str | int, ...], other: Json) -> Json:
    """The body with what stands at the path replaced."""
    if not path:
        return other
    if isinstance(value, dict):
        return {key: replaced(inner, path[1:], other) if key == path[0] else inner for key, inner in value.items()}
    assert isinstance(value, list)
    return [replaced(inner, path[1:], other) if at == path[0] else inner for at, inner in enumerate(value)]


PLACES = [(method, path, body, place) for method, path, body in CALLS for place in places(body)]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(PLACES), JSON)
def test_whatever_stands_in_a_field_is_told_and_harms_nobody(
    call: tuple[str, str, dict[str, Json], tuple[str | int, ...]], other: Json
) -> None:
    method, path, body, place = call
    reply = asyncio.run(answer_of(method, path, json.dumps(replaced(body, place, other))))

    assert reply.status_code < 500
    if reply.status_code >= 400:
        assert reply.json()["errorCode"] in ("decoding_error", "invalid_params", "invalid_session_description")


async def answer_of(method: str, path: str, content: str) -> httpx.Response:
    sfu = Sfu()
    session, _ = sfu.publisher()
    app = CallsApi(sfu.registry, Credentials("app", "secret"), sfu.clock).asgi()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://sfu/apps/app", headers={"Authorization": "Bearer secret"}
    ) as client:
        reply = await client.request(method, path.format(id=session.id), content=content)
    assert session.describe()[-1]["trackName"] in ("mic", "cam") or "close" in path
    return reply


async def test_sessions_without_end_are_bounded_swept_and_their_memory_comes_back(transport: UdpTransport) -> None:
    clock = Clock()
    registry = Registry(transport, clock)
    registry.create()  # what is made once
    registry.sweep(60.0)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        refused = 0
        for _ in range(10_000):
            try:
                registry.create()
            except Full:
                refused += 1
        each = (tracemalloc.get_traced_memory()[0] - before) / 2000
        registry.sweep(60.0)
        gc.collect()
        left = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert refused == 8000
    assert each < 12_000
    assert (registry.health()["sessions"], transport.connections) == (0, 0)
    assert left < 300_000


@pytest.mark.parametrize(
    "line", ["a=ssrc:{} cname:x", "a=rid:{} send", "a=rtpmap:{} VP8/90000", "a=x:{}", "m=audio 9 x {}"]
)
def test_a_description_of_many_lines_is_read_or_refused_in_time(line: str) -> None:
    lines = "\r\n".join(line.format(number) for number in range(40_000))
    text = f"{sample('chromium-156-push')}{lines}\r\n"[:MAX_CHARACTERS]
    session, _ = Sfu().session()
    started = time.process_time()
    with contextlib.suppress(CallsError):
        session.connect(text, 0.0)

    assert time.process_time() - started < 2
