"""Session descriptions: real browsers' samples read, whatever we write read back, and garbage refused in one way."""

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinsatsu.rtc.parameters import DtlsFingerprint, IceParameters, RtcpFeedback, RtpCodec
from shinsatsu.rtc.sdp import (
    CandidateLine,
    Direction,
    HeaderExtensionOffer,
    MediaDescription,
    Msid,
    Rid,
    SdpError,
    SessionDescription,
    Simulcast,
    Ssrc,
    SsrcGroup,
    serialize_sdp,
)
from shinsatsu.rtc.sdp_parse import MAX_CHARACTERS, parse_sdp

SAMPLES = Path(__file__).parent / "samples"
NAMES = sorted(path.name for path in SAMPLES.glob("*.sdp"))


def sample(name: str) -> str:
    return (SAMPLES / name).read_bytes().decode()


@pytest.mark.parametrize("name", NAMES)
def test_a_real_description_survives_writing(name: str) -> None:
    description = parse_sdp(sample(name))
    assert parse_sdp(serialize_sdp(description)) == description
    assert [media.mid for media in description.media] == list(description.bundle)
    assert all(media.ice and media.setup == "actpass" for media in description.media)
    assert all(media.fingerprints[0].algorithm == "sha-256" for media in description.media)


def test_chromium_simulcast_with_a_data_channel() -> None:
    audio, video, data = parse_sdp(sample("chromium-156-simulcast-data.sdp")).media
    assert audio.codecs[0] == RtpCodec(
        "audio/opus",
        111,
        48000,
        2,
        (("minptime", "10"), ("useinbandfec", "1")),
        (RtcpFeedback("transport-cc"),),
    )
    assert video.codecs[1] == RtpCodec("video/rtx", 97, 90000, parameters=(("apt", "96"),))
    assert video.rids == (Rid("q", "send"), Rid("h", "send"), Rid("f", "send"))
    assert video.simulcast == Simulcast(send=("q", "h", "f"))
    assert video.msid is not None
    assert video.msid.stream == "-"
    assert (video.rtcp_mux, video.rtcp_rsize, video.direction) == (True, True, "sendonly")
    assert (data.kind, data.sctp_port, data.codecs) == ("application", 5000, ())


def test_firefox_keeps_credentials_and_directions_of_extensions() -> None:
    description = parse_sdp(sample("firefox-153-simulcast.sdp"))
    video = description.media[1]
    directions = {extension.uri.rpartition(":")[2]: extension.direction for extension in video.header_extensions}
    assert directions["rtp-stream-id"] == "sendonly"
    assert all(media.fingerprints == description.media[0].fingerprints for media in description.media)
    assert [group.semantics for group in video.ssrc_groups] == ["FID"] * 3


def test_session_level_values_hold_for_every_m_section() -> None:
    text = (
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:" + "p" * 22 + "\r\n"
        "a=fingerprint:SHA-256 " + ":".join(["0a"] * 32) + "\r\na=setup:active\r\na=inactive\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\n"
        "a=rtcp-fb:* nack\r\n"
    )
    audio, video = parse_sdp(text).media
    assert audio.ice == video.ice == IceParameters("abcd", "p" * 22)
    assert audio.fingerprints == (DtlsFingerprint("sha-256", ":".join(["0A"] * 32)),)
    assert (audio.setup, audio.direction, video.direction) == ("active", "inactive", "sendonly")
    assert [codec.mime_type for codec in audio.codecs] == ["audio/PCMU"]
    assert video.rejected
    assert video.codecs[0].rtcp_feedback == (RtcpFeedback("nack"),)


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        ("v=1", 1, "v=0"),
        ("v=0\nm=audio x UDP/TLS/RTP/SAVPF 0", 2, "port"),
        ("v=0\nm=audio 9", 2, "m= needs"),
        ("v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 128", 2, "payload type"),
        ("v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 0 0", 2, "twice"),
        ("v=0\nnonsense", 2, "letter"),
        ("v=0\na=setup:both", 2, "a=setup"),
        ("v=0\na=fingerprint:sha-256 AB:CD", 2, "a=fingerprint"),
        ("v=0\na=ice-pwd:short", 2, "a=ice-pwd"),
        ("v=0\na=group:BUNDLE 0\na=group:BUNDLE 1", 3, "second BUNDLE"),
        ("v=0\nm=audio 9 RTP/SAVPF 0\na=extmap:0 urn:x", 3, "reserved"),
        ("v=0\nm=audio 9 RTP/SAVPF 0\na=extmap:3 urn:x\na=extmap:3 urn:y", 4, "twice"),
        ("v=0\nm=audio 9 RTP/SAVPF 0\na=ssrc:4294967296 cname:x", 3, "SSRC"),
        ("v=0\nm=video 9 RTP/SAVPF 96\na=rid:a b", 3, "a=rid"),
        ("v=0\nm=video 9 RTP/SAVPF 96\na=simulcast:send a;a", 3, "distinct"),
        ("v=0\nm=video 9 RTP/SAVPF 96\na=simulcast:both a", 3, "neither"),
        ("v=0\nm=video 9 RTP/SAVPF 96\na=rtpmap:96 VP8", 3, "clock rate"),
        ("v=0\nm=audio 9 RTP/SAVPF 0\na=mid:0\nm=audio 9 RTP/SAVPF 0\na=mid:0", 4, "one mid"),
        ("v=0\nm=audio 9 RTP/SAVPF 0\na=ice-ufrag:abcd", 2, "only one"),
        ("v=0\nm=audio 9 RTP/SAVPF 0\na=candidate:1 1 udp 1 ::1 9 host", 3, "8 fields"),
        ("v=0\na=x:" + "y" * 5000, 2, "longer"),
        ("v=0\na=x:\x00", 2, "printable"),
        ("v=0" + "\nm=audio 9 RTP/SAVPF 0" * 129, 130, "m-lines"),
    ],
)
def test_an_error_names_line_and_reason(lines: str, line: int, reason: str) -> None:
    with pytest.raises(SdpError, match=reason) as caught:
        parse_sdp(lines.replace("\n", "\r\n") + "\r\n")
    assert caught.value.line == line


def test_length_is_bounded() -> None:
    with pytest.raises(SdpError):
        parse_sdp("v=0\r\n" + "a=x\r\n" * MAX_CHARACTERS)


tokens = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
numbers = st.integers(0, 2**32 - 1)
texts = st.from_regex(r"[A-Za-z0-9{}/+.-]{1,20}", fullmatch=True)
directions: st.SearchStrategy[Direction] = st.sampled_from(get_args(Direction))


@st.composite
def medias(draw: st.DrawFn, mid: str) -> MediaDescription:
    kind = draw(st.sampled_from(["audio", "video"]))
    payload_types = draw(st.lists(st.integers(0, 127).filter(lambda n: n not in (0, 8, 9)), min_size=1, unique=True))
    feedback = st.builds(RtcpFeedback, texts, st.one_of(st.just(""), tokens))
    codecs = tuple(
        RtpCodec(
            f"{kind}/{draw(tokens)}",
            payload_type,
            draw(st.integers(1, 2**31)),
            draw(st.integers(1, 8)),
            tuple(draw(st.lists(st.tuples(tokens, st.one_of(st.just(""), texts)), max_size=3))),
            tuple(draw(st.lists(feedback, max_size=3, unique=True))),
        )
        for payload_type in payload_types
    )
    ids = draw(st.lists(st.integers(1, 14), max_size=4, unique=True))
    rids = tuple(draw(st.lists(tokens, max_size=3, unique=True)))
    ssrcs = draw(st.lists(numbers, max_size=3, unique=True))
    hexes = draw(st.lists(st.sampled_from(["00", "FF", "A1"]), min_size=32, max_size=32))
    candidate = st.builds(
        CandidateLine, tokens, st.integers(0, 256), tokens, numbers, texts, st.integers(0, 65535), tokens, tokens
    )
    return MediaDescription(
        kind,
        draw(st.integers(0, 65535)),
        formats=tuple(map(str, payload_types)),
        mid=mid,
        direction=draw(directions),
        ice=draw(st.none() | st.builds(IceParameters, st.just("abcd"), st.just("p" * 22))),
        fingerprints=(DtlsFingerprint("sha-256", ":".join(hexes)),),
        setup=draw(st.none() | st.sampled_from(["actpass", "active", "passive"])),
        rtcp_mux=draw(st.booleans()),
        rtcp_rsize=draw(st.booleans()),
        bundle_only=draw(st.booleans()),
        codecs=codecs,
        header_extensions=tuple(
            HeaderExtensionOffer(i, draw(texts), draw(st.one_of(st.none(), directions))) for i in ids
        ),
        msid=draw(st.none() | st.builds(Msid, tokens, st.one_of(st.just(""), tokens))),
        ssrcs=tuple(Ssrc(ssrc, draw(tokens), draw(st.one_of(st.none(), texts))) for ssrc in ssrcs),
        ssrc_groups=(SsrcGroup("FID", tuple(ssrcs)),) if ssrcs else (),
        rids=tuple(Rid(rid, "send", draw(st.one_of(st.just(""), texts))) for rid in rids),
        simulcast=Simulcast(send=rids) if rids else None,
        candidates=tuple(draw(st.lists(candidate, max_size=2))),
        end_of_candidates=draw(st.booleans()),
    )


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back(data: st.DataObject) -> None:
    mids = data.draw(st.lists(tokens, max_size=3, unique=True))
    description = SessionDescription(
        tuple(data.draw(medias(mid)) for mid in mids),
        session_id=data.draw(st.integers(0, 2**63)),
        version=data.draw(numbers),
        bundle=tuple(mids),
        ice_lite=data.draw(st.booleans()),
        extmap_allow_mixed=data.draw(st.booleans()),
    )
    assert parse_sdp(serialize_sdp(description)) == description


@given(st.text() | st.text().map(lambda text: "v=0\r\n" + text))
@settings(deadline=None)
def test_garbage_is_read_or_refused_in_one_way(text: str) -> None:
    read_or_refused(text)


def test_a_source_is_known_by_its_cname_or_msid_only() -> None:
    lines = "a=ssrc:5 label:x\r\na=ssrc:6 cname:c\r\na=ssrc:6 msid:s t\r\n"
    [media] = parse_sdp("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" + lines).media

    assert media.ssrcs == (Ssrc(6, "c", "s t"),)


@given(st.sampled_from(NAMES), st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_description_is_read_or_refused_in_one_way(name: str, data: st.DataObject) -> None:
    text = sample(name)
    position = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 80))
    read_or_refused(text[:position] + data.draw(st.text(max_size=20)) + text[position + length :])


def read_or_refused(text: str) -> None:
    try:
        description = parse_sdp(text)
    except SdpError:
        return
    assert parse_sdp(serialize_sdp(description)).media == description.media
