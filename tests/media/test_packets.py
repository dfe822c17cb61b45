"""Frames through packets and back, whole, in order, and never with a hole in the middle."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinsatsu.media.clip import ClipError, load_clip, opus_duration, read_ivf, read_ogg_opus
from shinsatsu.media.depacketizer import Depacketizer, H264Depacketizer, OpusDepacketizer, Payload, Vp8Depacketizer
from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.jitter_buffer import JitterBuffer
from shinsatsu.media.packetizer import MAX_PAYLOAD, OpusPacketizer, Vp8Packetizer, packetizer_of
from shinsatsu.rtc.payloads import parse_vp8, starts_vp8_key_frame

KEY, DELTA = b"\x10", b"\x11"
vp8_bodies = st.lists(st.binary(max_size=4000), min_size=1, max_size=12)


def vp8_frames(bodies: list[bytes]) -> list[EncodedFrame]:
    """The first is a key frame, every third too."""
    return [
        EncodedFrame((DELTA if index % 3 else KEY) + body, index * 3000, not index % 3)
        for index, body in enumerate(bodies)
    ]


def payloads(frames: list[EncodedFrame], packetizer: Vp8Packetizer) -> list[Payload]:
    sent = []
    for frame in frames:
        parts = packetizer.packetize(frame.data)
        sent += [Payload(frame.timestamp, part is parts[-1], part) for part in parts]
    return sent


def received(depacketizer: Depacketizer, sent: list[Payload | None]) -> list[EncodedFrame]:
    frames = []
    for payload in sent:
        if payload is None:
            depacketizer.lose()
        elif (frame := depacketizer.push(payload)) is not None:
            frames.append(frame)
    return frames


@given(vp8_bodies, st.integers(20, MAX_PAYLOAD), st.integers(0, 0x7FFF))
def test_vp8_frames_come_back_as_they_were(bodies: list[bytes], room: int, picture_id: int) -> None:
    frames = vp8_frames(bodies)
    sent = payloads(frames, Vp8Packetizer(room, picture_id))
    assert all(len(payload.data) <= room for payload in sent)
    assert received(Vp8Depacketizer(), list(sent)) == frames


@given(vp8_bodies, st.randoms(use_true_random=False))
def test_after_a_loss_only_frames_that_can_be_decoded_come_out(bodies: list[bytes], chance: random.Random) -> None:
    frames = vp8_frames(bodies)
    holed = [None if chance.random() < 0.2 else each for each in payloads(frames, Vp8Packetizer(900, 7))]
    came = received(Vp8Depacketizer(), list(holed))
    assert all(frame in frames for frame in came)
    indices = [frames.index(frame) for frame in came]
    assert indices == sorted(set(indices))
    for previous, index in zip([-1, *indices], indices, strict=False):
        assert frames[index].key_frame or index == previous + 1


def test_pictures_are_numbered_modulo_15_bits_and_marked_for_the_sfu() -> None:
    packetizer = Vp8Packetizer(100, 0x7FFF)
    first, second = packetizer.packetize(KEY + bytes(150)), packetizer.packetize(DELTA)
    numbers = [descriptor.picture_id for part in (*first, *second) if (descriptor := parse_vp8(part))]
    assert numbers == [0x7FFF, 0x7FFF, 0]
    assert [starts_vp8_key_frame(part) for part in (*first, *second)] == [True, False, False]


def test_a_frame_that_cannot_be_sent_is_refused() -> None:
    for packetizer, frame in ((Vp8Packetizer(), b""), (OpusPacketizer(), b""), (OpusPacketizer(), bytes(1101))):
        with pytest.raises(ValueError, match=r"empty|bytes"):
            packetizer.packetize(frame)
    with pytest.raises(ValueError, match="video/AV1"):
        packetizer_of("video/AV1")


def test_opus_packets_are_frames() -> None:
    assert OpusPacketizer().packetize(b"sound") == [b"sound"]
    assert OpusDepacketizer().push(Payload(960, False, b"sound")) == EncodedFrame(b"sound", 960)


def test_h264_access_units_become_annex_b() -> None:
    sps, pps, idr, slice_ = b"\x67sps", b"\x68pps", b"\x65" + bytes(range(20)), b"\x41slice"
    stap = b"\x78" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in (sps, pps))
    fragments = [b"\x7c\x85" + idr[1:9], b"\x7c\x05" + idr[9:15], b"\x7c\x45" + idr[15:]]
    start = b"\x00\x00\x00\x01"
    key = [Payload(0, False, stap), *(Payload(0, part is fragments[-1], part) for part in fragments)]
    delta = Payload(3000, True, slice_)
    assert received(H264Depacketizer(), [delta, *key, delta]) == [
        EncodedFrame(start + sps + start + pps + start + idr, 0),
        EncodedFrame(start + slice_, 3000, key_frame=False),
    ]
    assert received(H264Depacketizer(), [key[0], None, *key[2:], delta]) == []


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_garbage_is_survived(parts: list[bytes]) -> None:
    for depacketizer in (Vp8Depacketizer(), H264Depacketizer(), OpusDepacketizer()):
        for index, part in enumerate(parts):
            depacketizer.push(Payload(index // 3, index % 3 == 2, part))


@given(st.integers(1, 60), st.randoms(use_true_random=False))
def test_packets_out_of_order_come_out_in_order(count: int, chance: random.Random) -> None:
    buffer: JitterBuffer[int] = JitterBuffer(patience=1.0)
    buffer.put(0, 0, 0.0)
    arriving = list(range(1, count)) * 2
    chance.shuffle(arriving)
    out: list[int | None] = list(buffer.take(0.0))
    for number in arriving:
        buffer.put(number, number, 0.0)
        out += buffer.take(0.0)
    assert out == list(range(count))
    assert not buffer.waiting


def test_a_missing_packet_is_asked_for_and_then_given_up() -> None:
    buffer: JitterBuffer[str] = JitterBuffer(patience=0.5, asking=0.01, asking_again=0.1, most_asks=2)
    buffer.put(10, "a", 0.0)
    buffer.put(13, "d", 0.0)
    assert list(buffer.take(0.0)) == ["a"]
    assert buffer.to_ask(0.0) == ()
    assert buffer.to_ask(0.011) == (11, 12)
    assert buffer.to_ask(0.05) == ()
    buffer.put(12, "c", 0.06)
    assert buffer.to_ask(0.12) == (11,)
    assert buffer.to_ask(0.3) == ()
    assert list(buffer.take(0.49)) == []
    assert list(buffer.take(0.51)) == [None, "c", "d"]
    assert not buffer.put(11, "b", 0.52)
    assert not buffer.waiting


def test_a_sender_that_jumps_far_is_followed_at_once() -> None:
    buffer: JitterBuffer[str] = JitterBuffer()
    buffer.put(1, "a", 0.0)
    buffer.put(5000, "b", 0.0)
    assert list(buffer.take(0.0)) == ["a", None, "b"]
    assert buffer.to_ask(1.0) == ()


def test_the_clip_is_what_the_patient_needs() -> None:
    clip = load_clip("patient")
    assert (clip.video.duration, clip.audio.duration) == (6000, 960)
    assert len(clip.video.frames) * 50 == len(clip.audio.frames) * 15
    keys = [index for index, frame in enumerate(clip.video.frames) if frame.key_frame]
    assert keys == list(range(0, len(clip.video.frames), 15))


@pytest.mark.parametrize(
    ("packet", "samples"),
    [(b"\x08", 960), (b"\x78", 960), (b"\xfb\x03", 2880), (b"\x00", 480), (b"\xe0", 120), (b"\xf9", 1920)],
)
def test_an_opus_packet_says_how_long_it_lasts(packet: bytes, samples: int) -> None:
    assert opus_duration(packet) == samples


@given(st.binary(max_size=200))
def test_other_bytes_are_no_clip(data: bytes) -> None:
    for read, magic in ((read_ivf, b"DKIF"), (read_ogg_opus, b"OggS")):
        with pytest.raises(ClipError):
            read(magic + data)
