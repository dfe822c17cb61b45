"""A publisher and receivers of the forwarding path, as values: no sockets, no clock."""

from dataclasses import dataclass, field, replace

from shinsatsu.rtc import rtp
from shinsatsu.rtc.parameters import (
    RtcpFeedback,
    RtpCodec,
    RtpEncoding,
    RtpHeaderExtension,
    RtpReceiveParameters,
    RtpSendParameters,
)
from shinsatsu.rtc.rtp import RtpPacket
from shinsatsu.sfu.edge import MediaEdge
from shinsatsu.sfu.forwarding import forward
from shinsatsu.sfu.inbound import Inbound, Source
from shinsatsu.sfu.outbound import Outbound

VP8 = RtpCodec(
    "video/VP8", 96, 90000, rtcp_feedback=(RtcpFeedback("nack"), RtcpFeedback("nack", "pli")), rtx_payload_type=97
)
OPUS = RtpCodec("audio/opus", 111, 48000, channels=2)
PUBLISHED = tuple(
    RtpHeaderExtension(uri, number)
    for number, uri in enumerate(
        (rtp.MID, rtp.RID, rtp.REPAIRED_RID, rtp.TRANSPORT_WIDE_CC, rtp.VIDEO_ORIENTATION, rtp.AUDIO_LEVEL), 1
    )
)
RECEIVED = (
    RtpHeaderExtension(rtp.ABS_SEND_TIME, 9),
    RtpHeaderExtension(rtp.TRANSPORT_WIDE_CC, 8),
    RtpHeaderExtension(rtp.VIDEO_ORIENTATION, 7),
    RtpHeaderExtension(rtp.AUDIO_LEVEL, 6),
)
CAMERA = RtpReceiveParameters("0", "video", VP8, PUBLISHED, (RtpEncoding(ssrc=1000, rtx_ssrc=1001),))
MICROPHONE = RtpReceiveParameters("1", "audio", OPUS, PUBLISHED, (RtpEncoding(ssrc=2000),))
SIMULCAST = replace(CAMERA, encodings=tuple(RtpEncoding(rid=rid) for rid in ("q", "h", "f")))
RECEIVER = RtpSendParameters("5", "video", replace(VP8, payload_type=120, rtx_payload_type=121), 7000, 7001, RECEIVED)


@dataclass
class Stage:
    """One publisher and one receiver; `sent` collects what the receiver gets."""

    inbound: Inbound = field(default_factory=Inbound)
    outbound: Outbound = field(default_factory=Outbound)
    sent: list[RtpPacket] = field(default_factory=list)

    def publish(self, parameters: RtpReceiveParameters = CAMERA) -> Source:
        return self.inbound.add(parameters)

    def edge(self, source: Source, parameters: RtpSendParameters = RECEIVER, *, now: float | None = 0.0) -> MediaEdge:
        """An edge, its gate opened at `now`, or left shut for None."""
        edge = MediaEdge(source.layers, parameters, self.outbound)
        self.outbound.add(edge)
        if now is not None:
            edge.open(now)
        return edge

    def feed(self, *packets: RtpPacket, now: float = 1.0) -> list[RtpPacket]:
        """Gives packets to the path; returns what came out of it for the receiver."""
        forwarded = forward([(self.inbound, rtp.build(packet)) for packet in packets], now)
        sent = [rtp.parse(packet) for packet in forwarded.get(self.outbound, [])]
        self.sent += sent
        return sent


def video(
    number: int, *, key: bool = False, ssrc: int = 1000, timestamp: int | None = None, picture: int = 0
) -> RtpPacket:
    """A one-packet VP8 frame that tells its number."""
    payload = b"\x90\x80" + (0x8000 | picture).to_bytes(2, "big") + (b"\x00" if key else b"\x01")
    stamp = number * 3000 if timestamp is None else timestamp
    return RtpPacket(96, number & 0xFFFF, stamp & 0xFFFFFFFF, ssrc, payload=payload + number.to_bytes(4, "big"))


def retransmitted(packet: RtpPacket, number: int, *, ssrc: int = 1001) -> RtpPacket:
    """The same packet as RTX."""
    payload = packet.sequence_number.to_bytes(2, "big") + packet.payload
    return packet._replace(payload_type=97, sequence_number=number, ssrc=ssrc, payload=payload)


def number_of(packet: RtpPacket) -> int:
    """The number that `video` wrote into a payload."""
    return int.from_bytes(packet.payload[-4:], "big")
