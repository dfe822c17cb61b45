"""Which sessions a list shows: the query's words as SQL."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_

from shinsatsu.domain.roles import UserType
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.repositories import SessionQuery
from shinsatsu.store.guest_tables import session_guests
from shinsatsu.store.tables import appointment_support_doctors, appointments, users, video_sessions


def listing(sessions: Select[Any], query: SessionQuery) -> Select[Any]:
    """`sessions`, joined to their appointments, as far as the query describes them; newest start first."""
    scope = query.scope
    wanted: list[ColumnElement[bool]] = []
    if scope.nothing:
        wanted.append(false())
    if scope.appointment_id is not None:
        wanted.append(appointments.c.id == scope.appointment_id)
    if scope.patient_id is not None:
        wanted.append(appointments.c.patient_id == scope.patient_id)
    if scope.guest_id is not None:
        wanted.append(
            exists().where(
                session_guests.c.video_session_id == video_sessions.c.id,
                session_guests.c.user_id == scope.guest_id,
                session_guests.c.revoked_at.is_(None),
            )
        )
    if scope.doctor_id is not None:
        supports = exists().where(
            appointment_support_doctors.c.appointment_id == appointments.c.id,
            appointment_support_doctors.c.user_id == scope.doctor_id,
        )
        wanted.append(or_(appointments.c.doctor_id == scope.doctor_id, supports))
    if query.status is not None:
        wanted.append(video_sessions.c.status == query.status)
    if query.starts_from is not None:
        wanted.append(appointments.c.starts_at >= to_text(query.starts_from))
    if query.starts_until is not None:
        wanted.append(appointments.c.starts_at < to_text(query.starts_until))
    if query.text:
        wanted.append(_mentions(query.text))
    newest_first = (appointments.c.starts_at.desc(), video_sessions.c.created_at.desc())
    return sessions.where(*wanted).order_by(*newest_first).limit(query.limit)


def _mentions(text: str) -> ColumnElement[bool]:
    """Whether the appointment's number or the name of somebody booked has this text in it."""
    pattern = "%" + text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    named = func.lower(users.c.display_name).like(pattern, escape="\\")
    patient = and_(users.c.user_type == UserType.PATIENT, users.c.user_id == appointments.c.patient_id)
    doctor = and_(users.c.user_type == UserType.WORKER, users.c.user_id == appointments.c.doctor_id)
    booked = exists().where(named, or_(patient, doctor))
    return or_(func.lower(appointments.c.id).like(pattern, escape="\\"), booked)
