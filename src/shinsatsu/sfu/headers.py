"""RTP headers as one receiver negotiated them: payload types, extension ids, our transport-wide numbers. Pure."""

import struct

from shinsatsu.rtc import rtp
from shinsatsu.rtc.parameters import RtpSendParameters

_FAST = struct.Struct("!BBHIIIII")
_HOP_BY_HOP = frozenset((rtp.MID, rtp.RID, rtp.REPAIRED_RID, rtp.ABS_SEND_TIME, rtp.TRANSPORT_WIDE_CC))

Elements = tuple[tuple[str, bytes], ...]


def is_carried(uri: str) -> bool:
    """Whether an extension means the media, and is carried from publisher to receiver, or only one hop."""
    return uri not in _HOP_BY_HOP


class TransportSequence:
    """The transport-wide numbers of one receiver, over all that is sent to it."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def next(self) -> int:
        """The next number, 16 bits."""
        self.value = value = (self.value + 1) & 0xFFFF
        return value


class HeaderWriter:
    """Writes the headers of one edge's packets.

    Nearly all of them carry just abs-send-time and a transport-wide number: those are one `struct` call.
    """

    __slots__ = ("_absolute", "_fast", "_ids", "_mid", "_sequence", "_transport")

    def __init__(self, parameters: RtpSendParameters, sequence: TransportSequence) -> None:
        self._ids = {extension.uri: extension.id for extension in parameters.header_extensions}
        self._sequence = sequence
        self._mid: bytes | None = parameters.mid.encode() if rtp.MID in self._ids else None
        self._absolute = self._ids.get(rtp.ABS_SEND_TIME, 0)
        self._transport = self._ids.get(rtp.TRANSPORT_WIDE_CC, 0)
        self._fast = 0 < self._absolute < 15 and 0 < self._transport < 15

    def stop_mid(self) -> None:
        """The receiver knows the SSRC by now (it reported on it): the mid need not be said again."""
        self._mid = None

    def write(
        self,
        payload_type: int,
        marker: bool,
        sequence_number: int,
        timestamp: int,
        ssrc: int,
        elements: Elements,
        send_time: int,
    ) -> bytes:
        """A header; numbers are cut to their width, `send_time` is abs-send-time's 24 bits."""
        second = payload_type | 0x80 if marker else payload_type
        if self._fast and not elements and self._mid is None:
            return _FAST.pack(
                0x90,
                second,
                sequence_number & 0xFFFF,
                timestamp & 0xFFFFFFFF,
                ssrc,
                0xBEDE0002,
                self._absolute << 28 | 0x02000000 | send_time,
                self._transport << 28 | 0x01000000 | self._sequence.next() << 8,
            )
        block = rtp.build_extensions(self._elements(elements, send_time))
        first = 0x90 if block else 0x80
        return rtp.HEADER.pack(first, second, sequence_number & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + block

    def _elements(self, carried: Elements, send_time: int) -> list[tuple[int, bytes]]:
        ids = self._ids
        elements = [(ids[uri], value) for uri, value in carried if uri in ids]
        if self._mid is not None:
            elements.append((ids[rtp.MID], self._mid))
        if self._absolute:
            elements.append((self._absolute, send_time.to_bytes(3, "big")))
        if self._transport:
            elements.append((self._transport, self._sequence.next().to_bytes(2, "big")))
        return elements
