"""Cuts encoded frames into RTP payloads: VP8 (RFC 7741 section 4), Opus (RFC 7587 section 4.2). Pure."""

import secrets
from typing import Protocol

MAX_PAYLOAD = 1100
"""Leaves room for header, extensions, SRTP's tag and a tunnel's headers within 1200 bytes."""

_DESCRIPTOR_SIZE = 4


class Packetizer(Protocol):
    """Cuts one codec's frames; the last payload of a frame goes into the packet with the marker."""

    def packetize(self, frame: bytes) -> list[bytes]:
        """The payloads of one frame, in order; raises ValueError for a frame that cannot be sent."""


class Vp8Packetizer:
    """Numbers pictures with a 15-bit PictureID from a random start; a frame's payloads but the last are of one size."""

    def __init__(self, max_payload: int = MAX_PAYLOAD, picture_id: int | None = None) -> None:
        self._room = max_payload - _DESCRIPTOR_SIZE
        self._picture_id = secrets.randbelow(0x8000) if picture_id is None else picture_id

    def packetize(self, frame: bytes) -> list[bytes]:
        """Payloads with descriptors X, I and, on the first, S; an empty frame cannot be sent."""
        if not frame:
            raise ValueError("an empty frame")
        identifier = (0x8000 | self._picture_id).to_bytes(2, "big")
        self._picture_id = (self._picture_id + 1) & 0x7FFF
        chunks = (frame[start : start + self._room] for start in range(0, len(frame), self._room))
        return [bytes((0x80 if index else 0x90, 0x80)) + identifier + chunk for index, chunk in enumerate(chunks)]


class OpusPacketizer:
    """One Opus packet is one RTP payload."""

    def packetize(self, frame: bytes) -> list[bytes]:
        """The packet itself; it is never cut, so one longer than a datagram holds cannot be sent."""
        if not 0 < len(frame) <= MAX_PAYLOAD:
            raise ValueError(f"an Opus packet of {len(frame)} bytes")
        return [frame]


def packetizer_of(mime_type: str) -> Packetizer:
    """The packetizer of a codec; raises ValueError for one we cannot send."""
    name = mime_type.lower()
    if name == "video/vp8":
        return Vp8Packetizer()
    if name == "audio/opus":
        return OpusPacketizer()
    raise ValueError(f"cannot send {mime_type}")
