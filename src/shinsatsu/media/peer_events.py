"""What happens on a peer connection, as `PeerProtocol` tells it."""

from dataclasses import dataclass

from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.peer_transport import PeerState


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The state is another now."""

    state: PeerState


@dataclass(frozen=True, slots=True)
class FrameReceived:
    """A whole frame of the track on this m-line, in order."""

    mid: str
    frame: EncodedFrame


@dataclass(frozen=True, slots=True)
class KeyFrameRequested:
    """The other side cannot decode what it gets of this m-line until it has a key frame (PLI, FIR)."""

    mid: str


Event = StateChanged | FrameReceived | KeyFrameRequested
