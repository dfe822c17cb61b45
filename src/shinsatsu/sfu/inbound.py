"""All that one publisher sends: which SSRC is which layer, what it is asked and told in return. Pure."""

import secrets
from typing import TYPE_CHECKING

from shinsatsu.rtc import rtp
from shinsatsu.rtc.parameters import RtpReceiveParameters
from shinsatsu.rtc.rtcp import Bye, ReceiverReport, RtcpPacket, SenderReport
from shinsatsu.rtc.rtp import HEADER
from shinsatsu.rtc.transport_feedback import TICK
from shinsatsu.sfu.feedback import ArrivalLog
from shinsatsu.sfu.headers import Elements, is_carried
from shinsatsu.sfu.layer import Layer

if TYPE_CHECKING:
    from shinsatsu.sfu.forwarding import Forwarded

_REPORT_SECONDS = 1.0
_MAX_SOURCES = 256


class Source:
    """One m-line of a publisher: its layers and its extension ids."""

    def __init__(self, parameters: RtpReceiveParameters) -> None:
        self.parameters = parameters
        self.layers = tuple(Layer(parameters, encoding) for encoding in parameters.encodings)
        self.ids = {extension.uri: extension.id for extension in parameters.header_extensions}

    def close(self) -> None:
        """Ends every edge."""
        for layer in self.layers:
            layer.edges.clear()


class Inbound:
    """The receiving half of one connection."""

    def __init__(self) -> None:
        self.ssrc = secrets.randbits(32)
        self.sources: list[Source] = []
        self.dropped = 0
        self._routes: dict[int, tuple[Source, Layer, bool]] = {}
        self._retired: dict[int, Layer] = {}
        self._arrivals = ArrivalLog()
        self._transport_id = 0
        self._carried: dict[int, str] = {}
        self._media_ssrc = 0
        self._report_at = 0.0

    def add(self, parameters: RtpReceiveParameters) -> Source:
        """Accepts a track; its packets find it by SSRC, or by mid and rid until the SSRC is known (RFC 8843 9.2)."""
        source = Source(parameters)
        self.sources.append(source)
        for layer in source.layers:
            if layer.ssrc is not None:
                self._routes[layer.ssrc] = (source, layer, False)
            if layer.rtx_ssrc is not None:
                self._routes[layer.rtx_ssrc] = (source, layer, True)
        for uri, identifier in source.ids.items():
            if uri == rtp.TRANSPORT_WIDE_CC:
                self._transport_id = identifier
            elif is_carried(uri):
                self._carried[identifier] = uri
        return source

    def remove(self, source: Source) -> None:
        """Stops a track: its packets are dropped from now on."""
        if source in self.sources:
            self.sources.remove(source)
        self._routes = {ssrc: route for ssrc, route in self._routes.items() if route[0] is not source}
        self._retired = {ssrc: layer for ssrc, layer in self._retired.items() if layer not in source.layers}
        source.close()

    def take(self, packet: bytes, now: float, send_time: int, forwarded: "Forwarded") -> None:
        """Receives one decrypted packet and forwards it; raises RtpError on a malformed one."""
        start, block = rtp.payload_start(packet)
        first, second, sequence_number, timestamp, ssrc = HEADER.unpack_from(packet)
        elements = self._read_elements(packet, block, start, now) if block else ()
        route = self._routes.get(ssrc)
        if route is None:
            found = rtp.read_extensions(packet, block, start) if block else {}
            route = self._find(ssrc, second & 0x7F, found, now)
            if route is None:
                self.dropped += 1
                return
        _, layer, is_rtx = route
        end = rtp.payload_end(packet, start) if first & 0x20 else len(packet)
        payload = packet[start:end]
        payload_type = second & 0x7F
        if is_rtx:
            if payload_type != layer.codec.rtx_payload_type or len(payload) <= 2:
                return  # empty retransmissions are padding
            original = payload[0] << 8 | payload[1]
            media = layer.recover(original, second > 0x7F, timestamp, payload[2:], elements, now)
        elif payload_type == layer.codec.payload_type:
            self._media_ssrc = ssrc
            media = layer.arrive(sequence_number, second > 0x7F, timestamp, payload, elements, now)
        else:
            self.dropped += 1
            return
        if media is None:
            return
        if media.payload:
            layer.forward(media, now, send_time, forwarded)
        else:
            layer.skip(media)

    def _read_elements(self, packet: bytes, block: int, end: int, now: float) -> Elements:
        """Logs the transport-wide number; returns the elements that are carried on. One-byte form is the usual."""
        if packet[block] != 0xBE or packet[block + 1] != 0xDE:
            return self._pick(rtp.read_extensions(packet, block, end), now)
        carried = None
        position = block + 4
        while position < end:
            head = packet[position]
            if not head:
                position += 1
                continue
            identifier = head >> 4
            stop = position + 2 + (head & 0x0F)
            if identifier == 15 or stop > end:
                break
            if identifier == self._transport_id and stop == position + 3:
                self._arrivals.record(packet[position + 1] << 8 | packet[position + 2], int(now / TICK))
            elif identifier in self._carried:
                carried = (*(carried or ()), (self._carried[identifier], packet[position + 1 : stop]))
            position = stop
        return carried or ()

    def _pick(self, found: dict[int, bytes], now: float) -> Elements:
        number = found.get(self._transport_id)
        if number is not None and len(number) == 2:
            self._arrivals.record(int.from_bytes(number, "big"), int(now / TICK))
        return tuple((self._carried[key], value) for key, value in found.items() if key in self._carried)

    def _find(
        self, ssrc: int, payload_type: int, found: dict[int, bytes], now: float
    ) -> tuple[Source, Layer, bool] | None:
        """Learns whose an unknown SSRC is: by mid, then rid; without a mid by the payload type if only one has it."""
        if len(self._routes) + len(self._retired) >= _MAX_SOURCES:
            return None
        candidates = [source for source in self.sources if self._may_be(source, payload_type, found)]
        if len(candidates) != 1:
            return None
        source = candidates[0]
        is_rtx = payload_type == source.parameters.codec.rtx_payload_type
        rid = found.get(source.ids.get(rtp.REPAIRED_RID if is_rtx else rtp.RID, 0))
        name = rid.decode("ascii", "replace") if rid else None
        layer = next((layer for layer in source.layers if layer.rid == name), None)
        certain = rid is not None or source.ids.get(rtp.MID, 0) in found
        if layer is None or not self._bind(layer, ssrc, now, is_rtx=is_rtx, certain=certain):
            return None
        self._routes[ssrc] = route = (source, layer, is_rtx)
        return route

    def _bind(self, layer: Layer, ssrc: int, now: float, *, is_rtx: bool, certain: bool) -> bool:
        """Gives a layer an SSRC; a second one takes over only where mid or rid make it certain."""
        known = layer.rtx_ssrc if is_rtx else layer.ssrc
        if known is not None and not certain:
            return False
        if ssrc in self._retired and (is_rtx or layer.is_active(now)):
            return False  # late packets of the SSRC before, or two that take turns
        if is_rtx:
            layer.rtx_ssrc = ssrc
        elif known is None:
            layer.ssrc = ssrc
        else:
            self._replace(layer, ssrc)
        return True

    def _replace(self, layer: Layer, ssrc: int) -> None:
        if ssrc in self._retired:
            self._retired = {old: its for old, its in self._retired.items() if its is not layer}
        for old in (layer.ssrc, layer.rtx_ssrc):
            if old is not None:
                self._routes.pop(old, None)
                self._retired[old] = layer
        layer.restart(ssrc)

    def _may_be(self, source: Source, payload_type: int, found: dict[int, bytes]) -> bool:
        codec = source.parameters.codec
        if payload_type not in (codec.payload_type, codec.rtx_payload_type):
            return False
        mid = found.get(source.ids.get(rtp.MID, 0))
        return mid is None or mid == source.parameters.mid.encode()

    def take_report(self, packet: RtcpPacket, now: float) -> None:
        """Acts on what the publisher reports of its own streams."""
        if isinstance(packet, SenderReport):
            route = self._routes.get(packet.ssrc)
            if route is not None and not route[2]:
                route[1].reception.reported(packet, now)
        elif isinstance(packet, Bye):
            for ssrc in packet.ssrcs:
                route = self._routes.get(ssrc)
                if route is not None and not route[2]:
                    route[1].end()

    def take_dropped(self) -> int:
        """How many packets were dropped since the last call."""
        dropped, self.dropped = self.dropped, 0
        return dropped

    def is_urgent(self, now: float) -> bool:
        """Whether a NACK or PLI should go out now and not with the next tick."""
        return any(layer.is_urgent(now) for source in self.sources for layer in source.layers)

    def requests(self, now: float) -> list[RtcpPacket]:
        """The NACK and PLI due."""
        packets: list[RtcpPacket] = []
        for source in self.sources:
            for layer in source.layers:
                packets += layer.requests(self.ssrc, now)
        return packets

    def feedback(self, now: float) -> list[RtcpPacket]:
        """Transport-wide feedback on what came since the last call, and each second a receiver report."""
        packets: list[RtcpPacket] = []
        if now >= self._report_at:
            blocks = []
            for source in self.sources:
                for layer in source.layers:
                    if layer.ssrc is None or layer.highest is None:
                        continue
                    layer.measure(now - self._report_at + _REPORT_SECONDS)
                    block = layer.reception.block(layer.ssrc, layer.highest, now)
                    if block is not None:
                        blocks.append(block)
            self._report_at = now + _REPORT_SECONDS
            packets += [ReceiverReport(self.ssrc, tuple(blocks[at : at + 31])) for at in range(0, len(blocks), 31)]
        packets += self._arrivals.feedback(self.ssrc, self._media_ssrc)
        return packets
