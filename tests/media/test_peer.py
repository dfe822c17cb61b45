"""Our peers against the real SFU: what one plays, the other gets, whole and in order, also over a bad network."""

import asyncio
import contextlib
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Callable

import pytest

from shinsatsu.media.calls_client import CallsClient
from shinsatsu.media.clip import Clip, load_clip
from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.peer import Peer
from shinsatsu.media.playback import Playback
from shinsatsu.media.player import play
from shinsatsu.service.ports import LocalTrack, RemoteTrack

TRACKS = [LocalTrack("0", "mic"), LocalTrack("1", "camera")]


@pytest.fixture(scope="session")
def clip() -> Clip:
    return load_clip("patient")


class Watcher:
    """Collects what a receiving peer is sent, and waits until it is enough."""

    def __init__(self) -> None:
        self.frames: dict[str, list[EncodedFrame]] = defaultdict(list)
        self._came = asyncio.Event()

    def take(self, mid: str, frame: EncodedFrame) -> None:
        self.frames[mid].append(frame)
        self._came.set()

    async def wait(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not enough():
                self._came.clear()
                await self._came.wait()


@contextlib.asynccontextmanager
async def publishing(plane: CallsClient, clip: Clip) -> AsyncIterator[tuple[str, Peer]]:
    """A session that publishes the clip, and its peer."""
    playback = Playback(clip)
    peer = Peer(on_key_frame_request=lambda _: playback.request_key_frame())
    session = await plane.new_session()
    done = await plane.publish(session, peer.offer(["audio", "video"]), TRACKS)
    assert [result.error_code for result in done.tracks] == [None, None]
    assert done.sdp is not None
    await peer.accept(done.sdp)
    player = asyncio.create_task(play(peer, playback, audio_mid="0", video_mid="1"))
    async with asyncio.timeout(5):
        assert await peer.wait_for("connected", "failed") == "connected"
    yield session, peer
    player.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await player
    peer.close()


async def pulling(plane: CallsClient, publisher: str, watcher: Watcher) -> tuple[str, Peer, dict[str, str]]:
    """A session that receives the clip, its peer, and the mids by track name."""
    peer = Peer(on_frame=watcher.take)
    session = await plane.new_session()
    done = await plane.pull(session, [RemoteTrack(publisher, track.track_name) for track in TRACKS])
    assert done.sdp is not None
    await plane.renegotiate(session, await peer.answer(done.sdp))
    return session, peer, {result.track_name: result.mid for result in done.tracks}


def assert_played(clip: Clip, video: list[EncodedFrame], audio: list[EncodedFrame]) -> None:
    """Every frame is one of the clip's; pictures follow each other, or a key frame begins anew."""
    positions = {frame.data: index for index, frame in enumerate(clip.video.frames)}
    shown = [positions[frame.data] for frame in video]
    assert video[0].key_frame
    for frame, index, previous in zip(video[1:], shown[1:], shown, strict=False):
        assert frame.key_frame or index == previous + 1
    assert [frame.timestamp for frame in video] == sorted({frame.timestamp for frame in video})
    sounds = {frame.data for frame in clip.audio.frames}
    assert all(frame.data in sounds for frame in audio)
    assert {after.timestamp - before.timestamp for before, after in itertools.pairwise(audio)} == {960}


async def test_what_one_peer_plays_another_gets_whole_and_in_order(plane: CallsClient, clip: Clip) -> None:
    watcher = Watcher()
    async with publishing(plane, clip) as (publisher, _):
        _, peer, mids = await pulling(plane, publisher, watcher)
        frames = watcher.frames
        await watcher.wait(lambda: len(frames[mids["camera"]]) > 30 and len(frames[mids["mic"]]) > 100)
        peer.close()
    assert_played(clip, frames[mids["camera"]], frames[mids["mic"]])
