"""ICE, DTLS and SRTP of a controlling peer as one: datagrams and seconds in, datagrams and plain packets out. Pure."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from shinsatsu.media.peer_description import RemoteTransport
from shinsatsu.rtc import ice, rtp, stun
from shinsatsu.rtc.dtls import Certificate, DtlsSession
from shinsatsu.rtc.ice import IceControllingAgent
from shinsatsu.rtc.parameters import IceParameters
from shinsatsu.rtc.srtp import SrtpError, SrtpSession
from shinsatsu.rtc.stun import Address

PeerState = Literal["new", "connecting", "connected", "disconnected", "failed", "closed"]

_CHECK_INTERVAL = 0.05
_CONSENT_INTERVAL = 2.5
_CONNECT_TIMEOUT = 15.0


class Datagram(NamedTuple):
    """Bytes to send to one of the candidates."""

    address: Address
    data: bytes


class Plain(NamedTuple):
    """An authentic packet, decrypted."""

    kind: Literal["rtp", "rtcp"]
    data: bytes


class PeerTransport:
    """The transport of one peer connection; `state` is in the words of RTCPeerConnection.connectionState.

    `srtp` is there once the handshake is complete; `failure` says why the state is "failed".
    """

    def __init__(self, certificate: Certificate, local: IceParameters) -> None:
        self.state: PeerState = "new"
        self.failure = ""
        self.srtp: SrtpSession | None = None
        self._certificate = certificate
        self._local = local
        self._candidates: tuple[Address, ...] = ()
        self._selected: Address | None = None
        self._agent: IceControllingAgent | None = None
        self._dtls: DtlsSession | None = None
        self._started_at = self._check_at = 0.0
        self._datagrams: list[Datagram] = []

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more."""
        return self.state in ("failed", "closed")

    @property
    def candidates(self) -> tuple[Address, ...]:
        """The other side's addresses to exchange datagrams with; once one has answered, that alone."""
        return (self._selected,) if self._selected is not None else self._candidates

    def connect(self, remote: RemoteTransport, now: float) -> None:
        """Begins to connect; later calls change nothing."""
        if self.state != "new":
            return
        self._candidates = remote.candidates
        self._agent = IceControllingAgent(self._local, remote.ice)
        self._dtls = DtlsSession(self._certificate, remote.role, remote.fingerprint)
        self._started_at = self._check_at = now
        self.state = "connecting"
        self.handle_timer(now)

    def receive(self, data: bytes, address: Address, now: float) -> Plain | None:
        """Takes a datagram; gives the media or control packet it was, None for all else (RFC 7983)."""
        if self._agent is None or self._dtls is None or self.ended or not data:
            return None
        if stun.is_stun(data):
            self._receive_stun(self._agent, data, address, now)
        elif address != self._selected:
            return None
        elif 20 <= data[0] <= 63:
            self.send(self._dtls.receive(data))
            self._follow(self._dtls)
        elif 128 <= data[0] <= 191:
            return self._decrypt(data)
        return None

    def _receive_stun(self, agent: IceControllingAgent, data: bytes, address: Address, now: float) -> None:
        try:
            answer = agent.handle(stun.parse(data), address, now)
        except stun.StunError:
            return
        if answer is not None:
            self._datagrams.append(Datagram(address, answer))
        if agent.connected and self._selected is None:
            self._selected = address
            # Nominated once more: a check to another address may have been the last one the other side saw.
            self._check_at = now
            if self._dtls is not None:
                self.send(self._dtls.start())
                self._follow(self._dtls)
        if self.state == "disconnected" and agent.consent_at == now:
            self.state = "connected"
        self.handle_timer(now)

    def _follow(self, dtls: DtlsSession) -> None:
        if dtls.state == "failed":
            self._fail(dtls.failure)
        elif dtls.state == "closed":
            self.state = "closed"
        elif dtls.srtp_keys is not None and self.srtp is None:
            self.srtp = SrtpSession(dtls.srtp_keys)
            self.state = "connected"

    def _decrypt(self, data: bytes) -> Plain | None:
        if self.srtp is None:
            return None
        try:
            if rtp.is_rtcp(data):
                return Plain("rtcp", self.srtp.unprotect_rtcp(data))
            return Plain("rtp", self.srtp.unprotect(data))
        except SrtpError:
            return None

    def next_timer(self, now: float) -> float | None:
        """When `handle_timer` is due, None when nothing is."""
        if self.state == "new" or self.ended or self._dtls is None:
            return None
        flight = self._dtls.timeout() if self._selected is not None else None
        return self._check_at if flight is None else min(self._check_at, now + flight)

    def handle_timer(self, now: float) -> None:
        """Checks, judges consent and repeats a DTLS flight, as due."""
        if self._agent is None or self._dtls is None or self.ended:
            return
        if now >= self._check_at:
            agent = self._agent
            self._datagrams += [Datagram(address, agent.request()) for address in self.candidates]
            self._check_at = now + (_CONSENT_INTERVAL if self._selected is not None else _CHECK_INTERVAL)
        self._judge_consent(self._agent, now)
        if self._selected is not None and self._dtls.timeout() == 0:
            self.send(self._dtls.handle_timeout())
            self._follow(self._dtls)

    def _judge_consent(self, agent: IceControllingAgent, now: float) -> None:
        silent = 0.0 if agent.consent_at is None else now - agent.consent_at
        if self.state == "connecting" and now - self._started_at > _CONNECT_TIMEOUT:
            self._fail("no connection within the time")
        elif agent.consent_expired(now):
            self._fail("the other side answers no more")
        elif silent > ice.DISCONNECTED_SECONDS and self.state == "connected":
            self.state = "disconnected"

    def send(self, data: Iterable[bytes]) -> None:
        """Queues protected packets or DTLS records for the address that was chosen."""
        if self._selected is not None:
            address = self._selected
            self._datagrams += [Datagram(address, each) for each in data]

    def data_to_send(self) -> list[Datagram]:
        """What to send now, in order; empty until something new is to be sent."""
        datagrams, self._datagrams = self._datagrams, []
        return datagrams

    def close(self) -> None:
        """Says close_notify. Idempotent."""
        if self.ended:
            return
        if self._dtls is not None:
            self.send(self._dtls.close())
        self.state = "closed"

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self.state = "failed"
