"""RTP packets (RFC 3550), their header extensions (RFC 8285) and retransmission format (RFC 4588). Pure."""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
VIDEO_ORIENTATION = "urn:3gpp:video-orientation"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_WIDE_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

HEADER = struct.Struct("!BBHII")
_ONE_BYTE = 0xBEDE
_TWO_BYTE = 0x1000


class RtpError(ValueError):
    """The bytes are no well-formed RTP packet."""


class RtpPacket(NamedTuple):
    """A parsed packet; `extensions` by id, `payload` without padding, `padding` the number of bytes of it."""

    payload_type: int
    sequence_number: int
    timestamp: int
    ssrc: int
    marker: bool = False
    payload: bytes = b""
    extensions: Mapping[int, bytes] = {}
    padding: int = 0
    csrcs: tuple[int, ...] = ()


def is_rtcp(data: bytes) -> bool:
    """Tells RTCP from RTP on one port by the second byte (RFC 5761 section 4)."""
    return len(data) >= 8 and 192 <= data[1] <= 223


def parse(data: bytes) -> RtpPacket:
    """Reads a whole packet; raises RtpError on anything malformed."""
    start, extension = payload_start(data)
    first, second, sequence_number, timestamp, ssrc = HEADER.unpack_from(data)
    end = payload_end(data, start)
    csrcs = struct.unpack_from(f"!{first & 0x0F}I", data, 12)
    extensions = read_extensions(data, extension, start) if extension else {}
    padding = len(data) - end
    marker = bool(second & 0x80)
    return RtpPacket(
        second & 0x7F, sequence_number, timestamp, ssrc, marker, data[start:end], extensions, padding, csrcs
    )


def payload_start(data: bytes) -> tuple[int, int]:
    """Where the payload starts, and the extension block (0: none); raises RtpError if the header is cut short."""
    size = len(data)
    if size < 12 or data[0] & 0xC0 != 0x80:
        raise RtpError("not an RTP version 2 header")
    start = 12 + 4 * (data[0] & 0x0F)
    extension = 0
    if data[0] & 0x10:
        extension = start
        if start + 4 > size:
            raise RtpError("the header extension is cut short")
        start += 4 + 4 * (data[extension + 2] << 8 | data[extension + 3])
    if start > size:
        raise RtpError("the header is cut short")
    return start, extension


def payload_end(data: bytes, start: int) -> int:
    """Where the payload ends and padding begins; raises RtpError if the padding count cannot be."""
    if not data[0] & 0x20:
        return len(data)
    end = len(data) - data[-1]
    if end < start or not data[-1]:
        raise RtpError("the padding is longer than the payload")
    return end


def read_extensions(data: bytes, block: int, end: int) -> dict[int, bytes]:
    """The elements of the extension block at `block`, up to `end`; none of an unknown profile; a cut one ends it."""
    profile = data[block] << 8 | data[block + 1]
    if profile == _ONE_BYTE:
        return _one_byte_elements(data, block + 4, end)
    if profile & 0xFFF0 == _TWO_BYTE:
        return _two_byte_elements(data, block + 4, end)
    return {}


def _one_byte_elements(data: bytes, position: int, end: int) -> dict[int, bytes]:
    elements: dict[int, bytes] = {}
    while position < end:
        head = data[position]
        position += 1
        if not head:
            continue
        identifier = head >> 4
        stop = position + (head & 0x0F) + 1
        if identifier == 15 or stop > end:
            break
        elements[identifier] = data[position:stop]
        position = stop
    return elements


def _two_byte_elements(data: bytes, position: int, end: int) -> dict[int, bytes]:
    elements: dict[int, bytes] = {}
    while position < end:
        identifier = data[position]
        position += 1
        if not identifier:
            continue
        if position == end or position + 1 + data[position] > end:
            break
        stop = position + 1 + data[position]
        elements[identifier] = data[position + 1 : stop]
        position = stop
    return elements


def build_extensions(elements: Sequence[tuple[int, bytes]]) -> bytes:
    """The extension block of these (id, value) pairs, one-byte form where it can hold them; b"" for none."""
    if not elements:
        return b""
    if all(0 < identifier < 15 and 0 < len(value) <= 16 for identifier, value in elements):
        profile = _ONE_BYTE
        body = b"".join(bytes((identifier << 4 | len(value) - 1,)) + value for identifier, value in elements)
    else:
        profile = _TWO_BYTE
        body = b"".join(bytes((identifier, len(value))) + value for identifier, value in elements)
    words = (len(body) + 3) // 4
    return struct.pack("!HH", profile, words) + body.ljust(4 * words, b"\x00")


def build(packet: RtpPacket) -> bytes:
    """Writes a packet; fields are taken modulo their width by the caller."""
    extensions = build_extensions(tuple(packet.extensions.items()))
    first = 0x80 | bool(packet.padding) << 5 | bool(extensions) << 4 | len(packet.csrcs)
    second = packet.marker << 7 | packet.payload_type
    header = HEADER.pack(first, second, packet.sequence_number, packet.timestamp, packet.ssrc)
    padding = bytes(packet.padding - 1) + bytes((packet.padding,)) if packet.padding else b""
    return b"".join((header, struct.pack(f"!{len(packet.csrcs)}I", *packet.csrcs), extensions, packet.payload, padding))


def unwrap(sequence_number: int, reference: int) -> int:
    """The extended number nearest to `reference` that has these 16 low bits; negative before the first wrap."""
    return reference + ((sequence_number - reference + 0x8000) & 0xFFFF) - 0x8000


def unwrap_timestamp(timestamp: int, reference: int) -> int:
    """The same for 32-bit timestamps."""
    return reference + ((timestamp - reference + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def abs_send_time(now: float) -> int:
    """Seconds as the 24-bit 6.18 fixed point number of abs-send-time."""
    return int(now * 262144) & 0xFFFFFF


def encode_audio_level(level: int, voice: bool) -> bytes:
    """The audio level element (RFC 6464): `level` in -dBov, 0 loudest to 127 silent."""
    return bytes((voice << 7 | level,))


def original_sequence_number(rtx_payload: bytes) -> int | None:
    """The number of the packet a retransmission carries, None for padding without one (RFC 4588 section 4)."""
    return rtx_payload[0] << 8 | rtx_payload[1] if len(rtx_payload) >= 2 else None
