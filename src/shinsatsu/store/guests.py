"""`session_guests`: whom staff invited beside the booking."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from shinsatsu.domain.guests import Guest, GuestKind
from shinsatsu.domain.roles import Action, UserType
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.store import rows
from shinsatsu.store.guest_tables import session_guests
from shinsatsu.store.statements import Statements

INSERT = insert(session_guests)
UPDATE = update(session_guests).where(
    session_guests.c.video_session_id == bindparam("session_key"), session_guests.c.user_id == bindparam("user_key")
)
ORDERED = select(session_guests).order_by(session_guests.c.invited_at, session_guests.c.user_id)
OF_ONE = ORDERED.where(session_guests.c.video_session_id == bindparam("key"))
OF_MANY = ORDERED.where(session_guests.c.video_session_id.in_(bindparam("keys", expanding=True)))


class SqlGuests:
    """Implements `GuestRepository`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def add(self, guest: Guest) -> None:
        values = {
            "video_session_id": guest.session_id,
            "user_id": guest.user_id,
            "kind": guest.kind,
            "invited_by_type": guest.invited_by[0],
            "invited_by_id": guest.invited_by[1],
            "invited_at": to_text(guest.invited_at),
            **_changeable(guest),
        }
        await self._connection.execute(INSERT, values)

    async def save(self, guest: Guest) -> None:
        keys = {"session_key": guest.session_id, "user_key": guest.user_id}
        await self._connection.execute(UPDATE, {**keys, **_changeable(guest)})

    async def of_sessions(self, session_ids: Collection[str]) -> list[Guest]:
        """Those of several sessions, in the order of their invitations."""
        if len(session_ids) == 1:
            found = await self._connection.execute(OF_ONE, {"key": next(iter(session_ids))})
        else:
            found = await self._connection.execute_once(OF_MANY, {"keys": list(session_ids)})
        return [_guest_of(row) for row in found]


def _changeable(guest: Guest) -> rows.Values:
    return {"withheld": json.dumps(sorted(guest.withheld)), "revoked_at": rows.moment_text(guest.revoked_at)}


def _guest_of(row: Any) -> Guest:
    return Guest(
        row.video_session_id,
        row.user_id,
        GuestKind(row.kind),
        frozenset(map(Action, json.loads(row.withheld))),
        (UserType(row.invited_by_type), row.invited_by_id),
        from_text(row.invited_at),
        rows.moment(row.revoked_at),
    )
