from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinsatsu.rtc import payloads, rtp
from shinsatsu.rtc.parameters import RtpHeaderExtension
from shinsatsu.rtc.rtcp import Bye, FullIntraRequest, Nack, PictureLoss, RtcpPacket, SenderReport
from shinsatsu.rtc.rtp import RtpPacket
from shinsatsu.rtc.srtp import SrtpKeys, SrtpSession
from shinsatsu.sfu.forwarding import forward
from tests.sfu.publishing import (
    MICROPHONE,
    OPUS,
    RECEIVER,
    SIMULCAST,
    Stage,
    number_of,
    retransmitted,
    video,
)

KEYS = SrtpKeys(b"SRTP_AEAD_AES_128_GCM", bytes(28), bytes(28))


def asked(stage: Stage, now: float, kind: type[RtcpPacket]) -> list[RtcpPacket]:
    return [packet for packet in stage.inbound.requests(now) if isinstance(packet, kind)]


def test_video_starts_with_a_key_frame() -> None:
    stage = Stage()
    stage.edge(stage.publish())

    sent = stage.feed(video(1), video(2), video(3, key=True), video(4))

    assert [number_of(packet) for packet in sent] == [3, 4]


def test_a_receiver_sees_its_own_numbers() -> None:
    stage = Stage()
    stage.edge(stage.publish())

    first, second = stage.feed(video(3, key=True), video(5))

    assert {(packet.ssrc, packet.payload_type) for packet in (first, second)} == {(7000, 120)}
    assert second.sequence_number - first.sequence_number == 2
    assert second.timestamp - first.timestamp == 6000
    assert [int.from_bytes(packet.extensions[8], "big") for packet in (first, second)] == [1, 2]
    assert first.extensions[9] == rtp.abs_send_time(1.0).to_bytes(3, "big")


def test_extensions_of_the_media_are_carried_those_of_the_hop_are_not() -> None:
    stage = Stage()
    stage.edge(stage.publish())
    packet = video(1, key=True)._replace(extensions={1: b"0", 4: b"\x00\x09", 5: b"\x03"})

    (sent,) = stage.feed(packet)

    assert sent.extensions[7] == b"\x03"
    assert set(sent.extensions) == {7, 8, 9}


def test_the_mid_is_said_until_the_receiver_knows_the_ssrc() -> None:
    stage = Stage()
    parameters = replace(RECEIVER, header_extensions=(RtpHeaderExtension(rtp.MID, 3),))
    edge = stage.edge(stage.publish(), parameters)

    (first,) = stage.feed(video(1, key=True))
    edge.headers.stop_mid()
    (second,) = stage.feed(video(2))

    assert (first.extensions, second.extensions) == ({3: b"5"}, {})


def test_a_shut_gate_forwards_and_resends_nothing() -> None:
    stage = Stage()
    edge = stage.edge(stage.publish())
    (before,) = stage.feed(video(1, key=True))

    edge.shut()

    assert stage.feed(video(2), video(3, key=True)) == []
    assert stage.outbound.take(Nack(1, 7000, (before.sequence_number,)), 1.1) == []


def test_an_edge_not_opened_yet_forwards_nothing() -> None:
    stage = Stage()
    stage.edge(stage.publish(), now=None)

    assert stage.feed(video(1, key=True)) == []


def test_nothing_from_before_the_pause_leaks_after_it() -> None:
    stage = Stage()
    edge = stage.edge(stage.publish())
    stage.feed(video(1, key=True), video(2))
    edge.shut()
    stage.feed(video(3), video(5))
    edge.open(2.0)

    sent = stage.feed(video(6), video(7, key=True), video(4), video(8), now=2.1)

    assert [number_of(packet) for packet in sent] == [7, 8]
    assert stage.sent[2].sequence_number == (stage.sent[1].sequence_number + 1) & 0xFFFF
    lost = tuple(range(stage.sent[0].sequence_number - 5, stage.sent[1].sequence_number + 1))
    assert stage.outbound.take(Nack(1, 7000, tuple(number & 0xFFFF for number in lost)), 2.2) == []


def test_a_key_frame_is_asked_for_until_one_came() -> None:
    stage = Stage()
    source = stage.publish()
    stage.feed(video(1), now=0.9)
    stage.edge(source, now=1.0)

    assert stage.inbound.is_urgent(1.0)
    counts = [len(asked(stage, now, PictureLoss)) for now in (1.0, 1.2, 1.3, 1.5, 1.61)]
    stage.feed(video(2, key=True))

    assert counts == [1, 0, 1, 0, 1]
    assert asked(stage, 9.0, PictureLoss) == []


@pytest.mark.parametrize("request_", [PictureLoss(1, 7000), FullIntraRequest(1, ((7000, 1),))])
def test_receivers_ask_through_us_but_not_too_often(request_: RtcpPacket) -> None:
    stage = Stage()
    stage.edge(stage.publish())
    stage.feed(video(1, key=True))

    stage.outbound.take(request_, 1.0)
    assert asked(stage, 1.0, PictureLoss) == [PictureLoss(stage.inbound.ssrc, 1000)]
    stage.outbound.take(request_, 1.1)
    assert asked(stage, 1.1, PictureLoss) == []


def test_gaps_are_asked_for_again_and_then_given_up() -> None:
    stage = Stage()
    stage.publish()
    stage.feed(video(1, key=True), video(4))

    tries = [packet for tenth in range(40) for packet in asked(stage, 1 + tenth / 10, Nack)]

    assert set(tries) == {Nack(stage.inbound.ssrc, 1000, (2, 3))}
    assert len(tries) == 8


def test_a_retransmission_fills_the_gap_in_its_place() -> None:
    stage = Stage()
    stage.edge(stage.publish())
    stage.feed(video(1, key=True), video(3))

    (late,) = stage.feed(retransmitted(video(2), 900))

    assert number_of(late) == 2
    assert late.sequence_number == (stage.sent[0].sequence_number + 1) & 0xFFFF
    assert asked(stage, 2.0, Nack) == []
    assert stage.feed(video(2), retransmitted(video(2), 901)) == []


def test_a_nack_is_served_by_rtx_under_fresh_numbers() -> None:
    stage = Stage()
    stage.edge(stage.publish())
    first, _ = stage.feed(video(1, key=True), video(2))

    again = [rtp.parse(p) for _ in range(2) for p in stage.outbound.take(Nack(1, 7000, (first.sequence_number,)), 1.1)]

    assert [(p.ssrc, p.payload_type, p.timestamp) for p in again] == [(7001, 121, first.timestamp)] * 2
    assert again[0].payload == first.sequence_number.to_bytes(2, "big") + first.payload
    assert again[1].sequence_number == again[0].sequence_number + 1


def test_resending_is_limited() -> None:
    stage = Stage()
    stage.edge(stage.publish())
    (first,) = stage.feed(video(1, key=True))

    resent = sum(len(stage.outbound.take(Nack(1, 7000, (first.sequence_number,)), 1.1)) for _ in range(3000))

    assert resent <= 1000


def test_padding_is_not_forwarded_and_leaves_no_gap() -> None:
    stage = Stage()
    stage.edge(stage.publish())
    padding = video(2)._replace(payload=b"", padding=200)
    empty_rtx = retransmitted(video(9)._replace(payload=b""), 5)

    first, second = stage.feed(video(1, key=True), padding, empty_rtx, video(3))

    assert [number_of(first), number_of(second)] == [1, 3]
    assert second.sequence_number == (first.sequence_number + 1) & 0xFFFF


def test_foreign_payload_types_and_unknown_sources_are_dropped() -> None:
    stage = Stage()
    stage.edge(stage.publish())
    stage.feed(video(1, key=True))

    assert stage.feed(video(2)._replace(payload_type=98), video(3, ssrc=4242)._replace(payload_type=99)) == []
    assert stage.inbound.dropped == 2
    forward([(stage.inbound, b"\x90garbage")], 1.0)
    assert stage.inbound.dropped == 3


def test_sources_are_found_by_mid_and_rid() -> None:
    stage = Stage()
    stage.publish(MICROPHONE)
    source = stage.publish(SIMULCAST)
    stage.feed(
        *(video(1, ssrc=ssrc)._replace(extensions={1: b"0", 2: rid}) for ssrc, rid in ((31, b"q"), (32, b"f"))),
        video(1, ssrc=33)._replace(extensions={1: b"other", 2: b"h"}),
        video(1, ssrc=34)._replace(extensions={1: b"0", 2: b"unknown"}),
        retransmitted(video(1), 5, ssrc=35)._replace(extensions={1: b"0", 3: b"f"}),
    )

    assert [(layer.rid, layer.ssrc, layer.rtx_ssrc) for layer in source.layers] == [
        ("q", 31, None),
        ("h", None, None),
        ("f", 32, 35),
    ]


def simulcast(stage: Stage, ssrcs: dict[str, int], number: int, now: float, *, key: str = "") -> list[RtpPacket]:
    """One frame of every layer, each with timestamps of its own."""
    packets = [
        video(number, key=rid == key, ssrc=ssrc, timestamp=ssrc * 10**6 + round(now * 90000), picture=ssrc + number)
        for rid, ssrc in ssrcs.items()
    ]
    tagged = [
        packet._replace(extensions={1: b"0", 2: rid.encode()}) for packet, rid in zip(packets, ssrcs, strict=True)
    ]
    return stage.feed(*tagged, now=now)


def test_a_layer_is_switched_on_its_key_frame_without_a_seam() -> None:
    stage, ssrcs = Stage(), {"f": 33, "h": 32, "q": 31}
    edge = stage.edge(stage.publish(SIMULCAST))
    edge.preferred_rid = "q"
    edge.choose_layer(0.9)
    simulcast(stage, ssrcs, 1, 1.0, key="q")
    simulcast(stage, ssrcs, 2, 1.1)
    edge.preferred_rid = "f"
    edge.choose_layer(1.1)
    assert asked(stage, 1.1, PictureLoss) == [PictureLoss(stage.inbound.ssrc, 33)]
    simulcast(stage, ssrcs, 3, 1.2)
    simulcast(stage, ssrcs, 4, 1.3, key="f")
    simulcast(stage, ssrcs, 5, 1.4)

    numbers = [packet.sequence_number for packet in stage.sent]
    assert [number - numbers[0] & 0xFFFF for number in numbers] == [0, 1, 2, 3, 4]
    times = [packet.timestamp - stage.sent[0].timestamp & 0xFFFFFFFF for packet in stage.sent]
    assert times == [0, 9000, 18000, 27000, 36000]
    pictures = [payloads.parse_vp8(packet.payload) for packet in stage.sent]
    ids = [picture.picture_id for picture in pictures if picture is not None and picture.picture_id is not None]
    assert [id_ - ids[0] for id_ in ids] == [0, 1, 2, 3, 4]


def test_sender_reports_align_the_layers_more_exactly_than_arrival() -> None:
    stage, ssrcs = Stage(), {"f": 33, "q": 31}
    edge = stage.edge(stage.publish(SIMULCAST))
    edge.preferred_rid = "q"
    edge.choose_layer(0.9)
    simulcast(stage, ssrcs, 1, 1.0, key="q")
    stage.inbound.take_report(SenderReport(31, 5 << 32, 31 * 10**6 + 90000, 1, 1), 1.0)
    stage.inbound.take_report(SenderReport(33, 6 << 32, 33 * 10**6 + 180000, 1, 1), 1.0)
    edge.preferred_rid = "f"
    edge.choose_layer(1.1)

    late = video(2, key=True, ssrc=33, timestamp=33 * 10**6 + 99000)
    first, switched = stage.sent[0], stage.feed(late, now=1.25)[0]

    assert switched.timestamp - first.timestamp == 9000


def test_the_best_active_layer_stands_in_for_one_that_stopped() -> None:
    stage, ssrcs = Stage(), {"q": 31, "f": 33}
    edge = stage.edge(stage.publish(SIMULCAST))
    edge.preferred_rid = "f"
    simulcast(stage, ssrcs, 1, 1.0, key="f")
    edge.choose_layer(1.0)
    assert edge.target.rid == "f"

    simulcast(stage, {"q": 31}, 2, 3.0)
    edge.choose_layer(3.0)

    assert edge.target.rid == "q"


def test_audio_flows_at_once_and_keeps_its_level() -> None:
    stage = Stage()
    codec = replace(OPUS, payload_type=109)
    stage.edge(stage.publish(MICROPHONE), replace(RECEIVER, kind="audio", codec=codec, rtx_ssrc=None))

    (sent,) = stage.feed(RtpPacket(111, 5, 960, 2000, payload=b"sound", extensions={6: b"\x8a"}))

    assert (sent.payload_type, sent.payload, sent.extensions[6]) == (109, b"sound", b"\x8a")


def test_sender_reports_carry_the_publishers_time_on_the_receivers_clock() -> None:
    stage = Stage()
    edge = stage.edge(stage.publish())
    stage.inbound.take_report(SenderReport(1000, 10 << 32, 5000, 1, 1), 1.0)
    (sent,) = stage.feed(video(1, key=True, timestamp=5000), now=1.0)

    report = edge.sender_report(1.5)

    assert report is not None
    assert (report.ssrc, report.ntp, report.packet_count) == (7000, (10 << 32) + (1 << 31), 1)
    assert report.rtp_timestamp == sent.timestamp + 45000


def test_a_closed_edge_says_bye_once() -> None:
    stage = Stage()
    edge = stage.edge(stage.publish())
    stage.feed(video(1, key=True))

    edge.close()

    assert [packet for packet in stage.outbound.reports(1.1) if isinstance(packet, Bye)] == [Bye((7000,))]
    assert stage.outbound.reports(9.0) == []
    assert stage.feed(video(2), video(3, key=True)) == []


def test_a_removed_source_is_silent() -> None:
    stage = Stage()
    source = stage.publish()
    stage.edge(source)
    stage.feed(video(1, key=True))

    stage.inbound.remove(source)

    assert stage.feed(video(2), video(3, key=True)) == []


def named(packet: RtpPacket) -> RtpPacket:
    """The packet with the mid of CAMERA."""
    return packet._replace(extensions={1: b"0"})


def test_a_publisher_that_changes_its_ssrc_flows_on_without_a_seam() -> None:
    stage = Stage()
    stage.edge(stage.publish())
    stage.feed(video(1, key=True, timestamp=90000, picture=7), video(2, timestamp=99000, picture=8), now=1.1)

    renewed = [
        named(video(40000, ssrc=77, timestamp=5000, picture=900)),
        named(video(40001, ssrc=77, key=True, timestamp=9500, picture=901)),
        video(40002, ssrc=77, timestamp=14000, picture=902),
    ]
    stage.feed(renewed[0], now=1.15)
    assert asked(stage, 1.15, PictureLoss) == [PictureLoss(stage.inbound.ssrc, 77)]
    stage.feed(*renewed[1:], now=1.2)

    assert [number_of(packet) for packet in stage.sent] == [1, 2, 40001, 40002]
    first = stage.sent[0]
    assert [packet.sequence_number - first.sequence_number & 0xFFFF for packet in stage.sent] == [0, 1, 2, 3]
    assert [packet.timestamp - first.timestamp for packet in stage.sent] == [0, 9000, 18000, 22500]
    pictures = [payloads.parse_vp8(packet.payload) for packet in stage.sent]
    assert [picture.picture_id for picture in pictures if picture is not None] == [7, 8, 9, 10]
    assert {packet.ssrc for packet in stage.sent} == {7000}


def test_what_came_before_a_change_of_ssrc_is_neither_taken_nor_sent_any_more() -> None:
    stage = Stage()
    stage.edge(stage.publish())
    (old,) = stage.feed(video(1, key=True))
    stage.feed(named(video(9, ssrc=77, key=True)))

    late = stage.feed(video(2), named(video(3)), retransmitted(video(4), 1), named(retransmitted(video(5), 2)))

    assert late == []
    assert stage.outbound.take(Nack(1, 7000, (old.sequence_number,)), 1.1) == []
    following = stage.feed(named(retransmitted(video(8), 3, ssrc=78)), video(10, ssrc=77))
    assert [number_of(packet) for packet in following] == [10]


def test_sound_goes_on_at_once_after_a_change_of_ssrc() -> None:
    stage = Stage()
    stage.edge(stage.publish(MICROPHONE), replace(RECEIVER, kind="audio", codec=OPUS, rtx_ssrc=None))
    stage.feed(RtpPacket(111, 65535, 960, 2000, payload=b"one"), now=1.0)

    stage.feed(RtpPacket(111, 9, 480000, 2222, payload=b"two", extensions={1: b"1"}), now=1.02)
    stage.feed(RtpPacket(111, 10, 480960, 2222, payload=b"three"), now=1.04)

    first = stage.sent[0]
    assert [packet.payload for packet in stage.sent] == [b"one", b"two", b"three"]
    assert [packet.sequence_number - first.sequence_number & 0xFFFF for packet in stage.sent] == [0, 1, 2]
    assert [packet.timestamp - first.timestamp for packet in stage.sent] == [0, 960, 1920]


def test_an_ssrc_nobody_names_takes_over_nothing() -> None:
    stage = Stage()
    stage.edge(stage.publish())
    stage.feed(video(1, key=True))

    assert stage.feed(video(2, ssrc=77, key=True)) == []
    assert [number_of(packet) for packet in stage.feed(video(2))] == [2]


def test_a_former_ssrc_comes_back_only_when_its_successor_is_silent() -> None:
    stage = Stage()
    stage.edge(stage.publish())
    stage.feed(named(video(1, key=True)), named(video(9, ssrc=77, key=True)))

    assert stage.feed(named(video(2, key=True)), now=1.5) == []
    assert len(stage.feed(named(video(3, key=True)), now=3.0)) == 1
    assert stage.feed(named(video(10, ssrc=77, key=True)), now=3.1) == []


def test_a_layer_that_changes_its_ssrc_flows_on() -> None:
    stage = Stage()
    edge = stage.edge(stage.publish(SIMULCAST))
    edge.preferred_rid = "f"
    simulcast(stage, {"q": 31, "f": 33}, 1, 1.0)
    edge.choose_layer(1.0)
    simulcast(stage, {"q": 31, "f": 33}, 2, 1.1, key="f")
    simulcast(stage, {"q": 31, "f": 99}, 3, 1.2, key="f")

    assert [number_of(packet) for packet in stage.sent] == [2, 3]
    assert stage.sent[1].timestamp - stage.sent[0].timestamp == 9000


def test_changes_of_ssrc_are_bounded() -> None:
    stage = Stage()
    source = stage.publish()
    for ssrc in range(5000, 6000):
        stage.feed(named(video(1, ssrc=ssrc, key=True)))

    assert source.layers[0].ssrc is not None
    assert source.layers[0].ssrc < 5300


def test_goodbye_to_an_ssrc_is_not_the_end_of_the_track() -> None:
    stage = Stage()
    source = stage.publish()
    stage.feed(video(1, key=True))

    stage.inbound.take_report(Bye((1000,)), 1.1)

    assert not source.layers[0].is_active(1.1)
    assert source.layers[0].last_packet_at == 1.0
    stage.feed(video(2), now=1.2)
    assert source.layers[0].is_active(1.2)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("packet"), st.sampled_from([31, 33]), st.integers(-30, 6), st.booleans()),
        st.tuples(st.just("rtx"), st.sampled_from([31, 33]), st.integers(-30, 0), st.booleans()),
        st.tuples(st.just("padding"), st.sampled_from([31, 33]), st.integers(-3, 3), st.booleans()),
        st.tuples(st.just("renew"), st.sampled_from([31, 33]), st.integers(-70000, 70000), st.just(True)),
        st.sampled_from(["shut", "open", "prefer q", "prefer f", "nack"]).map(lambda kind: (kind, 0, 0, False)),
    ),
    max_size=120,
)


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_no_index_is_ever_used_for_two_packets(steps: list[tuple[str, int, int, bool]]) -> None:
    """What AES-GCM must not see, over pauses, switches, new SSRCs, late and contradicting packets; libsrtp agrees."""
    stage, newest, now, salt = Stage(), {31: 100, 33: 100}, 1.0, 0
    current = {31: 31, 33: 33}
    edge = stage.edge(stage.publish(SIMULCAST))
    srtp = SrtpSession(KEYS)
    seen: set[tuple[int, int]] = set()
    for kind, ssrc, distance, key in steps:
        now, salt = now + 0.01, salt + 1
        out: list[bytes] = []
        if kind == "shut":
            edge.shut()
        elif kind == "open":
            edge.open(now)
        elif kind.startswith("prefer"):
            edge.preferred_rid = kind[-1]
            edge.choose_layer(now)
        elif kind == "nack":
            out = stage.outbound.take(Nack(1, 7000, tuple(number for _, number in sorted(seen))[-20:]), now)
        else:
            if kind == "renew":
                current[ssrc] = 1000 + salt
                newest[ssrc] += distance
            number = newest[ssrc] + (0 if kind == "renew" else distance)
            packet = video(number & 0xFFFFFFFF, key=key, ssrc=current[ssrc])
            packet = packet._replace(payload=packet.payload + salt.to_bytes(2, "big"))
            rid = b"q" if ssrc == 31 else b"f"
            tagged = packet._replace(extensions={1: b"0", 2: rid})
            if kind == "padding":
                tagged = tagged._replace(payload=b"", padding=7)
            if kind == "rtx":
                tagged = retransmitted(packet, salt, ssrc=current[ssrc] + 10000)._replace(extensions={1: b"0", 3: rid})
            else:
                newest[ssrc] = max(newest[ssrc], number)
            out = forward([(stage.inbound, rtp.build(tagged))], now).get(stage.outbound, [])
        for data in out:
            index = (int.from_bytes(data[8:12], "big"), int.from_bytes(data[2:4], "big"))
            assert index not in seen
            seen.add(index)
            srtp.protect(data)


@given(st.lists(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"\x90\x60" + rest), max_size=20))
def test_garbage_is_counted_and_nothing_else(batch: list[bytes]) -> None:
    stage = Stage()
    stage.edge(stage.publish())

    assert forward([(stage.inbound, packet) for packet in batch], 1.0) == {}
