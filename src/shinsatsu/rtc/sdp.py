"""Session descriptions as WebRTC uses them: the model, and its text (RFC 8866, RFC 8829). Reading is `sdp_parse`.

Session-level credentials, fingerprints, setup and directions are held by each m-section they apply to; what the SFU has
no use for is not kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from shinsatsu.rtc.parameters import DtlsFingerprint, IceParameters, RtpCodec, RtpHeaderExtension

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
RidDirection = Literal["send", "recv"]
Setup = Literal["actpass", "active", "passive", "holdconn"]

SENDING: frozenset[Direction] = frozenset({"sendrecv", "sendonly"})
RECEIVING: frozenset[Direction] = frozenset({"sendrecv", "recvonly"})

RTP_PROTOCOL = "UDP/TLS/RTP/SAVPF"


class SdpError(ValueError):
    """Malformed SDP; `line` counts from 1, `reason` says what is wrong with it and never quotes the SDP at length."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"SDP line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class HeaderExtensionOffer:
    """One `a=extmap`; `direction` only where the line restricts it (RFC 8285 section 8)."""

    id: int
    uri: str
    direction: Direction | None = None

    def plain(self) -> RtpHeaderExtension:
        """The extension without its direction, as media uses it."""
        return RtpHeaderExtension(uri=self.uri, id=self.id)


@dataclass(frozen=True, slots=True)
class Ssrc:
    """A source named by `a=ssrc` lines (RFC 5576)."""

    ssrc: int
    cname: str | None = None
    msid: str | None = None


@dataclass(frozen=True, slots=True)
class SsrcGroup:
    """An `a=ssrc-group`, such as ("FID", (media, rtx))."""

    semantics: str
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Msid:
    """`a=msid`: the MediaStream ("-" for none) and the track in it (RFC 8830)."""

    stream: str
    track: str = ""


@dataclass(frozen=True, slots=True)
class Rid:
    """`a=rid`: one layer; its restrictions are text (RFC 8851)."""

    id: str
    direction: RidDirection
    restrictions: str = ""


@dataclass(frozen=True, slots=True)
class Simulcast:
    """`a=simulcast`: rids in order of preference, the first alternative of each, paused or not (RFC 8853)."""

    send: tuple[str, ...] = ()
    recv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """`a=candidate` (RFC 8839 section 5.1); `address` may be an mDNS name."""

    foundation: str
    component: int
    transport: str
    priority: int
    address: str
    port: int
    type: str
    extensions: str = ""


@dataclass(frozen=True, slots=True)
class MediaDescription:
    """One m-section. `codecs` are the formats that have a mapping, RTX among them with its `apt` as a parameter."""

    kind: str
    port: int = 9
    protocol: str = RTP_PROTOCOL
    formats: tuple[str, ...] = ()
    mid: str | None = None
    direction: Direction = "sendrecv"
    ice: IceParameters | None = None
    fingerprints: tuple[DtlsFingerprint, ...] = ()
    setup: Setup | None = None
    rtcp_mux: bool = False
    rtcp_rsize: bool = False
    bundle_only: bool = False
    codecs: tuple[RtpCodec, ...] = ()
    header_extensions: tuple[HeaderExtensionOffer, ...] = ()
    msid: Msid | None = None
    ssrcs: tuple[Ssrc, ...] = ()
    ssrc_groups: tuple[SsrcGroup, ...] = ()
    rids: tuple[Rid, ...] = ()
    simulcast: Simulcast | None = None
    candidates: tuple[CandidateLine, ...] = ()
    end_of_candidates: bool = False
    sctp_port: int | None = None

    @property
    def rejected(self) -> bool:
        """Whether the section is refused or ended: port 0 without bundle-only (RFC 8829 section 5.3.1)."""
        return self.port == 0 and not self.bundle_only


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole description; `bundle` are the mids of its BUNDLE group, () without one."""

    media: tuple[MediaDescription, ...]
    session_id: int = 0
    version: int = 0
    bundle: tuple[str, ...] = ()
    ice_lite: bool = False
    extmap_allow_mixed: bool = False


def serialize_sdp(description: SessionDescription) -> str:
    """Writes the description with CRLF line ends."""
    return "".join(f"{line}\r\n" for line in _session_lines(description))


def _session_lines(description: SessionDescription) -> Iterator[str]:
    yield "v=0"
    yield f"o=- {description.session_id} {description.version} IN IP4 127.0.0.1"
    yield "s=-"
    yield "t=0 0"
    if description.bundle:
        yield f"a=group:BUNDLE {' '.join(description.bundle)}"
    if description.extmap_allow_mixed:
        yield "a=extmap-allow-mixed"
    yield "a=msid-semantic: WMS *"
    if description.ice_lite:
        yield "a=ice-lite"
    for media in description.media:
        yield from _media_lines(media)


def _media_lines(media: MediaDescription) -> Iterator[str]:
    yield f"m={media.kind} {media.port} {media.protocol} {' '.join(media.formats)}"
    yield "c=IN IP4 0.0.0.0"
    yield from _transport_lines(media)
    if media.mid is not None:
        yield f"a=mid:{media.mid}"
    for extension in media.header_extensions:
        direction = f"/{extension.direction}" if extension.direction else ""
        yield f"a=extmap:{extension.id}{direction} {extension.uri}"
    yield f"a={media.direction}"
    if media.msid is not None:
        yield f"a=msid:{media.msid.stream} {media.msid.track}".rstrip()
    yield from _flag_lines(media)
    for codec in media.codecs:
        yield from _codec_lines(codec)
    yield from _source_lines(media)
    for candidate in media.candidates:
        yield _candidate_line(candidate)
    if media.end_of_candidates:
        yield "a=end-of-candidates"


def _transport_lines(media: MediaDescription) -> Iterator[str]:
    if media.ice is not None:
        yield f"a=ice-ufrag:{media.ice.username_fragment}"
        yield f"a=ice-pwd:{media.ice.password}"
    for fingerprint in media.fingerprints:
        yield f"a=fingerprint:{fingerprint.algorithm} {fingerprint.value}"
    if media.setup is not None:
        yield f"a=setup:{media.setup}"


def _flag_lines(media: MediaDescription) -> Iterator[str]:
    if media.bundle_only:
        yield "a=bundle-only"
    if media.rtcp_mux:
        yield "a=rtcp-mux"
    if media.rtcp_rsize:
        yield "a=rtcp-rsize"
    if media.sctp_port is not None:
        yield f"a=sctp-port:{media.sctp_port}"


def _codec_lines(codec: RtpCodec) -> Iterator[str]:
    payload_type, name = codec.payload_type, codec.mime_type.partition("/")[2]
    channels = f"/{codec.channels}" if codec.channels != 1 else ""
    yield f"a=rtpmap:{payload_type} {name}/{codec.clock_rate}{channels}"
    for feedback in codec.rtcp_feedback:
        yield f"a=rtcp-fb:{payload_type} {feedback.type} {feedback.parameter}".rstrip()
    if codec.parameters:
        pairs = ";".join(f"{key}={value}" if value else key for key, value in codec.parameters)
        yield f"a=fmtp:{payload_type} {pairs}"


def _source_lines(media: MediaDescription) -> Iterator[str]:
    for rid in media.rids:
        yield f"a=rid:{rid.id} {rid.direction} {rid.restrictions}".rstrip()
    if media.simulcast is not None:
        parts = [("send", media.simulcast.send), ("recv", media.simulcast.recv)]
        yield "a=simulcast:" + " ".join(f"{word} {';'.join(rids)}" for word, rids in parts if rids)
    for group in media.ssrc_groups:
        yield f"a=ssrc-group:{group.semantics} {' '.join(map(str, group.ssrcs))}"
    for source in media.ssrcs:
        for name, value in (("cname", source.cname), ("msid", source.msid)):
            if value is not None:
                yield f"a=ssrc:{source.ssrc} {name}:{value}"


def _candidate_line(candidate: CandidateLine) -> str:
    text = (
        f"a=candidate:{candidate.foundation} {candidate.component} {candidate.transport} {candidate.priority}"
        f" {candidate.address} {candidate.port} typ {candidate.type} {candidate.extensions}"
    )
    return text.rstrip()
