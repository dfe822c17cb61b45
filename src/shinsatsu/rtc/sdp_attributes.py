"""The attribute lines of SDP, one reader each: a reader notes its value in the Section or raises ValueError saying why.

Sources: RFC 8866 (SDP), 8839 (ICE), 8122 and 8842 (DTLS), 8285 (extmap), 5576 (ssrc), 8851 and 8853 (rid, simulcast).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import get_args

from shinsatsu.rtc.parameters import DtlsFingerprint, RtcpFeedback
from shinsatsu.rtc.sdp import (
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

_MAX_LISTED = 512
_TOKEN = re.compile(r"[!#-'*+\-.0-9A-Z^-~]{1,64}")
_RID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEX = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){0,63}")
_FINGERPRINT_BYTES = {"sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64}


@dataclass(slots=True)
class CodecMap:
    """What `a=rtpmap` says of one payload type."""

    name: str
    clock_rate: int
    channels: int


@dataclass(slots=True)
class Section:
    """What one section's lines have said so far; the session part is one too."""

    first: MediaDescription
    ufrag: str | None = None
    password: str | None = None
    fingerprints: list[DtlsFingerprint] = field(default_factory=list)
    setup: Setup | None = None
    direction: Direction | None = None
    mid: str | None = None
    msid: Msid | None = None
    flags: set[str] = field(default_factory=set)
    maps: dict[str, CodecMap] = field(default_factory=dict)
    formats: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    feedback: list[tuple[str, RtcpFeedback]] = field(default_factory=list)
    extensions: list[HeaderExtensionOffer] = field(default_factory=list)
    ssrcs: dict[int, Ssrc] = field(default_factory=dict)
    groups: list[SsrcGroup] = field(default_factory=list)
    rids: list[Rid] = field(default_factory=list)
    simulcast: Simulcast | None = None
    candidates: list[CandidateLine] = field(default_factory=list)
    sctp_port: int | None = None
    bundle: tuple[str, ...] = ()


def number_up_to(text: str, what: str, most: int) -> int:
    """Reads an unsigned decimal number of at most `most`; ValueError otherwise."""
    if not (text.isascii() and text.isdigit()) or len(text) > 20 or int(text) > most:
        raise ValueError(f"{what} is not a number from 0 to {most}")
    return int(text)


def token(text: str, what: str) -> str:
    """Checks a token of RFC 8866 section 9; ValueError otherwise."""
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"{what} is not a token of 1 to 64 characters")
    return text


def _parts(value: str, least: int, what: str) -> list[str]:
    parts = value.split()
    if len(parts) < least:
        raise ValueError(f"{what} needs {least} fields")
    return parts


def _flag(section: Section, name: str, _: str) -> None:
    section.flags.add(name)


def _direction(section: Section, name: str, _: str) -> None:
    section.direction = _one_of_directions(name)


def _one_of_directions(text: str) -> Direction:
    for direction in get_args(Direction):
        if text == direction:
            return direction  # type: ignore[no-any-return]  # get_args is untyped
    raise ValueError("not a direction")


def _group(section: Section, _: str, value: str) -> None:
    semantics, *mids = _parts(value, 1, "a=group")
    if semantics == "BUNDLE":
        if section.bundle:
            raise ValueError("a second BUNDLE group")
        section.bundle = tuple(token(mid, "mid") for mid in mids)


def _ufrag(section: Section, _: str, value: str) -> None:
    if not 4 <= len(value) <= 256 or " " in value:
        raise ValueError("a=ice-ufrag is not 4 to 256 characters")
    section.ufrag = value


def _password(section: Section, _: str, value: str) -> None:
    if not 22 <= len(value) <= 256 or " " in value:
        raise ValueError("a=ice-pwd is not 22 to 256 characters")
    section.password = value


def _fingerprint(section: Section, _: str, value: str) -> None:
    algorithm, digest = _parts(value, 2, "a=fingerprint")[:2]
    algorithm = algorithm.lower()
    if not _HEX.fullmatch(digest) or len(digest) != 3 * _FINGERPRINT_BYTES.get(algorithm, (len(digest) + 1) // 3) - 1:
        raise ValueError("a=fingerprint is not a digest of its algorithm's length")
    section.fingerprints.append(DtlsFingerprint(token(algorithm, "hash function"), digest.upper()))


def _setup(section: Section, _: str, value: str) -> None:
    for setup in get_args(Setup):
        if value == setup:
            section.setup = setup
            return
    raise ValueError("a=setup is not actpass, active, passive or holdconn")


def _mid(section: Section, _: str, value: str) -> None:
    section.mid = token(value, "mid")


def _msid(section: Section, _: str, value: str) -> None:
    parts = _parts(value, 1, "a=msid")
    section.msid = Msid(token(parts[0], "msid"), token(parts[1], "msid track") if len(parts) > 1 else "")


def _rtpmap(section: Section, _: str, value: str) -> None:
    payload_type, encoding = _parts(value, 2, "a=rtpmap")[:2]
    number_up_to(payload_type, "payload type", 127)
    name, *rates = encoding.split("/")
    if not 1 <= len(rates) <= 2:
        raise ValueError("a=rtpmap needs <name>/<clock rate>")
    channels = number_up_to(rates[1], "channel count", 255) if len(rates) == 2 else 1
    codec = CodecMap(token(name, "codec name"), number_up_to(rates[0], "clock rate", 2**31), channels)
    section.maps[str(int(payload_type))] = codec


def _fmtp(section: Section, _: str, value: str) -> None:
    payload_type, _, text = value.partition(" ")
    number_up_to(payload_type, "payload type", 127)
    pairs = (part.strip().partition("=") for part in text.split(";") if part.strip())
    section.formats[payload_type] = tuple((key.strip(), setting.strip()) for key, _, setting in pairs)


def _rtcp_fb(section: Section, _: str, value: str) -> None:
    payload_type, kind, *parameters = _parts(value, 2, "a=rtcp-fb")
    if payload_type != "*":
        number_up_to(payload_type, "payload type", 127)
    if len(section.feedback) == _MAX_LISTED:
        raise ValueError(f"more than {_MAX_LISTED} a=rtcp-fb lines in one m-section")
    section.feedback.append((payload_type, RtcpFeedback(kind, " ".join(parameters))))


def _extmap(section: Section, _: str, value: str) -> None:
    identity, uri = _parts(value, 2, "a=extmap")[:2]
    number, slash, direction = identity.partition("/")
    id_ = number_up_to(number, "extension id", 255)
    if id_ in (0, 15):
        raise ValueError("extension ids 0 and 15 are reserved")
    if any(known.id == id_ for known in section.extensions):
        raise ValueError(f"extension id {id_} is used twice")
    section.extensions.append(HeaderExtensionOffer(id_, uri, _one_of_directions(direction) if slash else None))


def _ssrc(section: Section, _: str, value: str) -> None:
    number, _, attribute = value.partition(" ")
    ssrc = number_up_to(number, "SSRC", 2**32 - 1)
    name, _, text = attribute.partition(":")
    if name not in ("cname", "msid"):
        return  # every source has a cname (RFC 5576 section 6.1): what else is said of it names no other
    if ssrc not in section.ssrcs and len(section.ssrcs) == _MAX_LISTED:
        raise ValueError(f"more than {_MAX_LISTED} SSRCs in one m-section")
    source = section.ssrcs.get(ssrc, Ssrc(ssrc))
    section.ssrcs[ssrc] = replace(source, cname=text) if name == "cname" else replace(source, msid=text)


def _ssrc_group(section: Section, _: str, value: str) -> None:
    semantics, *ssrcs = _parts(value, 2, "a=ssrc-group")
    section.groups.append(SsrcGroup(semantics, tuple(number_up_to(ssrc, "SSRC", 2**32 - 1) for ssrc in ssrcs)))


def _rid(section: Section, _: str, value: str) -> None:
    id_, direction, *restrictions = _parts(value, 2, "a=rid")
    if not _RID.fullmatch(id_):
        raise ValueError("rid is not 1 to 64 letters, digits, - or _")
    if any(known.id == id_ for known in section.rids) or len(section.rids) == _MAX_LISTED:
        raise ValueError("a rid is named twice, or there are too many")
    if direction == "send":
        section.rids.append(Rid(id_, "send", " ".join(restrictions)))
    elif direction == "recv":
        section.rids.append(Rid(id_, "recv", " ".join(restrictions)))
    else:
        raise ValueError("a=rid has neither send nor recv")


def _simulcast(section: Section, _: str, value: str) -> None:
    parts = value.split()
    if len(parts) not in (2, 4) or len(set(parts[::2])) != len(parts[::2]):
        raise ValueError("a=simulcast needs send or recv, each once, with its streams")
    found = {"send": (), "recv": ()} | {
        word: _simulcast_rids(text) for word, text in zip(parts[::2], parts[1::2], strict=True)
    }
    if len(found) > 2:
        raise ValueError("a=simulcast has neither send nor recv")
    section.simulcast = Simulcast(send=found["send"], recv=found["recv"])


def _simulcast_rids(text: str) -> tuple[str, ...]:
    rids = tuple(stream.split(",")[0].lstrip("~") for stream in text.split(";"))
    if not all(_RID.fullmatch(rid) for rid in rids) or len(set(rids)) != len(rids):
        raise ValueError("a=simulcast streams are not distinct rids")
    return rids


def _candidate(section: Section, _: str, value: str) -> None:
    parts = _parts(value, 8, "a=candidate")
    if parts[6] != "typ":
        raise ValueError("a=candidate has no typ")
    component, priority = number_up_to(parts[1], "component", 256), number_up_to(parts[3], "priority", 2**32 - 1)
    port, rest = number_up_to(parts[5], "port", 65535), " ".join(parts[8:])
    section.candidates.append(
        CandidateLine(parts[0], component, parts[2], priority, parts[4], port, parts[7], rest),
    )


def _sctp_port(section: Section, _: str, value: str) -> None:
    section.sctp_port = number_up_to(value, "SCTP port", 65535)


_Reader = Callable[[Section, str, str], None]

_ANYWHERE: dict[str, _Reader] = {
    "ice-ufrag": _ufrag,
    "ice-pwd": _password,
    "fingerprint": _fingerprint,
    "setup": _setup,
    **dict.fromkeys(get_args(Direction), _direction),
}
AT_SESSION: dict[str, _Reader] = _ANYWHERE | {"group": _group, "ice-lite": _flag, "extmap-allow-mixed": _flag}
AT_MEDIA: dict[str, _Reader] = _ANYWHERE | {
    "mid": _mid,
    "msid": _msid,
    "rtpmap": _rtpmap,
    "fmtp": _fmtp,
    "rtcp-fb": _rtcp_fb,
    "extmap": _extmap,
    "ssrc": _ssrc,
    "ssrc-group": _ssrc_group,
    "rid": _rid,
    "simulcast": _simulcast,
    "candidate": _candidate,
    "sctp-port": _sctp_port,
    **dict.fromkeys(("rtcp-mux", "rtcp-rsize", "bundle-only", "end-of-candidates"), _flag),
}
