"""Sends a clip in real time over a peer."""

import asyncio
from collections.abc import Callable

from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.peer import Peer
from shinsatsu.media.playback import Playback


async def play(peer: Peer, playback: Playback, *, audio_mid: str, video_mid: str) -> None:
    """Plays until cancelled; `playback.request_key_frame` belongs into the peer's `on_key_frame_request`."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_send(peer, audio_mid, playback.audio, playback.audio_interval, _nothing))
        # Pictures refer to those before: after some were skipped, a key frame has to come.
        group.create_task(_send(peer, video_mid, playback.video, playback.video_interval, playback.request_key_frame))


async def _send(
    peer: Peer,
    mid: str,
    frame_at: Callable[[int], EncodedFrame | None],
    interval: float,
    skipped: Callable[[], None],
) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    tick = 0
    while True:
        await asyncio.sleep(start + tick * interval - loop.time())
        frame = frame_at(tick)
        if frame is not None:
            peer.send(mid, frame)
        due = int((loop.time() - start) / interval)
        if due > tick + round(1 / interval):  # the machine slept or was busy for a second: no burst of old frames
            skipped()
            tick = due
        tick += 1


def _nothing() -> None:
    pass
