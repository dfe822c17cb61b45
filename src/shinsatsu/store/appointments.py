"""`appointments`, their support doctors, and `users`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, Table, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shinsatsu.domain.appointment import Appointment
from shinsatsu.domain.roles import Person, UserKey
from shinsatsu.domain.timestamps import to_text
from shinsatsu.store import rows
from shinsatsu.store.statements import Statements
from shinsatsu.store.tables import appointment_support_doctors, appointments, users

ONE = select(
    appointments.c.patient_id,
    appointments.c.doctor_id,
    appointments.c.starts_at,
    appointments.c.scheduled_duration,
    appointments.c.status.label("appointment_status"),
    appointments.c.admission.label("admission_mode"),
).where(appointments.c.id == bindparam("key"))
SUPPORT = select(appointment_support_doctors).order_by(appointment_support_doctors.c.user_id)
SUPPORT_OF_ONE = SUPPORT.where(appointment_support_doctors.c.appointment_id == bindparam("key"))
SUPPORT_OF_MANY = SUPPORT.where(appointment_support_doctors.c.appointment_id.in_(bindparam("keys", expanding=True)))
ONE_PERSON = (users.c.user_type == bindparam("type_key"), users.c.user_id == bindparam("id_key"))
HOLD_PERSON = select(users.c.user_id).where(*ONE_PERSON).with_for_update()
BLOCK = update(users).where(*ONE_PERSON)
MOST_PEOPLE = 16
"""How many one statement asks for."""


@cache
def _people(count: int) -> Select[Any]:
    ones = (
        and_(users.c.user_type == bindparam(f"type_{place}"), users.c.user_id == bindparam(f"id_{place}"))
        for place in range(count)
    )
    return select(users).where(or_(*ones))


class SqlAppointments:
    """Implements `AppointmentRepository`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def get(self, appointment_id: str) -> Appointment | None:
        row = (await self._connection.execute(ONE, {"key": appointment_id})).first()
        if row is None:
            return None
        support = await self.support_doctors([appointment_id])
        return rows.appointment_of(row, appointment_id, support.get(appointment_id, ()))

    async def put(self, appointment: Appointment) -> None:
        values = {
            "id": appointment.id,
            "patient_id": appointment.patient_id,
            "doctor_id": appointment.doctor_id,
            "starts_at": to_text(appointment.starts_at),
            "scheduled_duration": appointment.scheduled_duration,
            "status": appointment.status,
            "admission": appointment.admission,
        }
        await self._upsert(appointments, [values])
        doctors = appointment_support_doctors
        await self._connection.execute_once(delete(doctors).where(doctors.c.appointment_id == appointment.id))
        if appointment.support_doctor_ids:
            support = [{"appointment_id": appointment.id, "user_id": one} for one in appointment.support_doctor_ids]
            await self._connection.execute_once(insert(doctors), support)

    async def people(self, keys: Iterable[UserKey]) -> dict[UserKey, Person]:
        wanted = sorted(set(keys))
        people: dict[UserKey, Person] = {}
        for start in range(0, len(wanted), MOST_PEOPLE):
            part = wanted[start : start + MOST_PEOPLE]
            values: rows.Values = {f"type_{place}": user_type for place, (user_type, _) in enumerate(part)}
            values |= {f"id_{place}": user_id for place, (_, user_id) in enumerate(part)}
            found = await self._connection.execute(_people(len(part)), values)
            people |= {person.key: person for person in map(rows.person_of, found)}
        return people

    async def put_people(self, people: Sequence[Person]) -> None:
        # In one order, so that two bookings with the same people cannot wait for each other.
        ordered = sorted(people, key=lambda person: person.key)
        await self._upsert(users, [rows.person_values(person) for person in ordered])

    async def hold_person(self, key: UserKey) -> None:
        await self._connection.execute(HOLD_PERSON, {"type_key": key[0], "id_key": key[1]})

    async def block(self, key: UserKey, at: datetime | None) -> bool:
        values = {"type_key": key[0], "id_key": key[1], "blocked_at": rows.moment_text(at)}
        return (await self._connection.execute(BLOCK, values)).rowcount == 1

    async def support_doctors(self, appointment_ids: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """Appointment id → its support doctors' ids, ascending."""
        if len(appointment_ids) == 1:
            found = await self._connection.execute(SUPPORT_OF_ONE, {"key": appointment_ids[0]})
        elif appointment_ids:
            found = await self._connection.execute_once(SUPPORT_OF_MANY, {"keys": appointment_ids})
        else:
            return {}
        support: dict[str, tuple[int, ...]] = {}
        for row in found:
            support[row.appointment_id] = (*support.get(row.appointment_id, ()), row.user_id)
        return support

    async def _upsert(self, table: Table, values: Sequence[rows.Values]) -> None:
        dialect: Any = sqlite if self._connection.dialect_name == "sqlite" else postgresql
        statement = dialect.insert(table)
        changed = {name: statement.excluded[name] for name in values[0] if not table.c[name].primary_key}
        keys = [column.name for column in table.primary_key]
        await self._connection.execute_once(statement.on_conflict_do_update(index_elements=keys, set_=changed), values)
