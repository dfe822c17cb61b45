"""`video_sessions` with participants and events: loaded in four statements, written in as few as changed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Insert,
    Select,
    bindparam,
    insert,
    or_,
    select,
    update,
)

from shinsatsu.domain.appointment import Appointment
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import ConflictError
from shinsatsu.domain.events import StoredEvent
from shinsatsu.domain.guests import Guest
from shinsatsu.domain.participant import Admission, Participant
from shinsatsu.domain.roles import UserKey
from shinsatsu.domain.session_status import OPEN
from shinsatsu.domain.timestamps import to_text
from shinsatsu.domain.tracks import TrackState
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.service.repositories import Connection, SessionQuery, Words
from shinsatsu.store import rows
from shinsatsu.store.appointments import SqlAppointments
from shinsatsu.store.chains import Chains
from shinsatsu.store.guests import SqlGuests
from shinsatsu.store.listing import listing
from shinsatsu.store.media import RETIRE_ALL_OF
from shinsatsu.store.outbox import Outbox
from shinsatsu.store.session_log import JOIN_REASON, REMOVAL_NOTE, STAYS_WITH_WORDS, SessionLog
from shinsatsu.store.statements import Statements
from shinsatsu.store.tables import (
    appointments,
    session_participants,
    tracks,
    video_sessions,
)

SESSIONS = select(
    *(column for column in video_sessions.c if column.name != "metadata"),
    video_sessions.c.metadata.label("metadata_json"),
    appointments.c.patient_id,
    appointments.c.doctor_id,
    appointments.c.starts_at,
    appointments.c.scheduled_duration,
    appointments.c.status.label("appointment_status"),
    appointments.c.admission.label("admission_mode"),
).join(appointments, appointments.c.id == video_sessions.c.appointment_id)
ONE = SESSIONS.where(video_sessions.c.id == bindparam("key"))
NEWEST = (
    SESSIONS.where(video_sessions.c.appointment_id == bindparam("key"))
    .order_by(video_sessions.c.created_at.desc(), video_sessions.c.id.desc())
    .limit(1)
)
ONE_LOCKED, NEWEST_LOCKED = ONE.with_for_update(of=video_sessions), NEWEST.with_for_update(of=video_sessions)
KEPT = (Admission.REMOVED, Admission.SENT_BACK)
"""What is known of somebody who is not in the session any more, since it holds when they return."""
PARTICIPANTS = (
    select(session_participants, JOIN_REASON, REMOVAL_NOTE)
    .select_from(STAYS_WITH_WORDS)
    .where(or_(session_participants.c.is_active, session_participants.c.admission.in_(KEPT)))
    .order_by(session_participants.c.joined_at, session_participants.c.id)
)
PARTICIPANTS_OF_ONE = PARTICIPANTS.where(session_participants.c.video_session_id == bindparam("key"))
PARTICIPANTS_OF_MANY = PARTICIPANTS.where(
    session_participants.c.video_session_id.in_(bindparam("keys", expanding=True))
)
INSERT_SESSION, INSERT_PARTICIPANTS = insert(video_sessions), insert(session_participants)
INSERT_TRACKS = insert(tracks)
UPDATE_SESSION = (
    update(video_sessions)
    .where(video_sessions.c.id == bindparam("key"), video_sessions.c.version == bindparam("expected"))
    .values(version=video_sessions.c.version + 1)
)
UPDATE_PARTICIPANT = update(session_participants).where(session_participants.c.id == bindparam("key"))
CLOSE_TRACKS = (
    update(tracks)
    .where(tracks.c.participant_id == bindparam("key"), tracks.c.state != TrackState.CLOSED)
    .values(state=TrackState.CLOSED)
)
DUE = (
    select(video_sessions.c.id)
    .where(video_sessions.c.deadline_at <= bindparam("now"))
    .order_by(video_sessions.c.deadline_at)
)
OPEN_ONES = select(video_sessions.c.id).where(video_sessions.c.status.in_(OPEN)).order_by(video_sessions.c.id)
STAY = select(session_participants.c.id).where(
    session_participants.c.id == bindparam("key"), session_participants.c.video_session_id == bindparam("session_key")
)
STAYS_OF = (
    select(video_sessions.c.id)
    .join(session_participants, session_participants.c.video_session_id == video_sessions.c.id)
    .where(
        session_participants.c.user_type == bindparam("type_key"),
        session_participants.c.user_id == bindparam("id_key"),
        session_participants.c.is_active,
        video_sessions.c.status.in_(OPEN),
    )
    .order_by(video_sessions.c.id)
)
CONNECTED = select(
    session_participants.c.video_session_id,
    session_participants.c.id,
    session_participants.c.user_type,
    session_participants.c.user_id,
    session_participants.c.role,
    session_participants.c.connection_id,
).where(session_participants.c.connection_id.is_not(None), session_participants.c.is_active)


class SqlSessions:
    """Implements `SessionRepository`."""

    def __init__(self, connection: Statements, chains: Chains) -> None:
        self._connection = connection
        self._log = SessionLog(connection, chains)
        self._appointments = SqlAppointments(connection)
        self._guests = SqlGuests(connection)
        self._outbox = Outbox(connection)

    async def get(self, session_id: str, *, for_update: bool = False) -> Consultation | None:
        return await self._one(ONE_LOCKED if for_update else ONE, session_id)

    async def latest(self, appointment_id: str, *, for_update: bool = False) -> Consultation | None:
        return await self._one(NEWEST_LOCKED if for_update else NEWEST, appointment_id)

    async def find(self, query: SessionQuery) -> list[Consultation]:
        found = (await self._connection.execute_once(listing(SESSIONS, query))).all()
        keys = [row.id for row in found]
        members = (await self._connection.execute_once(PARTICIPANTS_OF_MANY, {"keys": keys})).all() if keys else []
        return await self._assembled(found, members)

    async def add(self, session: VideoSession) -> list[StoredEvent]:
        numbered = self._log.number(session)
        session.version = 1
        values = {
            "id": session.id,
            "appointment_id": session.appointment_id,
            "created_at": to_text(session.created_at),
            "version": session.version,
            **rows.session_values(session),
            **numbered.head,
        }
        await self._connection.execute(INSERT_SESSION, values)
        await self._log.write(numbered)
        await self._outbox.write(session, numbered.events)
        return numbered.events

    async def save(self, session: VideoSession) -> list[StoredEvent]:
        numbered = self._log.number(session)
        events = numbered.events
        if not events and not session.changed:
            return []
        values = {"key": session.id, "expected": session.version, **rows.session_values(session), **numbered.head}
        written = await self._connection.execute(UPDATE_SESSION, values)
        if written.rowcount != 1:
            raise ConflictError("The session was changed by somebody else.")
        session.version += 1
        for participant in session.changed:
            await self._save_participant(participant)
            if events and not participant.admitted:
                await self._end_media(participant, events[-1].created_at)
        await self._insert(INSERT_PARTICIPANTS, [rows.new_participant_values(session.id, one) for one in session.added])
        await self._insert(INSERT_TRACKS, [rows.new_track_values(session.id, one) for one in session.granted])
        await self._log.write(numbered)
        await self._outbox.write(session, events)
        return events

    async def events_after(self, session_id: str, seq: int, limit: int) -> list[StoredEvent]:
        return await self._log.after(session_id, seq, limit)

    async def due(self, now: datetime) -> list[str]:
        return list((await self._connection.execute(DUE, {"now": to_text(now)})).scalars())

    async def open_ones(self) -> list[str]:
        return list((await self._connection.execute(OPEN_ONES)).scalars())

    async def had_participant(self, session_id: str, participant_id: str) -> bool:
        found = await self._connection.execute(STAY, {"key": participant_id, "session_key": session_id})
        return found.first() is not None

    async def words(self, session_id: str) -> dict[str, Words]:
        return await self._log.words(session_id)

    async def stays_of(self, key: UserKey) -> list[Consultation]:
        found = (await self._connection.execute(STAYS_OF, {"type_key": key[0], "id_key": key[1]})).scalars()
        return [one for session_id in list(found) if (one := await self.get(session_id)) is not None]

    async def connections(self) -> list[Connection]:
        return [
            Connection(
                row.video_session_id, row.id, rows.user_of(row.user_type, row.user_id, row.role), row.connection_id
            )
            for row in await self._connection.execute(CONNECTED)
        ]

    async def _one(self, statement: Select[Any], key: str) -> Consultation | None:
        row = (await self._connection.execute(statement, {"key": key})).first()
        if row is None:
            return None
        members = (await self._connection.execute(PARTICIPANTS_OF_ONE, {"key": row.id})).all()
        return (await self._assembled([row], members))[0]

    async def _assembled(self, found: Sequence[Any], members: Sequence[Any]) -> list[Consultation]:
        participants: dict[str, list[Participant]] = defaultdict(list)
        for row in members:
            participants[row.video_session_id].append(rows.participant_of(row))
        support = await self._appointments.support_doctors([row.appointment_id for row in found])
        loaded = [
            (
                rows.session_of(row, participants[row.id]),
                rows.appointment_of(row, row.appointment_id, support.get(row.appointment_id, ())),
            )
            for row in found
        ]
        guests: dict[str, list[Guest]] = defaultdict(list)
        for guest in await self._guests.of_sessions([row.id for row in found]) if found else ():
            guests[guest.session_id].append(guest)
        invited = {one.key for each in guests.values() for one in each}
        people = await self._appointments.people({key for pair in loaded for key in _keys(*pair)} | invited)
        return [Consultation(session, appointment, people, guests[session.id]) for session, appointment in loaded]

    async def _save_participant(self, participant: Participant) -> None:
        values = {"key": participant.id, **rows.participant_values(participant)}
        await self._connection.execute(UPDATE_PARTICIPANT, values)

    async def _end_media(self, participant: Participant, now: datetime) -> None:
        """Whoever is not admitted has no tracks and no media sessions; the reconciler tells the media plane."""
        await self._connection.execute(CLOSE_TRACKS, {"key": participant.id})
        await self._connection.execute(RETIRE_ALL_OF, {"key": participant.id, "now": to_text(now)})

    async def _insert(self, statement: Insert, values: Sequence[rows.Values]) -> None:
        if values:
            await self._connection.execute(statement, values)


def _keys(session: VideoSession, appointment: Appointment) -> Iterable[UserKey]:
    yield from appointment.people
    yield from (participant.key for participant in session.participants)
    yield from (key for one in session.participants for key in one.muted_by.values())
    yield from (one.identity.by for one in session.participants if one.identity is not None)
    yield from (key for key in (session.created_by, session.metadata.ended_by) if key is not None)
