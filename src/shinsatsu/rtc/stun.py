"""STUN Binding messages as ICE uses them (RFC 8489, RFC 8445): parse, verify, build. Pure.

A codec of our own, because importing aioice's costs 8 MB of resident memory (its package pulls in dnspython for mDNS),
a ninth of what an SFU may use, and lets `struct.error` out on short attributes. The tests hold it against aioice's.
"""

import binascii
import hmac
import ipaddress
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

BINDING_REQUEST = 0x0001
BINDING_INDICATION = 0x0011
BINDING_SUCCESS = 0x0101
BINDING_ERROR = 0x0111

USERNAME = 0x0006
MESSAGE_INTEGRITY = 0x0008
ERROR_CODE = 0x0009
UNKNOWN_ATTRIBUTES = 0x000A
XOR_MAPPED_ADDRESS = 0x0020
PRIORITY = 0x0024
USE_CANDIDATE = 0x0025
FINGERPRINT = 0x8028
ICE_CONTROLLED = 0x8029
ICE_CONTROLLING = 0x802A

_COMPREHENDED = frozenset(
    (USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, UNKNOWN_ATTRIBUTES, XOR_MAPPED_ADDRESS, PRIORITY, USE_CANDIDATE)
)
_COOKIE = 0x2112A442
_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")
_FINGERPRINT_XOR = 0x5354554E

Address = tuple[str, int]


class StunError(ValueError):
    """The bytes are no well-formed STUN message."""


@dataclass(frozen=True, slots=True)
class StunMessage:
    """A parsed message; `attributes` holds the first of each type, those after MESSAGE-INTEGRITY left out."""

    type: int
    transaction_id: bytes
    attributes: dict[int, bytes]
    signed: bytes | None = None
    has_fingerprint: bool = False

    @property
    def unknown_required(self) -> tuple[int, ...]:
        """Comprehension-required attribute types (below 0x8000) that we do not know (RFC 8489 section 6.3)."""
        return tuple(kind for kind in self.attributes if kind < 0x8000 and kind not in _COMPREHENDED)

    @property
    def error_code(self) -> int | None:
        """The code of ERROR-CODE, None if it is absent or too short."""
        value = self.attributes.get(ERROR_CODE, b"")
        return value[2] * 100 + value[3] if len(value) >= 4 else None


class Usernames(NamedTuple):
    """USERNAME of a connectivity check: the fragment of who is asked, then of who asks."""

    local: str
    remote: str


def is_stun(data: bytes) -> bool:
    """Tells STUN from DTLS and SRTP by its first byte and cookie (RFC 7983 section 7)."""
    return len(data) >= 20 and data[0] < 4 and data[4:8] == b"\x21\x12\xa4\x42"


def parse(data: bytes) -> StunMessage:
    """Reads a message and checks its FINGERPRINT if there is one; raises StunError on anything malformed."""
    if not is_stun(data):
        raise StunError("not a STUN header")
    kind, length, _, transaction_id = _HEADER.unpack_from(data)
    if length % 4 or len(data) != 20 + length:
        raise StunError("the length does not match")
    attributes: dict[int, bytes] = {}
    signed: bytes | None = None
    position = 20
    while position < len(data):
        attribute, size = _ATTRIBUTE.unpack_from(data, position)
        end = position + 4 + size
        if end > len(data):
            raise StunError("an attribute is cut short")
        value = data[position + 4 : end]
        if attribute == FINGERPRINT:
            _check_fingerprint(data, position, value)
            return StunMessage(kind, transaction_id, attributes, signed, has_fingerprint=True)
        if signed is None:  # what follows MESSAGE-INTEGRITY is not authenticated
            attributes.setdefault(attribute, value)
            if attribute == MESSAGE_INTEGRITY:
                signed = data[:position]
        position = end + (-size % 4)
    return StunMessage(kind, transaction_id, attributes, signed)


def _check_fingerprint(data: bytes, position: int, value: bytes) -> None:
    if position + 8 != len(data) or value != _fingerprint(data[:position]):
        raise StunError("the fingerprint does not match")


def verify_integrity(message: StunMessage, password: str) -> bool:
    """Whether MESSAGE-INTEGRITY was made with this short-term password; False also if it is missing."""
    if message.signed is None:
        return False
    expected = _integrity(message.signed, password)
    return hmac.compare_digest(message.attributes[MESSAGE_INTEGRITY], expected)


def usernames(message: StunMessage) -> Usernames | None:
    """Splits USERNAME into its two fragments, None if it is missing or not of that form."""
    try:
        local, remote = message.attributes[USERNAME].decode("ascii").split(":")
    except (KeyError, ValueError):
        return None
    return Usernames(local, remote)


def build(
    kind: int, transaction_id: bytes, attributes: Sequence[tuple[int, bytes]], password: str | None = None
) -> bytes:
    """Writes a message with FINGERPRINT and, if a password is given, MESSAGE-INTEGRITY before it."""
    body = b"".join(
        _ATTRIBUTE.pack(attribute, len(value)) + value + bytes(-len(value) % 4) for attribute, value in attributes
    )
    data = _HEADER.pack(kind, len(body), _COOKIE, transaction_id) + body
    if password is not None:
        data += _ATTRIBUTE.pack(MESSAGE_INTEGRITY, 20) + _integrity(data, password)
    fingerprint = _fingerprint(data)
    return _with_length(data, len(data) - 20 + 8) + _ATTRIBUTE.pack(FINGERPRINT, 4) + fingerprint


def binding_request(
    username: str, password: str, *, tie_breaker: int, priority: int, use_candidate: bool, transaction_id: bytes = b""
) -> bytes:
    """A connectivity check of a controlling agent; `username` is "remote:local", `password` the remote's."""
    attributes = [
        (USERNAME, username.encode("ascii")),
        (ICE_CONTROLLING, struct.pack("!Q", tie_breaker)),
        (PRIORITY, struct.pack("!I", priority)),
    ]
    if use_candidate:
        attributes.append((USE_CANDIDATE, b""))
    return build(BINDING_REQUEST, transaction_id or os.urandom(12), attributes, password)


def binding_success(request: StunMessage, address: Address, password: str) -> bytes:
    """The answer to a request from `address`, signed with the password the request was signed with."""
    mapped = _xor_address(address, request.transaction_id)
    return build(BINDING_SUCCESS, request.transaction_id, [(XOR_MAPPED_ADDRESS, mapped)], password)


def binding_error(request: StunMessage, code: int, reason: str, password: str | None = None) -> bytes:
    """An error answer; 420 lists the attributes not understood. 400 and 401 go unsigned (RFC 8489 section 9.1.3)."""
    attributes = [(ERROR_CODE, struct.pack("!HBB", 0, code // 100, code % 100) + reason.encode())]
    if code == 420:
        unknown = request.unknown_required
        attributes.append((UNKNOWN_ATTRIBUTES, struct.pack(f"!{len(unknown)}H", *unknown)))
    return build(BINDING_ERROR, request.transaction_id, attributes, password)


def xor_mapped_address(message: StunMessage) -> Address:
    """Our address as the answering side saw it; raises StunError if it is missing or malformed."""
    value = message.attributes.get(XOR_MAPPED_ADDRESS, b"")
    if len(value) not in (8, 20) or value[1] != (1 if len(value) == 8 else 2):
        raise StunError("no well-formed XOR-MAPPED-ADDRESS")
    plain = _xor(value[2:], message.transaction_id)
    return str(ipaddress.ip_address(plain[2:])), int.from_bytes(plain[:2], "big")


def _xor_address(address: Address, transaction_id: bytes) -> bytes:
    packed = ipaddress.ip_address(address[0].partition("%")[0]).packed
    family = 1 if len(packed) == 4 else 2
    return bytes((0, family)) + _xor(struct.pack("!H", address[1]) + packed, transaction_id)


def _xor(value: bytes, transaction_id: bytes) -> bytes:
    """Port by the cookie's upper half, address by cookie and transaction id; `value` is port then address."""
    pad = struct.pack("!HI", _COOKIE >> 16, _COOKIE) + transaction_id
    return bytes(a ^ b for a, b in zip(value, pad, strict=False))


def _with_length(data: bytes, length: int) -> bytes:
    return data[:2] + struct.pack("!H", length) + data[4:]


def _integrity(signed: bytes, password: str) -> bytes:
    return hmac.digest(password.encode(), _with_length(signed, len(signed) - 20 + 24), "sha1")


def _fingerprint(data: bytes) -> bytes:
    return struct.pack("!I", binascii.crc32(_with_length(data, len(data) - 20 + 8)) ^ _FINGERPRINT_XOR)
