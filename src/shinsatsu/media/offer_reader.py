"""Reads an offer's m-lines with the WebRTC parts' own parser, in the domain's words."""

from collections.abc import Sequence

from shinsatsu.domain.errors import InvalidSessionDescription
from shinsatsu.domain.offers import OfferedSection
from shinsatsu.rtc.sdp import SENDING, SdpError
from shinsatsu.rtc.sdp_parse import parse_sdp


class SdpOfferReader:
    """Implements `OfferReader`."""

    def sections(self, offer_sdp: str) -> Sequence[OfferedSection]:
        """The m-lines in order; raises InvalidSessionDescription naming the line."""
        try:
            description = parse_sdp(offer_sdp)
        except SdpError as error:
            raise InvalidSessionDescription(str(error), field="sessionDescription.sdp") from error
        return [
            OfferedSection(media.mid or "", media.kind, media.direction in SENDING and not media.rejected)
            for media in description.media
        ]
