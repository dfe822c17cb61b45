"""Sends one track: frames to protected packets, what was lost again, sender reports (RFC 3550, RFC 4588). Pure."""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.packetizer import packetizer_of
from shinsatsu.rtc import rtp
from shinsatsu.rtc.parameters import RtpSendParameters
from shinsatsu.rtc.rtcp import SenderReport
from shinsatsu.rtc.rtp import RtpPacket

_REMEMBERED = 512
_RESEND_INTERVAL = 0.02

Protect = Callable[[bytes], bytes]


@dataclass(slots=True)
class _Sent:
    packet: RtpPacket
    datagram: bytes
    resent_at: float


class RtpSender:
    """One SSRC with its RTX; `protect` makes SRTP of a packet, each one once."""

    def __init__(self, parameters: RtpSendParameters, protect: Protect) -> None:
        self.parameters = parameters
        self._protect = protect
        self._packetizer = packetizer_of(parameters.codec.mime_type)
        # Below 2**15, so that no receiver meets a wrap before its first sync (RFC 3711 section 3.3.1).
        self._sequence = secrets.randbelow(0x8000)
        self._rtx_sequence = secrets.randbelow(0x8000)
        self._offset = secrets.randbits(32)
        self._history: OrderedDict[int, _Sent] = OrderedDict()
        self._last: tuple[int, float] | None = None
        self._packets = self._octets = 0
        mid = next((each.id for each in parameters.header_extensions if each.uri == rtp.MID), None)
        self._extensions = {mid: parameters.mid.encode()} if mid is not None else {}

    def send(self, frame: EncodedFrame, now: float) -> list[bytes]:
        """The frame's packets, protected, in order; raises ValueError for a frame that cannot be sent."""
        payloads = self._packetizer.packetize(frame.data)
        timestamp = (self._offset + frame.timestamp) & 0xFFFFFFFF
        self._last = (timestamp, now)
        video = self.parameters.kind == "video"
        return [
            self._send(timestamp, video and index == len(payloads) - 1, payload)
            for index, payload in enumerate(payloads)
        ]

    def _send(self, timestamp: int, marker: bool, payload: bytes) -> bytes:
        codec, ssrc = self.parameters.codec, self.parameters.ssrc
        packet = RtpPacket(codec.payload_type, self._sequence, timestamp, ssrc, marker, payload, self._extensions)
        datagram = self._protect(rtp.build(packet))
        self._history[self._sequence] = _Sent(packet, datagram, 0.0)
        if len(self._history) > _REMEMBERED:
            self._history.popitem(last=False)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._packets += 1
        self._octets += len(payload)
        return datagram

    def resend(self, lost: Iterable[int], now: float) -> list[bytes]:
        """Answers a NACK: by RTX, or without RTX by the same bytes again; what is asked twice at once comes once."""
        datagrams = []
        for number in lost:
            sent = self._history.get(number)
            if sent is not None and now - sent.resent_at >= _RESEND_INTERVAL:
                sent.resent_at = now
                datagrams.append(self._retransmission(sent))
        return datagrams

    def _retransmission(self, sent: _Sent) -> bytes:
        payload_type, ssrc = self.parameters.codec.rtx_payload_type, self.parameters.rtx_ssrc
        if payload_type is None or ssrc is None:
            # Never protected anew: one index with two ciphertexts would undo AES-GCM.
            return sent.datagram
        packet = sent.packet
        payload = packet.sequence_number.to_bytes(2, "big") + packet.payload
        number, self._rtx_sequence = self._rtx_sequence, (self._rtx_sequence + 1) & 0xFFFF
        rtx = packet._replace(payload_type=payload_type, ssrc=ssrc, sequence_number=number, payload=payload)
        return self._protect(rtp.build(rtx))

    def report(self, now: float, ntp: int) -> SenderReport | None:
        """What was sent so far and which timestamp belongs to now (`ntp`: 64-bit NTP time); None before the first."""
        if self._last is None:
            return None
        timestamp, sent_at = self._last
        since = round((now - sent_at) * self.parameters.codec.clock_rate)
        return SenderReport(self.parameters.ssrc, ntp, (timestamp + since) & 0xFFFFFFFF, self._packets, self._octets)
