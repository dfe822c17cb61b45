"""One publication flowing to one receiver: the gate, the layer, the receiver's numbers, retransmission. Pure."""

import secrets
from typing import TYPE_CHECKING

from shinsatsu.rtc.parameters import RtpSendParameters
from shinsatsu.rtc.rtcp import SenderReport
from shinsatsu.rtc.rtp import unwrap_timestamp
from shinsatsu.sfu.feedback import Reception
from shinsatsu.sfu.headers import HeaderWriter
from shinsatsu.sfu.layer import Layer
from shinsatsu.sfu.resend import Media
from shinsatsu.sfu.rewriting import PictureIdMap, SequenceMap

if TYPE_CHECKING:
    from shinsatsu.sfu.forwarding import Forwarded
    from shinsatsu.sfu.outbound import Outbound

_JUMP = 3000
_SWITCH_FACTOR = 1.5
_MAX_STEP_SECONDS = 10


class MediaEdge:
    """The forwarding state of one edge. Shut (paused, closed or not connected) it forwards and resends nothing."""

    def __init__(self, layers: tuple[Layer, ...], parameters: RtpSendParameters, outbound: "Outbound") -> None:
        self.parameters = parameters
        self.layers = layers
        self.outbound = outbound
        self.layer: Layer | None = None
        self.target = layers[0]
        self.preferred_rid: str | None = None
        self.packets = self.octets = 0
        self.headers = HeaderWriter(parameters, outbound.transport_sequence)
        self._open = False
        self._numbers = SequenceMap(secrets.randbelow(0x8000))
        self._pictures = PictureIdMap() if parameters.codec.mime_type.lower() == "video/vp8" else None
        self._payload_type = parameters.codec.payload_type
        self._timestamp_offset = 0
        self._last_timestamp: int | None = None
        self._last_reception: Reception | None = None
        self._last_at = 0.0
        self._rtx_number = secrets.randbelow(0x8000)

    def open(self, now: float) -> None:
        """Opens the gate: flows from the next key frame on, which is asked for."""
        if self._open:
            return
        self._open = True
        self.choose_layer(now)
        self.target.want_key_frame()

    def shut(self) -> None:
        """Shuts the gate at once; what was sent before it cannot be asked for again either."""
        self._open = False
        self.layer = None
        self._numbers.stop()
        self._listen()

    @property
    def is_open(self) -> bool:
        """Whether the gate is open."""
        return self._open

    def choose_layer(self, now: float) -> None:
        """Aims at the preferred layer while it is active, else at the best that is; switched to on a key frame."""
        best = self._best(now)
        if best is not self.target:
            self.target = best
            if self._open and best is not self.layer:
                best.want_key_frame()
        self._listen()

    def _best(self, now: float) -> Layer:
        active = [layer for layer in self.layers if layer.is_active(now)]
        preferred = [layer for layer in active or self.layers if layer.rid == self.preferred_rid]
        if preferred and self.preferred_rid is not None:
            return preferred[0]
        best = max(active, key=lambda layer: layer.bitrate, default=self.target)
        if self.target in active and best.bitrate < self.target.bitrate * _SWITCH_FACTOR:
            return self.target
        return best

    def _listen(self) -> None:
        for layer in self.layers:
            wanted = self._open and (layer is self.layer or layer is self.target)
            if wanted and self not in layer.edges:
                layer.edges.append(self)
            elif not wanted and self in layer.edges:
                layer.edges.remove(self)

    def offer(self, layer: Layer, media: Media, key: bool, now: float, send_time: int, forwarded: "Forwarded") -> None:
        """Forwards a packet of this layer if the gate is open and decoding can have begun before or at it."""
        if not self._open:
            return
        if layer is not self.layer:
            if not key or layer is not self.target:
                return
            self._begin(layer, media, now)
        numbers = self._numbers
        if media.number > numbers.highest + _JUMP:
            numbers.begin(media.number)
        late = media.number <= numbers.highest
        number = numbers.map(media.number)
        if number is None:
            return
        payload = media.payload
        if self._pictures is not None:
            payload = self._pictures.map(payload)
            if not late:
                self._pictures.sent(payload)
        timestamp = media.timestamp + self._timestamp_offset
        header = self.headers.write(
            self._payload_type, media.marker, number, timestamp, self.parameters.ssrc, media.elements, send_time
        )
        if not late:
            self._last_timestamp, self._last_at = timestamp, now
        self.packets += 1
        self.octets += len(payload)
        queue = forwarded.get(self.outbound)
        if queue is None:
            forwarded[self.outbound] = [header + payload]
        else:
            queue.append(header + payload)

    def skip(self, layer: Layer, number: int) -> None:
        """Leaves a padding packet of the current layer out of the numbering."""
        if layer is self.layer:
            self._numbers.skip(number)

    def _begin(self, layer: Layer, media: Media, now: float) -> None:
        self._numbers.begin(media.number)
        if self._pictures is not None:
            self._pictures.begin(media.payload)
        if self._last_timestamp is not None and layer.reception is not self._last_reception:
            aligned = self._aligned_timestamp(layer, media.timestamp)
            step = None if aligned is None else unwrap_timestamp(aligned & 0xFFFFFFFF, self._last_timestamp)
            if step is None or not 0 < step - self._last_timestamp < _MAX_STEP_SECONDS * layer.codec.clock_rate:
                step = self._last_timestamp + max(1, round((now - self._last_at) * layer.codec.clock_rate))
            self._timestamp_offset = step - media.timestamp
        self.layer, self._last_reception = layer, layer.reception
        self._listen()
        self.outbound.report_soon()

    def restart(self, layer: Layer) -> None:
        """The layer's publisher has another SSRC now: its next key frame begins a segment."""
        if layer is self.layer:
            self.layer = None
            self._numbers.stop()
            self._listen()

    def _aligned_timestamp(self, layer: Layer, timestamp: int) -> int | None:
        """A new source's timestamp on the old one's clock, by the sender reports of both; None while one is missing."""
        old = self._last_reception.sender_report if self._last_reception is not None else None
        new = layer.reception.sender_report
        if old is None or new is None:
            return None
        between = round((new.ntp - old.ntp) * layer.codec.clock_rate / (1 << 32))
        return old.rtp_timestamp + between + self._timestamp_offset + timestamp - new.rtp_timestamp

    def resend(self, lost: tuple[int, ...], now: float, send_time: int) -> list[bytes]:
        """Answers a receiver's NACK with retransmissions (RFC 4588) of what flowed since the gate opened."""
        codec, rtx_ssrc = self.parameters.codec, self.parameters.rtx_ssrc
        layer = self.layer
        if layer is None or layer.ring is None or codec.rtx_payload_type is None or rtx_ssrc is None:
            return []
        packets = []
        for sequence_number in lost:
            if not self.outbound.may_resend(now):
                break
            number = self._numbers.source(sequence_number)
            media = layer.ring.find(number) if number is not None else None
            if media is None:
                continue
            payload = self._pictures.map(media.payload) if self._pictures is not None else media.payload
            self._rtx_number += 1
            header = self.headers.write(
                codec.rtx_payload_type,
                media.marker,
                self._rtx_number,
                media.timestamp + self._timestamp_offset,
                rtx_ssrc,
                media.elements,
                send_time,
            )
            packets.append(header + sequence_number.to_bytes(2, "big") + payload)
        return packets

    def want_key_frame(self) -> None:
        """The receiver lost the picture."""
        if self._open:
            (self.layer or self.target).want_key_frame()

    def sender_report(self, now: float) -> SenderReport | None:
        """The publisher's last sender report carried on to `now` on this receiver's timestamps, None without one."""
        if self.layer is None or self.layer.reception.sender_report is None or not self.packets:
            return None
        source = self.layer.reception.sender_report
        elapsed = now - self.layer.reception.report_at
        ntp = source.ntp + int(elapsed * (1 << 32)) & 0xFFFFFFFFFFFFFFFF
        timestamp = source.rtp_timestamp + round(elapsed * self.layer.codec.clock_rate) + self._timestamp_offset
        return SenderReport(self.parameters.ssrc, ntp, timestamp & 0xFFFFFFFF, self.packets, self.octets)

    def close(self) -> None:
        """Ends the flow for good."""
        self.shut()
        self.outbound.remove(self)
