"""Reads recorded media without decoding it: VP8 from IVF, Opus from Ogg (RFC 3533, RFC 7845)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from shinsatsu.media.frames import EncodedFrame

VIDEO_CLOCK_RATE = 90000
AUDIO_CLOCK_RATE = 48000

_IVF_HEADER = struct.Struct("<4sHH4sHHIII4x")
_IVF_FRAME = struct.Struct("<IQ")
_OGG_PAGE = struct.Struct("<4sBBQIIIB")
_MOST_OPUS_SAMPLES = 5760
_SILK_SAMPLES = (480, 960, 1920, 2880)
_HYBRID_SAMPLES = (480, 960)
_CELT_SAMPLES = (120, 240, 480, 960)


class ClipError(ValueError):
    """The bytes are no IVF with VP8, or no Ogg with one Opus stream."""


@dataclass(frozen=True, slots=True)
class Track:
    """Frames with timestamps from 0, all of one `duration` in ticks of `clock_rate`."""

    clock_rate: int
    duration: int
    frames: tuple[EncodedFrame, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """Pictures and sound of one length."""

    video: Track
    audio: Track


def load_clip(name: str) -> Clip:
    """Reads `clips/{name}.ivf` and `.opus` of this package; sound longer than the picture is cut."""
    folder = files("shinsatsu.media").joinpath("clips")
    video = read_ivf(folder.joinpath(f"{name}.ivf").read_bytes())
    audio = read_ogg_opus(folder.joinpath(f"{name}.opus").read_bytes())
    seconds = len(video.frames) * video.duration / video.clock_rate
    fitting = int(seconds * audio.clock_rate / audio.duration)
    return Clip(video, Track(audio.clock_rate, audio.duration, audio.frames[:fitting]))


def read_ivf(data: bytes) -> Track:
    """The VP8 frames of an IVF file with a constant frame rate; raises ClipError."""
    if len(data) < _IVF_HEADER.size:
        raise ClipError("the IVF header is cut short")
    magic, _, size, codec, _, _, rate, scale, _ = _IVF_HEADER.unpack_from(data)
    if (magic, codec) != (b"DKIF", b"VP80") or not rate or not scale:
        raise ClipError("not an IVF file with VP8")
    duration = VIDEO_CLOCK_RATE * scale // rate
    frames = []
    for number, payload in enumerate(_ivf_frames(data, size)):
        frames.append(EncodedFrame(payload, number * duration, is_vp8_key_frame(payload)))
    if not frames or not frames[0].key_frame:
        raise ClipError("the clip does not begin with a key frame")
    return Track(VIDEO_CLOCK_RATE, duration, tuple(frames))


def _ivf_frames(data: bytes, position: int) -> Iterator[bytes]:
    while position + _IVF_FRAME.size <= len(data):
        size, _ = _IVF_FRAME.unpack_from(data, position)
        position += _IVF_FRAME.size
        if not size or position + size > len(data):
            raise ClipError("an IVF frame is empty or cut short")
        yield data[position : position + size]
        position += size


def is_vp8_key_frame(frame: bytes) -> bool:
    """Whether decoding can start at this VP8 frame (RFC 6386 section 9.1)."""
    return bool(frame) and not frame[0] & 0x01


def read_ogg_opus(data: bytes) -> Track:
    """The packets of an Ogg file with one Opus stream, all of one duration; raises ClipError."""
    packets = list(_ogg_packets(data))
    if len(packets) < 3 or packets[0][:8] != b"OpusHead" or packets[1][:8] != b"OpusTags":
        raise ClipError("not an Ogg file with one Opus stream")
    durations = {opus_duration(packet) for packet in packets[2:]}
    if len(durations) != 1:
        raise ClipError("the Opus packets have different durations")
    duration = durations.pop()
    frames = (EncodedFrame(packet, number * duration) for number, packet in enumerate(packets[2:]))
    return Track(AUDIO_CLOCK_RATE, duration, tuple(frames))


def _ogg_packets(data: bytes) -> Iterator[bytes]:
    packet = bytearray()
    position = 0
    while position < len(data):
        if position + _OGG_PAGE.size > len(data):
            raise ClipError("an Ogg page is cut short")
        magic, _, _, _, _, _, _, count = _OGG_PAGE.unpack_from(data, position)
        lacing = data[position + _OGG_PAGE.size : position + _OGG_PAGE.size + count]
        position += _OGG_PAGE.size + count
        if magic != b"OggS" or len(lacing) != count or position + sum(lacing) > len(data):
            raise ClipError("an Ogg page is malformed or cut short")
        for size in lacing:
            packet += data[position : position + size]
            position += size
            if size < 255:
                yield bytes(packet)
                packet.clear()


def opus_duration(packet: bytes) -> int:
    """Samples at 48 kHz that a packet lasts, from its first bytes (RFC 6716 section 3.1); raises ClipError."""
    if not packet:
        raise ClipError("an Opus packet is empty")
    configuration, code = packet[0] >> 3, packet[0] & 0x03
    if configuration < 12:
        samples = _SILK_SAMPLES[configuration & 0x03]
    elif configuration < 16:
        samples = _HYBRID_SAMPLES[configuration & 0x01]
    else:
        samples = _CELT_SAMPLES[configuration & 0x03]
    if code == 3 and len(packet) < 2:
        raise ClipError("an Opus packet has no frame count")
    count = (1, 2, 2, packet[1] & 0x3F if code == 3 else 0)[code]
    if not 0 < samples * count <= _MOST_OPUS_SAMPLES:
        raise ClipError("an Opus packet lasts longer than 120 ms, or not at all")
    return samples * count
