"""What the clip shows at each tick; time is counted, never waited for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinsatsu.media.clip import Clip, Track
from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.playback import Playback

GROUP, LENGTH = 5, 20


def small_clip() -> Clip:
    pictures = tuple(EncodedFrame(b"v%d" % n, n * 6000, not n % GROUP) for n in range(LENGTH))
    sounds = tuple(EncodedFrame(b"a%d" % n, n * 960) for n in range(7))
    return Clip(Track(90000, 6000, pictures), Track(48000, 960, sounds))


def number(frame: EncodedFrame) -> int:
    return int(frame.data[1:])


def test_the_clip_repeats_and_its_timestamps_go_on() -> None:
    playback = Playback(small_clip())
    assert playback.video_interval == pytest.approx(1 / 15)
    assert playback.audio_interval == pytest.approx(0.02)
    pictures = [playback.video(tick) for tick in range(LENGTH + 2)]
    assert [(frame.data, frame.timestamp) for frame in pictures[-3:] if frame] == [
        (b"v19", 19 * 6000),
        (b"v0", 20 * 6000),
        (b"v1", 21 * 6000),
    ]
    assert playback.audio(8) == EncodedFrame(b"a1", 8 * 960)


def test_silent_it_goes_on_with_packets_that_say_nothing() -> None:
    muted = False
    playback = Playback(small_clip(), silent=lambda: muted)
    spoken = playback.audio(1)
    muted = True
    assert playback.audio(1) == EncodedFrame(b"\xf8\xff\xfe", spoken.timestamp)
    assert playback.video(1) == EncodedFrame(b"v1", 6000, False)


def test_a_wanted_key_frame_comes_at_once_and_waits_for_the_clip() -> None:
    playback = Playback(small_clip())
    shown = []
    for tick in range(8):
        if tick == 2:
            playback.request_key_frame()
        frame = playback.video(tick)
        shown.append(frame and (number(frame), frame.timestamp // 6000))
    assert shown == [(0, 0), (1, 1), (5, 2), None, None, None, (6, 6), (7, 7)]


@given(st.lists(st.sampled_from(["tick", "key", "skip"]), max_size=120))
def test_every_picture_can_be_decoded_and_none_is_more_than_a_group_early(steps: list[str]) -> None:
    playback, tick, last = Playback(small_clip()), 0, -1
    for step in steps:
        if step == "key":
            playback.request_key_frame()
        elif step == "skip":
            tick += 37
            playback.request_key_frame()
        frame = playback.video(tick)
        if frame is not None:
            assert frame.timestamp == tick * 6000
            assert frame.key_frame or number(frame) == (last + 1) % LENGTH
            assert (number(frame) - tick) % LENGTH < GROUP
            last = number(frame)
        assert frame is not None or step == "tick"
        tick += 1
