import aioice.stun
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinsatsu.rtc import stun

PASSWORD = "a-password-of-24-letters"


def a_request() -> bytes:
    return stun.binding_request("lite:full", PASSWORD, tie_breaker=7, priority=1, use_candidate=True)


def test_a_foreign_codec_reads_our_request() -> None:
    message = aioice.stun.parse_message(a_request())

    assert message.check_message_integrity(PASSWORD.encode())
    assert message.attributes["USERNAME"] == "lite:full"
    assert message.attributes["ICE-CONTROLLING"] == 7
    assert "USE-CANDIDATE" in message.attributes


def test_we_read_a_foreign_codecs_request() -> None:
    foreign = aioice.stun.Message(aioice.stun.Method.BINDING, aioice.stun.Class.REQUEST)
    foreign.attributes["USERNAME"] = "lite:full"
    foreign.add_message_integrity(PASSWORD.encode())

    message = stun.parse(bytes(foreign))

    assert message.has_fingerprint
    assert stun.usernames(message) == ("lite", "full")
    assert stun.verify_integrity(message, PASSWORD)
    assert not stun.verify_integrity(message, "another password")


@pytest.mark.parametrize("address", [("192.0.2.1", 1234), ("2001:db8::17", 65535)])
def test_an_answer_tells_the_address_it_was_sent_to(address: tuple[str, int]) -> None:
    answer = stun.binding_success(stun.parse(a_request()), address, PASSWORD)

    assert stun.xor_mapped_address(stun.parse(answer)) == address
    assert aioice.stun.parse_message(answer).attributes["XOR-MAPPED-ADDRESS"] == address


def test_an_error_names_the_attributes_not_understood() -> None:
    request = stun.parse(stun.build(stun.BINDING_REQUEST, bytes(12), [(0x7FFE, b"what")], PASSWORD))

    error = stun.parse(stun.binding_error(request, 420, "Unknown Attribute", PASSWORD))

    assert error.error_code == 420
    assert error.attributes[stun.UNKNOWN_ATTRIBUTES] == b"\x7f\xfe"


def test_what_follows_the_integrity_is_not_believed() -> None:
    plain = stun.build(stun.BINDING_REQUEST, bytes(12), [(stun.USERNAME, b"a:b")], PASSWORD)[:-8]
    forged = plain + b"\x00\x25\x00\x00"
    message = stun.parse(forged[:2] + (len(forged) - 20).to_bytes(2, "big") + forged[4:])

    assert stun.USE_CANDIDATE not in message.attributes


@given(st.data())
def test_one_changed_byte_is_noticed(data: st.DataObject) -> None:
    request = bytearray(a_request())
    at = data.draw(st.integers(0, len(request) - 1))
    request[at] ^= data.draw(st.integers(1, 255))

    try:
        message = stun.parse(bytes(request))
    except stun.StunError:
        return
    assert not (message.has_fingerprint and stun.verify_integrity(message, PASSWORD))


@given(st.binary(max_size=200))
def test_garbage_raises_only_its_error(garbage: bytes) -> None:
    for data in (garbage, b"\x00\x01" + len(garbage).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + bytes(12) + garbage):
        try:
            message = stun.parse(data)
        except stun.StunError:
            continue
        stun.usernames(message)
        stun.verify_integrity(message, PASSWORD)
        assert message.error_code is None or message.error_code >= 0
