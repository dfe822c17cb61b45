"""The SDP of our own peers: an offer to publish, an answer to a pull, and what the other side's SDP says. Pure."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shinsatsu.media.depacketizer import DEPACKETIZED
from shinsatsu.rtc.parameters import (
    DtlsFingerprint,
    DtlsRole,
    IceParameters,
    Kind,
    RtcpFeedback,
    RtpCodec,
    RtpEncoding,
    RtpReceiveParameters,
    RtpSendParameters,
)
from shinsatsu.rtc.rtp import MID
from shinsatsu.rtc.sdp import (
    SENDING,
    HeaderExtensionOffer,
    MediaDescription,
    Msid,
    SessionDescription,
    Setup,
    Ssrc,
    SsrcGroup,
    serialize_sdp,
)
from shinsatsu.rtc.sdp_parse import parse_sdp
from shinsatsu.rtc.stun import Address

_HASHES = ("sha-256", "sha-384", "sha-512")
_RECEIVED_FEEDBACK = (RtcpFeedback("nack"), RtcpFeedback("nack", "pli"), RtcpFeedback("ccm", "fir"))

OPUS = RtpCodec("audio/opus", 111, 48000, 2, (("minptime", "10"), ("useinbandfec", "1")), _RECEIVED_FEEDBACK[:1])
VP8 = RtpCodec("video/VP8", 96, 90000, rtcp_feedback=_RECEIVED_FEEDBACK, rtx_payload_type=97)


class NegotiationError(ValueError):
    """The other side's description is not one this peer can work with; the sentence says why and quotes nothing."""


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """Our ICE credentials and certificate."""

    ice: IceParameters
    fingerprint: DtlsFingerprint


@dataclass(frozen=True, slots=True)
class RemoteTransport:
    """Where the other side is, how it proves who it is, and which DTLS role that leaves to us."""

    ice: IceParameters
    fingerprint: DtlsFingerprint
    role: DtlsRole
    candidates: tuple[Address, ...]


def publish_offer(local: LocalTransport, tracks: Sequence[RtpSendParameters], session_id: int, version: int) -> str:
    """An offer that sends each of `tracks` on an m-line of its own, all in one bundle."""
    media = tuple(_sending(local, track) for track in tracks)
    return _written(media, session_id, version)


def _sending(local: LocalTransport, track: RtpSendParameters) -> MediaDescription:
    ssrcs = [track.ssrc] + ([track.rtx_ssrc] if track.rtx_ssrc is not None else [])
    media = _described(local, MediaDescription(track.kind, mid=track.mid), track.codec, "actpass")
    return replace(
        media,
        direction="sendonly",
        header_extensions=tuple(HeaderExtensionOffer(each.id, each.uri) for each in track.header_extensions),
        msid=Msid(track.cname, f"{track.kind}-{track.mid}"),
        ssrcs=tuple(Ssrc(ssrc, track.cname) for ssrc in ssrcs),
        ssrc_groups=(SsrcGroup("FID", tuple(ssrcs)),) if len(ssrcs) == 2 else (),
    )


def accepted_tracks(answer: SessionDescription, offered: Sequence[RtpSendParameters]) -> tuple[RtpSendParameters, ...]:
    """What of the offer the answer took, with RTX and extensions as both have them; refused tracks are left out."""
    by_mid = {media.mid: media for media in answer.media if not media.rejected}
    accepted = []
    for track in offered:
        media = by_mid.get(track.mid)
        if media is None or media.direction not in ("recvonly", "sendrecv"):
            continue
        codec = next((each for each in media.codecs if each.payload_type == track.codec.payload_type), None)
        if codec is None:
            continue
        rtx = track.codec.rtx_payload_type if _rtx_of(media, codec) == track.codec.rtx_payload_type else None
        there = {extension.uri for extension in media.header_extensions}
        accepted.append(
            replace(
                track,
                codec=replace(track.codec, rtx_payload_type=rtx, rtcp_feedback=codec.rtcp_feedback),
                rtx_ssrc=track.rtx_ssrc if rtx is not None else None,
                header_extensions=tuple(each for each in track.header_extensions if each.uri in there),
            )
        )
    return tuple(accepted)


def pull_answer(
    local: LocalTransport, offer: SessionDescription, role: DtlsRole, session_id: int, version: int
) -> tuple[str, tuple[RtpReceiveParameters, ...]]:
    """An answer that receives every track whose codec we know, and what will arrive; other m-lines are refused."""
    setup: Setup = "active" if role == "client" else "passive"
    sections: list[MediaDescription] = []
    tracks: list[RtpReceiveParameters] = []
    for media in offer.media:
        kind = _kind(media)
        codec = _known_codec(media) if kind else None
        if kind is None or codec is None or media.mid is None or media.rejected:
            formats = media.formats or ("0",)
            sections.append(
                MediaDescription(media.kind, 0, media.protocol, formats, mid=media.mid, direction="inactive")
            )
            continue
        live = media.direction in SENDING
        extensions = tuple(each for each in media.header_extensions if each.uri == MID)
        section = _described(local, MediaDescription(kind, mid=media.mid, protocol=media.protocol), codec, setup)
        sections.append(replace(section, direction="recvonly" if live else "inactive", header_extensions=extensions))
        if live:
            plain = tuple(each.plain() for each in extensions)
            tracks.append(RtpReceiveParameters(media.mid, kind, codec, plain, (_encoding(media),)))
    return _written(tuple(sections), session_id, version), tuple(tracks)


def _kind(media: MediaDescription) -> Kind | None:
    if media.kind == "audio":
        return "audio"
    return "video" if media.kind == "video" else None


def _known_codec(media: MediaDescription) -> RtpCodec | None:
    for codec in media.codecs:
        if codec.mime_type.lower() in DEPACKETIZED:
            feedback = tuple(each for each in _RECEIVED_FEEDBACK if each in codec.rtcp_feedback)
            return replace(codec, rtcp_feedback=feedback, rtx_payload_type=_rtx_of(media, codec))
    return None


def _rtx_of(media: MediaDescription, codec: RtpCodec) -> int | None:
    for each in media.codecs:
        if each.mime_type.lower().endswith("/rtx") and dict(each.parameters).get("apt") == str(codec.payload_type):
            return each.payload_type
    return None


def _encoding(media: MediaDescription) -> RtpEncoding:
    for group in media.ssrc_groups:
        if group.semantics == "FID" and len(group.ssrcs) == 2:
            return RtpEncoding(ssrc=group.ssrcs[0], rtx_ssrc=group.ssrcs[1])
    return RtpEncoding(ssrc=media.ssrcs[0].ssrc if media.ssrcs else None)


def _described(local: LocalTransport, media: MediaDescription, codec: RtpCodec, setup: Setup) -> MediaDescription:
    codecs = [codec]
    if codec.rtx_payload_type is not None:
        apt = (("apt", str(codec.payload_type)),)
        codecs.append(RtpCodec(f"{media.kind}/rtx", codec.rtx_payload_type, codec.clock_rate, parameters=apt))
    return replace(
        media,
        formats=tuple(str(each.payload_type) for each in codecs),
        ice=local.ice,
        fingerprints=(local.fingerprint,),
        setup=setup,
        rtcp_mux=True,
        rtcp_rsize=True,
        codecs=tuple(codecs),
    )


def _written(media: tuple[MediaDescription, ...], session_id: int, version: int) -> str:
    bundle = tuple(each.mid for each in media if each.mid is not None and not each.rejected)
    return serialize_sdp(SessionDescription(media, session_id=session_id, version=version, bundle=bundle))


def read_description(sdp: str) -> SessionDescription:
    """Parses the other side's SDP; raises NegotiationError."""
    try:
        return parse_sdp(sdp)
    except ValueError as error:
        raise NegotiationError(str(error)) from None


def remote_transport(description: SessionDescription) -> RemoteTransport:
    """The transport all m-lines share; raises NegotiationError if there is none to use."""
    media = next((each for each in description.media if not each.rejected and each.ice), None)
    if media is None or media.ice is None:
        raise NegotiationError("no m-section has ICE credentials")
    fingerprint = next((each for each in media.fingerprints if each.algorithm.lower() in _HASHES), None)
    if fingerprint is None:
        raise NegotiationError("no fingerprint of a known hash")
    role: DtlsRole = "server" if media.setup == "active" else "client"
    candidates = tuple(
        dict.fromkeys(
            (line.address, line.port)
            for line in media.candidates
            if line.component == 1 and line.transport.lower() == "udp" and _is_address(line.address)
        )
    )
    if not candidates:
        raise NegotiationError("no UDP candidate with an address")
    return RemoteTransport(media.ice, fingerprint, role, candidates)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
