"""All connections of one SFU process on one UDP port: sockets, the packet loop, timers.

Wake-ups cost more than packets: a loop that found many looks again half a millisecond later instead of waiting to be
woken by the next one, and waits again when a look finds nothing.
"""

import asyncio
import ipaddress
import struct
import time
from collections import Counter
from collections.abc import Sequence

from shinsatsu.rtc import stun
from shinsatsu.rtc.dtls import Certificate
from shinsatsu.rtc.parameters import DtlsFingerprint, IceCandidate, IceParameters
from shinsatsu.rtc.stun import Address
from shinsatsu.sfu.connection import UdpConnection
from shinsatsu.sfu.forwarding import forward
from shinsatsu.sfu.inbound import Inbound
from shinsatsu.sfu.outbound import Outbound
from shinsatsu.sfu.socket_io import UdpSocket

_DRAIN = 64
_BUSY = 4
_LOOK_AGAIN_SECONDS = 0.0005
_TICK_SECONDS = 0.05
_MAX_PACKET = 1600
_SSRC = struct.Struct("!I")


class UdpTransport:
    """The media transport of an SFU (`plane.MediaTransport`); made by `bind` on a running event loop."""

    def __init__(self, sockets: list[UdpSocket], candidates: tuple[IceCandidate, ...]) -> None:
        self.counters: Counter[str] = Counter()
        self._sockets = sockets
        self._candidates = candidates
        self._certificate = Certificate.generate()
        self._by_fragment: dict[str, UdpConnection] = {}
        self._by_address: dict[Address, UdpConnection] = {}
        self._by_outbound: dict[Outbound, UdpConnection] = {}
        self._batch: list[tuple[Inbound, bytes]] = []
        self._publishers: dict[UdpConnection, None] = {}
        self._now = 0.0
        self._loop = asyncio.get_running_loop()
        self._closed = False
        for sock in sockets:
            self._loop.add_reader(sock.fileno(), self._read, sock)
        self._ticker = self._loop.call_later(_TICK_SECONDS, self._tick)

    @classmethod
    async def bind(
        cls, *, udp_port: int = 0, binds: Sequence[str] = (), advertises: Sequence[str] = ()
    ) -> "UdpTransport":
        """Binds every address of `binds` (none: loopback) on one port (0: any free); offers `advertises`, else those.

        `advertises` are "IP", "IP:PORT" or "[IPv6]:PORT". Raises OSError if an address cannot be bound, ValueError
        if one to advertise is no IP address that can be sent to, or all addresses are bound and none is advertised.
        """
        sockets: list[UdpSocket] = []
        try:
            for host in binds or ("127.0.0.1",):
                port = sockets[0].address[1] if sockets else udp_port
                sockets.append(UdpSocket(host, port))
            port = sockets[0].address[1]
            named = advertises or [_in_brackets(sock.address[0]) for sock in sockets]
            candidates = tuple(candidate(text, port) for text in named)
        except (OSError, ValueError):
            for sock in sockets:
                sock.close()
            raise
        return cls(sockets, candidates)

    @property
    def fingerprint(self) -> DtlsFingerprint:
        """Of the certificate of this process."""
        return self._certificate.fingerprint

    @property
    def udp_port(self) -> int:
        """The port bound."""
        return self._sockets[0].address[1]

    @property
    def candidates(self) -> tuple[IceCandidate, ...]:
        """Where browsers may send to."""
        return self._candidates

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._by_fragment)

    def open(self, local: IceParameters) -> UdpConnection:
        """Makes a connection known by its local username fragment."""
        if local.username_fragment in self._by_fragment:
            raise ValueError("the username fragment is in use")
        connection = UdpConnection(local, self._certificate, self.counters, time.monotonic, self._forget)
        self._by_fragment[local.username_fragment] = connection
        self._by_outbound[connection.outbound] = connection
        return connection

    def close(self) -> None:
        """Closes every connection and the port. Idempotent."""
        if self._closed:
            return
        self._closed = True
        for connection in tuple(self._by_fragment.values()):
            connection.close()
        self._ticker.cancel()
        for sock in self._sockets:
            self._loop.remove_reader(sock.fileno())
            sock.close()

    def _forget(self, connection: UdpConnection) -> None:
        self._by_fragment.pop(connection.ice.local.username_fragment, None)
        self._by_outbound.pop(connection.outbound, None)
        for address in connection.addresses:
            if self._by_address.get(address) is connection:
                del self._by_address[address]

    def _read(self, sock: UdpSocket) -> None:
        """The socket is readable: what comes in bursts is looked for by a timer until a look finds nothing."""
        if self._take(sock) >= _BUSY:
            self._loop.remove_reader(sock.fileno())
            self._loop.call_later(_LOOK_AGAIN_SECONDS, self._look_again, sock)

    def _look_again(self, sock: UdpSocket) -> None:
        if self._closed:
            return
        count = self._take(sock)
        if count >= _DRAIN:
            self._loop.call_soon(self._look_again, sock)
        elif count:
            self._loop.call_later(_LOOK_AGAIN_SECONDS, self._look_again, sock)
        else:
            self._loop.add_reader(sock.fileno(), self._read, sock)

    def _take(self, sock: UdpSocket) -> int:
        self._now = time.monotonic()
        count = sock.drain(_DRAIN, self._sort)
        if self._batch:
            self._forward()
        return count

    def _forward(self) -> None:
        batch, self._batch = self._batch, []
        publishers, self._publishers = self._publishers, {}
        connections = self._by_outbound
        for outbound, packets in forward(batch, self._now).items():
            connections[outbound].send_media(packets)
        self.counters["received"] += len(batch)
        for connection in publishers:
            self.counters["dropped"] += connection.inbound.take_dropped()
            connection.notice_media()
            connection.send_requests()

    def _sort(self, sock: UdpSocket, offset: int, size: int, address: Address) -> None:
        """Tells STUN, DTLS, RTP and RTCP apart (RFC 7983); anything else is counted and ignored."""
        view = sock.received.view
        first = view[offset] if size else 255
        if size > _MAX_PACKET:
            self.counters["garbage"] += 1
        elif 128 <= first <= 191 and size >= 12:
            self._take_srtp(sock, offset, size, address)
        elif 20 <= first <= 63:
            self._take_dtls(bytes(view[offset : offset + size]), address)
        elif first < 4:
            self._take_stun(bytes(view[offset : offset + size]), sock, address)
        else:
            self.counters["garbage"] += 1

    def _take_srtp(self, sock: UdpSocket, offset: int, size: int, address: Address) -> None:
        connection = self._by_address.get(address)
        if connection is None or connection.srtp is None:
            self.counters["unknown_address"] += 1
            return
        view = sock.received.view
        if 192 <= view[offset + 1] <= 223:
            connection.take_rtcp(bytes(view[offset : offset + size]))
            return
        ssrc: int = _SSRC.unpack_from(view, offset + 8)[0]
        if not connection.is_source(ssrc):
            self.counters["too_many_sources"] += 1
            return
        written = connection.srtp.unprotect_at(sock.received.data + offset, size)
        if written < 0:
            self.counters["replayed" if written in (-9, -10) else "not_authentic"] += 1
            return
        connection.note_source(ssrc)
        connection.heard_at = self._now
        self._publishers[connection] = None
        self._batch.append((connection.inbound, bytes(view[offset : offset + written])))

    def _take_dtls(self, datagram: bytes, address: Address) -> None:
        connection = self._by_address.get(address)
        if connection is None:
            self.counters["unknown_address"] += 1
            return
        connection.take_dtls(datagram)

    def _take_stun(self, datagram: bytes, sock: UdpSocket, address: Address) -> None:
        try:
            message = stun.parse(datagram)
        except stun.StunError:
            self.counters["garbage"] += 1
            return
        if message.type != stun.BINDING_REQUEST:
            return  # a lite agent asks nothing; indications need no answer
        names = stun.usernames(message)
        if names is None:
            self.counters["stun_refused"] += 1
            sock.send(stun.binding_error(message, 400, "Bad Request"), address)
            return
        connection = self._by_fragment.get(names.local)
        if connection is None:
            self.counters["unknown_username"] += 1
            sock.send(stun.binding_error(message, 401, "Unauthenticated"), address)
            return
        for forgotten in connection.take_stun(message, sock, address):
            if self._by_address.get(forgotten) is connection:
                del self._by_address[forgotten]
        if connection.ice.is_validated(address):
            self._by_address[address] = connection

    def _tick(self) -> None:
        self._ticker = self._loop.call_later(_TICK_SECONDS, self._tick)
        now = time.monotonic()
        self.counters["send_blocked"] = sum(sock.blocked for sock in self._sockets)
        for connection in tuple(self._by_fragment.values()):
            connection.tick(now)


def candidate(text: str, port: int) -> IceCandidate:
    """Reads "IP", "IP:PORT" or "[IPv6]:PORT"; raises ValueError for what no browser could send to."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is not of the form [IPv6]:PORT")
        port = int(rest[1:] or port)
    elif text.count(":") == 1:
        host, _, rest = text.partition(":")
        port = int(rest)
    else:
        host = text
    address = ipaddress.ip_address(host.partition("%")[0])
    if address.is_unspecified or address.is_multicast:
        raise ValueError(f"{host} is no address to send to: name one to advertise")
    if not 1 <= port <= 65535:
        raise ValueError(f"{text!r}: the port must be 1 to 65535")
    return IceCandidate(str(address), port)


def _in_brackets(host: str) -> str:
    return f"[{host}]" if ":" in host else host
