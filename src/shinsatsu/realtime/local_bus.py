"""Committed events to the listeners of this process; one server needs no more."""

from collections.abc import Callable, Sequence

from shinsatsu.domain.events import StoredEvent

Listener = Callable[[str, Sequence[StoredEvent]], None]


class LocalBus:
    """The `EventBus` of a single server; listeners return at once."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Calls `listener` with a session's id and its new events, from now on."""
        self._listeners.append(listener)

    async def publish(self, session_id: str, events: Sequence[StoredEvent]) -> None:
        """Hands the events of one commit to every listener."""
        for listener in self._listeners:
            listener(session_id, events)
