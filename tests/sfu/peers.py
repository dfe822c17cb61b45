"""Full peers towards connections of the transport, on real sockets, made of the controlling side of `rtc`."""

import asyncio
from typing import cast

from shinsatsu.rtc import rtp, stun
from shinsatsu.rtc.dtls import Certificate, DtlsSession
from shinsatsu.rtc.ice import IceControllingAgent, generate_parameters
from shinsatsu.rtc.parameters import DtlsFingerprint
from shinsatsu.rtc.rtcp import RtcpPacket, parse
from shinsatsu.rtc.srtp import SrtpSession
from shinsatsu.sfu.connection import UdpConnection
from shinsatsu.sfu.transport import UdpTransport

CERTIFICATE = Certificate.generate()
SOCKETS: list[asyncio.DatagramTransport] = []


class Peer(asyncio.DatagramProtocol):
    """A full peer towards one connection of the transport."""

    def __init__(self, transport: UdpTransport, *, fingerprint: DtlsFingerprint | None = None) -> None:
        local, remote = generate_parameters(), generate_parameters()
        self.connection: UdpConnection = transport.open(remote)
        self.ice = IceControllingAgent(local, remote)
        self.dtls = DtlsSession(CERTIFICATE, "client", transport.fingerprint)
        self.srtp: SrtpSession | None = None
        self.ready = asyncio.Event()
        self.media: asyncio.Queue[rtp.RtpPacket] = asyncio.Queue()
        self.control: asyncio.Queue[RtcpPacket] = asyncio.Queue()
        self._remote = ("127.0.0.1", transport.udp_port)
        self.connection.start(fingerprint or CERTIFICATE.fingerprint, "server")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.socket = cast(asyncio.DatagramTransport, transport)
        SOCKETS.append(self.socket)
        self.check()

    def check(self) -> None:
        self.socket.sendto(self.ice.request(), self._remote)

    def send(self, datagram: bytes) -> None:
        self.socket.sendto(datagram, self._remote)

    def publish(self, packet: rtp.RtpPacket) -> None:
        assert self.srtp is not None
        self.send(self.srtp.protect(rtp.build(packet)))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if stun.is_stun(data):
            self.ice.handle(stun.parse(data), addr, 0.0)
            if self.ice.connected and self.dtls.state == "new":
                self._send_all(self.dtls.start())
        elif data[0] < 64:
            self._send_all(self.dtls.receive(data))
            if self.srtp is None and self.dtls.srtp_keys is not None:
                self.srtp = SrtpSession(self.dtls.srtp_keys)
                self.ready.set()
        elif self.srtp is not None and rtp.is_rtcp(data):
            for packet in parse(self.srtp.unprotect_rtcp(data)).packets:
                self.control.put_nowait(packet)
        elif self.srtp is not None:
            self.media.put_nowait(rtp.parse(self.srtp.unprotect(data)))

    def _send_all(self, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            self.send(datagram)


async def a_peer(transport: UdpTransport, *, fingerprint: DtlsFingerprint | None = None) -> Peer:
    peer = Peer(transport, fingerprint=fingerprint)
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: peer, local_addr=("127.0.0.1", 0))
    return peer


async def a_connected_peer(transport: UdpTransport) -> Peer:
    peer = await a_peer(transport)
    assert await peer.connection.wait_connected(5)
    await asyncio.wait_for(peer.ready.wait(), 5)
    return peer


async def counted(transport: UdpTransport, name: str) -> None:
    """Waits until a counter has counted."""
    async with asyncio.timeout(5):
        while not transport.counters[name]:  # noqa: ASYNC110  # counters raise no event
            await asyncio.sleep(0)


async def counted_to(transport: UdpTransport, name: str, count: int) -> None:
    async with asyncio.timeout(5):
        while transport.counters[name] < count:  # noqa: ASYNC110  # counters raise no event
            await asyncio.sleep(0)
