"""Reads session descriptions: bounded, one error type, unknown attributes skipped (RFC 8866, RFC 8829 section 5.8)."""

from dataclasses import replace

from shinsatsu.rtc.parameters import IceParameters, RtpCodec
from shinsatsu.rtc.sdp import MediaDescription, SdpError, SessionDescription
from shinsatsu.rtc.sdp_attributes import AT_MEDIA, AT_SESSION, CodecMap, Section, number_up_to, token

MAX_CHARACTERS = 512 * 1024
MAX_MEDIA = 128
_MAX_LINE = 4096
_STATIC = {"0": ("PCMU", 8000), "8": ("PCMA", 8000), "9": ("G722", 8000)}


def parse_sdp(text: str) -> SessionDescription:
    """Reads `text`; SdpError names the first line that is wrong. At most 512 Ki characters and 128 m-lines."""
    if len(text) > MAX_CHARACTERS:
        raise SdpError(1, f"longer than {MAX_CHARACTERS} characters")
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if lines[0] != "v=0":
        raise SdpError(1, "does not start with v=0")
    session, origin = Section(MediaDescription("session")), (0, 0)
    sections: list[tuple[int, Section]] = []
    for number, line in enumerate(lines, 1):
        try:
            if line.startswith("o="):
                origin = _origin(line[2:])
            elif line.startswith("m="):
                sections.append((number, Section(_media_line(line[2:], len(sections)))))
            else:
                _read(sections[-1][1] if sections else session, line, at_session=not sections)
        except ValueError as error:
            raise SdpError(number, str(error)) from None
    media = tuple(_finished(number, section, session) for number, section in sections)
    _check_mids(media, sections)
    return SessionDescription(
        media=media,
        session_id=origin[0],
        version=origin[1],
        bundle=session.bundle,
        ice_lite="ice-lite" in session.flags,
        extmap_allow_mixed="extmap-allow-mixed" in session.flags,
    )


def _read(section: Section, line: str, *, at_session: bool) -> None:
    if len(line) > _MAX_LINE:
        raise ValueError(f"longer than {_MAX_LINE} characters")
    if len(line) < 2 or line[1] != "=" or not line[0].isalpha() or not line.isprintable():
        raise ValueError("not of the form <letter>=<printable text>")
    if line[0] != "a":
        return
    name, _, value = line[2:].partition(":")
    reader = (AT_SESSION if at_session else AT_MEDIA).get(name)
    if reader is not None:
        reader(section, name, value)


def _origin(value: str) -> tuple[int, int]:
    parts = value.split()
    if len(parts) != 6:
        raise ValueError("o= needs six fields")
    return number_up_to(parts[1], "session id", 2**64 - 1), number_up_to(parts[2], "session version", 2**64 - 1)


def _media_line(value: str, count: int) -> MediaDescription:
    parts = value.split()
    if count == MAX_MEDIA:
        raise ValueError(f"more than {MAX_MEDIA} m-lines")
    if len(parts) < 4 or len(value) > _MAX_LINE or not value.isprintable():
        raise ValueError("m= needs kind, port, protocol and formats")
    kind, port, protocol, *formats = parts
    if len(set(formats)) != len(formats):
        raise ValueError("m= names a format twice")
    if "RTP/" in protocol:
        for payload_type in formats:
            number_up_to(payload_type, "payload type", 127)
    return MediaDescription(token(kind, "media kind"), number_up_to(port, "port", 65535), protocol, tuple(formats))


def _finished(number: int, section: Section, session: Section) -> MediaDescription:
    ufrag, password = section.ufrag or session.ufrag, section.password or session.password
    if (ufrag is None) != (password is None):
        raise SdpError(number, "this m-section has only one of ice-ufrag and ice-pwd")
    return replace(
        section.first,
        mid=section.mid,
        direction=section.direction or session.direction or "sendrecv",
        ice=IceParameters(ufrag, password) if ufrag is not None and password is not None else None,
        fingerprints=tuple(section.fingerprints or session.fingerprints),
        setup=section.setup or session.setup,
        rtcp_mux="rtcp-mux" in section.flags,
        rtcp_rsize="rtcp-rsize" in section.flags,
        bundle_only="bundle-only" in section.flags,
        codecs=_codecs(section),
        header_extensions=tuple(section.extensions),
        msid=section.msid,
        ssrcs=tuple(section.ssrcs.values()),
        ssrc_groups=tuple(section.groups),
        rids=tuple(section.rids),
        simulcast=section.simulcast,
        candidates=tuple(section.candidates),
        end_of_candidates="end-of-candidates" in section.flags,
        sctp_port=section.sctp_port,
    )


def _codecs(section: Section) -> tuple[RtpCodec, ...]:
    codecs = []
    for payload_type in section.first.formats:
        known = section.maps.get(payload_type)
        if known is None and payload_type in _STATIC and section.first.kind == "audio":
            known = CodecMap(*_STATIC[payload_type], channels=1)
        if known is None:
            continue
        feedback = dict.fromkeys(value for key, value in section.feedback if key in (payload_type, "*"))
        codecs.append(
            RtpCodec(
                mime_type=f"{section.first.kind}/{known.name}",
                payload_type=int(payload_type),
                clock_rate=known.clock_rate,
                channels=known.channels,
                parameters=section.formats.get(payload_type, ()),
                rtcp_feedback=tuple(feedback),
            ),
        )
    return tuple(codecs)


def _check_mids(media: tuple[MediaDescription, ...], sections: list[tuple[int, Section]]) -> None:
    seen: set[str] = set()
    for description, (number, _) in zip(media, sections, strict=True):
        if description.mid is not None and description.mid in seen:
            raise SdpError(number, "two m-sections have one mid")
        if description.mid is not None:
            seen.add(description.mid)
