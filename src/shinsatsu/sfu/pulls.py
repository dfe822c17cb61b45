"""What a pull wants, and the m-section it gets: one of the client's own, or one that we offer."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from shinsatsu.rtc.parameters import RtpCodec, RtpReceiveParameters, RtpSendParameters
from shinsatsu.rtc.sdp import RECEIVING, HeaderExtensionOffer, MediaDescription
from shinsatsu.sfu.capabilities import Numbers, extensions_to_receiver
from shinsatsu.sfu.sections import Section, sending

_MOST_EXTENSION_ID = 14


@dataclass(frozen=True, slots=True)
class Source:
    """What a pull wants: a publication, and the name of the stream it is grouped under (cname and msid)."""

    parameters: RtpReceiveParameters
    stream: str
    mid: str | None = None


def takes(media: MediaDescription, source: Source, busy: Collection[str]) -> bool:
    """Whether a client's m-section is free to receive the source."""
    fits = media.kind == source.parameters.kind and not media.rejected and media.direction in RECEIVING
    return fits and media.mid not in busy and source.mid in (None, media.mid)


def pulled_into(media: MediaDescription, source: Source, codec: RtpCodec, ssrcs: Callable[[], int]) -> Section:
    """Answers a client's receiving m-section with the source, under the client's numbers."""
    uris = extensions_to_receiver(source.parameters)
    extensions = tuple(
        HeaderExtensionOffer(known.id, known.uri)
        for known in media.header_extensions
        if known.uri in uris and known.direction in (None, *RECEIVING) and known.id <= _MOST_EXTENSION_ID
    )
    return sending(_parameters(source, media.mid or "", codec, extensions, ssrcs), extensions, media)


def offered_section(source: Source, mid: str, numbers: Numbers, ssrcs: Callable[[], int]) -> Section:
    """Offers the source under this connection's numbers; ValueError when none are left."""
    codec = numbers.codec(source.parameters.codec)
    uris = extensions_to_receiver(source.parameters)
    extensions = tuple(extension for uri in uris if (extension := numbers.extension(uri)) is not None)
    return sending(_parameters(source, mid, codec, extensions, ssrcs), extensions)


def _parameters(
    source: Source,
    mid: str,
    codec: RtpCodec,
    extensions: tuple[HeaderExtensionOffer, ...],
    ssrcs: Callable[[], int],
) -> RtpSendParameters:
    rtx_ssrc = ssrcs() if codec.rtx_payload_type is not None else None
    plain = tuple(extension.plain() for extension in extensions)
    return RtpSendParameters(mid, source.parameters.kind, codec, ssrcs(), rtx_ssrc, plain, source.stream)
