import pytest

from shinsatsu.rtc.dtls import Certificate, DtlsSession
from shinsatsu.rtc.parameters import DtlsFingerprint
from shinsatsu.rtc.srtp import PROFILES, Buffer, SrtpError, SrtpKeys, SrtpSession

RTP = b"\x80\x60\x00\x01" + bytes(4) + b"\x00\x00\x00\x07" + b"payload"
RTCP = b"\x80\xc9\x00\x01\x00\x00\x00\x07"


def certificates() -> tuple[Certificate, Certificate]:
    return Certificate.generate(), Certificate.generate()


def shake_hands(client: DtlsSession, server: DtlsSession) -> list[int]:
    sizes = []
    server.start()
    flights = [(server, datagram) for datagram in client.start()]
    while flights:
        receiver, datagram = flights.pop(0)
        sizes.append(len(datagram))
        sender = client if receiver is server else server
        flights += [(sender, answer) for answer in receiver.receive(datagram)]
    return sizes


def a_session() -> tuple[DtlsSession, DtlsSession]:
    ours, theirs = certificates()
    client = DtlsSession(ours, "client", theirs.fingerprint)
    server = DtlsSession(theirs, "server", ours.fingerprint)
    shake_hands(client, server)
    return client, server


def keys_of(session: DtlsSession) -> SrtpKeys:
    assert session.srtp_keys is not None
    return session.srtp_keys


def test_both_sides_end_up_with_each_others_keys() -> None:
    client, server = a_session()

    assert (client.state, server.state) == ("connected", "connected")
    assert keys_of(client).profile == b"SRTP_AEAD_AES_128_GCM"
    assert (keys_of(client).local, keys_of(client).remote) == (keys_of(server).remote, keys_of(server).local)


def test_datagrams_fit_the_path() -> None:
    ours, theirs = certificates()
    client = DtlsSession(ours, "client", theirs.fingerprint)

    assert max(shake_hands(client, DtlsSession(theirs, "server", ours.fingerprint))) <= 1200


def test_a_foreign_certificate_gets_no_keys() -> None:
    ours, theirs = certificates()
    client = DtlsSession(ours, "client", theirs.fingerprint)
    server = DtlsSession(theirs, "server", DtlsFingerprint("sha-256", "00:" * 31 + "00"))
    shake_hands(client, server)

    assert server.state == "failed"
    assert server.srtp_keys is None
    assert "fingerprint" in server.failure


def test_an_unknown_hash_is_refused() -> None:
    ours, theirs = certificates()
    server = DtlsSession(theirs, "server", DtlsFingerprint("md5", ours.fingerprint.value))
    shake_hands(DtlsSession(ours, "client", theirs.fingerprint), server)

    assert server.state == "failed"


def test_a_lost_flight_is_due_again() -> None:
    ours, theirs = certificates()
    client = DtlsSession(ours, "client", theirs.fingerprint)

    assert client.start()
    due = client.timeout()
    assert due is not None
    assert 0 < due <= 1
    assert client.handle_timeout() == []


def test_garbage_does_not_disturb_the_handshake() -> None:
    ours, theirs = certificates()
    client = DtlsSession(ours, "client", theirs.fingerprint)
    server = DtlsSession(theirs, "server", ours.fingerprint)
    server.start()
    for garbage in (b"\x16", b"\x16" * 40, b"\x16\xfe\xfd" + bytes(60)):
        server.receive(garbage)
    shake_hands(client, server)

    assert server.state == "connected"


def test_close_is_heard() -> None:
    client, server = a_session()

    for datagram in client.close():
        server.receive(datagram)

    assert (client.state, server.state) == ("closed", "closed")
    assert client.close() == []


def test_media_crosses_in_both_directions() -> None:
    client, server = (SrtpSession(keys_of(session)) for session in a_session())

    assert server.unprotect(client.protect(RTP)) == RTP
    assert client.unprotect(server.protect(RTP)) == RTP
    assert server.unprotect_rtcp(client.protect_rtcp(RTCP)) == RTCP


def test_the_fast_path_does_the_same() -> None:
    client, server = (SrtpSession(keys_of(session)) for session in a_session())
    buffer = Buffer(256)
    buffer.view[64 : 64 + len(RTP)] = RTP

    size = client.protect_at(buffer.at(64), len(RTP))
    assert size == len(RTP) + client.tag_size
    assert server.unprotect_at(buffer.at(64), size) == len(RTP)
    assert bytes(buffer.view[64 : 64 + len(RTP)]) == RTP


def test_one_index_is_never_protected_twice() -> None:
    client, _ = (SrtpSession(keys_of(session)) for session in a_session())
    client.protect(RTP)

    with pytest.raises(SrtpError):
        client.protect(RTP[:-1] + b"!")


def test_a_replay_and_a_forgery_are_told_apart() -> None:
    client, server = (SrtpSession(keys_of(session)) for session in a_session())
    packet = client.protect(RTP)
    server.unprotect(packet)

    with pytest.raises(SrtpError) as replay:
        server.unprotect(packet)
    with pytest.raises(SrtpError) as forgery:
        server.unprotect(packet[:3] + b"\x02" + packet[4:])
    assert (replay.value.replayed, forgery.value.replayed) == (True, False)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_works(profile: bytes) -> None:
    size = PROFILES[profile].key_size + PROFILES[profile].salt_size
    one, other = bytes(range(size)), bytes(range(size, 2 * size))

    sender, receiver = SrtpSession(SrtpKeys(profile, one, other)), SrtpSession(SrtpKeys(profile, other, one))

    assert len(sender.protect(RTP)) == len(RTP) + PROFILES[profile].tag_size
    assert receiver.unprotect(sender.protect(RTP[:3] + b"\x02" + RTP[4:])) == RTP[:3] + b"\x02" + RTP[4:]
