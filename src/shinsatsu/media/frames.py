"""An encoded frame, as peers send and receive them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One picture or one audio packet; `timestamp` counts the codec's RTP clock and does not wrap.

    `key_frame`: decoding can start here, as it can at every audio packet.
    """

    data: bytes = field(repr=False)
    timestamp: int
    key_frame: bool = True
