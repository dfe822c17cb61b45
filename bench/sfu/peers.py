"""One end of a load pair: a connection to the media plane over a socket of its own."""

import struct
import time

from bench.sfu.signalling import Local, Remote
from shinsatsu.rtc import stun
from shinsatsu.rtc.dtls import Certificate, DtlsSession
from shinsatsu.rtc.ice import IceControllingAgent, generate_parameters
from shinsatsu.rtc.rtcp import RtcpError, RtcpPacket, build, parse
from shinsatsu.rtc.srtp import SrtpError, SrtpSession
from shinsatsu.rtc.stun import Address
from shinsatsu.sfu.socket_io import UdpSocket

STAMP = struct.Struct("!IQ")
"""What a publisher writes into each payload: the packet's number, and when it was made in ns."""
REPORT_SECONDS = 1.0
_CONSENT_SECONDS = 2.5
_CONNECT_SECONDS = 10
_DTLS_AFTER_SECONDS = 0.05


class LoadPeer:
    """What publisher and subscriber have in common."""

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
