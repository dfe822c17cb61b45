"""RTCP (RFC 3550 section 6, RFC 4585, RFC 5104, RFC 5506): values to bytes and back. Pure.

Transport-wide congestion feedback is a value here too; its packing is in `transport_feedback.py`.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from shinsatsu.rtc.nack_pairs import lost_numbers, nack_pairs
from shinsatsu.rtc.transport_feedback import TransportFeedback, TransportFeedbackError, parse_transport_feedback

_SENDER_REPORT, _RECEIVER_REPORT, _SDES, _BYE, _RTPFB, _PSFB = 200, 201, 202, 203, 205, 206
_NACK, _TRANSPORT_CC = 1, 15
_PLI, _FIR, _ALFB = 1, 4, 15
_CNAME = 1
_HEADER = struct.Struct("!BBH")
_BLOCK = struct.Struct("!IB3sIIII")
_SENDER = struct.Struct("!IQIII")


class RtcpError(ValueError):
    """The bytes are no RTCP packet."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What a receiver says of one stream; `jitter` in timestamp units, `dlsr` in 1/65536 s (RFC 3550 section 6.4.1)."""

    ssrc: int
    fraction_lost: int
    packets_lost: int
    highest_sequence: int
    jitter: int
    lsr: int
    dlsr: int

    def __bytes__(self) -> bytes:
        lost = max(-0x800000, min(0x7FFFFF, self.packets_lost)).to_bytes(3, "big", signed=True)
        return _BLOCK.pack(self.ssrc, self.fraction_lost, lost, self.highest_sequence, self.jitter, self.lsr, self.dlsr)


@dataclass(frozen=True, slots=True)
class SenderReport:
    """NTP time (64-bit fixed point) and RTP timestamp of one instant, and what was sent so far."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packet_count: int
    octet_count: int
    reports: tuple[ReportBlock, ...] = ()

    def __bytes__(self) -> bytes:
        sender = _SENDER.pack(
            self.ssrc,
            self.ntp,
            self.rtp_timestamp,
            self.packet_count & 0xFFFFFFFF,
            self.octet_count & 0xFFFFFFFF,
        )
        return _packet(_SENDER_REPORT, len(self.reports), sender + b"".join(map(bytes, self.reports)))


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """Report blocks of one that sends nothing, at most 31."""

    ssrc: int
    reports: tuple[ReportBlock, ...] = ()

    def __bytes__(self) -> bytes:
        body = struct.pack("!I", self.ssrc) + b"".join(map(bytes, self.reports))
        return _packet(_RECEIVER_REPORT, len(self.reports), body)


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """The CNAME of sources, as (ssrc, cname) pairs."""

    chunks: tuple[tuple[int, str], ...]

    def __bytes__(self) -> bytes:
        return _packet(_SDES, len(self.chunks), b"".join(_chunk(ssrc, cname) for ssrc, cname in self.chunks))


@dataclass(frozen=True, slots=True)
class Bye:
    """Sources that have ended."""

    ssrcs: tuple[int, ...]

    def __bytes__(self) -> bytes:
        return _packet(_BYE, len(self.ssrcs), struct.pack(f"!{len(self.ssrcs)}I", *self.ssrcs))


@dataclass(frozen=True, slots=True)
class Nack:
    """Generic NACK: sequence numbers of `media_ssrc` that did not arrive (RFC 4585 section 6.2.1)."""

    sender_ssrc: int
    media_ssrc: int
    lost: tuple[int, ...]

    def __bytes__(self) -> bytes:
        body = struct.pack("!II", self.sender_ssrc, self.media_ssrc)
        return _packet(_RTPFB, _NACK, body + b"".join(struct.pack("!HH", *pair) for pair in nack_pairs(self.lost)))


@dataclass(frozen=True, slots=True)
class PictureLoss:
    """PLI: the sender should send a key frame (RFC 4585 section 6.3.1)."""

    sender_ssrc: int
    media_ssrc: int

    def __bytes__(self) -> bytes:
        return _packet(_PSFB, _PLI, struct.pack("!II", self.sender_ssrc, self.media_ssrc))


@dataclass(frozen=True, slots=True)
class FullIntraRequest:
    """FIR: (ssrc, command number) of each stream that should send a key frame (RFC 5104 section 4.3.1)."""

    sender_ssrc: int
    entries: tuple[tuple[int, int], ...]

    def __bytes__(self) -> bytes:
        entries = b"".join(struct.pack("!IB3x", ssrc, number) for ssrc, number in self.entries)
        return _packet(_PSFB, _FIR, struct.pack("!II", self.sender_ssrc, 0) + entries)


@dataclass(frozen=True, slots=True)
class ReceiverEstimatedBitrate:
    """REMB: what a receiver believes to be able to receive in total, bit/s (draft-alvestrand-rmcat-remb)."""

    sender_ssrc: int
    bitrate: int
    ssrcs: tuple[int, ...]


RtcpPacket = (
    SenderReport
    | ReceiverReport
    | SourceDescription
    | Bye
    | Nack
    | PictureLoss
    | FullIntraRequest
    | ReceiverEstimatedBitrate
    | TransportFeedback
)


class Compound(NamedTuple):
    """The packets understood, and how many were malformed; unknown types are neither."""

    packets: tuple[RtcpPacket, ...]
    malformed: int


def parse(data: bytes) -> Compound:
    """Reads a compound or reduced-size datagram; raises RtcpError if not even its first header holds."""
    packets: list[RtcpPacket] = []
    malformed = position = 0
    while position < len(data):
        end = _packet_end(data, position)
        if end is None:
            if not position:
                raise RtcpError("not an RTCP header")
            return Compound(tuple(packets), malformed + 1)
        try:
            packet = _parse_packet(data[position + 1], data[position] & 0x1F, _body(data, position, end))
        except (struct.error, ValueError, IndexError):
            malformed += 1
        else:
            if packet is not None:
                packets.append(packet)
        position = end
    if not position:
        raise RtcpError("not an RTCP header")
    return Compound(tuple(packets), malformed)


def build(packets: Iterable[RtcpPacket]) -> bytes:
    """Joins packets to one datagram, in order; a lone feedback packet is a reduced-size one (RFC 5506)."""
    return b"".join(bytes(packet) for packet in packets if not isinstance(packet, ReceiverEstimatedBitrate))


def _packet_end(data: bytes, position: int) -> int | None:
    if position + 4 > len(data) or data[position] & 0xC0 != 0x80 or not 192 <= data[position + 1] <= 223:
        return None
    end = position + 4 + 4 * (data[position + 2] << 8 | data[position + 3])
    return end if end <= len(data) else None


def _body(data: bytes, position: int, end: int) -> bytes:
    if data[position] & 0x20:
        padding = data[end - 1]
        if not 0 < padding <= end - position - 4:
            raise RtcpError("the padding is longer than the packet")
        end -= padding
    return data[position + 4 : end]


def _parse_packet(kind: int, count: int, body: bytes) -> RtcpPacket | None:
    if kind == _SENDER_REPORT:
        ssrc, ntp, rtp_timestamp, packets, octets = _SENDER.unpack_from(body)
        return SenderReport(ssrc, ntp, rtp_timestamp, packets, octets, _blocks(body, 24, count))
    if kind == _RECEIVER_REPORT:
        return ReceiverReport(_word(body, 0), _blocks(body, 4, count))
    if kind == _SDES:
        return SourceDescription(tuple(_chunks(body, count)))
    if kind == _BYE:
        return Bye(struct.unpack_from(f"!{count}I", body))
    if kind == _RTPFB:
        return _parse_transport_layer(count, body)
    if kind == _PSFB:
        return _parse_payload_specific(count, body)
    return None


def _parse_transport_layer(kind: int, body: bytes) -> RtcpPacket | None:
    if kind == _NACK:
        return Nack(_word(body, 0), _word(body, 4), tuple(lost_numbers(body[8:])))
    if kind == _TRANSPORT_CC:
        try:
            return parse_transport_feedback(body)
        except TransportFeedbackError as error:
            raise RtcpError(str(error)) from error
    return None


def _parse_payload_specific(kind: int, body: bytes) -> RtcpPacket | None:
    if kind == _PLI:
        return PictureLoss(_word(body, 0), _word(body, 4))
    if kind == _FIR:
        entries = tuple((ssrc, number) for ssrc, number in struct.iter_unpack("!IB3x", body[8:]))
        return FullIntraRequest(_word(body, 0), entries)
    if kind == _ALFB and body[8:12] == b"REMB":
        mantissa = (body[13] & 0x03) << 16 | body[14] << 8 | body[15]
        ssrcs = struct.unpack_from(f"!{body[12]}I", body, 16)
        return ReceiverEstimatedBitrate(_word(body, 0), mantissa << (body[13] >> 2), ssrcs)
    return None


def _blocks(body: bytes, position: int, count: int) -> tuple[ReportBlock, ...]:
    blocks = []
    for index in range(count):
        ssrc, fraction, lost, *rest = _BLOCK.unpack_from(body, position + 24 * index)
        blocks.append(ReportBlock(ssrc, fraction, int.from_bytes(lost, "big", signed=True), *rest))
    return tuple(blocks)


def _word(body: bytes, position: int) -> int:
    return int(struct.unpack_from("!I", body, position)[0])


def _chunks(body: bytes, count: int) -> Iterable[tuple[int, str]]:
    position = 0
    for _ in range(count):
        ssrc = _word(body, position)
        position += 4
        cname = ""
        while body[position]:
            size = body[position + 1]
            if body[position] == _CNAME:
                cname = body[position + 2 : position + 2 + size].decode("utf-8", "replace")
            position += 2 + size
        position += 4 - position % 4
        yield ssrc, cname


def _chunk(ssrc: int, cname: str) -> bytes:
    text = cname.encode()[:255]
    item = struct.pack("!IBB", ssrc, _CNAME, len(text)) + text
    return item + bytes(4 - len(item) % 4)


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body
