"""What negotiation settles and media uses: plain values in the words of W3C WebRTC and ORTC, no behaviour."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["audio", "video"]
DtlsRole = Literal["client", "server"]


@dataclass(frozen=True, slots=True)
class IceParameters:
    """A side's ICE credentials (RFC 8445 section 5.3)."""

    username_fragment: str
    password: str


@dataclass(frozen=True, slots=True)
class IceCandidate:
    """A host candidate of ours as it is written into SDP (RFC 8839 section 5.1)."""

    address: str
    port: int
    protocol: Literal["udp", "tcp"] = "udp"


@dataclass(frozen=True, slots=True)
class DtlsFingerprint:
    """A certificate's fingerprint: `algorithm` such as "sha-256", `value` upper-case hex with colons (RFC 8122)."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class RtcpFeedback:
    """One `a=rtcp-fb` capability: ("nack", ""), ("nack", "pli"), ("ccm", "fir"), ("transport-cc", "")."""

    type: str
    parameter: str = ""


@dataclass(frozen=True, slots=True)
class RtpCodec:
    """One codec as agreed on one m-line; `mime_type` such as "video/VP8", `parameters` are the fmtp pairs."""

    mime_type: str
    payload_type: int
    clock_rate: int
    channels: int = 1
    parameters: tuple[tuple[str, str], ...] = ()
    rtcp_feedback: tuple[RtcpFeedback, ...] = ()
    rtx_payload_type: int | None = None


@dataclass(frozen=True, slots=True)
class RtpHeaderExtension:
    """A header extension's URI and its id on this connection (RFC 8285)."""

    uri: str
    id: int


@dataclass(frozen=True, slots=True)
class RtpEncoding:
    """One layer of a publication: known by its SSRC, or by its rid until the first packet tells the SSRC."""

    ssrc: int | None = None
    rtx_ssrc: int | None = None
    rid: str | None = None


@dataclass(frozen=True, slots=True)
class RtpReceiveParameters:
    """What a publisher sends on one m-line: exactly one codec, plus its RTX."""

    mid: str
    kind: Kind
    codec: RtpCodec
    header_extensions: tuple[RtpHeaderExtension, ...] = ()
    encodings: tuple[RtpEncoding, ...] = field(default_factory=lambda: (RtpEncoding(),))


@dataclass(frozen=True, slots=True)
class RtpSendParameters:
    """What we send to a receiver on one m-line; payload types and extension ids are that receiver's own.

    `cname` is the one its SDP names, for SDES; edges of one publisher's stream share it, so that lips stay in step.
    """

    mid: str
    kind: Kind
    codec: RtpCodec
    ssrc: int
    rtx_ssrc: int | None
    header_extensions: tuple[RtpHeaderExtension, ...] = ()
    cname: str = ""
