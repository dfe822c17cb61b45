"""One command, one transaction, one story: load, ask, change, record, commit, then tell."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import ConflictError, NotFound
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.service.ports import Clock, EdgeKeeper, EventBus, IdSource
from shinsatsu.service.repositories import UnitOfWork, UnitsOfWork

Result = TypeVar("Result")
Change = Callable[[UnitOfWork, Consultation], Awaitable[Result]]
ATTEMPTS = 2
CUTS_EDGES = frozenset({EventType.LEFT, EventType.ENDED, EventType.FAILED, EventType.TRACK_CLOSED})
"""Events after which an edge may flow that is not permitted any more."""


class Commands:
    """What every use case works with; `bootstrap` makes one and hands it to all of them."""

    def __init__(
        self, units_of_work: UnitsOfWork, bus: EventBus, edges: EdgeKeeper, clock: Clock, ids: IdSource
    ) -> None:
        self.units_of_work = units_of_work
        self.bus = bus
        self.edges = edges
        self.clock = clock
        self.ids = ids

    async def on_session(self, session_id: str, change: Change[Result]) -> Result:
        """Runs `change` on the session in one transaction and publishes the events it recorded.

        `change` runs again if somebody else wrote first. Raises NotFound, ConflictError and whatever `change` raises.
        """

        async def transaction(unit: UnitOfWork) -> tuple[Result, list[StoredEvent]]:
            consultation = await unit.sessions.get(session_id, for_update=True)
            if consultation is None:
                raise NotFound("There is no such consultation.")
            result = await change(unit, consultation)
            return result, await unit.sessions.save(consultation.session)

        result, events = await self.transact(transaction)
        await self.tell(session_id, events)
        return result

    async def transact(self, transaction: Callable[[UnitOfWork], Awaitable[Result]]) -> Result:
        """Runs and commits a transaction, once more if somebody else was faster; then ConflictError."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self.units_of_work.write() as unit:
                    result = await transaction(unit)
                    await unit.commit()
                    return result
            except ConflictError:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def tell(self, session_id: str, events: list[StoredEvent]) -> None:
        """Wakes the keeper of the edges first, as a right that was lost is more urgent than its news."""
        if any(event.event_type in CUTS_EDGES for event in events):
            self.edges.session_changed(session_id)
        if events:
            await self.bus.publish(session_id, events)

    async def look(self, session_id: str) -> Consultation:
        """Reads a session; NotFound when there is none."""
        async with self.units_of_work.read() as unit:
            consultation = await unit.sessions.get(session_id)
        if consultation is None:
            raise NotFound("There is no such consultation.")
        return consultation
