"""All that one receiver is sent: its edges, its transport-wide numbers, its reports. Pure."""

from shinsatsu.rtc import rtp
from shinsatsu.rtc.rtcp import (
    Bye,
    FullIntraRequest,
    Nack,
    PictureLoss,
    ReceiverReport,
    RtcpPacket,
    SenderReport,
    SourceDescription,
)
from shinsatsu.sfu.edge import MediaEdge
from shinsatsu.sfu.headers import TransportSequence

_REPORT_SECONDS = 1.0
_RESENDS_A_SECOND = 1000


class Outbound:
    """The sending half of one connection."""

    def __init__(self) -> None:
        self.edges: dict[int, MediaEdge] = {}
        self.transport_sequence = TransportSequence()
        self.ended: list[int] = []
        self._report_at: float | None = None
        self._resend_budget = float(_RESENDS_A_SECOND)
        self._budget_at = 0.0

    def add(self, edge: MediaEdge) -> None:
        """Takes an edge in."""
        self.edges[edge.parameters.ssrc] = edge

    def remove(self, edge: MediaEdge) -> None:
        """Takes an edge out; a BYE is due for what was sent on it."""
        if self.edges.pop(edge.parameters.ssrc, None) is not None and edge.packets:
            self.ended.append(edge.parameters.ssrc)

    def may_resend(self, now: float) -> bool:
        """Whether one more packet asked for is within 1,000 a second: nobody multiplies traffic or work by asking."""
        self._resend_budget += (now - self._budget_at) * _RESENDS_A_SECOND
        self._resend_budget = min(self._resend_budget, _RESENDS_A_SECOND)
        self._budget_at = now
        if self._resend_budget < 1:
            return False
        self._resend_budget -= 1
        return True

    def take(self, packet: RtcpPacket, now: float) -> list[bytes]:
        """Acts on what the receiver reports; returns the RTP packets to send again."""
        if isinstance(packet, Nack):
            edge = self.edges.get(packet.media_ssrc)
            return edge.resend(packet.lost, now, rtp.abs_send_time(now)) if edge is not None else []
        if isinstance(packet, PictureLoss):
            self._want_key_frame(packet.media_ssrc)
        elif isinstance(packet, FullIntraRequest):
            for ssrc, _ in packet.entries:
                self._want_key_frame(ssrc)
        elif isinstance(packet, ReceiverReport | SenderReport):
            for block in packet.reports:
                if block.ssrc in self.edges:
                    self.edges[block.ssrc].headers.stop_mid()
        return []

    def _want_key_frame(self, ssrc: int) -> None:
        edge = self.edges.get(ssrc)
        if edge is not None:
            edge.want_key_frame()

    def report_soon(self) -> None:
        """Makes sender reports due at once: a segment begins, and with it the mapping of time may have changed."""
        self._report_at = None

    def reports(self, now: float) -> list[RtcpPacket]:
        """The sender reports, SDES and BYE due, once a second or sooner when asked."""
        packets: list[RtcpPacket] = []
        if self._report_at is None or now >= self._report_at:
            packets += self._sender_reports(now)
            if packets:
                self._report_at = now + _REPORT_SECONDS
        if self.ended:
            packets.append(Bye(tuple(self.ended[:31])))
            self.ended.clear()
        return packets

    def _sender_reports(self, now: float) -> list[RtcpPacket]:
        packets: list[RtcpPacket] = []
        chunks = []
        for edge in self.edges.values():
            report = edge.sender_report(now)
            if report is not None:
                packets.append(report)
                chunks.append((report.ssrc, edge.parameters.cname))
        return [*packets, SourceDescription(tuple(chunks[:31]))] if packets else packets
