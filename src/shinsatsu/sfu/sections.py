"""The m-sections of one peer connection as the SFU describes them: what each is for, and its part of our SDP."""

from dataclasses import dataclass, replace
from typing import Literal

from shinsatsu.rtc.parameters import (
    DtlsFingerprint,
    IceCandidate,
    IceParameters,
    Kind,
    RtpCodec,
    RtpReceiveParameters,
    RtpSendParameters,
)
from shinsatsu.rtc.sdp import (
    RECEIVING,
    SENDING,
    CandidateLine,
    Direction,
    HeaderExtensionOffer,
    MediaDescription,
    Msid,
    Rid,
    Setup,
    Simulcast,
    Ssrc,
    SsrcGroup,
)
from shinsatsu.sfu.capabilities import (
    AUDIO_PREFERENCE,
    choose_codec,
    encodings_of,
    extensions_from_publisher,
    rtx_codec,
)

# receive: a publication comes in; send: an edge goes out; idle: the client's, unused; closed: was an edge; rejected:
# port 0 on both sides, free for another mid (RFC 8829 section 5.2.2).
State = Literal["receive", "send", "idle", "closed", "rejected"]


@dataclass(frozen=True, slots=True)
class Section:
    """One m-section: its state, the media it carries, and `local`, our description of it without the transport."""

    state: State
    local: MediaDescription
    receive: RtpReceiveParameters | None = None
    send: RtpSendParameters | None = None

    @property
    def mid(self) -> str:
        return self.local.mid or ""

    @property
    def sent(self) -> RtpSendParameters:
        """What a sending section carries."""
        if self.send is None:
            raise TypeError("not a sending section")
        return self.send

    def closed(self) -> "Section":
        """The section once its media has ended; the other side hears of it in our next description."""
        if self.state not in ("receive", "send"):
            return self
        local = replace(self.local, direction="inactive", msid=None, ssrcs=(), ssrc_groups=(), rids=(), simulcast=None)
        return Section("idle" if self.state == "receive" else "closed", local)

    def rejected(self) -> "Section":
        """The section refused or ended for good, with port 0."""
        return rejection(self.local)


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """Our side of a connection's transport; all its m-sections share it."""

    ice: IceParameters
    fingerprint: DtlsFingerprint
    candidates: tuple[IceCandidate, ...]

    def described(self, media: MediaDescription, setup: Setup) -> MediaDescription:
        """`media` with the transport written into it; a rejected section carries none."""
        if media.rejected:
            return media
        return replace(
            media,
            ice=self.ice,
            fingerprints=(self.fingerprint,),
            setup=setup,
            candidates=tuple(_candidate_line(index, candidate) for index, candidate in enumerate(self.candidates)),
            end_of_candidates=True,
        )


def _candidate_line(index: int, candidate: IceCandidate) -> CandidateLine:
    # Type preference of a host candidate, TCP after UDP, the first named first (RFC 8445 section 5.1.2).
    preference = 126 if candidate.protocol == "udp" else 90
    priority = preference << 24 | (65535 - index) << 8 | 255
    extensions = "tcptype passive" if candidate.protocol == "tcp" else ""
    return CandidateLine(
        str(index + 1), 1, candidate.protocol, priority, candidate.address, candidate.port, "host", extensions
    )


def rejection(media: MediaDescription) -> Section:
    """Refuses `media` with port 0; its formats stay, as an m-line needs one."""
    local = MediaDescription(
        media.kind, 0, media.protocol, media.formats or ("0",), mid=media.mid, direction="inactive"
    )
    return Section("rejected", local)


def kind_of(media: MediaDescription) -> Kind | None:
    """The media kind, None for an m-section that carries neither audio nor video."""
    if media.kind == "audio":
        return "audio"
    return "video" if media.kind == "video" else None


def unused(media: MediaDescription, video_preference: tuple[str, ...]) -> Section:
    """Answers an m-section that nothing is asked of: inactive, or refused when we forward none of its codecs."""
    kind = kind_of(media)
    codec = choose_codec(media, video_preference if kind == "video" else AUDIO_PREFERENCE) if kind else None
    if codec is None:
        return rejection(media)
    return Section("idle", _content(media, codec, "inactive", extensions_from_publisher(media)))


def published(media: MediaDescription, video_preference: tuple[str, ...]) -> Section | None:
    """Answers a publisher's m-section; None when it offers no codec we forward."""
    kind = kind_of(media)
    codec = choose_codec(media, video_preference if kind == "video" else AUDIO_PREFERENCE) if kind else None
    if kind is None or codec is None:
        return None
    extensions = extensions_from_publisher(media)
    encodings = encodings_of(media)
    rids = tuple(encoding.rid for encoding in encodings if encoding.rid is not None)
    local = replace(
        _content(media, codec, "recvonly", extensions),
        rids=tuple(Rid(rid, "recv") for rid in rids),
        simulcast=Simulcast(recv=rids) if rids and media.simulcast is not None else None,
    )
    plain = tuple(extension.plain() for extension in extensions)
    return Section("receive", local, receive=RtpReceiveParameters(media.mid or "", kind, codec, plain, encodings))


def sending(
    parameters: RtpSendParameters, extensions: tuple[HeaderExtensionOffer, ...], like: MediaDescription | None = None
) -> Section:
    """Describes an edge; `like` is the client's own m-section where it answers one."""
    media = like or MediaDescription(parameters.kind, mid=parameters.mid, rtcp_rsize=True)
    ssrcs = [parameters.ssrc] + ([parameters.rtx_ssrc] if parameters.rtx_ssrc is not None else [])
    local = replace(
        _content(media, parameters.codec, "sendonly", extensions),
        mid=parameters.mid,
        # One stream for all that a publisher's own stream groups, so that receivers keep lips in step.
        msid=Msid(parameters.cname, f"{parameters.ssrc:08x}"),
        ssrcs=tuple(Ssrc(ssrc, parameters.cname) for ssrc in ssrcs),
        ssrc_groups=(SsrcGroup("FID", tuple(ssrcs)),) if len(ssrcs) == 2 else (),
    )
    return Section("send", local, send=parameters)


def _content(
    media: MediaDescription, codec: RtpCodec, direction: Direction, extensions: tuple[HeaderExtensionOffer, ...]
) -> MediaDescription:
    codecs = (codec, *rtx_codec(codec))
    return MediaDescription(
        media.kind,
        9,
        media.protocol,
        tuple(str(known.payload_type) for known in codecs),
        mid=media.mid,
        direction=direction,
        rtcp_mux=True,
        rtcp_rsize=media.rtcp_rsize,
        codecs=codecs,
        header_extensions=extensions,
    )


def kept(section: Section, media: MediaDescription) -> Section | None:
    """An active section offered again by the client; None when the client no longer offers its codec.

    A publisher that stopped sending for now is answered inactive and stays; a receiver that stopped is closed.
    """
    carried = section.receive or section.send
    if carried is None or carried.codec.payload_type not in {codec.payload_type for codec in media.codecs}:
        return None
    if section.state == "send":
        return section if media.direction in RECEIVING else section.closed()
    direction: Direction = "recvonly" if media.direction in SENDING else "inactive"
    return replace(section, local=replace(section.local, direction=direction))
