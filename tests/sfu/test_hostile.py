"""What strangers and misbehaving peers may try on the media port: calls go on, nothing grows, all of it is counted."""

import asyncio
import gc
import random
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shinsatsu.rtc import rtp, stun
from shinsatsu.rtc.dtls import DtlsSession
from shinsatsu.rtc.ice import generate_parameters
from shinsatsu.rtc.rtcp import Nack, build
from shinsatsu.sfu.transport import UdpTransport
from tests.sfu.peers import CERTIFICATE, a_connected_peer, counted, counted_to
from tests.sfu.publishing import CAMERA, RECEIVER, Stage, number_of, video

FLOOD = 10_000
IGNORED = ("garbage", "unknown_address", "stun_refused", "unknown_username")


@contextmanager
def a_stranger(transport: UdpTransport) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.connect(("127.0.0.1", transport.udp_port))
        stranger.setblocking(False)
        yield stranger


def a_datagram(source: random.Random) -> bytes:
    """Noise, or something that looks like each protocol of the port."""
    noise = source.randbytes(source.randrange(1, 1300))
    sort = source.randrange(6)
    if sort == 0:
        return noise
    if sort == 1:
        return b"\x00\x01" + (len(noise) & ~3).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + bytes(12) + noise
    if sort == 2:
        names = f"{source.randrange(10**6)}:{source.randrange(10**6)}"
        return stun.binding_request(names, "guess", tie_breaker=1, priority=1, use_candidate=True)
    if sort == 3:
        return b"\x16\xfe\xfd" + noise
    return (b"\x80\x60" if sort == 4 else b"\x80\xc9") + noise + bytes(12)


def ignored(transport: UdpTransport) -> int:
    return sum(transport.counters[name] for name in IGNORED)


async def test_a_call_goes_on_through_a_flood_of_garbage(transport: UdpTransport) -> None:
    publisher, receiver = await a_connected_peer(transport), await a_connected_peer(transport)
    receiver.connection.send(publisher.connection.receive(CAMERA), RECEIVER)
    source = random.Random(5)
    flood = [a_datagram(source) for _ in range(FLOOD)]
    with a_stranger(transport) as stranger:
        for index, datagram in enumerate(flood):
            stranger.send(datagram)
            if index % 100 == 99:
                publisher.publish(video(index // 100, key=index == 99))
                assert number_of(await asyncio.wait_for(receiver.media.get(), 5)) == index // 100
        async with asyncio.timeout(10):
            while ignored(transport) < FLOOD:  # noqa: ASYNC110  # counters raise no event
                await asyncio.sleep(0)

    assert ignored(transport) == FLOOD
    assert transport.counters["received"] == FLOOD // 100
    assert {publisher.connection.state, receiver.connection.state} == {"connected"}
    assert transport.connections == 2
    assert all(transport.counters[name] for name in ("garbage", "unknown_address", "unknown_username"))


async def test_a_flood_leaves_no_memory_behind(transport: UdpTransport) -> None:
    source = random.Random(6)
    flood = [a_datagram(source) for _ in range(200)]
    with a_stranger(transport) as stranger:
        await floods(transport, stranger, flood)
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(10):
                await floods(transport, stranger, flood)
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()

    assert grown < 50_000


async def floods(transport: UdpTransport, stranger: socket.socket, flood: list[bytes]) -> None:
    before = ignored(transport)
    for datagram in flood:
        stranger.send(datagram)
    async with asyncio.timeout(5):
        while ignored(transport) < before + len(flood):  # noqa: ASYNC110  # counters raise no event
            await asyncio.sleep(0)


async def test_dtls_from_an_address_not_validated_is_ignored(transport: UdpTransport) -> None:
    connection = transport.open(generate_parameters())
    connection.start(CERTIFICATE.fingerprint, "server")
    hello = DtlsSession(CERTIFICATE, "client", transport.fingerprint).start()[0]
    with a_stranger(transport) as stranger:
        stranger.send(hello)
        await counted(transport, "unknown_address")

        with pytest.raises(BlockingIOError):
            stranger.recv(1500)
    assert connection.path is None
    assert connection.srtp is None


async def test_a_check_with_a_wrong_password_moves_and_validates_nothing(transport: UdpTransport) -> None:
    peer = await a_connected_peer(transport)
    path = peer.connection.path
    name = f"{peer.connection.ice.local.username_fragment}:x"
    with a_stranger(transport) as stranger:
        stranger.send(stun.binding_request(name, "guessed", tie_breaker=1, priority=1, use_candidate=True))
        await counted(transport, "stun_refused")
        stranger.send(DtlsSession(CERTIFICATE, "client", transport.fingerprint).start()[0])
        await counted(transport, "unknown_address")

        assert stun.parse(stranger.recv(1500)).error_code == 401
    assert peer.connection.path == path
    assert len(peer.connection.addresses) == 1


async def test_a_datagram_longer_than_any_packet_is_garbage(transport: UdpTransport) -> None:
    for first in (b"\x00\x01", b"\x16\xfe", b"\x80\x60"):
        with a_stranger(transport) as stranger:
            stranger.send(first + bytes(60_000))
    await counted_to(transport, "garbage", 3)


async def test_a_peer_with_endless_addresses_is_remembered_at_few_and_keeps_its_path(transport: UdpTransport) -> None:
    peer = await a_connected_peer(transport)
    local = peer.connection.ice.local
    path = peer.connection.path
    for _ in range(40):
        with a_stranger(transport) as stranger:
            request = stun.binding_request(
                f"{local.username_fragment}:x", local.password, tie_breaker=1, priority=1, use_candidate=False
            )
            stranger.send(request)
            await answered(stranger)

    assert peer.connection.path == path
    assert len(peer.connection.addresses) == 16
    assert len(transport._by_address) == 16
    publication = peer.connection.receive(CAMERA)
    peer.publish(video(1, key=True))
    assert await publication.wait_first_packet(5)


async def answered(stranger: socket.socket) -> bytes:
    return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(stranger, 1500), 5)


async def test_a_peer_with_endless_ssrcs_gets_state_for_few(transport: UdpTransport) -> None:
    peer = await a_connected_peer(transport)
    for ssrc in range(600):
        peer.publish(video(1, ssrc=ssrc))
    await counted(transport, "too_many_sources")

    assert transport.counters["received"] == 512


async def test_records_sent_with_others_are_read_too(transport: UdpTransport) -> None:
    peer = await a_connected_peer(transport)
    for _ in range(20):
        peer.dtls._ssl.send(b"no data channels here")
    peer.send(b"".join(peer.dtls._flush()))
    for datagram in peer.dtls.close():
        peer.send(datagram)

    await counted(transport, "dtls_closed")


def test_asking_for_what_is_not_there_uses_up_the_same_budget() -> None:
    stage = Stage()
    stage.edge(stage.publish())
    (first,) = stage.feed(video(1, key=True))

    stage.outbound.take(Nack(1, 7000, tuple(range(first.sequence_number + 1, first.sequence_number + 2001))), 1.0)

    assert stage.outbound.take(Nack(1, 7000, (first.sequence_number,)), 1.0) == []
    assert len(stage.outbound.take(Nack(1, 7000, (first.sequence_number,)), 1.1)) == 1


async def test_forged_reports_change_nothing(transport: UdpTransport) -> None:
    publisher, receiver = await a_connected_peer(transport), await a_connected_peer(transport)
    receiver.connection.send(publisher.connection.receive(CAMERA), RECEIVER)
    publisher.publish(video(1, key=True))
    first = await asyncio.wait_for(receiver.media.get(), 5)
    assert publisher.srtp is not None
    assert receiver.srtp is not None
    nack = build([Nack(1, 7000, (first.sequence_number,))])

    receiver.send(publisher.srtp.protect_rtcp(nack))
    await counted(transport, "not_authentic")
    assert receiver.media.empty()

    receiver.send(receiver.srtp.protect_rtcp(nack))
    again = await asyncio.wait_for(receiver.media.get(), 5)
    assert again == rtp.parse(rtp.build(replace_rtx(first, again)))


def replace_rtx(first: rtp.RtpPacket, again: rtp.RtpPacket) -> rtp.RtpPacket:
    """What a retransmission of `first` must be, but for its own numbers."""
    payload = first.sequence_number.to_bytes(2, "big") + first.payload
    return again._replace(ssrc=7001, payload_type=121, timestamp=first.timestamp, payload=payload)
