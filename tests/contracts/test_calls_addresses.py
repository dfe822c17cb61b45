"""Where our own SFU listens and what it tells its clients to send to: IPv6, several addresses, others than bound."""

import asyncio
import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from shinsatsu.media.calls_client import CallsClient
from shinsatsu.media.clip import load_clip
from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.peer import Peer
from shinsatsu.media.playback import Playback
from shinsatsu.media.player import play
from shinsatsu.service.ports import LocalTrack, RemoteTrack
from tests.contracts.conftest import start_sfu, stop_sfu

SAMPLES = Path(__file__).parent.parent / "rtc" / "samples"
FRAMES = 10


def without_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return True
    return False


needs_ipv6 = pytest.mark.skipif(without_ipv6(), reason="this machine has no IPv6 loopback")


@contextmanager
def an_sfu(*options: str) -> Iterator[tuple[str, int]]:
    process, ready = start_sfu(*options)
    try:
        yield f"{ready['url']}/v1", ready["udpPort"]
    finally:
        stop_sfu(process)


def candidates(sdp: str | None) -> list[tuple[str, int]]:
    """Address and port of each candidate of the first m-line."""
    first = (sdp or "").split("\r\nm=")[1]
    return [(host, int(port)) for host, port in re.findall(r"a=candidate:\d+ 1 udp \d+ (\S+) (\d+) typ host", first)]


async def call(url: str) -> list[tuple[str, int]]:
    """One peer plays, another receives; the candidates they were told, once frames of both tracks have come."""
    plane, playback = CallsClient(url, "contract", "contract-secret"), Playback(load_clip("patient"))
    came: Counter[str] = Counter()
    enough = asyncio.Event()

    def count(mid: str, _: EncodedFrame) -> None:
        came[mid] += 1
        if len(came) == 2 and min(came.values()) >= FRAMES:
            enough.set()

    sender, receiver = Peer(on_key_frame_request=lambda _: playback.request_key_frame()), Peer(on_frame=count)
    publisher = await plane.new_session()
    tracks = [LocalTrack("0", "mic"), LocalTrack("1", "camera")]
    done = await plane.publish(publisher, sender.offer(["audio", "video"]), tracks)
    await sender.accept(done.sdp or "")
    playing = asyncio.create_task(play(sender, playback, audio_mid="0", video_mid="1"))
    try:
        session = await plane.new_session()
        pulled = await plane.pull(session, [RemoteTrack(publisher, track.track_name) for track in tracks])
        await plane.renegotiate(session, await receiver.answer(pulled.sdp or ""))
        await asyncio.wait_for(enough.wait(), 10)
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        sender.close()
        receiver.close()
        await plane.close()
    return candidates(pulled.sdp)


@needs_ipv6
async def test_a_call_over_ipv6() -> None:
    with an_sfu("--bind", "::1") as (url, port):
        assert await call(url) == [("::1", port)]


@needs_ipv6
async def test_several_addresses_are_all_offered_the_first_first() -> None:
    with an_sfu("--bind", "::1", "--bind", "127.0.0.1") as (url, port):
        assert await call(url) == [("::1", port), ("127.0.0.1", port)]


@needs_ipv6
async def test_the_http_side_listens_on_ipv6_too() -> None:
    with an_sfu("--http-host", "::1") as (url, port):
        assert url.startswith("http://[::1]:")
        assert await call(url) == [("127.0.0.1", port)]


def test_what_is_advertised_is_told_instead_of_what_is_bound() -> None:
    offer = {"type": "offer", "sdp": (SAMPLES / "chromium-156-push.sdp").read_bytes().decode()}
    advertised = ("--advertise", "192.0.2.1:4000", "--advertise", "2001:db8::7", "--advertise", "[2001:db8::7]:443")
    with an_sfu("--bind", "0.0.0.0", *advertised) as (url, port):  # noqa: S104  # for a moment, with no session
        reply = httpx.post(
            f"{url}/apps/contract/sessions/new",
            json={"sessionDescription": offer},
            headers={"Authorization": "Bearer contract-secret"},
        )
    told = candidates(reply.json()["sessionDescription"]["sdp"])
    assert told == [("192.0.2.1", 4000), ("2001:db8::7", port), ("2001:db8::7", 443)]
