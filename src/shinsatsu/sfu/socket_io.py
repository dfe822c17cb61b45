"""One UDP socket of the SFU: few system calls for many packets.

Reading takes what the kernel has coalesced (UDP_GRO) straight into memory libsrtp works on; writing sends runs of equal
packets to one address as one call (UDP_SEGMENT). Where the kernel or a path refuses, plain calls do.
"""

import errno
import socket
import struct
from collections.abc import Callable
from typing import Any

from shinsatsu.rtc.srtp import TRAILER, Buffer, SrtpSession
from shinsatsu.rtc.stun import Address

_UDP_SEGMENT, _UDP_GRO = 103, 104
_BUFFER_BYTES = 4 * 1024 * 1024
_MAX_DATAGRAM = 65535
_MAX_SEGMENTS = 60
_MAX_RUN_BYTES = 64000
_ANCILLARY_BYTES = socket.CMSG_SPACE(4)
_REFUSALS = (errno.EIO, errno.EINVAL, errno.EOPNOTSUPP, errno.EMSGSIZE, errno.ENOPROTOOPT)

Sink = Callable[["UdpSocket", int, int, Address], None]
"""Called with the socket, offset and size of a datagram in `received`, and where it came from."""


class UdpSocket:
    """A bound, non-blocking socket; `received` is the memory its datagrams are read into."""

    _send_buffer: Buffer | None = None
    _receive_buffer: Buffer | None = None

    def __init__(self, host: str, port: int, *, segments: bool = True) -> None:
        """Raises OSError if the address cannot be bound; without `segments` every packet is a system call."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._configure(family)
            self.socket.bind((host, port))
        except OSError:
            self.socket.close()
            raise
        self.address: Address = self.socket.getsockname()[:2]
        self.blocked = 0
        self._segments = segments
        self.received = self._shared("_receive_buffer", _MAX_DATAGRAM + TRAILER)
        self._outgoing = self._shared("_send_buffer", _MAX_DATAGRAM + TRAILER)
        self._receive_views = [self.received.view[:_MAX_DATAGRAM]]

    @classmethod
    def _shared(cls, name: str, size: int) -> Buffer:
        """One buffer for all sockets: they are served by one thread, and keep nothing in it between calls."""
        buffer: Buffer | None = getattr(cls, name)
        if buffer is None:
            buffer = Buffer(size)
            setattr(cls, name, buffer)
        return buffer

    def _configure(self, family: socket.AddressFamily) -> None:
        self.socket.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self.socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
        if family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            self.socket.setsockopt(socket.IPPROTO_UDP, _UDP_GRO, 1)
        except OSError:
            return  # a kernel before 5.0: datagrams come one by one

    def fileno(self) -> int:
        """The file descriptor, for the event loop."""
        return self.socket.fileno()

    def close(self) -> None:
        """Closes the socket."""
        self.socket.close()

    def drain(self, limit: int, sink: Sink) -> int:
        """Reads at most about `limit` datagrams and gives each to `sink`; returns how many there were."""
        count = 0
        receive, views = self.socket.recvmsg_into, self._receive_views
        while count < limit:
            try:
                size, ancillary, _, address = receive(views, _ANCILLARY_BYTES)
            except BlockingIOError:
                break
            except OSError:
                continue  # an ICMP error of an earlier send, reported once
            step = _segment_size(ancillary) if ancillary else size
            peer = address[:2]
            if step >= size:
                sink(self, 0, size, peer)
                count += 1
                continue
            for offset in range(0, size, step):
                sink(self, offset, min(step, size - offset), peer)
                count += 1
        return count

    def send(self, datagram: bytes | memoryview, address: Address) -> None:
        """Sends one datagram; what the kernel does not take is lost, as on the network."""
        try:
            self.socket.sendto(datagram, address)
        except OSError:
            self.blocked += 1

    def send_media(self, packets: list[bytes], srtp: SrtpSession, address: Address) -> int:
        """Protects RTP packets and sends them in order; returns how many libsrtp refused."""
        outgoing, protect, tag_size = self._outgoing, srtp.protect_at, srtp.tag_size
        view, data = outgoing.view, outgoing.data
        refused = end = segment = count = 0
        for packet in packets:
            size = len(packet)
            if count and (size + tag_size > segment or count == _MAX_SEGMENTS or end + segment > _MAX_RUN_BYTES):
                self._send_run(view[:end], segment, count, address)
                end = count = 0
            view[end : end + size] = packet
            written = protect(data + end, size)
            if written < 0:
                refused += 1
                continue
            end += written
            count += 1
            if count == 1:
                segment = written
            elif written < segment:  # only the last of a run may be shorter
                self._send_run(view[:end], segment, count, address)
                end = count = 0
        if count:
            self._send_run(view[:end], segment, count, address)
        return refused

    def _send_run(self, run: memoryview, segment: int, count: int, address: Address) -> None:
        if count == 1:
            self.send(run, address)
            return
        if self._segments:
            control: list[tuple[int, int, Any]] = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("=H", segment))]
            try:
                self.socket.sendmsg([run], control, 0, address)
            except OSError as error:
                if error.errno not in _REFUSALS:
                    self.blocked += count
                    return
                self._segments = False
            else:
                return
        for offset in range(0, len(run), segment):
            self.send(run[offset : offset + segment], address)


def _segment_size(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_UDP and kind == _UDP_GRO:
            return int(struct.unpack("=i", data[:4])[0])
    return _MAX_DATAGRAM
