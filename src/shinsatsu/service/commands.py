"""One command, one transaction, one story: load, ask, change, record, commit, then tell."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from shinsatsu.domain.clinic_rules import ClinicRules, keep_up
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import ConflictError, NotFound
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.service.ports import Clock, EdgeKeeper, EventBus, IdSource
from shinsatsu.service.repositories import UnitOfWork, UnitsOfWork

Result = TypeVar("Result")
Change = Callable[[UnitOfWork, Consultation], Awaitable[Result]]
ATTEMPTS = 2
MOVES_EDGES = frozenset(
    {
        *(EventType.LEFT, EventType.ENDED, EventType.FAILED, EventType.TRACK_CLOSED),
        *(EventType.SENT_BACK, EventType.MUTED, EventType.UNMUTED, EventType.ADMITTED),
    }
)
"""Events after which something may flow that is not permitted any more, or wait that is permitted again."""


class Commands:
    """What every use case works with; `bootstrap` makes one and hands it to all of them."""

    def __init__(
        self,
        units_of_work: UnitsOfWork,
        bus: EventBus,
        edges: EdgeKeeper,
        clock: Clock,
        ids: IdSource,
        rules: ClinicRules | None = None,
    ) -> None:
        self.units_of_work = units_of_work
        self.bus = bus
        self.edges = edges
        self.clock = clock
        self.ids = ids
        self.rules = rules or ClinicRules()

    async def on_session(self, session_id: str, change: Change[Result]) -> Result:
        """Runs `change` on the session in one transaction and publishes the events it recorded.

        `change` runs again if somebody else wrote first. Raises NotFound, ConflictError and whatever `change` raises.
        """

        async def transaction(unit: UnitOfWork) -> tuple[Result, list[StoredEvent], Consultation]:
            consultation = await unit.sessions.get(session_id, for_update=True)
            if consultation is None:
                raise NotFound("There is no such consultation.")
            result = await change(unit, consultation)
            return result, await self.save(unit, consultation), consultation

        result, events, consultation = await self.transact(transaction)
        await self.tell(events, consultation)
        return result

    async def save(self, unit: UnitOfWork, consultation: Consultation) -> list[StoredEvent]:
        """Writes a changed session with what follows from the change by itself, and knows everybody in its events."""
        session = consultation.session
        if session.events or session.changed:
            keep_up(session, consultation.appointment, self.rules, self.clock.now())
        events = await unit.sessions.save(session)
        unknown = consultation.unknown((event.user_type, event.user_id) for event in events)
        if unknown:
            consultation.people.update(await unit.appointments.people(unknown))
        return events

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

    async def tell(self, events: list[StoredEvent], consultation: Consultation) -> None:
        """Wakes the keeper of the edges first, as a right that was lost is more urgent than its news."""
        if any(event.event_type in MOVES_EDGES for event in events):
            self.edges.session_changed(consultation.session.id)
        if events:
            await self.bus.publish(events, consultation)

    async def look(self, session_id: str) -> Consultation:
        """Reads a session; NotFound when there is none."""
        async with self.units_of_work.read() as unit:
            consultation = await unit.sessions.get(session_id)
        if consultation is None:
            raise NotFound("There is no such consultation.")
        return consultation
