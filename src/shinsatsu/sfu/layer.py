"""One encoding that arrives from a publisher: its numbers, its losses, its ring, and the edges that take it. Pure."""

from typing import TYPE_CHECKING

from shinsatsu.rtc.parameters import RtpEncoding, RtpReceiveParameters
from shinsatsu.rtc.payloads import starts_key_frame
from shinsatsu.rtc.rtcp import Nack, PictureLoss, RtcpPacket
from shinsatsu.rtc.rtp import unwrap
from shinsatsu.sfu.feedback import Reception
from shinsatsu.sfu.headers import Elements
from shinsatsu.sfu.resend import RING_SIZE, Media, MissingPackets, ResendRing

if TYPE_CHECKING:
    from shinsatsu.sfu.edge import MediaEdge
    from shinsatsu.sfu.forwarding import Forwarded

KEY_FRAME_SECONDS = 0.3
_ACTIVE_SECONDS = 1.0


class Layer:
    """One encoding of a publication; `ssrc` is None until SDP or the first packet tells it."""

    def __init__(self, parameters: RtpReceiveParameters, encoding: RtpEncoding) -> None:
        self.rid = encoding.rid
        self.ssrc = encoding.ssrc
        self.rtx_ssrc = encoding.rtx_ssrc
        self.codec = parameters.codec
        self.video = parameters.kind == "video"
        self.edges: list[MediaEdge] = []
        self.highest: int | None = None
        self.last_packet_at: float | None = None
        self.reception = Reception(self.codec.clock_rate)
        self.bitrate = 0.0
        feedback = {(item.type, item.parameter) for item in self.codec.rtcp_feedback}
        self.ring = ResendRing() if self.video else None
        self.missing = MissingPackets() if ("nack", "") in feedback else None
        self._mime_type = self.codec.mime_type
        self._seen = [-1] * RING_SIZE
        # Starting above one wrap leaves room for packets that come before the first.
        self._cycles = 1
        self._ended = False
        self._key_frame_wanted = self.video
        self._asked_at: float | None = None
        self._ask = False
        self._octets = 0

    @property
    def base(self) -> int:
        """The number late packets are unwrapped against."""
        return 0 if self.highest is None else self.highest

    def arrive(
        self, sequence_number: int, marker: bool, timestamp: int, payload: bytes, elements: Elements, now: float
    ) -> Media | None:
        """Takes a packet of the media SSRC: counts it; None for one seen before or too old."""
        if self.highest is None:
            number = self.highest = sequence_number + (self._cycles << 16)
        else:
            number = unwrap(sequence_number, self.highest)
        self.reception.received(number, timestamp, now)
        self.last_packet_at = now
        self._ended = False
        self._octets += len(payload)
        return self._accept(number, marker, timestamp, payload, elements, now)

    def recover(
        self, sequence_number: int, marker: bool, timestamp: int, payload: bytes, elements: Elements, now: float
    ) -> Media | None:
        """Takes a packet that came as a retransmission; one may not run ahead of the stream itself."""
        if self.highest is None:
            return None
        number = unwrap(sequence_number, self.highest)
        if number > self.highest:
            return None
        return self._accept(number, marker, timestamp, payload, elements, now)

    def _accept(
        self, number: int, marker: bool, timestamp: int, payload: bytes, elements: Elements, now: float
    ) -> Media | None:
        highest = self.base
        slot = number & RING_SIZE - 1
        if number <= highest - RING_SIZE or self._seen[slot] == number:
            return None
        self._seen[slot] = number
        missing = self.missing
        if number > highest:
            self.highest = number
            if missing is not None and number > highest + 1 and not missing.gap(highest + 1, number, now):
                self.want_key_frame()
        elif missing is not None:
            missing.arrived(number)
        media = Media(number, marker, timestamp, payload, elements)
        if self.ring is not None:
            self.ring.store(media)
        return media

    def restart(self, ssrc: int) -> None:
        """The publisher goes on under another SSRC: numbers above all before, nothing of before is sent again."""
        if self.highest is not None:
            self._cycles = (self.highest >> 16) + 2
        self.ssrc, self.rtx_ssrc, self.highest = ssrc, None, None
        self.reception = Reception(self.codec.clock_rate)
        self.ring = None if self.ring is None else ResendRing()
        self.missing = None if self.missing is None else MissingPackets()
        self._seen = [-1] * RING_SIZE
        for edge in tuple(self.edges):
            edge.restart(self)
            self.want_key_frame()

    def end(self) -> None:
        """The publisher said goodbye to this SSRC; it may go on under it, or another, all the same."""
        self._ended = True

    def forward(self, media: Media, now: float, send_time: int, forwarded: "Forwarded") -> None:
        """Offers a packet to every edge of this layer."""
        key = not self.video
        if self._key_frame_wanted and starts_key_frame(self._mime_type, media.payload):
            key, self._key_frame_wanted, self._ask = True, False, False
        for edge in tuple(self.edges) if key else self.edges:
            edge.offer(self, media, key, now, send_time, forwarded)

    def skip(self, media: Media) -> None:
        """A packet of padding only: every edge leaves it out."""
        for edge in self.edges:
            edge.skip(self, media.number)

    def want_key_frame(self) -> None:
        """An edge or a receiver needs one: the publisher is asked, at most every 300 ms, until one comes."""
        if self.video:
            self._key_frame_wanted = self._ask = True

    def is_active(self, now: float) -> bool:
        """Whether a packet came within the last second: a browser stops the layers it has no bitrate for."""
        return not self._ended and self.last_packet_at is not None and now - self.last_packet_at < _ACTIVE_SECONDS

    def measure(self, seconds: float) -> None:
        """Closes a measuring interval of this length for `bitrate`, and lets the ring forget what is too old."""
        if self.ring is not None:
            self.ring.age(self.base)
        self.bitrate = self._octets * 8 / seconds
        self._octets = 0

    def requests(self, sender_ssrc: int, now: float) -> list[RtcpPacket]:
        """The NACK and PLI due for the publisher."""
        packets: list[RtcpPacket] = []
        if self.ssrc is None or self.highest is None:
            return packets
        if self._may_ask(now):
            self._asked_at = now
            packets.append(PictureLoss(sender_ssrc, self.ssrc))
        if self.missing:
            numbers = self.missing.due(now, self.highest - RING_SIZE)
            if numbers:
                packets.append(Nack(sender_ssrc, self.ssrc, tuple(number & 0xFFFF for number in numbers)))
        return packets

    def is_urgent(self, now: float) -> bool:
        """Whether `requests` should be called at once: a gap has just opened, or a key frame may be asked for."""
        return (self.missing is not None and self.missing.fresh) or self._may_ask(now)

    def _may_ask(self, now: float) -> bool:
        return self._ask and (self._asked_at is None or now - self._asked_at >= KEY_FRAME_SECONDS)
