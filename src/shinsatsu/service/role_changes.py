"""Somebody who gets another role leaves every session: what they came in as, they are no more."""

from dataclasses import dataclass

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.events import StoredEvent
from shinsatsu.domain.roles import AuthUser, UserKey
from shinsatsu.service.commands import Commands
from shinsatsu.service.logins import Logins
from shinsatsu.service.repositories import UnitOfWork


@dataclass(frozen=True, slots=True)
class RoleChange:
    """Whose role it is, and what is to be told of the sessions they left."""

    key: UserKey
    left: list[tuple[list[StoredEvent], Consultation]]


async def leave_all(commands: Commands, unit: UnitOfWork, key: UserKey, by: AuthUser) -> RoleChange:
    """Ends somebody's stays within the transaction that gives them another role; `tell` it once that is committed."""
    left = []
    for found in await unit.sessions.stays_of(key):
        consultation = await unit.sessions.get(found.session.id, for_update=True)
        stay = consultation.session.find(key) if consultation is not None else None
        if consultation is not None and stay is not None and stay.is_active:
            consultation.session.depart(stay, by, commands.clock.now(), reason="booking_changed")
            left.append((await commands.save(unit, consultation), consultation))
    return RoleChange(key, left)


async def tell(commands: Commands, logins: Logins, change: RoleChange | None) -> None:
    """Ends the media and the streams of somebody whose role changed; their logins and grants stay."""
    if change is None:
        return
    for events, consultation in change.left:
        await commands.tell(events, consultation)
    logins.on_role_changed(change.key)
