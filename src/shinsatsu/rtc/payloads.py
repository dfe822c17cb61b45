"""What must be known of video payloads to forward them: key frames, and VP8's descriptor (RFC 7741, RFC 6184). Pure."""

from typing import NamedTuple

_H264_SPS, _H264_STAP_A, _H264_FU_A = 7, 24, 28


class Vp8Descriptor(NamedTuple):
    """A VP8 payload descriptor; absent fields are None, offsets count from the payload's first byte."""

    size: int
    starts_frame: bool
    picture_id: int | None
    picture_id_at: int
    picture_id_bits: int
    tl0_pic_idx: int | None
    tl0_pic_idx_at: int


def parse_vp8(payload: bytes) -> Vp8Descriptor | None:
    """Reads the descriptor (RFC 7741 section 4.2), None if it is cut short."""
    try:
        return _parse_vp8(payload)
    except IndexError:
        return None


def _parse_vp8(payload: bytes) -> Vp8Descriptor:
    first = payload[0]
    position = 1
    picture_id: int | None = None
    tl0_pic_idx: int | None = None
    picture_id_at = picture_id_bits = tl0_at = 0
    if first & 0x80:
        extended = payload[1]
        position = 2
        if extended & 0x80:
            picture_id_at, picture_id = position, payload[position]
            picture_id_bits = 15 if picture_id & 0x80 else 7
            position += 1
            if picture_id_bits == 15:
                picture_id = (picture_id & 0x7F) << 8 | payload[position]
                position += 1
        if extended & 0x40:
            tl0_at, tl0_pic_idx = position, payload[position]
            position += 1
        if extended & 0x30:
            position += 1
    starts_frame = first & 0x17 == 0x10
    return Vp8Descriptor(position, starts_frame, picture_id, picture_id_at, picture_id_bits, tl0_pic_idx, tl0_at)


def rewrite_vp8(payload: bytes, picture_id_offset: int, tl0_pic_idx_offset: int) -> bytes:
    """The same payload with picture id and TL0PICIDX shifted, each modulo its width; unchanged where absent."""
    descriptor = parse_vp8(payload)
    if descriptor is None:
        return payload
    changed = bytearray(payload)
    if descriptor.picture_id is not None:
        at = descriptor.picture_id_at
        if descriptor.picture_id_bits == 15:
            value = (descriptor.picture_id + picture_id_offset) & 0x7FFF
            changed[at : at + 2] = (0x8000 | value).to_bytes(2, "big")
        else:
            changed[at] = (descriptor.picture_id + picture_id_offset) & 0x7F
    if descriptor.tl0_pic_idx is not None:
        changed[descriptor.tl0_pic_idx_at] = (descriptor.tl0_pic_idx + tl0_pic_idx_offset) & 0xFF
    return bytes(changed)


def starts_vp8_key_frame(payload: bytes) -> bool:
    """Whether this is the first packet of a VP8 key frame (RFC 7741 section 4.3: the P bit is zero)."""
    descriptor = parse_vp8(payload)
    return (
        descriptor is not None
        and descriptor.starts_frame
        and len(payload) > descriptor.size
        and not payload[descriptor.size] & 0x01
    )


def starts_h264_key_frame(payload: bytes) -> bool:
    """Whether this packet carries a sequence parameter set, with which a decodable H.264 picture begins."""
    kind = payload[0] & 0x1F if payload else 0
    if kind == _H264_SPS:
        return True
    if kind == _H264_FU_A:
        return len(payload) > 1 and payload[1] & 0x9F == 0x80 | _H264_SPS
    if kind != _H264_STAP_A:
        return False
    position = 1
    while position + 2 < len(payload):
        if payload[position + 2] & 0x1F == _H264_SPS:
            return True
        position += 2 + (payload[position] << 8 | payload[position + 1])
    return False


def starts_key_frame(mime_type: str, payload: bytes) -> bool:
    """Whether decoding may start at this packet; every packet of another codec may."""
    name = mime_type.lower()
    if name == "video/vp8":
        return starts_vp8_key_frame(payload)
    if name == "video/h264":
        return starts_h264_key_frame(payload)
    return True
