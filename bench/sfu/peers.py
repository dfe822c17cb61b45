"""The two ends of a load pair: a publisher that sends frames as bursts of packets, a subscriber that counts them."""

import random
import struct
import time

from bench.sfu.signalling import (
    ABS_SEND_TIME_ID,
    MEDIA_SSRC,
    PAYLOAD_TYPE,
    RTX_PAYLOAD_TYPE,
    TRANSPORT_WIDE_ID,
    Remote,
)
from shinsatsu.rtc import rtp, stun
from shinsatsu.rtc.dtls import Certificate, DtlsSession
from shinsatsu.rtc.ice import IceControllingAgent, generate_parameters
from shinsatsu.rtc.rtcp import Nack, PictureLoss, ReceiverReport, ReportBlock, RtcpError, RtcpPacket, build, parse
from shinsatsu.rtc.srtp import SrtpError, SrtpSession
from shinsatsu.rtc.stun import Address
from shinsatsu.rtc.transport_feedback import TICK
from shinsatsu.sfu.feedback import ArrivalLog
from shinsatsu.sfu.socket_io import UdpSocket

_HEADER = struct.Struct("!BBHIIIII")
_STAMP = struct.Struct("!IQ")
_CONSENT_SECONDS = 2.5
_FEEDBACK_SECONDS = 0.1


class LoadPeer:
    """A connection to the SFU over a socket of its own."""

    def __init__(self, certificate: Certificate, segments: bool) -> None:
        self.ice = generate_parameters()
        self.socket = UdpSocket("127.0.0.1", 0, segments=segments)
        self.srtp: SrtpSession | None = None
        self._certificate = certificate
        self._check_at = 0.0

    def connect(self, remote: Remote) -> None:
        """ICE and DTLS, blocking."""
        self.remote = remote
        self._agent = IceControllingAgent(self.ice, remote.ice)
        self._dtls = DtlsSession(self._certificate, "client", remote.fingerprint)
        deadline = time.monotonic() + 5
        while self.srtp is None:
            now = time.monotonic()
            if now > deadline:
                raise RuntimeError("no connection within 5 s")
            self.keep_consent(now, 0.05)
            time.sleep(0.001)
            self.socket.drain(64, self._receive)
            if self._agent.connected and self._dtls.state == "new":
                self._send(self._dtls.start())
            if self._dtls.srtp_keys is not None:
                self.srtp = SrtpSession(self._dtls.srtp_keys)

    def keep_consent(self, now: float, every: float = _CONSENT_SECONDS) -> None:
        """Sends a connectivity check when one is due."""
        if now - self._check_at >= every:
            self._check_at = now
            self.socket.send(self._agent.request(), self.remote.address)

    def read(self) -> None:
        """Takes what has come."""
        self.socket.drain(256, self._receive)

    def send_rtcp(self, packets: list[RtcpPacket]) -> None:
        """Sends feedback."""
        if self.srtp is not None and packets:
            self.socket.send(self.srtp.protect_rtcp(build(packets)), self.remote.address)

    def _send(self, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            self.socket.send(datagram, self.remote.address)

    def _receive(self, sock: UdpSocket, offset: int, size: int, address: Address) -> None:
        view = sock.received.view
        first = view[offset]
        if first >= 128:
            if self.srtp is None:
                return
            if 192 <= view[offset + 1] <= 223:
                self._take_rtcp(bytes(view[offset : offset + size]))
            else:
                self.take_media(sock, offset, size)
        elif first >= 20:
            self._send(self._dtls.receive(bytes(view[offset : offset + size])))
        else:
            self._agent.handle(stun.parse(bytes(view[offset : offset + size])), address, time.monotonic())

    def _take_rtcp(self, data: bytes) -> None:
        try:
            assert self.srtp is not None
            for packet in parse(self.srtp.unprotect_rtcp(data)).packets:
                self.take_report(packet)
        except (SrtpError, RtcpError):
            return

    def take_report(self, packet: RtcpPacket) -> None:
        """What the SFU reports or asks."""

    def take_media(self, sock: UdpSocket, offset: int, size: int) -> None:
        """A media packet."""


class Publisher(LoadPeer):
    """Sends VP8-like frames of equal packets; answers PLI with a key frame, NACK is not expected on loopback."""

    def __init__(self, certificate: Certificate, segments: bool, size: int) -> None:
        super().__init__(certificate, segments)
        self.sent = 0
        self._filler = bytes(size - _HEADER.size - 5 - _STAMP.size)
        self._frame = 0
        self._key_wanted = True

    def take_report(self, packet: RtcpPacket) -> None:
        """A key frame may be asked for."""
        if isinstance(packet, PictureLoss):
            self._key_wanted = True

    def send_frame(self, packets: int, now: float) -> None:
        """One frame as a burst."""
        assert self.srtp is not None
        timestamp = self._frame * 3000
        send_time = rtp.abs_send_time(now)
        burst = []
        for index in range(packets):
            number = self.sent + index
            header = _HEADER.pack(
                0x90,
                PAYLOAD_TYPE | (0x80 if index == packets - 1 else 0),
                number & 0xFFFF,
                timestamp & 0xFFFFFFFF,
                MEDIA_SSRC,
                0xBEDE0002,
                ABS_SEND_TIME_ID << 28 | 2 << 24 | send_time,
                TRANSPORT_WIDE_ID << 28 | 1 << 24 | (number & 0xFFFF) << 8,
            )
            delta = 0 if self._key_wanted else 1
            descriptor = struct.pack(
                "!BBHB", 0x90 if index == 0 else 0x80, 0x80, 0x8000 | self._frame & 0x7FFF, delta if index == 0 else 0
            )
            burst.append(header + descriptor + _STAMP.pack(number, time.monotonic_ns()) + self._filler)
        self._key_wanted = False
        self._frame += 1
        self.sent += packets
        self.socket.send_media(burst, self.srtp, self.remote.address)


class Subscriber(LoadPeer):
    """Counts unique authenticated packets, drops some as a bad network would, and gives the feedback a browser gives."""

    def __init__(self, certificate: Certificate, segments: bool, loss: float, seed: int) -> None:
        super().__init__(certificate, segments)
        self.unique: set[int] = set()
        self.duplicates = self.dropped = self.resent = 0
        self.delays: list[int] = []
        self._loss = loss
        self._random = random.Random(seed)
        self._arrivals = ArrivalLog()
        self._highest: int | None = None
        self._missing: dict[int, int] = {}
        self._ssrc = 0
        self._feedback_at = self._report_at = 0.0

    def take_media(self, sock: UdpSocket, offset: int, size: int) -> None:
        """Decrypts one packet and reads the stamp in its payload."""
        if self._loss and self._random.random() < self._loss:
            self.dropped += 1
            return
        assert self.srtp is not None
        written = self.srtp.unprotect_at(sock.received.data + offset, size)
        if written < 0:
            self.duplicates += 1
            return
        packet = bytes(sock.received.view[offset : offset + written])
        start, block = rtp.payload_start(packet)
        rtx = packet[1] & 0x7F == RTX_PAYLOAD_TYPE
        number, sent_at = _STAMP.unpack_from(packet, start + (7 if rtx else 5))
        if number in self.unique:
            self.duplicates += 1
        self.unique.add(number)
        if block and packet[block + 8] >> 4 == self.remote.transport_id:
            self._arrivals.record(packet[block + 9] << 8 | packet[block + 10], int(time.monotonic() / TICK))
        if rtx:
            self.resent += 1
            self._missing.pop(packet[start] << 8 | packet[start + 1], None)
            return
        if not number & 0x07:
            self.delays.append(time.monotonic_ns() - sent_at)
        self._note(packet[2] << 8 | packet[3], int.from_bytes(packet[8:12], "big"))

    def _note(self, sequence_number: int, ssrc: int) -> None:
        self._ssrc = ssrc
        if self._highest is None:
            self._highest = sequence_number
            return
        number = rtp.unwrap(sequence_number, self._highest)
        for lost in range(self._highest + 1, number):
            self._missing[lost & 0xFFFF] = 3
        self._highest = max(number, self._highest)

    def feedback(self, now: float) -> None:
        """NACK, transport-wide feedback and receiver reports, when due."""
        packets: list[RtcpPacket] = []
        if self._missing:
            packets.append(Nack(1, self._ssrc, tuple(self._missing)))
            self._missing = {number: tries - 1 for number, tries in self._missing.items() if tries > 1}
        if now - self._feedback_at >= _FEEDBACK_SECONDS:
            self._feedback_at = now
            packets += self._arrivals.feedback(1, self._ssrc)
        if now - self._report_at >= 1 and self._highest is not None:
            self._report_at = now
            packets.append(ReceiverReport(1, (ReportBlock(self._ssrc, 0, 0, self._highest, 0, 0, 0),)))
        self.send_rtcp(packets)
