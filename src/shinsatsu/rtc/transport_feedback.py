"""Transport-wide congestion control feedback, RTPFB with FMT 15 (draft-holmer-rmcat-transport-wide-cc-extensions-01).

Pure. Arrival times are in ticks of 250 µs on the feedback sender's clock; only differences mean something.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TICK = 0.00025
_TICKS_PER_REFERENCE = 256
_FIXED = struct.Struct("!IIHHI")
_MAX_RUN = 0x1FFF
_MISSING, _SMALL, _LARGE = 0, 1, 2


class TransportFeedbackError(ValueError):
    """The body is no well-formed transport-wide feedback."""


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """Which transport-wide numbers arrived and when: `arrivals[i]` is the tick of `base + i`, None if it did not.

    Ticks are read modulo 2**32 (24-bit reference times 256); `count` numbers the feedback packets modulo 256.
    """

    sender_ssrc: int
    media_ssrc: int
    base: int
    count: int
    arrivals: tuple[int | None, ...]

    def __bytes__(self) -> bytes:
        reference, symbols, deltas = _encode_deltas(self.arrivals)
        body = _FIXED.pack(
            self.sender_ssrc,
            self.media_ssrc,
            self.base & 0xFFFF,
            len(self.arrivals),
            (reference & 0xFFFFFF) << 8 | self.count & 0xFF,
        )
        body += b"".join(struct.pack("!H", chunk) for chunk in _encode_symbols(symbols)) + deltas
        padding = -len(body) % 4
        if padding:
            body += bytes(padding - 1) + bytes((padding,))
        first = 0x80 | 15 | (0x20 if padding else 0)
        return struct.pack("!BBH", first, 205, len(body) // 4) + body


def fits_one_feedback(previous: int, tick: int) -> bool:
    """Whether a tick can follow the previous arrival in one packet: its delta has 16 bits."""
    return -0x8000 <= tick - previous <= 0x7FFF


def _encode_deltas(arrivals: Sequence[int | None]) -> tuple[int, list[int], bytes]:
    first = next((tick for tick in arrivals if tick is not None), 0)
    reference = first // _TICKS_PER_REFERENCE
    previous = reference * _TICKS_PER_REFERENCE
    symbols: list[int] = []
    deltas = bytearray()
    for tick in arrivals:
        if tick is None:
            symbols.append(_MISSING)
            continue
        delta = tick - previous
        previous = tick
        if 0 <= delta <= 0xFF:
            symbols.append(_SMALL)
            deltas.append(delta)
        else:
            symbols.append(_LARGE)
            deltas += struct.pack("!h", delta)
    return reference, symbols, bytes(deltas)


def _encode_symbols(symbols: Sequence[int]) -> Iterable[int]:
    """Run-length chunks where a run outlasts a vector, else vectors of 14 one-bit or 7 two-bit symbols."""
    position = 0
    while position < len(symbols):
        run = _run_length(symbols, position)
        window = symbols[position : position + 14]
        if run >= 14 or (run >= 7 and _LARGE in window):
            yield symbols[position] << 13 | run
            position += run
        elif _LARGE in window:
            yield 0xC000 | _pack_symbols(symbols[position : position + 7], 7, 2)
            position += 7
        else:
            yield 0x8000 | _pack_symbols(window, 14, 1)
            position += 14


def _run_length(symbols: Sequence[int], start: int) -> int:
    end = start
    while end < len(symbols) and end - start < _MAX_RUN and symbols[end] == symbols[start]:
        end += 1
    return end - start


def _pack_symbols(symbols: Sequence[int], capacity: int, bits: int) -> int:
    value = 0
    for symbol in symbols:
        value = value << bits | symbol
    return value << bits * (capacity - len(symbols))


def parse_transport_feedback(body: bytes) -> TransportFeedback:
    """Reads what follows the RTCP header, without padding; raises TransportFeedbackError."""
    if len(body) < _FIXED.size:
        raise TransportFeedbackError("the feedback is cut short")
    sender_ssrc, media_ssrc, base, count, tail = _FIXED.unpack_from(body)
    symbols, position = _decode_symbols(body, count)
    reference = tail >> 8
    tick = reference * _TICKS_PER_REFERENCE
    arrivals: list[int | None] = []
    for symbol in symbols:
        if symbol == _MISSING:
            arrivals.append(None)
            continue
        size = 1 if symbol == _SMALL else 2
        if symbol > _LARGE or position + size > len(body):
            raise TransportFeedbackError("a delta is missing or reserved")
        tick += int.from_bytes(body[position : position + size], "big", signed=size == 2)
        position += size
        arrivals.append(tick)
    return TransportFeedback(sender_ssrc, media_ssrc, base, tail & 0xFF, tuple(arrivals))


def _decode_symbols(body: bytes, count: int) -> tuple[list[int], int]:
    symbols: list[int] = []
    position = _FIXED.size
    while len(symbols) < count:
        if position + 2 > len(body):
            raise TransportFeedbackError("a status chunk is missing")
        chunk = body[position] << 8 | body[position + 1]
        position += 2
        if not chunk & 0x8000:
            symbols += [chunk >> 13 & 0x03] * min(chunk & 0x1FFF, count - len(symbols))
            if not chunk & 0x1FFF:
                raise TransportFeedbackError("an empty run")
        elif chunk & 0x4000:
            symbols += [chunk >> shift & 0x03 for shift in range(12, -2, -2)]
        else:
            symbols += [chunk >> shift & 0x01 for shift in range(13, -1, -1)]
    return symbols[:count], position
