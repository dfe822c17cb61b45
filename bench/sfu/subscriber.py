"""The receiving end of a load pair."""

import random
import time

from bench.sfu.peers import REPORT_SECONDS, STAMP, LoadPeer
from bench.sfu.signalling import Remote
from shinsatsu.rtc import rtp
from shinsatsu.rtc.dtls import Certificate
from shinsatsu.rtc.rtcp import Nack, ReceiverReport, ReportBlock, RtcpPacket, SenderReport
from shinsatsu.rtc.transport_feedback import TICK
from shinsatsu.sfu.feedback import ArrivalLog
from shinsatsu.sfu.socket_io import UdpSocket

_FEEDBACK_SECONDS = 0.1
_ROUND_TRIP_SECONDS = 0.02


class Subscriber(LoadPeer):
    """Counts unique authenticated packets, drops some as a bad network would, and gives the feedback a browser gives."""

    def __init__(self, host: str, certificate: Certificate, segments: bool, loss: float, seed: int) -> None:
        super().__init__(host, certificate, segments)
        self.unique: set[int] = set()
        self.duplicates = self.dropped = self.resent = 0
        self.delays: list[int] = []
        self._loss = loss
        self._random = random.Random(seed)
        self._arrivals = ArrivalLog()
        self._highest: int | None = None
        self._missing: dict[int, int] = {}
        self._ssrc = 0
        self._answerable: dict[int, tuple[int, float]] = {}
        self._feedback_at = self._report_at = 0.0

    def forget(self) -> None:
        """Counts anew from here."""
        self.unique.clear()
        self.delays.clear()
        self.dropped = self.resent = self.duplicates = 0

    def connect(self, remote: Remote) -> None:
        """Also learns how the plane numbers what it sends."""
        video = remote.of_kind("video")
        self._video_type, self._rtx_type = video.media_type, video.rtx_type
        self._ids = {section.transport_id for section in remote.sections}
        super().connect(remote)

    def take_report(self, packet: RtcpPacket) -> None:
        """The plane's sender reports are counted, and answered in the next receiver report."""
        if isinstance(packet, SenderReport):
            self.reports += 1
            self._answerable[packet.ssrc] = (packet.ntp >> 16 & 0xFFFFFFFF, time.monotonic())

    def take_media(self, sock: UdpSocket, offset: int, size: int) -> None:
        """Decrypts one packet and reads the stamp in its payload."""
        payload_type = sock.received.view[offset + 1] & 0x7F
        rtx = payload_type == self._rtx_type
        video = payload_type == self._video_type
        if self._loss and (video or rtx) and self._random.random() < self._loss:
            self.dropped += 1
            return
        assert self.srtp is not None
        written = self.srtp.unprotect_at(sock.received.data + offset, size)
        if written < 0:
            self.duplicates += 1
            return
        packet = bytes(sock.received.view[offset : offset + written])
        start, block = rtp.payload_start(packet)
        number, sent_at = STAMP.unpack_from(packet, start + (7 if rtx else 5 if video else 0))
        if block:
            self._log_arrival(packet, block)
        if number in self.unique:
            self.duplicates += 1
            return
        self.unique.add(number)
        if rtx:
            self.resent += 1
            self._missing.pop(packet[start] << 8 | packet[start + 1], None)
            return
        if video:
            self._note(packet[2] << 8 | packet[3], int.from_bytes(packet[8:12], "big"))
        if not number & 0x07:
            self.delays.append(time.monotonic_ns() - sent_at)

    def _log_arrival(self, packet: bytes, block: int) -> None:
        position, end = block + 4, block + 4 + 4 * (packet[block + 2] << 8 | packet[block + 3])
        while position < end:
            head = packet[position]
            if head >> 4 in self._ids:
                self._arrivals.record(packet[position + 1] << 8 | packet[position + 2], int(time.monotonic() / TICK))
                return
            position += 2 + (head & 0x0F) if head else 1

    def _note(self, sequence_number: int, ssrc: int) -> None:
        self._ssrc = ssrc
        if self._highest is None:
            self._highest = sequence_number
            return
        number = rtp.unwrap(sequence_number, self._highest)
        if number <= self._highest:
            # Sent again under its own number: a plane that agreed on no RTX, or one that prefers not to use it.
            self.resent += self._missing.pop(number & 0xFFFF, None) is not None
            return
        for lost in range(self._highest + 1, number):
            self._missing[lost & 0xFFFF] = 3
        self._highest = number

    def _block(self, highest: int, now: float) -> ReportBlock:
        """A report block as over a network of some length: with loopback's 0 ms Janus keeps nothing to send again."""
        report, at = self._answerable.get(self._ssrc, (0, now))
        delay = max(0, round((now - at - _ROUND_TRIP_SECONDS) * 65536)) if report else 0
        return ReportBlock(self._ssrc, 0, 0, highest, 0, report, delay)

    def feedback(self, now: float) -> None:
        """NACK, transport-wide feedback and receiver reports, when due."""
        packets: list[RtcpPacket] = []
        if self._missing:
            packets.append(Nack(1, self._ssrc, tuple(self._missing)))
            self._missing = {number: tries - 1 for number, tries in self._missing.items() if tries > 1}
        if now - self._feedback_at >= _FEEDBACK_SECONDS:
            self._feedback_at = now
            packets += self._arrivals.feedback(1, self._ssrc)
        if now - self._report_at >= REPORT_SECONDS and self._highest is not None:
            self._report_at = now
            packets.append(ReceiverReport(1, (self._block(self._highest, now),)))
        self.send_rtcp(packets)
