"""One sender and one receiver of a track, with packets lost by a fixed pattern; no network, no clock."""

from dataclasses import replace

import pytest

from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.peer_description import OPUS, VP8
from shinsatsu.media.rtp_receiver import RtpReceiver
from shinsatsu.media.rtp_sender import RtpSender
from shinsatsu.rtc import rtp
from shinsatsu.rtc.parameters import (
    RtpCodec,
    RtpEncoding,
    RtpHeaderExtension,
    RtpReceiveParameters,
    RtpSendParameters,
)
from shinsatsu.rtc.rtcp import Nack, PictureLoss, SenderReport

WITHOUT_RTX = replace(VP8, rtx_payload_type=None)


class Wire:
    """Stands for SRTP: notes that no packet is protected twice."""

    def __init__(self) -> None:
        self.protected: set[tuple[int, int]] = set()

    def protect(self, packet: bytes) -> bytes:
        parsed = rtp.parse(packet)
        index = (parsed.ssrc, parsed.sequence_number)
        assert index not in self.protected
        self.protected.add(index)
        return packet


def sender_of(codec: RtpCodec, kind: str = "video") -> RtpSender:
    rtx = 2 if codec.rtx_payload_type else None
    extensions = (RtpHeaderExtension(rtp.MID, 4),)
    parameters = RtpSendParameters("m", "video" if kind == "video" else "audio", codec, 1, rtx, extensions, "c")
    return RtpSender(parameters, Wire().protect)


def receiver_of(codec: RtpCodec, kind: str = "video") -> RtpReceiver:
    encoding = RtpEncoding(ssrc=1, rtx_ssrc=2 if codec.rtx_payload_type else None)
    media = RtpReceiveParameters("m", "video" if kind == "video" else "audio", codec, (), (encoding,))
    return RtpReceiver(media, 99, patience=0.5)


def picture(number: int, size: int = 3000) -> EncodedFrame:
    return EncodedFrame((b"\x10" if not number else b"\x11") + bytes([number]) * size, number * 6000, not number)


def stripped(frames: list[EncodedFrame], first: int) -> list[EncodedFrame]:
    """With timestamps from 0, as the sender's start at random."""
    return [replace(frame, timestamp=frame.timestamp - first) for frame in frames]


@pytest.mark.parametrize("codec", [VP8, WITHOUT_RTX])
def test_lost_packets_are_asked_for_and_come_again(codec: RtpCodec) -> None:
    sender, receiver = sender_of(codec), receiver_of(codec)
    frames: list[EncodedFrame] = []
    count, now = 0, 100.0
    for number in range(40):
        arriving = sender.send(picture(number), now)
        for datagram in arriving:
            count += 1
            if count % 5:
                receiver.receive(rtp.parse(datagram), now)
        for step in range(6):
            now = 100.0 + number / 15 + step / 100
            frames += receiver.frames(now)
            for packet in receiver.feedback(now):
                assert isinstance(packet, Nack)
                for datagram in sender.resend(packet.lost, now):
                    receiver.receive(rtp.parse(datagram), now)
    frames += receiver.frames(now)
    # The very last packets may be missing with nothing behind them that would show it.
    assert len(frames) >= 39
    assert stripped(frames, frames[0].timestamp) == [picture(number) for number in range(len(frames))]


def test_what_stays_lost_ends_in_a_wish_for_a_key_frame_and_nothing_broken_comes_out() -> None:
    sender, receiver = sender_of(VP8), receiver_of(VP8)
    frames: list[EncodedFrame] = []
    plis: list[float] = []
    for number in range(30):
        now = 10 + number / 15
        arriving = sender.send(picture(number), now)
        for datagram in arriving[1:] if number == 5 else arriving:
            receiver.receive(rtp.parse(datagram), now)
        frames += receiver.frames(now)
        plis += [now for packet in receiver.feedback(now) if isinstance(packet, PictureLoss)]
    assert [frame.data[1] for frame in frames] == [0, 1, 2, 3, 4]
    assert plis[0] == pytest.approx(10 + 5 / 15 + 0.5, abs=0.1)
    assert 2 <= len(plis) <= 3
    for datagram in sender.send(replace(picture(0), timestamp=30 * 6000), 13.0):
        receiver.receive(rtp.parse(datagram), 13.0)
    assert [frame.key_frame for frame in receiver.frames(13.0)] == [True]
    assert not receiver.waiting


def test_a_packet_asked_for_twice_at_once_is_sent_once_and_a_forgotten_one_not_at_all() -> None:
    sender = sender_of(VP8)
    first = rtp.parse(sender.send(picture(0, 10), 0.0)[0]).sequence_number
    assert len(sender.resend((first, first), 1.0)) == 1
    assert len(sender.resend((first,), 1.1)) == 1
    for number in range(600):
        sender.send(picture(1, 10), float(number))
    assert sender.resend((first,), 700.0) == []


def test_packets_are_numbered_marked_and_carry_their_mid() -> None:
    packets = [rtp.parse(datagram) for datagram in sender_of(VP8).send(picture(0), 0.0)]
    assert [packet.marker for packet in packets] == [False, False, True]
    assert {packet.timestamp for packet in packets} == {packets[0].timestamp}
    assert [packet.sequence_number - packets[0].sequence_number for packet in packets] == [0, 1, 2]
    assert {packet.extensions[4] for packet in packets} == {b"m"}


def test_a_sender_report_names_the_timestamp_of_its_own_instant() -> None:
    sender = sender_of(OPUS, "audio")
    assert sender.report(5.0, 0) is None
    packet = rtp.parse(sender.send(EncodedFrame(b"sound", 960), 5.0)[0])
    report = sender.report(5.5, 7 << 32)
    assert report == SenderReport(1, 7 << 32, (packet.timestamp + 24000) & 0xFFFFFFFF, 1, 5)


def test_reports_tell_loss_and_answer_the_senders_clock() -> None:
    sender, receiver = sender_of(OPUS, "audio"), receiver_of(OPUS, "audio")
    assert receiver.report(0.0) is None
    for number in range(100):
        now = number / 50
        datagram = sender.send(EncodedFrame(b"sound", number * 960), now)[0]
        if number % 4 != 1:
            receiver.receive(rtp.parse(datagram), now)
    receiver.note(SenderReport(1, 0x1234_5678_9ABC_DEF0, 0, 0, 0), 2.0)
    report = receiver.report(2.5)
    assert report is not None
    assert (report.packets_lost, report.fraction_lost, report.jitter) == (25, 64, 0)
    assert (report.lsr, report.dlsr) == (0x5678_9ABC, 0x8000)
    again = receiver.report(2.6)
    assert again is not None
    assert (again.packets_lost, again.fraction_lost) == (25, 0)


def test_timestamps_and_sequence_numbers_wrap_unseen() -> None:
    receiver = receiver_of(OPUS, "audio")
    frames: list[EncodedFrame] = []
    for number in range(70000):
        sequence, timestamp = (65000 + number) & 0xFFFF, (2**32 - 960 * 10 + number * 960) & 0xFFFFFFFF
        receiver.receive(rtp.RtpPacket(111, sequence, timestamp, 1, False, b"sound"), number / 50)
        frames += receiver.frames(number / 50)
    assert len(frames) == 70000
    assert frames[-1].timestamp - frames[0].timestamp == 69999 * 960
