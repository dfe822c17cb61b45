"""The sending end of a load pair."""

import struct
import time

from bench.sfu.peers import REPORT_SECONDS, STAMP, LoadPeer
from bench.sfu.signalling import (
    ABS_SEND_TIME_ID,
    AUDIO_SSRC,
    AUDIO_TYPE,
    TRANSPORT_WIDE_ID,
    VIDEO_SSRC,
    VIDEO_TYPE,
)
from shinsatsu.rtc import rtp
from shinsatsu.rtc.dtls import Certificate
from shinsatsu.rtc.rtcp import PictureLoss, ReceiverReport, RtcpPacket, SenderReport
from shinsatsu.rtc.transport_feedback import TransportFeedback

_HEADER = struct.Struct("!BBHIIIII")
_AUDIO_BYTES = 120
_NTP_EPOCH = 2208988800


class Publisher(LoadPeer):
    """Sends VP8-like frames of equal packets and 50 Opus-like packets a second; answers PLI with a key frame."""

    def __init__(self, host: str, certificate: Certificate, segments: bool, size: int) -> None:
        super().__init__(host, certificate, segments)
        self.sent = self.feedbacks = self.key_frames = 0
        self._filler = bytes(size - _HEADER.size - 5 - STAMP.size)
        self._audio_filler = bytes(_AUDIO_BYTES - _HEADER.size - STAMP.size)
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
        if now - self._report_at < REPORT_SECONDS:
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
        stamp = STAMP.pack(self.sent, time.monotonic_ns())
        self.sent += 1
        return stamp

    def _send_media(self, packets: list[bytes]) -> None:
        assert self.srtp is not None
        self.socket.send_media(packets, self.srtp, self.remote.address)
