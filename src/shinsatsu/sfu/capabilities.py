"""Which codecs, feedback and header extensions the SFU takes and gives, and the numbers they have on one connection."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from shinsatsu.rtc.parameters import RtcpFeedback, RtpCodec, RtpEncoding, RtpReceiveParameters
from shinsatsu.rtc.sdp import SENDING, Direction, HeaderExtensionOffer, MediaDescription, SessionDescription

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_WIDE_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
VIDEO_ORIENTATION = "urn:3gpp:video-orientation"
PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

_FROM_PUBLISHERS = {
    "audio": (MID, ABS_SEND_TIME, TRANSPORT_WIDE_CC, AUDIO_LEVEL),
    "video": (MID, RID, REPAIRED_RID, ABS_SEND_TIME, TRANSPORT_WIDE_CC, VIDEO_ORIENTATION, PLAYOUT_DELAY),
}
_TO_EVERY_RECEIVER = (MID, ABS_SEND_TIME, TRANSPORT_WIDE_CC)
_FROM_SOURCE = (AUDIO_LEVEL, VIDEO_ORIENTATION, PLAYOUT_DELAY)

NACK, PLI, FIR = RtcpFeedback("nack"), RtcpFeedback("nack", "pli"), RtcpFeedback("ccm", "fir")
TRANSPORT_CC, REMB = RtcpFeedback("transport-cc"), RtcpFeedback("goog-remb")
_FEEDBACK = {"audio": (NACK, TRANSPORT_CC), "video": (NACK, PLI, FIR, TRANSPORT_CC, REMB)}

AUDIO_PREFERENCE = ("audio/opus",)
VIDEO_PREFERENCE = ("video/VP8", "video/H264")
_ANSWERED_PARAMETERS = {
    "audio/opus": (("minptime", "10"), ("useinbandfec", "1")),
    "video/VP8": (),
    "video/H264": (("level-asymmetry-allowed", "1"), ("packetization-mode", "1"), ("profile-level-id", "42e01f")),
}
_USUAL_PAYLOAD_TYPES = {"audio/opus": 111, "video/VP8": 96, "video/H264": 108}
# RFC 5761 leaves 64 to 95 to RTCP where both share a port.
_FREE_PAYLOAD_TYPES = (*range(96, 128), *range(35, 64))
# One-byte headers end at 14 (RFC 8285 section 4.2).
_MOST_EXTENSION_ID = 14
_MOST_LAYERS = 4


def choose_codec(media: MediaDescription, preference: Sequence[str]) -> RtpCodec | None:
    """The one codec to answer a publisher's m-section with, its RTX included; None when it offers none we forward."""
    for mime_type in preference:
        for codec in media.codecs:
            if codec.mime_type.lower() == mime_type.lower() and _forwarded(codec):
                return _answered(media, codec, mime_type)
    return None


def find_codec(media: MediaDescription, wanted: RtpCodec) -> RtpCodec | None:
    """The receiver's own numbering of the publication's codec `wanted`; None when it doesn't take it."""
    found = choose_codec(media, (wanted.mime_type,))
    return None if found is None else _promised(found)


def _promised(codec: RtpCodec) -> RtpCodec:
    """`codec` for a receiver: without NACK where there is no RTX to answer it with (docs/decisions/0004)."""
    if codec.rtx_payload_type is not None:
        return codec
    return replace(codec, rtcp_feedback=tuple(known for known in codec.rtcp_feedback if known != NACK))


def _forwarded(codec: RtpCodec) -> bool:
    if codec.mime_type.lower() == "audio/opus":
        return (codec.clock_rate, codec.channels) == (48000, 2)
    if codec.mime_type.lower() != "video/h264":
        return codec.clock_rate == 90000
    settings = dict(codec.parameters)
    constrained_baseline = settings.get("profile-level-id", "").lower().startswith(("42e0", "42c0"))
    return settings.get("packetization-mode") == "1" and constrained_baseline


def _answered(media: MediaDescription, codec: RtpCodec, mime_type: str) -> RtpCodec:
    return replace(
        codec,
        mime_type=mime_type,
        parameters=_ANSWERED_PARAMETERS[mime_type],
        rtcp_feedback=common_feedback(media.kind, codec.rtcp_feedback),
        rtx_payload_type=_rtx_of(media.codecs, codec.payload_type),
    )


def _rtx_of(codecs: Iterable[RtpCodec], payload_type: int) -> int | None:
    for codec in codecs:
        if codec.mime_type.lower().endswith("/rtx") and dict(codec.parameters).get("apt") == str(payload_type):
            return codec.payload_type
    return None


def common_feedback(kind: str, offered: Iterable[RtcpFeedback]) -> tuple[RtcpFeedback, ...]:
    """The feedback both sides speak; REMB only where the other side has no transport-wide feedback."""
    there = set(offered)
    return tuple(
        feedback
        for feedback in _FEEDBACK[kind]
        if feedback in there and not (feedback == REMB and TRANSPORT_CC in there)
    )


def accepted_codec(media: MediaDescription, offered: RtpCodec) -> RtpCodec | None:
    """What of our offered codec an answer took; None when it took the codec itself not, or under another number."""
    for codec in media.codecs:
        if codec.payload_type == offered.payload_type and codec.mime_type.lower() == offered.mime_type.lower():
            rtx = _rtx_of(media.codecs, codec.payload_type)
            answered = replace(
                offered,
                rtcp_feedback=common_feedback(media.kind, codec.rtcp_feedback),
                rtx_payload_type=rtx if rtx == offered.rtx_payload_type else None,
            )
            return _promised(answered)
    return None


def rtx_codec(codec: RtpCodec) -> Iterator[RtpCodec]:
    """The RTX codec of `codec` as its own line of SDP, if it has one (RFC 4588)."""
    if codec.rtx_payload_type is not None:
        kind = codec.mime_type.partition("/")[0]
        apt = (("apt", str(codec.payload_type)),)
        yield RtpCodec(f"{kind}/rtx", codec.rtx_payload_type, codec.clock_rate, parameters=apt)


def extensions_from_publisher(media: MediaDescription) -> tuple[HeaderExtensionOffer, ...]:
    """The extensions answered to a publisher: those it may send that we read or pass on."""
    kept = _FROM_PUBLISHERS[media.kind]
    usable = (offer for offer in media.header_extensions if offer.uri in kept and offer.id <= _MOST_EXTENSION_ID)
    mirrored: dict[Direction, Direction] = {"sendonly": "recvonly"}
    return tuple(
        replace(offer, direction=mirrored.get(offer.direction) if offer.direction else None)
        for offer in usable
        if offer.direction is None or offer.direction in SENDING
    )


def extensions_to_receiver(source: RtpReceiveParameters) -> tuple[str, ...]:
    """The URIs worth offering to a receiver of `source`: our own, and those its publisher sends."""
    sent = {extension.uri for extension in source.header_extensions}
    return (*_TO_EVERY_RECEIVER, *(uri for uri in _FROM_SOURCE if uri in sent))


def encodings_of(media: MediaDescription) -> tuple[RtpEncoding, ...]:
    """The layers a publisher's m-section announces: by rid where it has rids and sends them, else by its SSRCs."""
    rids = _sent_rids(media)
    if rids:
        return tuple(RtpEncoding(rid=rid) for rid in rids)
    for group in media.ssrc_groups:
        if group.semantics == "FID" and len(group.ssrcs) == 2:
            return (RtpEncoding(ssrc=group.ssrcs[0], rtx_ssrc=group.ssrcs[1]),)
    return (RtpEncoding(ssrc=media.ssrcs[0].ssrc if media.ssrcs else None),)


def _sent_rids(media: MediaDescription) -> tuple[str, ...]:
    if not any(extension.uri == RID for extension in extensions_from_publisher(media)):
        return ()
    sent = [rid.id for rid in media.rids if rid.direction == "send"]
    if media.simulcast is not None:
        # The order of preference is that of a=simulcast, not of the a=rid lines (RFC 8853 section 5.2).
        sent = [rid for rid in media.simulcast.send if rid in sent]
    return tuple(sent[:_MOST_LAYERS])


@dataclass(slots=True)
class Numbers:
    """The payload types and extension ids in use on one connection: what the peer named first is kept to (RFC 8843)."""

    payload_types: dict[int, str] = field(default_factory=dict)
    extension_ids: dict[int, str] = field(default_factory=dict)

    def learned(self, description: SessionDescription) -> "Numbers":
        """These numbers with those of a peer's description added; self stays as it is."""
        learned = Numbers(dict(self.payload_types), dict(self.extension_ids))
        for media in description.media:
            learned.payload_types |= {codec.payload_type: _identity(codec) for codec in media.codecs}
            learned.extension_ids |= {extension.id: extension.uri for extension in media.header_extensions}
        return learned

    def codec(self, codec: RtpCodec) -> RtpCodec:
        """`codec` under this connection's numbers, with all the feedback we can use; ValueError when none are left."""
        own = replace(codec, rtcp_feedback=_FEEDBACK[codec.mime_type.partition("/")[0]])
        own = replace(own, payload_type=self._payload_type(_identity(own), _USUAL_PAYLOAD_TYPES[codec.mime_type]))
        if not codec.mime_type.startswith("video/"):
            return _promised(replace(own, rtx_payload_type=None))
        rtx = self._payload_type(f"rtx/{own.payload_type}", own.payload_type + 1)
        return replace(own, rtx_payload_type=rtx)

    def extension(self, uri: str) -> HeaderExtensionOffer | None:
        """The extension under this connection's id; None when the peer's own ids leave no room for it."""
        for id_, known in self.extension_ids.items():
            if known == uri and id_ <= _MOST_EXTENSION_ID:
                return HeaderExtensionOffer(id_, uri)
        for id_ in range(1, _MOST_EXTENSION_ID + 1):
            if id_ not in self.extension_ids:
                self.extension_ids[id_] = uri
                return HeaderExtensionOffer(id_, uri)
        return None

    def _payload_type(self, identity: str, usual: int) -> int:
        for used, known in self.payload_types.items():
            if known == identity:
                return used
        candidates: tuple[int, ...] = (
            (usual, *_FREE_PAYLOAD_TYPES) if usual in _FREE_PAYLOAD_TYPES else _FREE_PAYLOAD_TYPES
        )
        for free in candidates:
            if free not in self.payload_types:
                self.payload_types[free] = identity
                return free
        raise ValueError("no payload type is left on this connection")


def _identity(codec: RtpCodec) -> str:
    name = codec.mime_type.lower()
    settings = dict(codec.parameters)
    if name.endswith("/rtx"):
        return f"rtx/{settings.get('apt')}"
    if name == "video/h264":
        mode, profile = settings.get("packetization-mode", "0"), settings.get("profile-level-id", "").lower()
        return f"{name}/{mode}/{profile}"
    # Profiles of other codecs are told apart by their settings; ours have only one profile each.
    profile = "" if name in ("audio/opus", "video/vp8") else repr(codec.parameters)
    return f"{name}/{codec.clock_rate}/{codec.channels}{profile}"
