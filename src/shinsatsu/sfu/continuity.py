"""Whether a description continues the session it is for, and what an answer made of the m-lines we offered."""

from collections.abc import Collection, Sequence

from shinsatsu.rtc.parameters import RtpSendParameters
from shinsatsu.rtc.sdp import RECEIVING, MediaDescription, SessionDescription
from shinsatsu.sfu.capabilities import accepted_codec
from shinsatsu.sfu.errors import InvalidDescription
from shinsatsu.sfu.sections import Section, sending


def check_continues(
    sections: Sequence[Section], offer: SessionDescription, used_mids: Collection[str], most: int
) -> None:
    """Checks that the client's offer keeps this session's m-lines, or recycles rejected ones under new mids."""
    if len(offer.media) < len(sections):
        raise InvalidDescription(f"the offer has {len(offer.media)} m-lines, the session {len(sections)}")
    if len(offer.media) > most:
        raise InvalidDescription(f"more than {most} m-lines in a session")
    for index, (section, media) in enumerate(zip(sections, offer.media, strict=False)):
        same = section.mid == media.mid or (media.rejected and media.mid is None)
        recycled = section.state == "rejected" and media.mid not in used_mids
        if not (same or recycled) or (same and section.local.kind != media.kind):
            raise InvalidDescription(f"m-line {index} is not mid {section.mid!r} ({section.local.kind}) any more")


def check_answers(sections: Sequence[Section], answer: SessionDescription) -> None:
    """Checks that the answer has our offer's m-lines in their order; InvalidDescription otherwise."""
    if len(answer.media) != len(sections):
        raise InvalidDescription(f"the answer has {len(answer.media)} m-lines, the offer {len(sections)}")
    for index, (section, media) in enumerate(zip(sections, answer.media, strict=True)):
        same_mid = media.mid == section.mid or (media.rejected and media.mid is None)
        if not same_mid or media.kind != section.local.kind:
            raise InvalidDescription(f"m-line {index} of the answer is not mid {section.mid!r} ({section.local.kind})")


def taken(section: Section, media: MediaDescription) -> tuple[Section, str]:
    """One m-line we added, as the answer takes it: its section, and the reason when it is not usable."""
    offered = section.send
    if offered is None or media.rejected:
        return section.rejected(), "the answer rejects this m-line"
    if media.direction not in RECEIVING:
        return section.closed(), f"the answer is {media.direction}, not receiving"
    codec = accepted_codec(media, offered.codec)
    if codec is None:
        return section.closed(), f"the answer takes no {offered.codec.mime_type}"
    ids = {(extension.id, extension.uri) for extension in media.header_extensions}
    extensions = tuple(known for known in section.local.header_extensions if (known.id, known.uri) in ids)
    parameters = RtpSendParameters(
        offered.mid,
        offered.kind,
        codec,
        offered.ssrc,
        offered.rtx_ssrc if codec.rtx_payload_type is not None else None,
        tuple(extension.plain() for extension in extensions),
        offered.cname,
    )
    return sending(parameters, extensions), ""


def carried_on(section: Section, media: MediaDescription) -> Section:
    """An m-line that was there before, after the answer: the client may have ended it."""
    if media.rejected or section.state == "rejected":
        return section.rejected()
    if section.state == "send" and media.direction not in RECEIVING:
        return section.closed()
    return section
