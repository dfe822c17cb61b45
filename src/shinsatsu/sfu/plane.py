"""What negotiation asks of the media side of the SFU: connections, publications and edges, as Protocols.

`transport.py` implements them on one UDP port; the contract tests of `negotiation.py` and `session.py` use a double.
All methods are called on the event loop's thread and return at once unless they are coroutines.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

from shinsatsu.rtc.parameters import (
    DtlsFingerprint,
    DtlsRole,
    IceCandidate,
    IceParameters,
    RtpReceiveParameters,
    RtpSendParameters,
)

ConnectionState = Literal["new", "connecting", "connected", "disconnected", "closed"]


class Publication(Protocol):
    """One track arriving from a publisher; its layers are the encodings of its parameters."""

    @property
    def parameters(self) -> RtpReceiveParameters: ...

    @property
    def rids(self) -> tuple[str, ...]:
        """The rids negotiated; () without simulcast."""

    def seconds_silent(self, now: float) -> float | None:
        """Seconds since the last media packet, None before the first."""

    async def wait_first_packet(self, timeout: float) -> bool:
        """Waits until a media packet was authenticated; False when `timeout` seconds passed or it was closed."""

    def close(self) -> None:
        """Stops the source: packets of it are dropped, its edges end. Idempotent."""


class Edge(Protocol):
    """One publication flowing to one receiver's m-line."""

    @property
    def parameters(self) -> RtpSendParameters: ...

    def set_paused(self, paused: bool) -> None:
        """Opens or shuts the gate; shutting empties queue and resend state at once, opening asks for a key frame."""

    def set_preferred_rid(self, rid: str | None) -> None:
        """Chooses the simulcast layer, switched to on its next key frame."""

    def close(self) -> None:
        """Ends the flow for good. Idempotent."""


class Connection(Protocol):
    """One peer connection: ICE-lite and DTLS beneath, publications and edges above."""

    @property
    def state(self) -> ConnectionState: ...

    def start(self, fingerprint: DtlsFingerprint, role: DtlsRole) -> None:
        """Gives the remote certificate's fingerprint and our DTLS role; needed once, later calls change nothing."""

    async def wait_connected(self, timeout: float) -> bool:
        """Waits for DTLS to be up; False when `timeout` seconds passed or the connection closed."""

    def receive(self, parameters: RtpReceiveParameters) -> Publication:
        """Accepts a track on one m-line of this publisher."""

    def send(self, publication: Publication, parameters: RtpSendParameters) -> Edge:
        """Makes an edge: `publication` flows to this receiver as `parameters` say, once connected, gate open."""

    def close(self) -> None:
        """Ends everything of this connection (BYE and DTLS close_notify where possible). Idempotent."""


class MediaTransport(Protocol):
    """All connections of one SFU process, on one UDP port."""

    @property
    def fingerprint(self) -> DtlsFingerprint: ...

    @property
    def candidates(self) -> tuple[IceCandidate, ...]: ...

    @property
    def counters(self) -> Mapping[str, int]:
        """What arrived and what was ignored, by reason, since the start; shown by `GET /healthz`."""

    def open(self, local: IceParameters) -> Connection:
        """Makes a connection known by its local username fragment; it is unconnected until STUN and DTLS arrive."""

    def close(self) -> None:
        """Closes every connection and the port."""
