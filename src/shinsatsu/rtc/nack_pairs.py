"""The (PID, BLP) pairs of a generic NACK (RFC 4585 section 6.2.1), without I/O."""

import struct
from collections.abc import Iterable, Sequence


def lost_numbers(pairs: bytes) -> Iterable[int]:
    """The sequence numbers that a generic NACK's pairs name; raises `struct.error` on a torn pair."""
    for first, mask in struct.iter_unpack("!HH", pairs):
        yield first
        yield from ((first + 1 + bit) & 0xFFFF for bit in range(16) if mask >> bit & 1)


def nack_pairs(lost: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Groups numbers, given in sending order, into (first, bit mask of the 16 after it)."""
    first: int | None = None
    mask = 0
    for number in lost:
        distance = 0 if first is None else (number - first) & 0xFFFF
        if first is not None and 1 <= distance <= 16:
            mask |= 1 << (distance - 1)
            continue
        if first is not None:
            yield first, mask
        first, mask = number, 0
    if first is not None:
        yield first, mask
