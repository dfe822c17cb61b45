"""The peer without network or clock, against the lite side built from the same parts; time is a number."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

import pytest

from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.peer_description import NegotiationError
from shinsatsu.media.peer_events import KeyFrameRequested, StateChanged
from shinsatsu.media.peer_protocol import PeerProtocol
from shinsatsu.rtc import ice, rtcp, rtp, stun
from shinsatsu.rtc.dtls import Certificate, DtlsSession
from shinsatsu.rtc.ice import IceLiteAgent
from shinsatsu.rtc.parameters import DtlsFingerprint
from shinsatsu.rtc.sdp import CandidateLine, HeaderExtensionOffer, MediaDescription, SessionDescription, serialize_sdp
from shinsatsu.rtc.sdp_parse import parse_sdp
from shinsatsu.rtc.srtp import SrtpSession
from shinsatsu.rtc.stun import Address

NEAR: Address = ("192.0.2.1", 5000)
FAR: Address = ("192.0.2.2", 5000)
PEER: Address = ("198.51.100.7", 40000)


@pytest.fixture(scope="module")
def certificates() -> tuple[Certificate, Certificate]:
    return Certificate.generate(), Certificate.generate()


class Lite:
    """An ICE-lite server of one connection, reachable at some addresses, deaf or not as a test likes."""

    def __init__(self, certificate: Certificate, reachable: set[Address]) -> None:
        self.certificate = certificate
        self.agent = IceLiteAgent(ice.generate_parameters())
        self.reachable = reachable
        self.dtls: DtlsSession | None = None
        self.srtp: SrtpSession | None = None
        self.packets: list[rtp.RtpPacket] = []
        self.reports: list[rtcp.RtcpPacket] = []
        self.told_fingerprint = certificate.fingerprint

    def answer(self, offer: str, rejected: tuple[str, ...] = ()) -> str:
        offered = parse_sdp(offer)
        self.dtls = DtlsSession(self.certificate, "server", offered.media[0].fingerprints[0])
        media = tuple(self._section(each, rejected=each.mid in rejected) for each in offered.media)
        return serialize_sdp(SessionDescription(media, 1, 1, offered.bundle, ice_lite=True))

    def _section(self, media: MediaDescription, *, rejected: bool) -> MediaDescription:
        if rejected:
            return MediaDescription(media.kind, 0, media.protocol, media.formats, mid=media.mid, direction="inactive")
        candidates = (FAR, NEAR, ("lost.local", 1))
        return replace(
            media,
            direction="recvonly",
            ice=self.agent.local,
            fingerprints=(self.told_fingerprint,),
            setup="passive",
            msid=None,
            ssrcs=(),
            ssrc_groups=(),
            header_extensions=tuple(HeaderExtensionOffer(each.id, each.uri) for each in media.header_extensions),
            candidates=tuple(
                CandidateLine(str(index), 1, "udp", 100 - index, host, port, "host")
                for index, (host, port) in enumerate(candidates)
            ),
        )

    def receive(self, data: bytes, address: Address, now: float) -> list[bytes]:
        if address not in self.reachable:
            return []
        if stun.is_stun(data):
            return [self.agent.handle_request(stun.parse(data), PEER, now).data]
        if 20 <= data[0] <= 63 and self.dtls is not None:
            answers = ([] if self.dtls.state != "new" else self.dtls.start()) + self.dtls.receive(data)
            if self.dtls.srtp_keys is not None and self.srtp is None:
                self.srtp = SrtpSession(self.dtls.srtp_keys)
            return answers
        if self.srtp is not None and rtp.is_rtcp(data):
            self.reports += rtcp.parse(self.srtp.unprotect_rtcp(data)).packets
        elif self.srtp is not None:
            self.packets.append(rtp.parse(self.srtp.unprotect(data)))
        return []


class Pair:
    """A peer and a lite server; `run` lets time pass to the given second, timer by timer."""

    def __init__(self, certificates: tuple[Certificate, Certificate], *reachable: Address) -> None:
        self.peer = PeerProtocol(certificates[0])
        self.lite = Lite(certificates[1], set(reachable))
        self.now = 1000.0
        self.sent: list[tuple[float, Address]] = []

    @property
    def state(self) -> str:
        return self.peer.state

    def connect(self, rejected: tuple[str, ...] = ()) -> None:
        offer = self.peer.create_offer(["audio", "video"])
        self.peer.set_answer(self.lite.answer(offer, rejected), self.now)
        self.exchange()

    def exchange(self) -> None:
        waiting = deque(self.peer.data_to_send())
        while waiting:
            address, data = waiting.popleft()
            self.sent.append((self.now, address))
            for answer in self.lite.receive(data, address, self.now):
                self.peer.receive_datagram(answer, address, self.now)
            waiting.extend(self.peer.data_to_send())

    def run(self, until: float) -> None:
        while (due := self.peer.next_timer(self.now)) is not None and due <= until:
            self.now = max(due, self.now + 0.001)
            self.peer.handle_timer(self.now)
            self.exchange()
        self.now = until

    def feed(self, *packets: rtcp.RtcpPacket) -> None:
        assert self.lite.srtp is not None
        data = self.lite.srtp.protect_rtcp(rtcp.build(packets))
        self.peer.receive_datagram(data, self.peer.candidates[0], self.now)
        self.exchange()


MakePair = Callable[..., Pair]


@pytest.fixture
def pair(certificates: tuple[Certificate, Certificate]) -> MakePair:
    return lambda *reachable: Pair(certificates, *reachable)


def test_it_connects_by_the_address_that_answers_and_stays_with_it(pair: MakePair) -> None:
    two = pair(NEAR)
    assert two.state == "new"
    two.connect()
    assert two.state == "connected"
    assert two.peer.candidates == (NEAR,)
    assert two.peer.events() == [StateChanged("connecting"), StateChanged("connected")]
    before = len(two.sent)
    two.run(two.now + 20)
    assert {address for _, address in two.sent[before:]} == {NEAR}
    assert two.state == "connected"


def test_it_is_disconnected_after_6_s_of_silence_back_when_answered_and_failed_after_30(pair: MakePair) -> None:
    two = pair(NEAR)
    two.connect()
    two.lite.reachable.clear()
    two.run(two.now + 5)
    assert two.state == "connected"
    two.run(two.now + 5)
    assert two.state == "disconnected"
    two.lite.reachable.add(NEAR)
    two.run(two.now + 3)
    assert two.state == "connected"
    two.lite.reachable.clear()
    two.run(two.now + 40)
    assert two.state == "failed"
    assert two.peer.next_timer(two.now) is None


def test_nobody_there_is_a_failure_within_16_s(pair: MakePair) -> None:
    two = pair()
    two.connect()
    two.run(two.now + 14)
    assert two.state == "connecting"
    two.run(two.now + 2)
    assert (two.peer.state, two.peer.failure) == ("failed", "no connection within the time")


def test_another_certificate_than_the_sdp_said_is_refused(pair: MakePair) -> None:
    two = pair(NEAR)
    two.lite.told_fingerprint = DtlsFingerprint("sha-256", ":".join(["AB"] * 32))
    two.connect()
    assert two.state == "failed"
    assert "fingerprint" in two.peer.failure
    two.peer.send_frame("0", EncodedFrame(b"sound", 0), two.now)
    assert two.peer.data_to_send() == []


def test_frames_go_out_only_on_what_was_taken(pair: MakePair) -> None:
    two = pair(NEAR)
    two.connect(rejected=("1",))
    assert [track.mid for track in two.peer.sending] == ["0"]
    for mid in ("0", "1", "7"):
        two.peer.send_frame(mid, EncodedFrame(b"sound", 0), two.now)
    two.exchange()
    assert [(packet.payload_type, packet.payload) for packet in two.lite.packets] == [(111, b"sound")]


def test_wishes_for_key_frames_name_the_m_line(pair: MakePair) -> None:
    two = pair(NEAR)
    two.connect()
    two.peer.events()
    video = two.peer.sending[1].ssrc
    two.feed(rtcp.PictureLoss(9, video), rtcp.FullIntraRequest(9, ((video, 1),)), rtcp.PictureLoss(9, 12345))
    assert two.peer.events() == [KeyFrameRequested("1"), KeyFrameRequested("1")]


def test_a_nack_is_answered_by_rtx(pair: MakePair) -> None:
    two = pair(NEAR)
    two.connect()
    video = two.peer.sending[1]
    two.peer.send_frame("1", EncodedFrame(b"\x10picture", 0), two.now)
    two.exchange()
    first = two.lite.packets[-1]
    two.now += 0.1
    two.feed(rtcp.Nack(9, video.ssrc, (first.sequence_number,)))
    again = two.lite.packets[-1]
    assert (again.ssrc, again.payload_type) == (video.rtx_ssrc, video.codec.rtx_payload_type)
    assert again.payload == first.sequence_number.to_bytes(2, "big") + first.payload


def test_it_reports_each_second_and_says_goodbye(pair: MakePair) -> None:
    two = pair(NEAR)
    two.connect()
    two.peer.send_frame("0", EncodedFrame(b"sound", 0), two.now)
    two.run(two.now + 3)
    reports = [packet for packet in two.lite.reports if isinstance(packet, rtcp.SenderReport)]
    assert len(reports) == 3
    assert all(report.packet_count == 1 for report in reports)
    two.peer.close(two.now)
    two.exchange()
    goodbye = two.lite.reports[-1]
    assert isinstance(goodbye, rtcp.Bye)
    assert {track.ssrc for track in two.peer.sending} <= set(goodbye.ssrcs)
    assert two.lite.dtls is not None
    assert (two.lite.dtls.state, two.peer.state) == ("closed", "closed")
    two.peer.close(two.now)
    assert two.peer.data_to_send() == []


def test_garbage_and_strangers_are_ignored(pair: MakePair) -> None:
    two = pair(NEAR)
    two.connect()
    for data in (b"", b"\x00", b"\x80" * 40, b"\x16\xfe\xfd" + bytes(20), bytes(20), b"\x80\xc8" + bytes(20)):
        two.peer.receive_datagram(data, NEAR, two.now)
        two.peer.receive_datagram(data, ("203.0.113.9", 1), two.now)
    two.run(two.now + 5)
    assert two.state == "connected"


@pytest.mark.parametrize(
    ("line", "instead"),
    [("a=ice-pwd", ""), ("a=fingerprint", ""), ("a=candidate", ""), ("m=audio", "m=audio 0 x 0"), ("v=0", "v=1")],
)
def test_an_answer_without_what_is_needed_is_refused_and_changes_nothing(
    pair: MakePair, line: str, instead: str
) -> None:
    two = pair(NEAR)
    good = two.lite.answer(two.peer.create_offer(["audio"]))
    lines = [instead if each.startswith(line) else each for each in good.split("\r\n")]
    with pytest.raises(NegotiationError):
        two.peer.set_answer("\r\n".join(each for each in lines if each), two.now)
    assert (two.peer.state, two.peer.sending) == ("new", ())
