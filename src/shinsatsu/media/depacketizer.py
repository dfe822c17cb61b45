"""Puts encoded frames together from RTP payloads in order: VP8 (RFC 7741), H.264 (RFC 6184), Opus (RFC 7587). Pure.

What comes out is always decodable in order: after a loss, video is held back until the next key frame.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple, Protocol

from shinsatsu.media.frames import EncodedFrame
from shinsatsu.rtc.payloads import parse_vp8, starts_h264_key_frame

_START_CODE = b"\x00\x00\x00\x01"
_STAP_A, _FU_A = 24, 28


class Payload(NamedTuple):
    """What the depacketizer needs of a packet; `timestamp` does not wrap."""

    timestamp: int
    marker: bool
    data: bytes


class Depacketizer(Protocol):
    """Takes one stream's payloads in sending order."""

    def push(self, payload: Payload) -> EncodedFrame | None:
        """The frame this payload completes, if it does."""

    def lose(self) -> None:
        """Says that packets before the next one are missing for good."""

    @property
    def waits_for_key_frame(self) -> bool:
        """Whether nothing comes out until the sender makes a key frame."""


class OpusDepacketizer:
    """Each payload is a frame."""

    waits_for_key_frame = False

    def push(self, payload: Payload) -> EncodedFrame | None:
        return EncodedFrame(payload.data, payload.timestamp, key_frame=True) if payload.data else None

    def lose(self) -> None:
        """Each packet stands for itself: the decoder conceals what is missing."""


class _VideoDepacketizer(ABC):
    """Collects the parts of a frame from its first packet to the one with the marker."""

    def __init__(self) -> None:
        self.waits_for_key_frame = True
        self._parts: list[bytes] = []
        self._timestamp: int | None = None
        self._key_frame = False

    def lose(self) -> None:
        """Drops the frame in hand; what follows refers to pictures that are missing."""
        self.waits_for_key_frame = True
        self._drop()

    def push(self, payload: Payload) -> EncodedFrame | None:
        starts, key_frame, part = self._read(payload.data, first=self._timestamp != payload.timestamp)
        if starts:
            if self._parts:  # the frame before had no end
                self.lose()
            self._timestamp = payload.timestamp
        elif self._timestamp != payload.timestamp:
            self.lose()
            return None
        self._key_frame |= key_frame
        self._parts.append(part)
        return self._complete() if payload.marker else None

    def _complete(self) -> EncodedFrame | None:
        data, timestamp, key_frame = b"".join(self._parts), self._timestamp, self._key_frame
        self._drop()
        if key_frame:
            self.waits_for_key_frame = False
        if self.waits_for_key_frame or timestamp is None or not data:
            return None
        return EncodedFrame(data, timestamp, key_frame)

    def _drop(self) -> None:
        self._parts = []
        self._timestamp = None
        self._key_frame = False

    @abstractmethod
    def _read(self, data: bytes, first: bool) -> tuple[bool, bool, bytes]:
        """Whether the payload starts a frame, whether it shows that the frame is a key frame, and its part of it."""


class Vp8Depacketizer(_VideoDepacketizer):
    """VP8 frames; a payload whose descriptor cannot be read counts as the continuation of no frame."""

    def _read(self, data: bytes, first: bool) -> tuple[bool, bool, bytes]:
        descriptor = parse_vp8(data)
        if descriptor is None:
            return False, False, b""
        part = data[descriptor.size :]
        return descriptor.starts_frame, descriptor.starts_frame and bool(part) and not part[0] & 1, part


class H264Depacketizer(_VideoDepacketizer):
    """H.264 access units in Annex B form; single NAL units, STAP-A and FU-A (packetization-mode 1)."""

    def _read(self, data: bytes, first: bool) -> tuple[bool, bool, bytes]:
        kind = data[0] & 0x1F if data else 0
        if kind == _FU_A and len(data) >= 2:
            opens = bool(data[1] & 0x80)
            head = _START_CODE + bytes((data[0] & 0xE0 | data[1] & 0x1F,)) if opens else b""
            return first and opens, starts_h264_key_frame(data), head + data[2:]
        units = _stap_units(data) if kind == _STAP_A else [data]
        part = b"".join(_START_CODE + unit for unit in units if unit)
        return first and bool(part), starts_h264_key_frame(data), part


def _stap_units(data: bytes) -> list[bytes]:
    units: list[bytes] = []
    position = 1
    while position + 2 < len(data):
        size = data[position] << 8 | data[position + 1]
        units.append(data[position + 2 : position + 2 + size])
        position += 2 + size
    return units


DEPACKETIZED = ("audio/opus", "video/vp8", "video/h264")


def depacketizer_of(mime_type: str) -> Depacketizer:
    """The depacketizer of a codec; raises ValueError for one we cannot receive."""
    name = mime_type.lower()
    if name == "audio/opus":
        return OpusDepacketizer()
    if name == "video/vp8":
        return Vp8Depacketizer()
    if name == "video/h264":
        return H264Depacketizer()
    raise ValueError(f"cannot receive {mime_type}")
