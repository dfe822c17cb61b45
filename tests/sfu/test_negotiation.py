"""Offer and answer: what real browsers offer is answered, what we offer is checked, and nothing half-done stays."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinsatsu.rtc.parameters import (
    IceCandidate,
    IceParameters,
    RtcpFeedback,
    RtpCodec,
    RtpReceiveParameters,
    RtpSendParameters,
)
from shinsatsu.rtc.sdp import Direction, MediaDescription, Msid, SdpError, SessionDescription
from shinsatsu.rtc.sdp_parse import parse_sdp
from shinsatsu.sfu import capabilities
from shinsatsu.sfu.errors import InvalidDescription, ItemError
from shinsatsu.sfu.negotiation import Negotiation
from shinsatsu.sfu.pulls import Source
from shinsatsu.sfu.sections import LocalTransport
from tests.sfu.double import FINGERPRINT

SAMPLES = Path(__file__).parent.parent / "rtc" / "samples"
OTHER_WAY: dict[Direction, Direction] = {
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
    "sendrecv": "sendrecv",
}
CREDENTIALS = IceParameters("serverfrag", "p" * 24)


def sample(name: str) -> SessionDescription:
    return parse_sdp((SAMPLES / f"{name}.sdp").read_bytes().decode())


def connection(**options: object) -> Negotiation:
    local = LocalTransport(CREDENTIALS, FINGERPRINT, (IceCandidate("192.0.2.1", 4000), IceCandidate("::1", 4000)))
    counter = itertools.count(1000)
    return Negotiation(local, session_id=7, ssrcs=lambda: next(counter), **options)  # type: ignore[arg-type]


def pushed(name: str, mid: str) -> RtpReceiveParameters:
    outcome = connection().answer(sample(name), pushes=["0", "1"]).pushed[mid]
    assert isinstance(outcome, RtpReceiveParameters)
    return outcome


def camera() -> Source:
    return Source(pushed("chromium-156-push", "1"), "streamA")


def microphone() -> Source:
    return Source(pushed("chromium-156-push", "0"), "streamA")


def answer_to(offer_sdp: str | None) -> SessionDescription:
    """A client's answer that takes everything."""
    assert offer_sdp is not None
    offer = parse_sdp(offer_sdp)
    client = parse_sdp((SAMPLES / "chromium-156-recvonly.sdp").read_bytes().decode()).media[0]
    media = tuple(
        section
        if section.rejected
        else replace(
            section,
            direction=OTHER_WAY[section.direction],
            setup="active",
            ice=client.ice,
            fingerprints=client.fingerprints,
            msid=None,
            ssrcs=(),
            ssrc_groups=(),
            candidates=(),
        )
        for section in offer.media
    )
    return replace(offer, media=media, ice_lite=False)


@pytest.mark.parametrize(
    "name",
    ["chromium-156-push", "chromium-156-gathered", "firefox-153-push", "aiortc-1.16-push", "firefox-153-simulcast"],
)
def test_a_push_is_answered_with_one_codec_and_its_rtx(name: str) -> None:
    offer = sample(name)
    answered = connection().answer(offer, pushes=["0", "1"])
    answer = parse_sdp(answered.sdp)
    assert answer.ice_lite
    assert answer.bundle == offer.bundle
    for ours, theirs in zip(answer.media, offer.media, strict=True):
        assert (ours.mid, ours.kind, ours.protocol) == (theirs.mid, theirs.kind, theirs.protocol)
        assert (ours.direction, ours.setup, ours.rtcp_mux) == ("recvonly", "passive", True)
        assert (ours.ice, ours.fingerprints) == (CREDENTIALS, (FINGERPRINT,))
        assert [candidate.address for candidate in ours.candidates] == ["192.0.2.1", "::1"]
        assert ours.candidates[0].priority > ours.candidates[1].priority
        assert ours.end_of_candidates
        assert set(ours.formats) <= set(theirs.formats)
        ids = {(extension.id, extension.uri) for extension in theirs.header_extensions}
        assert {(extension.id, extension.uri) for extension in ours.header_extensions} <= ids
    audio, video = answer.media
    assert [codec.mime_type for codec in audio.codecs] == ["audio/opus"]
    assert ("useinbandfec", "1") in audio.codecs[0].parameters
    assert [codec.mime_type for codec in video.codecs] == ["video/VP8", "video/rtx"]


def test_what_media_gets_to_know_of_a_push() -> None:
    video = pushed("chromium-156-push", "1")
    assert video.codec.payload_type == 96
    assert video.codec.rtx_payload_type == 97
    assert set(video.codec.rtcp_feedback) == {
        capabilities.NACK,
        capabilities.PLI,
        capabilities.FIR,
        capabilities.TRANSPORT_CC,
    }
    assert {extension.uri for extension in video.header_extensions} == {
        capabilities.MID,
        capabilities.RID,
        capabilities.REPAIRED_RID,
        capabilities.ABS_SEND_TIME,
        capabilities.TRANSPORT_WIDE_CC,
        capabilities.VIDEO_ORIENTATION,
        capabilities.PLAYOUT_DELAY,
    }
    assert capabilities.AUDIO_LEVEL in {
        extension.uri for extension in pushed("chromium-156-push", "0").header_extensions
    }


def test_remb_stands_in_where_there_is_no_transport_feedback() -> None:
    assert capabilities.REMB in pushed("aiortc-1.16-push", "1").codec.rtcp_feedback
    assert pushed("aiortc-1.16-push", "1").encodings[0].rtx_ssrc == 4089218644


def nacking(name: str) -> SessionDescription:
    """A browser's offer that adds NACK to its audio."""
    offer = sample(name)
    opus = replace(offer.media[0].codecs[0], rtcp_feedback=(RtcpFeedback("nack"), RtcpFeedback("transport-cc")))
    audio = replace(offer.media[0], codecs=(opus, *offer.media[0].codecs[1:]))
    return replace(offer, media=(audio, *offer.media[1:]))


def test_publishers_are_asked_for_lost_audio_when_they_offer_it() -> None:
    outcome = connection().answer(nacking("chromium-156-push"), pushes=["0"]).pushed["0"]
    assert isinstance(outcome, RtpReceiveParameters)
    assert capabilities.NACK in outcome.codec.rtcp_feedback


def test_receivers_are_promised_nack_only_with_rtx_to_answer_it() -> None:
    negotiation = connection()
    offered = parse_sdp(negotiation.offer([microphone(), camera()]).sdp or "")
    assert [capabilities.NACK in media.codecs[0].rtcp_feedback for media in offered.media] == [False, True]

    answered = connection().answer(nacking("chromium-156-recvonly"), pulls=[microphone(), camera()])
    own = parse_sdp(answered.sdp)
    assert [capabilities.NACK in media.codecs[0].rtcp_feedback for media in own.media] == [False, True]


@pytest.mark.parametrize("name", ["chromium-156-simulcast-data", "firefox-153-simulcast"])
def test_simulcast_layers_are_known_by_their_rids(name: str) -> None:
    answered = connection().answer(sample(name), pushes=["1"])
    video = parse_sdp(answered.sdp).media[1]
    assert video.simulcast is not None
    assert video.simulcast.recv == ("q", "h", "f")
    assert {rid.direction for rid in video.rids} == {"recv"}
    parameters = answered.pushed["1"]
    assert isinstance(parameters, RtpReceiveParameters)
    assert [encoding.rid for encoding in parameters.encodings] == ["q", "h", "f"]
    directions = {extension.direction for extension in video.header_extensions if extension.uri == capabilities.RID}
    assert directions == ({None} if name.startswith("chromium") else {"recvonly"})


def test_what_is_not_pushed_is_inactive_and_a_data_channel_refused() -> None:
    answered = connection().answer(sample("chromium-156-simulcast-data"), pushes=["1"])
    audio, video, data = parse_sdp(answered.sdp).media
    assert (audio.direction, video.direction) == ("inactive", "recvonly")
    assert data.rejected
    assert parse_sdp(answered.sdp).bundle == ("0", "1")


def test_h264_is_preferred_when_asked_and_stands_in_for_a_missing_vp8() -> None:
    preferring = connection(video_preference=("video/H264", "video/VP8"))
    outcome = preferring.answer(sample("chromium-156-push"), pushes=["1"]).pushed["1"]
    assert isinstance(outcome, RtpReceiveParameters)
    assert (outcome.codec.payload_type, outcome.codec.rtx_payload_type) == (108, 109)
    offer = sample("chromium-156-push")
    video = replace(offer.media[1], codecs=tuple(c for c in offer.media[1].codecs if c.mime_type != "video/VP8"))
    without = connection().answer(replace(offer, media=(offer.media[0], video)), pushes=["1"]).pushed["1"]
    assert isinstance(without, RtpReceiveParameters)
    assert without.codec.mime_type == "video/H264"


def test_items_that_fail_leave_the_others() -> None:
    offer = sample("chromium-156-push")
    only_av1 = replace(
        offer.media[1], codecs=tuple(codec for codec in offer.media[1].codecs if codec.mime_type == "video/AV1")
    )
    answered = connection().answer(replace(offer, media=(offer.media[0], only_av1)), pushes=["0", "1", "9"])
    assert isinstance(answered.pushed["0"], RtpReceiveParameters)
    for mid in ("1", "9"):
        outcome = answered.pushed[mid]
        assert isinstance(outcome, ItemError)
        assert mid in outcome.description
    assert parse_sdp(answered.sdp).media[1].rejected


def test_the_same_mid_is_not_pushed_twice() -> None:
    negotiation = connection()
    negotiation.answer(sample("chromium-156-push"), pushes=["1"])
    outcome = negotiation.answer(sample("chromium-156-push"), pushes=["0", "1"]).pushed
    assert isinstance(outcome["0"], RtpReceiveParameters)
    assert isinstance(outcome["1"], ItemError)
    assert outcome["1"].code == "repeated_local_track_error"


def test_a_pull_is_offered_and_taken() -> None:
    negotiation = connection()
    offered = negotiation.offer([microphone(), camera()])
    assert offered.sdp is not None
    offer = parse_sdp(offered.sdp)
    assert [media.mid for media in offer.media] == list(offered.mids)
    assert [media.direction for media in offer.media] == ["sendonly", "sendonly"]
    assert {media.setup for media in offer.media} == {"actpass"}
    video = offer.media[1]
    assert video.ssrc_groups[0].ssrcs == tuple(source.ssrc for source in video.ssrcs)
    assert {source.cname for media in offer.media for source in media.ssrcs} == {"streamA"}
    assert video.msid == Msid("streamA", f"{video.ssrcs[0].ssrc:08x}")
    accepted = negotiation.accept(answer_to(offered.sdp))
    assert [parameters.mid for parameters in accepted.sends] == list(offered.mids)
    assert negotiation.role == "server"
    assert capabilities.REMB not in accepted.sends[1].codec.rtcp_feedback
    assert accepted.sends[1].rtx_ssrc == video.ssrcs[1].ssrc


def test_payload_types_and_extensions_keep_their_numbers_on_a_connection() -> None:
    publisher = connection()
    publisher.answer(sample("firefox-153-push"), pushes=["0", "1"])
    offered = publisher.offer([camera(), microphone()])
    assert offered.sdp is not None
    offer = parse_sdp(offered.sdp)
    codecs = {(codec.payload_type, codec.mime_type.lower()) for media in offer.media for codec in media.codecs}
    assert len({payload_type for payload_type, _ in codecs}) == len(codecs)
    extensions = {(extension.id, extension.uri) for media in offer.media for extension in media.header_extensions}
    assert len({id_ for id_, _ in extensions}) == len(extensions)
    assert (120, "video/vp8") in codecs


def test_a_section_refused_or_without_the_codec_is_not_usable() -> None:
    negotiation = connection()
    offered = negotiation.offer([microphone(), camera(), camera()])
    answer = answer_to(offered.sdp)
    rejected = replace(answer.media[1], port=0)
    other = replace(answer.media[2], codecs=(RtpCodec("video/VP9", 98, 90000),), formats=("98",))
    accepted = negotiation.accept(replace(answer, media=(answer.media[0], rejected, other)))
    assert [parameters.mid for parameters in accepted.sends] == [offered.mids[0]]
    assert set(accepted.refused) == set(offered.mids[1:])


def test_rtx_not_taken_is_not_used() -> None:
    negotiation = connection()
    answer = answer_to(negotiation.offer([camera()]).sdp)
    bare = replace(answer.media[0], codecs=answer.media[0].codecs[:1], formats=answer.media[0].formats[:1])
    [parameters] = negotiation.accept(replace(answer, media=(bare,))).sends
    assert (parameters.rtx_ssrc, parameters.codec.rtx_payload_type) == (None, None)
    assert capabilities.NACK not in parameters.codec.rtcp_feedback


def test_one_negotiation_at_a_time() -> None:
    negotiation = connection()
    offered = negotiation.offer([camera()])
    with pytest.raises(InvalidDescription):
        negotiation.offer([camera()])
    with pytest.raises(InvalidDescription):
        negotiation.answer(sample("chromium-156-push"))
    negotiation.rollback()
    with pytest.raises(InvalidDescription, match="no offer"):
        negotiation.accept(answer_to(offered.sdp))
    assert set(negotiation.offer([camera()]).mids).isdisjoint(offered.mids)


def test_a_pending_m_line_closed_meanwhile_never_flows_and_holds_up_nobody() -> None:
    negotiation = connection()
    offered = negotiation.offer([camera()])
    negotiation.close(str(offered.mids[0]))
    assert not negotiation.offer_pending
    accepted = negotiation.accept(answer_to(offered.sdp))
    assert accepted.sends == []
    negotiation.offer([camera()])
    assert negotiation.offer_pending


def test_closed_m_lines_are_recycled_under_new_mids() -> None:
    negotiation = connection()
    first = negotiation.offer([microphone(), camera()])
    negotiation.accept(answer_to(first.sdp))
    mids = {*first.mids}
    for _ in range(5):
        negotiation.close(str(max(mids, key=lambda mid: int(str(mid)))))
        offered = negotiation.offer([camera()])
        assert mids.isdisjoint(offered.mids)
        mids |= {*offered.mids}
        assert len(parse_sdp(offered.sdp or "").media) <= 3
        assert len(negotiation.accept(answer_to(offered.sdp)).sends) == 1


def test_the_first_m_line_is_never_rejected_by_us() -> None:
    negotiation = connection()
    first = negotiation.offer([microphone(), camera()])
    negotiation.accept(answer_to(first.sdp))
    negotiation.close(str(first.mids[0]))
    again = parse_sdp(negotiation.offer([microphone()]).sdp or "")
    assert (again.media[0].rejected, again.media[0].direction) == (False, "inactive")
    assert again.bundle[0] == first.mids[0]


def test_a_pull_into_the_clients_own_offer() -> None:
    answered = connection().answer(sample("chromium-156-recvonly"), pulls=[camera(), microphone(), camera()])
    video, audio, extra = answered.pulled
    assert isinstance(video, RtpSendParameters)
    assert isinstance(audio, RtpSendParameters)
    assert isinstance(extra, ItemError)
    assert (video.mid, audio.mid) == ("1", "0")
    assert [media.direction for media in parse_sdp(answered.sdp).media] == ["sendonly", "sendonly"]


def test_a_client_ends_its_tracks_by_offer() -> None:
    negotiation = connection()
    offer = sample("chromium-156-push")
    negotiation.answer(offer, pushes=["0", "1"])
    stopped = replace(offer.media[1], port=0)
    answered = negotiation.answer(replace(offer, media=(offer.media[0], stopped), bundle=("0",)))
    assert answered.ended == ["1"]
    assert parse_sdp(answered.sdp).media[1].rejected
    fresh = replace(offer.media[1], mid="2")
    recycled = negotiation.answer(replace(offer, media=(offer.media[0], fresh), bundle=("0", "2")), pushes=["2"])
    assert isinstance(recycled.pushed["2"], RtpReceiveParameters)


def test_a_track_that_pauses_sending_stays_published() -> None:
    negotiation = connection()
    offer = sample("chromium-156-push")
    negotiation.answer(offer, pushes=["0", "1"])
    paused = replace(offer, media=(offer.media[0], replace(offer.media[1], direction="inactive")))
    answered = negotiation.answer(paused)
    assert (answered.ended, parse_sdp(answered.sdp).media[1].direction) == ([], "inactive")
    assert parse_sdp(negotiation.answer(offer).sdp).media[1].direction == "recvonly"


def test_auto_discovery_finds_what_is_sent_and_not_yet_published() -> None:
    negotiation = connection()
    offer = sample("chromium-156-simulcast-data")
    negotiation.answer(offer, pushes=["0"])
    assert negotiation.discoverable(offer) == ["1"]
    assert connection().discoverable(sample("chromium-156-recvonly")) == []
    negotiation.close("0")
    assert negotiation.discoverable(offer) == ["1"]


def test_a_push_of_a_stopped_m_line_ends_what_it_carried() -> None:
    negotiation = connection()
    offer = sample("chromium-156-push")
    negotiation.answer(offer, pushes=["0", "1"])
    stopped = replace(offer, media=(offer.media[0], replace(offer.media[1], port=0)), bundle=("0",))
    answered = negotiation.answer(stopped, pushes=["1"])
    assert isinstance(answered.pushed["1"], ItemError)
    assert answered.ended == ["1"]
    assert parse_sdp(answered.sdp).media[1].rejected


def broken(media: MediaDescription, **changes: object) -> MediaDescription:
    return replace(media, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mid": None}, "a=mid"),
        ({"rtcp_mux": False}, "rtcp-mux"),
        ({"ice": None}, "ice-ufrag"),
        ({"fingerprints": ()}, "fingerprint"),
        ({"setup": None}, "setup"),
        ({"setup": "holdconn"}, "setup"),
        ({"protocol": "RTP/AVP"}, "DTLS"),
    ],
)
def test_an_offer_without_a_usable_transport_is_refused(changes: dict[str, object], reason: str) -> None:
    offer = sample("chromium-156-push")
    with pytest.raises(InvalidDescription, match=reason):
        connection().answer(replace(offer, media=tuple(broken(media, **changes) for media in offer.media)))


def test_m_lines_outside_the_bundle_are_refused() -> None:
    with pytest.raises(InvalidDescription, match="BUNDLE"):
        connection().answer(replace(sample("chromium-156-push"), bundle=("0",)))


def test_a_session_continues_or_is_refused_unchanged() -> None:
    negotiation = connection()
    offer = sample("chromium-156-push")
    first = negotiation.answer(offer, pushes=["0"])
    others = [
        replace(offer, media=offer.media[:1]),
        replace(offer, media=(replace(offer.media[0], mid="9"), offer.media[1]), bundle=("9", "1")),
        replace(offer, media=offer.media[::-1]),
        sample("chromium-156-recvonly"),
        replace(offer, media=tuple(replace(media, setup="passive") for media in offer.media)),
    ]
    for other in others:
        with pytest.raises(InvalidDescription):
            negotiation.answer(other)
    again = negotiation.answer(offer)
    assert parse_sdp(again.sdp).media == parse_sdp(first.sdp).media


def test_a_passive_client_makes_us_the_dtls_client_for_good() -> None:
    negotiation = connection()
    offer = sample("chromium-156-push")
    passive = replace(offer, media=tuple(replace(media, setup="passive") for media in offer.media))
    assert {media.setup for media in parse_sdp(negotiation.answer(passive).sdp).media} == {"active"}
    assert {media.setup for media in parse_sdp(negotiation.answer(offer).sdp).media} == {"active"}
    assert negotiation.role == "client"


def test_the_number_of_m_lines_is_bounded() -> None:
    negotiation = connection(most_sections=2)
    offered = negotiation.offer([camera(), microphone(), camera()])
    assert isinstance(offered.mids[2], ItemError)
    offer = sample("chromium-156-simulcast-data")
    with pytest.raises(InvalidDescription, match="2 m-lines"):
        connection(most_sections=2).answer(offer)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_mids_sources_and_numbers_are_never_used_twice(data: st.DataObject) -> None:
    negotiation = connection()
    mids: set[object] = set()
    ssrcs: set[int] = set()
    live: list[str] = []
    sources = [camera(), microphone()]
    for _ in range(data.draw(st.integers(1, 8))):
        for mid in data.draw(st.lists(st.sampled_from(live), unique=True)) if live else []:
            negotiation.close(mid)
            live.remove(mid)
        offered = negotiation.offer(data.draw(st.lists(st.sampled_from(sources), min_size=1, max_size=3)))
        assert mids.isdisjoint(offered.mids)
        mids |= set(offered.mids)
        if data.draw(st.booleans()):
            negotiation.rollback()
            continue
        described = parse_sdp(offered.sdp or "")
        sends = negotiation.accept(answer_to(offered.sdp)).sends
        used = [ssrc for send in sends for ssrc in (send.ssrc, send.rtx_ssrc) if ssrc is not None]
        assert ssrcs.isdisjoint(used)
        assert len(set(used)) == len(used)
        ssrcs |= set(used)
        live += [send.mid for send in sends]
        assert sorted(media.mid or "" for media in described.media if media.direction == "sendonly") == sorted(live)


@given(st.sampled_from(sorted(path.stem for path in SAMPLES.glob("*.sdp"))), st.data())
@settings(max_examples=200, deadline=None)
def test_a_damaged_offer_is_answered_or_refused_and_changes_nothing(name: str, data: st.DataObject) -> None:
    lines = (SAMPLES / f"{name}.sdp").read_bytes().decode().split("\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(1, len(lines) - 1))
        other = data.draw(st.sampled_from(lines))
        lines[index : index + data.draw(st.integers(0, 2))] = [other]
    negotiation = connection()
    try:
        answered = negotiation.answer(parse_sdp("\r\n".join(lines)), pushes=["0", "1"])
    except (SdpError, InvalidDescription):
        assert negotiation.peer is None
        assert isinstance(negotiation.answer(sample(name), pushes=["0"]).pushed["0"], RtpReceiveParameters | ItemError)
    else:
        parse_sdp(answered.sdp)
