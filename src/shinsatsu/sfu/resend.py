"""What is missing from a publisher and what can be sent again to receivers. Pure."""

from typing import NamedTuple

RING_SIZE = 512
"""Packets remembered per layer, a power of two: 1.7 s of 720p video. Older packets are no longer accepted either."""

_MAX_MISSING = 256
_MAX_TRIES = 8
_RETRY_SECONDS = 0.08


class Media(NamedTuple):
    """A media packet of a layer without its header: extended number, and the extension elements to carry on."""

    number: int
    marker: bool
    timestamp: int
    payload: bytes
    elements: tuple[tuple[str, bytes], ...]


class ResendRing:
    """The latest packets of one layer, shared by all its receivers."""

    __slots__ = ("_mark", "_oldest", "_slots")

    def __init__(self) -> None:
        self._slots: list[Media | None] = [None] * RING_SIZE
        self._oldest = self._mark = 0

    def store(self, media: Media) -> None:
        """Keeps a packet in place of the one a ring's length before it."""
        self._slots[media.number & RING_SIZE - 1] = media

    def find(self, number: int) -> Media | None:
        """The packet of this extended number, None if it never came or is too old."""
        media = self._slots[number & RING_SIZE - 1]
        return media if media is not None and media.number == number else None

    def age(self, highest: int) -> None:
        """Lets go of what came before the last call; called once a second, a quiet layer keeps one to two seconds."""
        for number in range(max(self._oldest, self._mark - RING_SIZE), self._mark):
            slot = number & RING_SIZE - 1
            media = self._slots[slot]
            if media is not None and media.number <= number:
                self._slots[slot] = None
        self._oldest, self._mark = self._mark, highest + 1


class MissingPackets:
    """Numbers to ask the publisher for again: at once, then every 80 ms, 8 times at most."""

    __slots__ = ("_missing", "fresh")

    def __init__(self) -> None:
        self._missing: dict[int, tuple[int, float]] = {}
        self.fresh = False

    def gap(self, first: int, end: int, now: float) -> bool:
        """Notes that `first` up to before `end` did not come; False if that is too much to ask for: forget them all."""
        if end - first + len(self._missing) > _MAX_MISSING:
            self._missing.clear()
            self.fresh = False
            return False
        for number in range(first, end):
            self._missing[number] = (0, now)
        self.fresh = True
        return True

    def arrived(self, number: int) -> None:
        """A packet came after all, late or sent again."""
        self._missing.pop(number, None)

    def due(self, now: float, oldest: int) -> list[int]:
        """The extended numbers to ask for now, in order; gives up those before `oldest` or asked for too often."""
        self.fresh = False
        numbers: list[int] = []
        for number, (tries, at) in list(self._missing.items()):
            if number < oldest or tries >= _MAX_TRIES:
                del self._missing[number]
            elif at <= now:
                self._missing[number] = (tries + 1, now + _RETRY_SECONDS)
                numbers.append(number)
        numbers.sort()
        return numbers

    def __len__(self) -> int:
        return len(self._missing)
