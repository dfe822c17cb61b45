"""What came of a negotiation: plain values that `negotiation.py` returns and `session.py` carries out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from shinsatsu.rtc.parameters import RtpReceiveParameters, RtpSendParameters
from shinsatsu.sfu.errors import ItemError


@dataclass(frozen=True, slots=True)
class Answered:
    """Our answer; for each mid pushed and each source pulled what came of it, and the mids the client has ended."""

    sdp: str
    pushed: Mapping[str, RtpReceiveParameters | ItemError]
    pulled: Sequence[RtpSendParameters | ItemError]
    ended: Collection[str]


@dataclass(frozen=True, slots=True)
class Offered:
    """Our offer, None when nothing was added; for each source the mid it will have."""

    sdp: str | None
    mids: Sequence[str | ItemError]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the client's answer made of our offer."""

    sends: Sequence[RtpSendParameters]
    refused: Mapping[str, str]
    ended: Collection[str]
