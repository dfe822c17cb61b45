"""The two ends of a load pair: a publisher that sends frames as bursts of packets, a subscriber that counts them."""

import random
import struct
import time

from bench.sfu.signalling import (
    ABS_SEND_TIME_ID,
    AUDIO_SSRC,
    AUDIO_TYPE,
    TRANSPORT_WIDE_ID,
    VIDEO_SSRC,
    VIDEO_TYPE,
    Local,
    Remote,
)
from shinsatsu.rtc import rtp, stun
from shinsatsu.rtc.dtls import Certificate, DtlsSession
from shinsatsu.rtc.ice import IceControllingAgent, generate_parameters
from shinsatsu.rtc.rtcp import (
    Nack,
    PictureLoss,
    ReceiverReport,
    ReportBlock,
    RtcpError,
    RtcpPacket,
    SenderReport,
    build,
    parse,
)
from shinsatsu.rtc.srtp import SrtpError, SrtpSession
from shinsatsu.rtc.stun import Address
from shinsatsu.rtc.transport_feedback import TICK, TransportFeedback
from shinsatsu.sfu.feedback import ArrivalLog
from shinsatsu.sfu.socket_io import UdpSocket

_HEADER = struct.Struct("!BBHIIIII")
_STAMP = struct.Struct("!IQ")
_CONSENT_SECONDS = 2.5
_FEEDBACK_SECONDS = 0.1
_REPORT_SECONDS = 1.0
_AUDIO_BYTES = 120
_CONNECT_SECONDS = 10
_ROUND_TRIP_SECONDS = 0.02
_DTLS_AFTER_SECONDS = 0.05
_NTP_EPOCH = 2208988800


class LoadPeer:
    """A connection to the media plane over a socket of its own."""

    def __init__(self, host: str, certificate: Certificate, segments: bool) -> None:
        self.socket = UdpSocket(host, 0, segments=segments)
        self.local = Local(generate_parameters(), certificate.fingerprint, self.socket.address)
        self.srtp: SrtpSession | None = None
        self.profile = b""
        self.reports = 0
        self._certificate = certificate
        self._check_at = 0.0

    def connect(self, remote: Remote) -> None:
        """ICE and DTLS, blocking."""
        self.remote = remote
        self._agent = IceControllingAgent(self.local.ice, remote.ice)
        self._dtls = DtlsSession(self._certificate, "client", remote.fingerprint)
        deadline = time.monotonic() + _CONNECT_SECONDS
        while self.srtp is None:
            now = time.monotonic()
            if now > deadline:
                raise RuntimeError(f"no connection within {_CONNECT_SECONDS} s")
            self.keep_consent(now, 0.2)
            time.sleep(0.001)
            self.socket.drain(64, self._receive)
            # Janus has no ear for DTLS in the first milliseconds after a check; sending again would cost a second.
            checked = self._agent.consent_at
            if checked is not None and self._dtls.state == "new" and now - checked > _DTLS_AFTER_SECONDS:
                self._send(self._dtls.start())
            elif self._agent.connected and self._dtls.timeout() == 0:
                self._send(self._dtls.handle_timeout())
            if self._dtls.srtp_keys is not None:
                self.srtp = SrtpSession(self._dtls.srtp_keys)
                self.profile = self._dtls.srtp_keys.profile

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
            answer = self._agent.handle(stun.parse(bytes(view[offset : offset + size])), address, time.monotonic())
            if answer is not None:
                self.socket.send(answer, address)

    def _take_rtcp(self, data: bytes) -> None:
        try:
            assert self.srtp is not None
            for packet in parse(self.srtp.unprotect_rtcp(data)).packets:
                self.take_report(packet)
        except (SrtpError, RtcpError):
            return

    def take_report(self, packet: RtcpPacket) -> None:
        """What the plane reports or asks."""

    def take_media(self, sock: UdpSocket, offset: int, size: int) -> None:
        """A media packet."""


class Publisher(LoadPeer):
    """Sends VP8-like frames of equal packets and 50 Opus-like packets a second; answers PLI with a key frame."""

    def __init__(self, host: str, certificate: Certificate, segments: bool, size: int) -> None:
        super().__init__(host, certificate, segments)
        self.sent = self.feedbacks = self.key_frames = 0
        self._filler = bytes(size - _HEADER.size - 5 - _STAMP.size)
        self._audio_filler = bytes(_AUDIO_BYTES - _HEADER.size - _STAMP.size)
        self._numbers = {VIDEO_SSRC: 0, AUDIO_SSRC: 0}
        self._frame = 0
        self._key_wanted = True
        self._report_at = 0.0

    def take_report(self, packet: RtcpPacket) -> None:
        """A key frame may be asked for; feedback and reports are counted."""
        if isinstance(packet, PictureLoss):
            self._key_wanted = True
        elif isinstance(packet, TransportFeedback):
            self.feedbacks += 1
        elif isinstance(packet, ReceiverReport):
            self.reports += 1

    def send_frame(self, packets: int, now: float) -> None:
        """One frame of video as a burst."""
        self.key_frames += self._key_wanted
        delta = 0 if self._key_wanted else 1
        burst = []
        for index in range(packets):
            last = 0x80 if index == packets - 1 else 0
            descriptor = struct.pack(
                "!BBHB", 0x90 if index == 0 else 0x80, 0x80, 0x8000 | self._frame & 0x7FFF, delta if index == 0 else 0
            )
            header = self._header(VIDEO_SSRC, VIDEO_TYPE | last, self._frame * 3000, now)
            burst.append(header + descriptor + self._stamp() + self._filler)
        self._key_wanted = False
        self._frame += 1
        self._send_media(burst)

    def send_audio(self, now: float) -> None:
        """20 ms of sound."""
        header = self._header(AUDIO_SSRC, AUDIO_TYPE, self._numbers[AUDIO_SSRC] * 960, now)
        self._send_media([header + self._stamp() + self._audio_filler])

    def report(self, now: float) -> None:
        """Sender reports of both streams, once a second."""
        if now - self._report_at < _REPORT_SECONDS:
            return
        self._report_at = now
        ntp = int((now + _NTP_EPOCH) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF
        numbers = self._numbers
        self.send_rtcp(
            [
                SenderReport(VIDEO_SSRC, ntp, self._frame * 3000 & 0xFFFFFFFF, numbers[VIDEO_SSRC], 0),
                SenderReport(AUDIO_SSRC, ntp, numbers[AUDIO_SSRC] * 960 & 0xFFFFFFFF, numbers[AUDIO_SSRC], 0),
            ]
        )

    def _header(self, ssrc: int, second: int, timestamp: int, now: float) -> bytes:
        number = self._numbers[ssrc]
        self._numbers[ssrc] = number + 1
        return _HEADER.pack(
            0x90,
            second,
            number & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            ssrc,
            0xBEDE0002,
            ABS_SEND_TIME_ID << 28 | 2 << 24 | rtp.abs_send_time(now),
            TRANSPORT_WIDE_ID << 28 | 1 << 24 | (self.sent & 0xFFFF) << 8,
        )

    def _stamp(self) -> bytes:
        stamp = _STAMP.pack(self.sent, time.monotonic_ns())
        self.sent += 1
        return stamp

    def _send_media(self, packets: list[bytes]) -> None:
        assert self.srtp is not None
        self.socket.send_media(packets, self.srtp, self.remote.address)


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
        number, sent_at = _STAMP.unpack_from(packet, start + (7 if rtx else 5 if video else 0))
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
        if now - self._report_at >= _REPORT_SECONDS and self._highest is not None:
            self._report_at = now
            packets.append(ReceiverReport(1, (self._block(self._highest, now),)))
        self.send_rtcp(packets)
