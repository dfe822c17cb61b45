"""Brings packets back into order and says when one is given up (RFC 3550 sequence numbers). Pure; seconds are given."""

from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

_FARTHEST = 1000


class Missing(NamedTuple):
    """A packet that has not come: when that was seen, when it was last asked for, and how often."""

    since: float
    asked_at: float
    times: int


class JitterBuffer(Generic[T]):
    """Holds packets by extended sequence number until those before them came or were waited for `patience` seconds.

    `asking` seconds after its absence is seen, and again after `asking_again`, a packet is due in `to_ask`, at most
    `most_asks` times.
    """

    def __init__(
        self, patience: float = 0.5, *, asking: float = 0.01, asking_again: float = 0.1, most_asks: int = 4
    ) -> None:
        self._patience = patience
        self._asking = asking
        self._asking_again = asking_again
        self._most_asks = most_asks
        self._next: int | None = None
        self._highest = 0
        self._held: dict[int, T] = {}
        self._missing: dict[int, Missing] = {}

    def put(self, number: int, packet: T, now: float) -> bool:
        """Takes a packet by its extended number; False if it is too late or came before."""
        if self._next is None:
            self._next, self._highest = number, number - 1
        if number < self._next or number in self._held:
            return False
        if number - self._highest > _FARTHEST:
            # The sender began anew, or was away for long: what is between will not come.
            self._missing.clear()
        else:
            for absent in range(self._highest + 1, number):
                self._missing[absent] = Missing(now, now + self._asking - self._asking_again, 0)
        self._highest = max(self._highest, number)
        self._missing.pop(number, None)
        self._held[number] = packet
        return True

    def take(self, now: float) -> Iterator[T | None]:
        """The packets that are due, in order; None stands for one or more given up."""
        while self._held and self._next is not None:
            packet = self._held.pop(self._next, None)
            if packet is not None:
                self._next += 1
                yield packet
                continue
            absent = self._missing.get(self._next)
            if absent is not None and now - absent.since < self._patience:
                return
            first_held = min(self._held)
            waited = [number for number, each in self._missing.items() if now - each.since < self._patience]
            resume = min([first_held, *waited])
            self._missing = {number: each for number, each in self._missing.items() if number >= resume}
            self._next = resume
            yield None

    def to_ask(self, now: float) -> tuple[int, ...]:
        """The numbers to ask for again now, in order; they count as asked."""
        due = []
        for number, each in self._missing.items():
            if each.times < self._most_asks and now - each.asked_at >= self._asking_again:
                self._missing[number] = Missing(each.since, now, each.times + 1)
                due.append(number)
        return tuple(due)

    @property
    def waiting(self) -> bool:
        """Whether a packet is missing: `to_ask` and `take` have work as time goes on."""
        return bool(self._missing)
