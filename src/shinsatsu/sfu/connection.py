"""One peer connection: where ICE, DTLS, SRTP and forwarding meet. Bytes come from and go to the transport's sockets."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from shinsatsu.rtc import rtcp
from shinsatsu.rtc.dtls import Certificate, DtlsSession
from shinsatsu.rtc.ice import DISCONNECTED_SECONDS, IceLiteAgent
from shinsatsu.rtc.parameters import (
    DtlsFingerprint,
    DtlsRole,
    IceParameters,
    RtpReceiveParameters,
    RtpSendParameters,
)
from shinsatsu.rtc.srtp import SrtpError, SrtpSession
from shinsatsu.rtc.stun import USE_CANDIDATE, Address, StunMessage
from shinsatsu.sfu.edge import MediaEdge
from shinsatsu.sfu.inbound import Inbound
from shinsatsu.sfu.outbound import Outbound
from shinsatsu.sfu.plane import ConnectionState, Publication
from shinsatsu.sfu.publication import UdpEdge, UdpPublication
from shinsatsu.sfu.socket_io import UdpSocket

_log = logging.getLogger(__name__)

_EARLY_DATAGRAMS = 4
_MOST_SOURCES = 512
_LAYER_CHOICE_SECONDS = 0.5


class UdpConnection:
    """A connection of the transport (`plane.Connection`)."""

    def __init__(
        self,
        local: IceParameters,
        certificate: Certificate,
        counters: Counter[str],
        now: Callable[[], float],
        on_close: Callable[["UdpConnection"], None],
    ) -> None:
        self.ice = IceLiteAgent(local)
        self.inbound = Inbound()
        self.outbound = Outbound()
        self.srtp: SrtpSession | None = None
        self.heard_at = 0.0
        self.now = now
        self._certificate = certificate
        self._counters = counters
        self._on_close = on_close
        self._dtls: DtlsSession | None = None
        self._early: list[bytes] = []
        self._sockets: dict[Address, UdpSocket] = {}
        self._ssrcs: set[int] = set()
        self._closed = False
        self._settled = asyncio.Event()
        self._publications: dict[int, UdpPublication] = {}
        self._edges: set[UdpEdge] = set()
        self._silent: set[UdpPublication] = set()
        self._choose_at = 0.0

    @property
    def state(self) -> ConnectionState:
        """Derived from what the parts say: nobody sets it."""
        if self._closed:
            return "closed"
        if self.srtp is not None:
            return "disconnected" if self.now() - self.heard_at > DISCONNECTED_SECONDS else "connected"
        return "connecting" if self._dtls is not None or self.ice.consent_at is not None else "new"

    @property
    def path(self) -> tuple[UdpSocket, Address] | None:
        """Where packets go out, and where to: the nominated address, before one the last validated."""
        address = self.ice.selected or next(reversed(self.ice.validated), None)
        return None if address is None else (self._sockets[address], address)

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses that valid checks came from."""
        return tuple(self._sockets)

    def start(self, fingerprint: DtlsFingerprint, role: DtlsRole) -> None:
        """Gives the remote certificate's fingerprint and our DTLS role; later calls change nothing."""
        if self._dtls is not None or self._closed:
            return
        self._dtls = DtlsSession(self._certificate, role, fingerprint)
        if role == "server" or self.path is not None:
            self._send(self._dtls.start())
        for datagram in self._early:
            self.take_dtls(datagram)
        self._early.clear()

    async def wait_connected(self, timeout: float) -> bool:
        """Waits for DTLS to be up; False when `timeout` seconds passed or the connection closed."""
        try:
            await asyncio.wait_for(self._settled.wait(), timeout)
        except TimeoutError:
            return False
        return not self._closed

    def receive(self, parameters: RtpReceiveParameters) -> UdpPublication:
        """Accepts a track on one m-line of this publisher."""
        publication = UdpPublication(self, self.inbound.add(parameters))
        self._publications[id(publication)] = publication
        self._silent.add(publication)
        return publication

    def send(self, publication: Publication, parameters: RtpSendParameters) -> UdpEdge:
        """Makes an edge: `publication` flows to this receiver as `parameters` say, once connected, gate open."""
        if not isinstance(publication, UdpPublication):
            raise TypeError("the publication is of another transport")
        media = MediaEdge(publication.source.layers, parameters, self.outbound)
        self.outbound.add(media)
        edge = UdpEdge(self, publication, media)
        self._edges.add(edge)
        self.set_gate(edge)
        return edge

    def set_gate(self, edge: UdpEdge) -> None:
        """Opens or shuts an edge as pause and connection want it."""
        if edge.paused or self.srtp is None or self._closed:
            edge.media.shut()
            return
        edge.media.open(self.now())
        self.flush(edge.publication)

    def flush(self, publication: UdpPublication) -> None:
        """Asks the publisher for a key frame at once where one is wanted."""
        publication.connection.send_requests()

    def take_stun(self, request: StunMessage, sock: UdpSocket, address: Address) -> Sequence[Address]:
        """Answers a connectivity check; a valid one keeps or moves the path. Returns the addresses it pushed out."""
        now = self.now()
        reply = self.ice.handle_request(request, address, now)
        sock.send(reply.data, address)
        if reply.code != 200:
            self._counters["stun_refused"] += 1
            return ()
        self.heard_at = now
        if USE_CANDIDATE in request.attributes or address not in self._sockets:
            self._sockets[address] = sock
        forgotten = [old for old in self._sockets if not self.ice.is_validated(old)]
        for old in forgotten:
            del self._sockets[old]
        if self._dtls is not None and self._dtls.state == "new":
            self._send(self._dtls.start())
        return forgotten

    def take_dtls(self, datagram: bytes) -> None:
        """Takes a DTLS datagram from a validated address; before `start` the last few are kept."""
        dtls = self._dtls
        if dtls is None:
            self._early = [*self._early, datagram][-_EARLY_DATAGRAMS:]
            return
        self._send(dtls.receive(datagram))
        self._follow(dtls)

    def _follow(self, dtls: DtlsSession) -> None:
        if dtls.state in ("failed", "closed"):
            self._counters[f"dtls_{dtls.state}"] += 1
            if dtls.failure:
                _log.warning("DTLS failed: %s", dtls.failure)
            self.close()
        elif dtls.state == "connected" and self.srtp is None and dtls.srtp_keys is not None:
            self.srtp = SrtpSession(dtls.srtp_keys)
            self.heard_at = self.now()
            self._settled.set()
            for edge in tuple(self._edges):
                self.set_gate(edge)

    def is_source(self, ssrc: int) -> bool:
        """Whether this SSRC may send: libsrtp keeps state for each, and a peer may name as many as it likes."""
        return ssrc in self._ssrcs or len(self._ssrcs) < _MOST_SOURCES

    def note_source(self, ssrc: int) -> None:
        """Counts the SSRC of an authentic packet among the sources."""
        self._ssrcs.add(ssrc)

    def take_rtcp(self, datagram: bytes) -> None:
        """Decrypts and acts on reports; what is not authentic or malformed is counted."""
        ssrc = int.from_bytes(datagram[4:8], "big")
        if self.srtp is None or not self.is_source(ssrc):
            self._counters["too_many_sources"] += 1
            return
        try:
            compound = rtcp.parse(self.srtp.unprotect_rtcp(datagram))
        except SrtpError as error:
            self._counters["replayed" if error.replayed else "not_authentic"] += 1
            return
        except rtcp.RtcpError:
            self._counters["malformed_rtcp"] += 1
            return
        self.note_source(ssrc)
        now = self.heard_at = self.now()
        self._counters["malformed_rtcp"] += compound.malformed
        for packet in compound.packets:
            self.inbound.take_report(packet, now)
            self.send_media(self.outbound.take(packet, now))
        for edge in self._edges:
            edge.publication.connection.send_requests()

    def send_media(self, packets: list[bytes]) -> None:
        """Protects and sends RTP packets in order."""
        path = self.path
        if packets and path is not None and self.srtp is not None:
            sock, address = path
            self._counters["refused_to_send"] += sock.send_media(packets, self.srtp, address)
            self._counters["sent"] += len(packets)

    def send_rtcp(self, packets: Iterable[rtcp.RtcpPacket]) -> None:
        """Protects and sends RTCP packets, each report or feedback a datagram of its own when together too long."""
        path = self.path
        data = rtcp.build(packets)
        if data and path is not None and self.srtp is not None:
            path[0].send(self.srtp.protect_rtcp(data), path[1])

    def send_requests(self) -> None:
        """Sends the publisher the NACK and PLI that are due."""
        now = self.now()
        if self.inbound.is_urgent(now):
            self.send_rtcp(self.inbound.requests(now))

    def notice_media(self) -> None:
        """Tells publications whose first packet has come."""
        for publication in tuple(self._silent):
            if publication.notice():
                self._silent.discard(publication)

    def tick(self, now: float) -> None:
        """Does what time makes due: DTLS retransmission, consent, feedback, reports, layer choice."""
        if self.ice.consent_expired(now):
            self._counters["consent_expired"] += 1
            self.close()
            return
        dtls = self._dtls
        if self.srtp is None:
            if dtls is not None and dtls.timeout() == 0:
                self._send(dtls.handle_timeout())
                self._follow(dtls)
            return
        self.send_rtcp(self.inbound.requests(now))
        for packet in self.inbound.feedback(now):
            self.send_rtcp((packet,))
        self.send_rtcp(self.outbound.reports(now))
        if now >= self._choose_at:
            self._choose_at = now + _LAYER_CHOICE_SECONDS
            for edge in self._edges:
                edge.media.choose_layer(now)

    def forget(self, publication: UdpPublication) -> None:
        """A publication closed: its packets are dropped from now on."""
        self.inbound.remove(publication.source)
        self._publications.pop(id(publication), None)
        self._silent.discard(publication)

    def drop(self, edge: UdpEdge) -> None:
        """An edge closed: its receiver is told."""
        self._edges.discard(edge)
        if not self._closed:
            self.send_rtcp(self.outbound.reports(self.now()))

    def close(self) -> None:
        """Ends everything of this connection (BYE and DTLS close_notify where possible). Idempotent."""
        if self._closed:
            return
        for edge in tuple(self._edges):
            edge.close()
        for publication in tuple(self._publications.values()):
            publication.close()
        self._closed = True
        if self._dtls is not None:
            self._send(self._dtls.close())
        self._settled.set()
        self._on_close(self)

    def _send(self, datagrams: Iterable[bytes]) -> None:
        path = self.path
        for datagram in datagrams:
            if path is not None:
                path[0].send(datagram, path[1])
