import aiortc.rtp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinsatsu.rtc import rtcp
from shinsatsu.rtc.rtcp import (
    Bye,
    FullIntraRequest,
    Nack,
    PictureLoss,
    ReceiverEstimatedBitrate,
    ReceiverReport,
    ReportBlock,
    RtcpPacket,
    SenderReport,
    SourceDescription,
)
from shinsatsu.rtc.transport_feedback import TransportFeedback

WORD = st.integers(0, 0xFFFFFFFF)
BLOCK = ReportBlock(7, 12, -3, 70000, 5, 6, 7)
ONE_OF_EACH: list[RtcpPacket] = [
    SenderReport(1, 2**63 + 5, 3, 4, 5, (BLOCK,)),
    ReceiverReport(1, (BLOCK, BLOCK)),
    SourceDescription(((1, "one"), (2, "two-name"))),
    Bye((1, 2)),
    Nack(1, 2, (65534, 65535, 0, 30)),
    PictureLoss(1, 2),
    FullIntraRequest(1, ((2, 3),)),
    TransportFeedback(1, 2, 65535, 9, (256 * 3 + 2, None, 256 * 3 + 9)),
]


@pytest.mark.parametrize("packet", ONE_OF_EACH, ids=lambda packet: type(packet).__name__)
def test_what_is_built_is_read_again(packet: RtcpPacket) -> None:
    assert rtcp.parse(rtcp.build([packet])) == ((packet,), 0)


def test_a_compound_is_read_in_order() -> None:
    assert rtcp.parse(rtcp.build(ONE_OF_EACH)).packets == tuple(ONE_OF_EACH)


def test_a_foreign_codec_reads_ours() -> None:
    report, nack = aiortc.rtp.RtcpPacket.parse(
        rtcp.build([SenderReport(1, 2, 3, 4, 5, (BLOCK,)), Nack(1, 2, (65530, 65535, 20))])
    )

    assert isinstance(report, aiortc.rtp.RtcpSrPacket)
    assert (report.ssrc, report.sender_info.rtp_timestamp, report.reports[0].packets_lost) == (1, 3, -3)
    assert isinstance(nack, aiortc.rtp.RtcpRtpfbPacket)
    assert nack.lost == [65530, 65535, 20]


def test_remb_is_read() -> None:
    data = b"\x8f\xce\x00\x05" + bytes(4) + bytes(4) + b"REMB\x01\x0b\x00\x00" + b"\x00\x00\x00\x09"
    data = data[:17] + bytes((3 << 2 | 0, 0x01, 0x00)) + data[20:]

    assert rtcp.parse(data).packets == (ReceiverEstimatedBitrate(0, 256 << 3, (9,)),)


def test_a_malformed_packet_spoils_only_itself() -> None:
    good = rtcp.build([PictureLoss(1, 2)])
    cut_report = b"\x81\xc9\x00\x01" + bytes(4)

    assert rtcp.parse(good + cut_report + good) == ((PictureLoss(1, 2), PictureLoss(1, 2)), 1)
    assert rtcp.parse(good + good[:6]) == ((PictureLoss(1, 2),), 1)


@given(st.binary(max_size=100), st.integers(0x80, 0xBF), st.integers(192, 223))
def test_garbage_raises_only_its_error(garbage: bytes, first: int, kind: int) -> None:
    words = len(garbage) // 4
    framed = bytes((first, kind)) + words.to_bytes(2, "big") + garbage[: 4 * words]
    for data in (garbage, framed, framed + garbage):
        try:
            rtcp.parse(data)
        except rtcp.RtcpError:
            continue


@given(st.lists(st.integers(0, 0xFFFF), unique=True, max_size=60).map(sorted))
def test_a_nack_asks_for_exactly_what_is_lost(lost: list[int]) -> None:
    ((packet,), _) = rtcp.parse(rtcp.build([Nack(1, 2, tuple(lost))]))

    assert isinstance(packet, Nack)
    assert list(packet.lost) == lost


@given(
    st.integers(0, 0xFFFF),
    st.integers(0, 2**30),
    st.lists(st.none() | st.integers(-300, 3000), min_size=1, max_size=80),
    st.integers(0, 255),
)
def test_feedback_survives_the_wire(base: int, start: int, steps: list[int | None], count: int) -> None:
    tick = start
    arrivals: list[int | None] = []
    for step in steps:
        tick = tick if step is None else max(0, tick + step)
        arrivals.append(None if step is None else tick)
    feedback = TransportFeedback(1, 2, base, count, tuple(arrivals))

    ((read,), malformed) = rtcp.parse(rtcp.build([feedback]))

    assert (read, malformed) == (feedback, 0)
