"""A controlling WebRTC peer without a socket or clock: datagrams, frames and seconds in; datagrams and events out.

It publishes by offering, or receives by answering offers, one negotiation at a time. Times are monotonic seconds.
"""

import secrets
from collections.abc import Iterable, Sequence

from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.peer_description import (
    OPUS,
    VP8,
    LocalTransport,
    NegotiationError,
    accepted_tracks,
    publish_offer,
    pull_answer,
    read_description,
    remote_transport,
)
from shinsatsu.media.peer_events import Event, FrameReceived, KeyFrameRequested, StateChanged
from shinsatsu.media.peer_transport import Datagram, PeerState, PeerTransport
from shinsatsu.media.rtp_receiver import RtpReceiver
from shinsatsu.media.rtp_sender import RtpSender
from shinsatsu.rtc import ice, rtcp, rtp
from shinsatsu.rtc.dtls import Certificate
from shinsatsu.rtc.parameters import DtlsRole, Kind, RtpHeaderExtension, RtpReceiveParameters, RtpSendParameters
from shinsatsu.rtc.rtcp import RtcpPacket
from shinsatsu.rtc.stun import Address

_REPORT_INTERVAL = 1.0
_FEEDBACK_INTERVAL = 0.02
_MOST_BLOCKS = 31


class PeerProtocol:
    """One peer connection; after each call that takes `now`, send `data_to_send()` and look at `next_timer(now)`.

    `ntp_offset` plus `now` is the time since 1900 in seconds, for sender reports. `patience`: seconds that a missing
    packet is waited for.
    """

    def __init__(self, certificate: Certificate, *, ntp_offset: float = 0.0, patience: float = 0.5) -> None:
        self._ntp_offset = ntp_offset
        self._patience = patience
        self._ssrc = _random_ssrc()
        self._cname = secrets.token_urlsafe(12)
        self._session_id, self._version = secrets.randbits(62), 0
        self._local = LocalTransport(ice.generate_parameters(), certificate.fingerprint)
        self._transport = PeerTransport(certificate, self._local.ice)
        self._told: PeerState = "new"
        self._role: DtlsRole | None = None
        self._offered: tuple[RtpSendParameters, ...] = ()
        self._sending: tuple[RtpSendParameters, ...] = ()
        self._receiving: tuple[RtpReceiveParameters, ...] = ()
        self._senders: dict[str, RtpSender] = {}
        self._receivers: dict[str, RtpReceiver] = {}
        self._by_ssrc: dict[int, RtpReceiver] = {}
        self._report_at = self._feedback_at = 0.0
        self._events: list[Event] = []

    @property
    def state(self) -> PeerState:
        """As RTCPeerConnection.connectionState."""
        return self._transport.state

    @property
    def failure(self) -> str:
        """Why the state is "failed"."""
        return self._transport.failure

    @property
    def candidates(self) -> tuple[Address, ...]:
        """The other side's addresses to exchange datagrams with."""
        return self._transport.candidates

    @property
    def sending(self) -> tuple[RtpSendParameters, ...]:
        """The tracks of our offer that the other side took."""
        return self._sending

    @property
    def receiving(self) -> tuple[RtpReceiveParameters, ...]:
        """The tracks our last answer receives."""
        return self._receiving

    def create_offer(self, kinds: Sequence[Kind]) -> str:
        """An offer that sends one track a kind, on m-lines with mids "0", "1", … in that order."""
        self._version += 1
        self._offered = tuple(self._new_track(str(index), kind) for index, kind in enumerate(kinds))
        return publish_offer(self._local, self._offered, self._session_id, self._version)

    def _new_track(self, mid: str, kind: Kind) -> RtpSendParameters:
        codec = OPUS if kind == "audio" else VP8
        rtx_ssrc = _random_ssrc() if codec.rtx_payload_type is not None else None
        extensions = (RtpHeaderExtension(rtp.MID, 1),)
        return RtpSendParameters(mid, kind, codec, _random_ssrc(), rtx_ssrc, extensions, self._cname)

    def set_answer(self, sdp: str, now: float) -> None:
        """Takes the answer to our offer and begins to connect; raises NegotiationError."""
        description = read_description(sdp)
        accepted = accepted_tracks(description, self._offered)
        if not accepted:
            raise NegotiationError("the answer takes none of the tracks offered")
        remote = remote_transport(description)
        self._sending = accepted
        self._transport.connect(remote, now)
        self._follow(now)

    def create_answer(self, offer: str, now: float) -> str:
        """Answers an offer, receiving what it sends, and begins to connect; raises NegotiationError."""
        description = read_description(offer)
        remote = remote_transport(description) if self._role is None else None
        # A peer keeps its DTLS role for the life of the connection (RFC 8842 section 5.5).
        self._role = self._role or (remote.role if remote else "client")
        self._version += 1
        answer, self._receiving = pull_answer(self._local, description, self._role, self._session_id, self._version)
        self._arrange_receivers()
        if remote is not None:
            self._transport.connect(remote, now)
        self._follow(now)
        return answer

    def _arrange_receivers(self) -> None:
        """Keeps the receivers of tracks that go on, drops those that ended, makes those that are new."""
        before, self._receivers, self._by_ssrc = self._receivers, {}, {}
        for track in self._receiving:
            known = before.get(track.mid)
            if known is None or known.parameters != track:
                known = RtpReceiver(track, self._ssrc, self._patience)
            self._receivers[track.mid] = known
            for ssrc in (track.encodings[0].ssrc, track.encodings[0].rtx_ssrc):
                if ssrc is not None:
                    self._by_ssrc[ssrc] = known

    def receive_datagram(self, data: bytes, address: Address, now: float) -> None:
        """Takes what came from one of `candidates`; what is not for us is ignored."""
        plain = self._transport.receive(data, address, now)
        self._follow(now)
        if plain is None:
            return
        if plain.kind == "rtp":
            self._receive_rtp(plain.data, now)
        else:
            self._receive_rtcp(plain.data, now)

    def _receive_rtp(self, data: bytes, now: float) -> None:
        try:
            packet = rtp.parse(data)
        except rtp.RtpError:
            return
        receiver = self._by_ssrc.get(packet.ssrc) or self._adopt(packet)
        if receiver is not None:
            receiver.receive(packet, now)
            self._collect(receiver, now)

    def _adopt(self, packet: rtp.RtpPacket) -> RtpReceiver | None:
        """An SSRC the SDP did not name belongs to the m-line whose mid it carries (RFC 8843 section 9.2)."""
        for receiver in self._receivers.values():
            for extension in receiver.parameters.header_extensions:
                value = packet.extensions.get(extension.id)
                if extension.uri == rtp.MID and value == receiver.parameters.mid.encode():
                    self._by_ssrc[packet.ssrc] = receiver
                    return receiver
        return None

    def _collect(self, receiver: RtpReceiver, now: float) -> None:
        mid = receiver.parameters.mid
        self._events += [FrameReceived(mid, frame) for frame in receiver.frames(now)]

    def _receive_rtcp(self, data: bytes, now: float) -> None:
        try:
            compound = rtcp.parse(data)
        except rtcp.RtcpError:
            return
        for packet in compound.packets:
            self._handle_rtcp(packet, now)

    def _handle_rtcp(self, packet: RtcpPacket, now: float) -> None:
        if isinstance(packet, rtcp.SenderReport):
            receiver = self._by_ssrc.get(packet.ssrc)
            if receiver is not None:
                receiver.note(packet, now)
        elif isinstance(packet, rtcp.Nack):
            for sender in self._senders.values():
                if sender.parameters.ssrc == packet.media_ssrc:
                    self._transport.send(sender.resend(packet.lost, now))
        elif isinstance(packet, rtcp.PictureLoss):
            self._request_key_frames((packet.media_ssrc,))
        elif isinstance(packet, rtcp.FullIntraRequest):
            self._request_key_frames(ssrc for ssrc, _ in packet.entries)

    def _request_key_frames(self, ssrcs: Iterable[int]) -> None:
        wanted = set(ssrcs)
        self._events += [
            KeyFrameRequested(mid) for mid, sender in self._senders.items() if sender.parameters.ssrc in wanted
        ]

    def next_timer(self, now: float) -> float | None:
        """When `handle_timer` is due, None when nothing is."""
        due = self._transport.next_timer(now)
        if due is None or self._transport.srtp is None:
            return due
        due = min(due, self._report_at)
        waiting = any(receiver.waiting for receiver in self._receivers.values())
        return min(due, self._feedback_at) if waiting else due

    def handle_timer(self, now: float) -> None:
        """Does what is due: checks, the DTLS timer, reports and feedback."""
        self._transport.handle_timer(now)
        self._follow(now)
        if self._transport.srtp is None or self._transport.ended:
            return
        if now >= self._feedback_at:
            self._feedback_at = now + _FEEDBACK_INTERVAL
            for receiver in self._receivers.values():
                self._collect(receiver, now)
                self._send_rtcp(receiver.feedback(now))
        if now >= self._report_at:
            self._report_at = now + _REPORT_INTERVAL
            self._report(now)

    def _report(self, now: float) -> None:
        blocks = [block for receiver in self._receivers.values() if (block := receiver.report(now)) is not None]
        ntp = int((now + self._ntp_offset) * 2**32) & (2**64 - 1)
        reports = [report for sender in self._senders.values() if (report := sender.report(now, ntp)) is not None]
        packets: list[RtcpPacket] = [*reports]
        if blocks or not reports:
            packets.append(rtcp.ReceiverReport(self._ssrc, tuple(blocks[:_MOST_BLOCKS])))
        sources = [report.ssrc for report in reports] or [self._ssrc]
        packets.append(rtcp.SourceDescription(tuple((ssrc, self._cname) for ssrc in sources)))
        self._send_rtcp(packets)

    def send_frame(self, mid: str, frame: EncodedFrame, now: float) -> None:
        """Sends a frame on an m-line; before the connection is up, and on one not taken, it goes nowhere."""
        sender = self._senders.get(mid)
        if sender is not None and not self._transport.ended:
            self._transport.send(sender.send(frame, now))

    def data_to_send(self) -> list[Datagram]:
        """What to send now, in order; empty until something new is to be sent."""
        return self._transport.data_to_send()

    def events(self) -> list[Event]:
        """What happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def close(self, now: float) -> None:
        """Says goodbye (BYE, close_notify). Idempotent."""
        if not self._transport.ended:
            ssrcs = tuple(sender.parameters.ssrc for sender in self._senders.values())
            description = rtcp.SourceDescription(((self._ssrc, self._cname),))
            self._send_rtcp([rtcp.ReceiverReport(self._ssrc), description, rtcp.Bye((*ssrcs, self._ssrc))])
        self._transport.close()
        self._follow(now)

    def _follow(self, now: float) -> None:
        """Makes the senders once there are keys, and tells of a new state."""
        state = self._transport.state
        if state == self._told:
            return
        self._told = state
        self._events.append(StateChanged(state))
        if self._transport.srtp is not None and not self._senders:
            protect = self._transport.srtp.protect
            self._senders = {track.mid: RtpSender(track, protect) for track in self._sending}
            self._report_at = now + _REPORT_INTERVAL / 2

    def _send_rtcp(self, packets: Sequence[RtcpPacket]) -> None:
        if packets and self._transport.srtp is not None:
            self._transport.send([self._transport.srtp.protect_rtcp(rtcp.build(packets))])


def _random_ssrc() -> int:
    return 1 + secrets.randbelow(0xFFFFFFFE)
