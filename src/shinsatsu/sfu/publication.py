"""Publications and edges as negotiation holds them: handles on the pure forwarding state."""

import asyncio
from typing import TYPE_CHECKING

from shinsatsu.rtc.parameters import RtpReceiveParameters, RtpSendParameters
from shinsatsu.sfu.edge import MediaEdge
from shinsatsu.sfu.inbound import Source

if TYPE_CHECKING:
    from shinsatsu.sfu.connection import UdpConnection


class UdpPublication:
    """A track of a publisher (`plane.Publication`)."""

    def __init__(self, connection: "UdpConnection", source: Source) -> None:
        self.source = source
        self.edges: set[UdpEdge] = set()
        self.connection = connection
        self._first_packet = asyncio.Event()
        self._closed = False

    @property
    def parameters(self) -> RtpReceiveParameters:
        """As negotiated."""
        return self.source.parameters

    @property
    def rids(self) -> tuple[str, ...]:
        """The rids negotiated; () without simulcast."""
        return tuple(layer.rid for layer in self.source.layers if layer.rid is not None)

    def seconds_silent(self, now: float) -> float | None:
        """Seconds since the last media packet of any layer, None before the first."""
        last = [layer.last_packet_at for layer in self.source.layers if layer.last_packet_at is not None]
        return now - max(last) if last else None

    def notice(self) -> bool:
        """Wakes those who wait for the first packet; False as long as none came."""
        if all(layer.last_packet_at is None for layer in self.source.layers):
            return False
        self._first_packet.set()
        return True

    async def wait_first_packet(self, timeout: float) -> bool:
        """Waits until a media packet was authenticated; False when `timeout` seconds passed or it was closed."""
        try:
            await asyncio.wait_for(self._first_packet.wait(), timeout)
        except TimeoutError:
            return False
        return not self._closed

    def close(self) -> None:
        """Stops the source and ends its edges. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._first_packet.set()
        for edge in tuple(self.edges):
            edge.close()
        self.connection.forget(self)


class UdpEdge:
    """One publication flowing to one receiver (`plane.Edge`)."""

    def __init__(self, connection: "UdpConnection", publication: UdpPublication, media: MediaEdge) -> None:
        self.media = media
        self.paused = False
        self._connection = connection
        self._publication = publication
        self._closed = False
        publication.edges.add(self)

    @property
    def parameters(self) -> RtpSendParameters:
        """As negotiated."""
        return self.media.parameters

    def set_paused(self, paused: bool) -> None:
        """Shuts the gate at once, or opens it and asks for a key frame."""
        if self._closed:
            return
        self.paused = paused
        self._connection.set_gate(self)

    def set_preferred_rid(self, rid: str | None) -> None:
        """Chooses the simulcast layer, switched to on its next key frame."""
        self.media.preferred_rid = rid
        if not self._closed:
            self.media.choose_layer(self._connection.now())
            self._connection.flush(self._publication)

    @property
    def publication(self) -> UdpPublication:
        """Where it comes from."""
        return self._publication

    def close(self) -> None:
        """Ends the flow for good. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self.media.close()
        self._publication.edges.discard(self)
        self._connection.drop(self)
