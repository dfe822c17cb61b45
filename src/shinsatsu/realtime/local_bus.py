"""Committed events to the listeners of this process; one server needs no more."""

from collections.abc import Callable, Sequence

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.events import StoredEvent

Listener = Callable[[Sequence[StoredEvent], Consultation], None]


class LocalBus:
    """The `EventBus` of a single server; listeners return at once."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Calls `listener` with the events of each commit and the state that it left, from now on."""
        self._listeners.append(listener)

    async def publish(self, events: Sequence[StoredEvent], consultation: Consultation) -> None:
        """Hands the events of one commit to every listener."""
        for listener in self._listeners:
            listener(events, consultation)
