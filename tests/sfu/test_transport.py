"""The transport over real sockets on loopback, with peers made of the controlling side of `rtc`."""

import asyncio
import socket

import pytest

from shinsatsu.rtc import rtp, stun
from shinsatsu.rtc.dtls import DtlsSession
from shinsatsu.rtc.ice import CONSENT_SECONDS, DISCONNECTED_SECONDS, IceControllingAgent, generate_parameters
from shinsatsu.rtc.parameters import DtlsFingerprint, IceCandidate
from shinsatsu.rtc.rtcp import PictureLoss, RtcpPacket, build
from shinsatsu.sfu.connection import UdpConnection
from shinsatsu.sfu.transport import UdpTransport, candidate
from tests.sfu.peers import CERTIFICATE, Peer, a_connected_peer, a_peer, counted, counted_to
from tests.sfu.publishing import CAMERA, RECEIVER, number_of, video


async def test_media_flows_from_publisher_to_receiver_and_stops_at_the_gate(transport: UdpTransport) -> None:
    publisher, receiver = await a_connected_peer(transport), await a_connected_peer(transport)
    publication = publisher.connection.receive(CAMERA)
    assert publication.seconds_silent(1.0) is None
    publisher.publish(video(1, key=True))
    assert await publication.wait_first_packet(5)

    edge = receiver.connection.send(publication, RECEIVER)
    assert isinstance(await asyncio.wait_for(_next(publisher.control, PictureLoss), 5), PictureLoss)
    publisher.publish(video(2, key=True))
    packet = await asyncio.wait_for(receiver.media.get(), 5)
    assert (packet.ssrc, packet.payload) == (7000, video(2, key=True).payload)

    edge.set_paused(True)
    publisher.publish(video(3, key=True))
    await counted_to(transport, "received", 3)
    assert receiver.media.empty()

    edge.set_paused(False)
    publisher.publish(video(4, key=True))
    assert number_of(await asyncio.wait_for(receiver.media.get(), 5)) == 4


async def _next(queue: "asyncio.Queue[RtcpPacket]", kind: type[RtcpPacket]) -> RtcpPacket:
    while not isinstance(packet := await queue.get(), kind):
        pass
    return packet


async def test_a_burst_arrives_whole_and_in_order(transport: UdpTransport) -> None:
    publisher, receiver = await a_connected_peer(transport), await a_connected_peer(transport)
    publication = publisher.connection.receive(CAMERA)
    receiver.connection.send(publication, RECEIVER)

    for number in range(60):
        packet = video(number, key=number == 0)
        publisher.publish(packet._replace(payload=packet.payload + bytes(1000 + number % 3)))
    numbers = [(await asyncio.wait_for(receiver.media.get(), 5)).sequence_number for _ in range(60)]

    assert [number - numbers[0] & 0xFFFF for number in numbers] == list(range(60))


async def test_a_wrong_certificate_closes_the_connection(transport: UdpTransport) -> None:
    peer = await a_peer(transport, fingerprint=DtlsFingerprint("sha-256", "AB:" * 31 + "AB"))

    assert not await peer.connection.wait_connected(5)
    assert peer.connection.state == "closed"
    assert transport.counters["dtls_failed"] == 1


def state_of(connection: UdpConnection) -> str:
    return connection.state


async def test_states_follow_what_is_heard(transport: UdpTransport) -> None:
    assert transport.open(generate_parameters()).state == "new"
    peer = await a_connected_peer(transport)
    connection = peer.connection
    heard = connection.heard_at
    states = [state_of(connection)]

    connection.now = lambda: heard + DISCONNECTED_SECONDS + 1
    states.append(state_of(connection))
    for seconds in (CONSENT_SECONDS - 1, CONSENT_SECONDS + 1):
        connection.tick(heard + seconds)
        states.append(state_of(connection))

    assert states == ["connected", "disconnected", "disconnected", "closed"]
    assert transport.counters["consent_expired"] == 1


async def test_close_notify_of_the_peer_closes(transport: UdpTransport) -> None:
    peer = await a_connected_peer(transport)

    for datagram in peer.dtls.close():
        peer.send(datagram)
    await counted(transport, "dtls_closed")

    assert peer.connection.state == "closed"
    assert transport.connections == 0


async def test_closing_tells_the_peer(transport: UdpTransport) -> None:
    peer = await a_connected_peer(transport)

    peer.connection.close()
    peer.connection.close()
    async with asyncio.timeout(5):
        while peer.dtls.state != "closed":  # noqa: ASYNC110  # the session raises no event
            await asyncio.sleep(0)

    assert not await peer.connection.wait_connected(0.01)


async def test_a_peer_that_moved_is_followed(transport: UdpTransport) -> None:
    publisher, receiver = await a_connected_peer(transport), await a_connected_peer(transport)
    publication = publisher.connection.receive(CAMERA)
    receiver.connection.send(publication, RECEIVER)
    publisher.publish(video(1, key=True))
    await asyncio.wait_for(receiver.media.get(), 5)

    old = receiver.socket
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: receiver, local_addr=("127.0.0.1", 0))
    await a_validated_address(receiver)
    old.close()
    publisher.publish(video(2))

    assert (await asyncio.wait_for(receiver.media.get(), 5)).payload == video(2).payload


async def a_validated_address(peer: Peer) -> None:
    port = peer.socket.get_extra_info("sockname")[1]
    async with asyncio.timeout(5):
        while peer.connection.ice.selected != ("127.0.0.1", port):  # noqa: ASYNC110  # raises no event
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("datagram", "counter"),
    [
        (b"", "garbage"),
        (b"\xff" * 30, "garbage"),
        (b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"\x01" * 11, "garbage"),
        (b"\x16\xfe\xfd" + bytes(40), "unknown_address"),
        (b"\x80\x60" + bytes(40), "unknown_address"),
        (b"\x80\xc9" + bytes(40), "unknown_address"),
        (stun.build(stun.BINDING_REQUEST, bytes(12), []), "stun_refused"),
        (stun.binding_request("no:body", "x", tie_breaker=1, priority=1, use_candidate=True), "unknown_username"),
    ],
    ids=["empty", "no protocol", "short STUN", "DTLS", "RTP", "RTCP", "STUN without a name", "STUN for nobody"],
)
async def test_garbage_is_counted_and_ignored(transport: UdpTransport, datagram: bytes, counter: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(datagram, ("127.0.0.1", transport.udp_port))
        await counted(transport, counter)

    await a_connected_peer(transport)


async def test_forged_and_repeated_media_is_counted(transport: UdpTransport) -> None:
    peer = await a_connected_peer(transport)
    assert peer.srtp is not None
    packet = peer.srtp.protect(rtp.build(video(1, key=True)))

    peer.send(packet)
    peer.send(packet)
    await counted(transport, "replayed")
    peer.send(packet[:-1] + bytes((packet[-1] ^ 1,)))
    peer.send(packet[:3] + b"\x77" + packet[4:])
    await counted(transport, "not_authentic")
    peer.send(peer.srtp.protect_rtcp(build([PictureLoss(1, 2)]) + b"\x81\xc9\x00\x01" + bytes(4)))
    await counted(transport, "malformed_rtcp")

    assert peer.connection.state == "connected"


async def test_a_hello_that_comes_before_the_answer_is_not_lost(transport: UdpTransport) -> None:
    remote = generate_parameters()
    peer = await a_peer(transport)
    peer.connection = transport.open(remote)
    peer.ice = IceControllingAgent(generate_parameters(), remote)
    peer.dtls = DtlsSession(CERTIFICATE, "client", transport.fingerprint)
    peer.check()
    async with asyncio.timeout(5):
        while peer.connection.state == "new" or peer.dtls.state == "new":  # noqa: ASYNC110  # raises no event
            await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)

    peer.connection.start(CERTIFICATE.fingerprint, "server")

    assert await peer.connection.wait_connected(5)


async def test_several_addresses_share_the_port_and_are_offered() -> None:
    transport = await UdpTransport.bind(binds=["127.0.0.1", "::1"])
    try:
        port = transport.udp_port
        assert transport.candidates == (IceCandidate("127.0.0.1", port), IceCandidate("::1", port))
    finally:
        transport.close()
        transport.close()


async def test_all_addresses_are_bound_only_with_one_to_advertise() -> None:
    with pytest.raises(ValueError, match="advertise"):
        await UdpTransport.bind(binds=["0.0.0.0"])  # noqa: S104  # refused

    transport = await UdpTransport.bind(binds=["0.0.0.0"], advertises=["192.0.2.1:4000"])  # noqa: S104
    assert transport.candidates == (IceCandidate("192.0.2.1", 4000),)
    transport.close()


async def test_a_username_is_given_out_once(transport: UdpTransport) -> None:
    local = generate_parameters()
    transport.open(local)

    with pytest.raises(ValueError, match="username"):
        transport.open(local)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", IceCandidate("192.0.2.1", 99)),
        ("192.0.2.1:5", IceCandidate("192.0.2.1", 5)),
        ("2001:db8::1", IceCandidate("2001:db8::1", 99)),
        ("[2001:db8::1]:7", IceCandidate("2001:db8::1", 7)),
        ("[2001:db8::1]", IceCandidate("2001:db8::1", 99)),
    ],
)
def test_addresses_to_advertise(text: str, expected: IceCandidate) -> None:
    assert candidate(text, 99) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("sfu.example", "192.0.2.1:x", "[::1", "[::1]5", ""),
        *("0.0.0.0", "[::]:5", "224.0.0.1", "192.0.2.1:0", "192.0.2.1:65536"),  # noqa: S104  # refused
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        candidate(text, 99)
