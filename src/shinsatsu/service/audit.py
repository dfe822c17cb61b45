"""Reading the record: security events for administrators, a session's whole story for an export; and its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import NotFound
from shinsatsu.domain.events import StoredEvent
from shinsatsu.domain.roles import TIMER, Action, AuthUser
from shinsatsu.domain.security_events import SecurityEventType, StoredSecurityEvent
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize, authorize_clinic
from shinsatsu.service.repositories import UnitOfWork

PAGE = 500


@dataclass(frozen=True, slots=True)
class SecurityPage:
    """A page of security events; `next` is the number after which the following page begins."""

    events: Sequence[StoredSecurityEvent]
    next: int | None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session as it stands, with all of its events."""

    consultation: Consultation
    events: Sequence[StoredEvent]


class Audit:
    """Use cases on the record itself."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def security_events(self, actor: AuthUser, after: int, limit: int) -> SecurityPage:
        """Those with a higher number, oldest first; raises Forbidden."""
        authorize_clinic(actor, Action.READ_AUDIT)
        async with self._commands.units_of_work.read() as unit:
            found = await unit.security.after(after, limit + 1)
        page = found[:limit]
        return SecurityPage(page, page[-1].seq if len(found) > limit else None)

    async def session_record(self, actor: AuthUser, session_id: str) -> SessionRecord:
        """One moment's state of a session with the events that led there; raises NotFound, Forbidden."""
        async with self._commands.units_of_work.read() as unit:
            consultation = await unit.sessions.get(session_id)
            if consultation is None:
                raise NotFound("There is no such consultation.")
            authorize(actor, Action.READ_HISTORY, consultation)
            events = await unit.sessions.events_after(session_id, 0, PAGE)
            while len(events) % PAGE == 0 and (more := await unit.sessions.events_after(session_id, len(events), PAGE)):
                events.extend(more)
            unknown = consultation.unknown((event.user_type, event.user_id) for event in events)
            consultation.people.update(await unit.appointments.people(unknown))
        return SessionRecord(consultation, events)

    async def note_settings(self, effective: Mapping[str, Any]) -> bool:
        """Puts on record with which settings the server starts, if they differ from the last start's; else False."""

        async def transaction(unit: UnitOfWork) -> bool:
            last = await unit.security.last(SecurityEventType.SETTINGS)
            if last is not None and last.event.metadata == effective:
                return False
            unit.security.record(SecurityEventType.SETTINGS, TIMER, self._commands.clock.now(), **effective)
            return True

        return await self._commands.transact(transaction)
