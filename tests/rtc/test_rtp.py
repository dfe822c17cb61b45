import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinsatsu.rtc import payloads, rtp
from shinsatsu.rtc.rtp import RtpPacket

EXTENSIONS = st.dictionaries(st.integers(1, 255), st.binary(max_size=20), max_size=4) | st.dictionaries(
    st.integers(1, 14), st.binary(min_size=1, max_size=16), max_size=4
)
PACKETS = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    sequence_number=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    marker=st.booleans(),
    payload=st.binary(max_size=64),
    extensions=EXTENSIONS,
    padding=st.integers(0, 255),
    csrcs=st.lists(st.integers(0, 0xFFFFFFFF), max_size=15).map(tuple),
)


@given(PACKETS)
def test_what_is_built_is_read_again(packet: RtpPacket) -> None:
    assert rtp.parse(rtp.build(packet)) == packet


@given(st.binary(max_size=80), st.integers(0x80, 0xBF))
def test_garbage_raises_only_its_error(garbage: bytes, first: int) -> None:
    for data in (garbage, bytes((first,)) + garbage):
        try:
            rtp.parse(data)
        except rtp.RtpError:
            continue


def test_a_cut_element_ends_the_extensions() -> None:
    header = b"\x90\x60" + bytes(10) + b"\xbe\xde\x00\x01" + b"\x10\xaa\x2f\xbb"

    assert rtp.parse(header).extensions == {1: b"\xaa"}


@pytest.mark.parametrize(
    ("number", "reference", "expected"),
    [(5, 3, 5), (0, 0xFFFF, 0x10000), (0xFFFF, 0x10000, 0xFFFF), (0x7FFF, 0, 0x7FFF), (0x8001, 0, -0x7FFF)],
)
def test_numbers_unwrap_to_the_nearest(number: int, reference: int, expected: int) -> None:
    assert rtp.unwrap(number, reference) == expected


@pytest.mark.parametrize("second", [200, 201, 205, 206])
def test_rtcp_is_told_from_rtp(second: int) -> None:
    assert rtp.is_rtcp(bytes((0x80, second)) + bytes(6))
    assert not rtp.is_rtcp(bytes((0x80, 96 | 0x80)) + bytes(10))


VP8_KEY = b"\x90\x80\x81\x23" + b"\x10\x00\x00"
VP8_DELTA = b"\x90\x80\x81\x24" + b"\x11\x00\x00"


@pytest.mark.parametrize(
    ("mime_type", "payload", "expected"),
    [
        ("video/VP8", VP8_KEY, True),
        ("video/VP8", VP8_DELTA, False),
        ("video/VP8", b"\x80" + VP8_KEY[1:], False),  # not the first packet of its frame
        ("video/VP8", b"\x10\x00", True),
        ("video/VP8", b"\x90\x80", False),
        ("video/H264", b"\x67\x42\xe0\x1f", True),
        ("video/H264", b"\x78\x00\x02\x09\x10\x00\x04\x67\x42\xe0\x1f", True),
        ("video/H264", b"\x7c\x87\x42", True),
        ("video/H264", b"\x7c\x85\x42", False),
        ("video/H264", b"\x41\x9a", False),
        ("video/H264", b"", False),
        ("audio/opus", b"\xfc", True),
    ],
)
def test_key_frames_are_known(mime_type: str, payload: bytes, expected: bool) -> None:
    assert payloads.starts_key_frame(mime_type, payload) is expected


def test_picture_ids_are_shifted_modulo_their_width() -> None:
    payload = b"\x90\xc0\xff\xff\xfe" + b"\x11\x00"

    shifted = payloads.parse_vp8(payloads.rewrite_vp8(payload, 2, 3))

    assert shifted is not None
    assert (shifted.picture_id, shifted.tl0_pic_idx) == (1, 1)


@given(st.binary(max_size=40), st.integers(-40000, 40000), st.integers(-300, 300))
def test_any_payload_can_be_rewritten(payload: bytes, picture_id: int, tl0_pic_idx: int) -> None:
    rewritten = payloads.rewrite_vp8(payload, picture_id, tl0_pic_idx)

    assert len(rewritten) == len(payload)
    assert payloads.rewrite_vp8(rewritten, -picture_id, -tl0_pic_idx) == payload
    payloads.starts_h264_key_frame(payload)
