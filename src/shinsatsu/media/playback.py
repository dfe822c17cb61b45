"""Plays a clip for ever, and answers a wish for a key frame from frames that are encoded already. Pure."""

from collections.abc import Callable
from dataclasses import replace

from shinsatsu.media.clip import Clip, Track
from shinsatsu.media.frames import EncodedFrame

_OPUS_SILENCE = b"\xf8\xff\xfe"
"""20 ms of it (RFC 6716 §3.1: CELT, full band, mono, one frame)."""


class Playback:
    """What to send at each tick of picture and of sound; ticks count from 0, timestamps go on through the repeats.

    `silent` says at each tick whether the sound is left out.
    """

    def __init__(self, clip: Clip, silent: Callable[[], bool] = lambda: False) -> None:
        self._clip = clip
        self._silent = silent
        self._wanted = False
        self._shown = -1

    @property
    def video_interval(self) -> float:
        """Seconds from one picture to the next."""
        return self._clip.video.duration / self._clip.video.clock_rate

    @property
    def audio_interval(self) -> float:
        """Seconds from one sound packet to the next."""
        return self._clip.audio.duration / self._clip.audio.clock_rate

    def audio(self, tick: int) -> EncodedFrame:
        """The sound of this tick, or silence: packets go on, as a track without any is dropped."""
        frame = _at(self._clip.audio, tick, tick)
        return replace(frame, data=_OPUS_SILENCE) if self._silent() else frame

    def request_key_frame(self) -> None:
        """The next picture shall be a key frame."""
        self._wanted = True

    def video(self, tick: int) -> EncodedFrame | None:
        """The picture of this tick, None for none.

        A key frame that is wanted is the clip's next, shown early; then the picture waits until the clip has come to
        it, so that it neither runs away from the sound nor refers to pictures that were left out.
        """
        track = self._clip.video
        if self._wanted:
            self._wanted = False
            self._shown = self._key_frame_from(max(tick, self._shown))
            return _at(track, self._shown, tick)
        if tick <= self._shown:
            return None
        self._shown = tick
        return _at(track, tick, tick)

    def _key_frame_from(self, position: int) -> int:
        frames = self._clip.video.frames
        while not frames[position % len(frames)].key_frame:
            position += 1
        return position


def _at(track: Track, position: int, tick: int) -> EncodedFrame:
    return replace(track.frames[position % len(track.frames)], timestamp=tick * track.duration)
