"""Receives one track: packets to frames in order, what to ask for, what to report (RFC 3550, RFC 4585). Pure."""

from dataclasses import replace

from shinsatsu.media.depacketizer import Payload, depacketizer_of
from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.jitter_buffer import JitterBuffer
from shinsatsu.rtc import rtp
from shinsatsu.rtc.parameters import RtcpFeedback, RtpReceiveParameters
from shinsatsu.rtc.rtcp import Nack, PictureLoss, ReportBlock, RtcpPacket, SenderReport
from shinsatsu.rtc.rtp import RtpPacket

_KEY_FRAME_INTERVAL = 0.5
_MOST_NACKED = 64


class RtpReceiver:
    """One SSRC with its RTX; `patience` is how long a missing packet is waited for, in seconds.

    `sender_report` is the last one that came, with which a recorder lines sound and picture up.
    """

    def __init__(self, parameters: RtpReceiveParameters, local_ssrc: int, patience: float) -> None:
        self.parameters = parameters
        self.sender_report: SenderReport | None = None
        feedback = parameters.codec.rtcp_feedback
        self._nack = RtcpFeedback("nack") in feedback
        self._pli = RtcpFeedback("nack", "pli") in feedback
        self._local_ssrc = local_ssrc
        self._ssrc = parameters.encodings[0].ssrc
        self._depacketizer = depacketizer_of(parameters.codec.mime_type)
        self._buffer: JitterBuffer[Payload] = JitterBuffer(patience if self._nack else min(patience, 0.1))
        self._statistics = _Statistics(parameters.codec.clock_rate)
        self._timestamp: int | None = None
        self._asked_key_frame_at: float | None = None
        self._reported_at = 0.0

    @property
    def waiting(self) -> bool:
        """Whether time alone can bring feedback or frames: something is missing."""
        return self._buffer.waiting or (self._timestamp is not None and self._depacketizer.waits_for_key_frame)

    def receive(self, packet: RtpPacket, now: float) -> None:
        """Takes a media packet or a retransmission of this track; others are ignored."""
        codec = self.parameters.codec
        if packet.payload_type == codec.rtx_payload_type:
            original = rtp.original_sequence_number(packet.payload)
            if original is not None and self._timestamp is not None:
                self._put(packet._replace(sequence_number=original, payload=packet.payload[2:]), now)
        elif packet.payload_type == codec.payload_type:
            self._ssrc = packet.ssrc
            self._statistics.count(packet, now)
            self._put(packet, now)

    def _put(self, packet: RtpPacket, now: float) -> None:
        if not packet.payload:
            # Padding: it has a place in the order, and nothing in it.
            payload = Payload(0, False, b"")
        else:
            reference = packet.timestamp if self._timestamp is None else self._timestamp
            timestamp = rtp.unwrap_timestamp(packet.timestamp, reference)
            self._timestamp = max(timestamp, reference)
            payload = Payload(timestamp, packet.marker, packet.payload)
        if self._asked_key_frame_at is None:
            # The sender is about to begin with a key frame: ask only if it does not come.
            self._asked_key_frame_at = now
        self._buffer.put(rtp.unwrap(packet.sequence_number, self._statistics.highest), payload, now)

    def frames(self, now: float) -> list[EncodedFrame]:
        """The frames that are complete now, in decoding order."""
        frames = []
        for payload in self._buffer.take(now):
            if payload is None:
                self._depacketizer.lose()
            elif payload.data and (frame := self._depacketizer.push(payload)) is not None:
                frames.append(frame)
        return frames

    def feedback(self, now: float) -> list[RtcpPacket]:
        """NACK and PLI that are due now."""
        if self._ssrc is None:
            return []
        packets: list[RtcpPacket] = []
        lost = self._buffer.to_ask(now)[:_MOST_NACKED] if self._nack else ()
        if lost:
            packets.append(Nack(self._local_ssrc, self._ssrc, tuple(number & 0xFFFF for number in lost)))
        if self._pli and self._depacketizer.waits_for_key_frame and self._key_frame_due(now):
            self._asked_key_frame_at = now
            packets.append(PictureLoss(self._local_ssrc, self._ssrc))
        return packets

    def _key_frame_due(self, now: float) -> bool:
        return self._asked_key_frame_at is not None and now - self._asked_key_frame_at >= _KEY_FRAME_INTERVAL

    def note(self, report: SenderReport, now: float) -> None:
        """Takes the sender's report, to be answered in the next block."""
        self.sender_report = report
        self._reported_at = now

    def report(self, now: float) -> ReportBlock | None:
        """What arrived since the last block; None before the first packet."""
        if self._ssrc is None or not self._statistics.received:
            return None
        block = self._statistics.block(self._ssrc)
        if self.sender_report is None:
            return block
        since = min(round((now - self._reported_at) * 65536), 0xFFFFFFFF)
        return replace(block, lsr=self.sender_report.ntp >> 16 & 0xFFFFFFFF, dlsr=since)


class _Statistics:
    """Loss and jitter of one SSRC (RFC 3550 sections A.3 and A.8)."""

    def __init__(self, clock_rate: int) -> None:
        self.highest = 0
        self.received = 0
        self._clock_rate = clock_rate
        self._first = 0
        self._expected_before = self._received_before = 0
        self._jitter = 0.0
        self._transit: float | None = None

    def count(self, packet: RtpPacket, now: float) -> None:
        if not self.received:
            self._first = self.highest = packet.sequence_number
        self.highest = max(self.highest, rtp.unwrap(packet.sequence_number, self.highest))
        self.received += 1
        transit = now * self._clock_rate - packet.timestamp
        if self._transit is not None and abs(transit - self._transit) < self._clock_rate * 10:
            self._jitter += (abs(transit - self._transit) - self._jitter) / 16
        self._transit = transit

    def block(self, ssrc: int) -> ReportBlock:
        expected = self.highest - self._first + 1
        expected_now, received_now = expected - self._expected_before, self.received - self._received_before
        self._expected_before, self._received_before = expected, self.received
        lost_now = max(0, expected_now - received_now)
        fraction = min(255, 256 * lost_now // expected_now) if expected_now > 0 else 0
        highest = self.highest & 0xFFFFFFFF
        return ReportBlock(ssrc, fraction, expected - self.received, highest, int(self._jitter), 0, 0)
