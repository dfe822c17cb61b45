from hypothesis import given
from hypothesis import strategies as st

from shinsatsu.rtc.rtcp import SenderReport
from shinsatsu.rtc.transport_feedback import TransportFeedback
from shinsatsu.sfu.feedback import ArrivalLog, Reception
from shinsatsu.sfu.resend import Media, MissingPackets, ResendRing


def told(log: ArrivalLog) -> list[TransportFeedback]:
    return list(log.feedback(1, 2))


def test_feedback_tells_each_arrival_once() -> None:
    log = ArrivalLog()
    for number, tick in ((65534, 1000), (65535, 1004), (1, 1010)):
        log.record(number, tick)

    assert told(log) == [TransportFeedback(1, 2, 65534, 0, (1000, 1004, None, 1010))]
    assert told(log) == []

    log.record(2, 1100)
    assert told(log) == [TransportFeedback(1, 2, 2, 1, (1100,))]


def test_a_late_packet_is_told_with_what_follows_it() -> None:
    log = ArrivalLog()
    log.record(1, 1000)
    log.record(3, 1010)
    told(log)

    log.record(2, 1020)

    assert told(log) == [TransportFeedback(1, 2, 2, 1, (1020, 1010))]


def test_arrivals_too_far_apart_for_one_packet_take_two() -> None:
    log = ArrivalLog()
    log.record(1, 1000)
    log.record(2, 1000 + 0x8000)

    assert [packet.arrivals for packet in told(log)] == [(1000,), (1000 + 0x8000,)]


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 2**40)), max_size=100))
def test_any_numbers_at_any_time_can_be_told(arrivals: list[tuple[int, int]]) -> None:
    log = ArrivalLog()
    for number, tick in arrivals:
        log.record(number, tick)

    for packet in told(log):
        assert bytes(packet)
        assert len(packet.arrivals) <= 1024


def test_a_receiver_report_counts_loss_before_retransmission() -> None:
    reception = Reception(90000)
    for number in (0x10000 + 10, 0x10000 + 11, 0x10000 + 13):
        reception.received(number, 0, 1.0)
    reception.reported(SenderReport(7, 0x0001_0002_0003_0004, 0, 0, 0), 2.0)

    block = reception.block(7, 0x10000 + 13, 2.5)

    assert block is not None
    assert (block.fraction_lost, block.packets_lost, block.highest_sequence) == (64, 1, 13)
    assert (block.lsr, block.dlsr) == (0x0002_0003, 0x8000)


def test_an_even_stream_has_no_jitter_and_an_uneven_one_has() -> None:
    even, uneven = Reception(90000), Reception(90000)
    for index in range(50):
        even.received(index, index * 3000, index / 30)
        uneven.received(index, index * 3000, index / 30 + (index % 2) * 0.01)

    even_block, uneven_block = even.block(1, 49, 2.0), uneven.block(1, 49, 2.0)
    assert even_block is not None
    assert uneven_block is not None
    assert even_block.jitter == 0
    assert 800 < uneven_block.jitter < 900


def test_too_many_missing_packets_are_not_asked_for() -> None:
    missing = MissingPackets()

    assert missing.gap(10, 20, 1.0)
    assert not missing.gap(20, 400, 1.0)
    assert missing.due(1.0, 0) == []


def test_missing_packets_too_old_to_be_used_are_given_up() -> None:
    missing = MissingPackets()
    missing.gap(10, 13, 1.0)
    missing.arrived(12)

    assert missing.due(1.0, 11) == [11]
    assert len(missing) == 1


def test_a_quiet_layers_ring_lets_go_of_what_is_seconds_old() -> None:
    ring = ResendRing()
    for number in range(1, 11):
        ring.store(Media(number, False, 0, b"", ()))
    ring.age(10)
    ring.store(Media(11, False, 0, b"", ()))
    assert ring.find(1) is not None

    ring.age(11)

    assert [ring.find(number) is None for number in (1, 10, 11)] == [True, True, False]
