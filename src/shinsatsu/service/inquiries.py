"""Use cases that only look: why somebody may, the story of a session, what a waiting person is honestly told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.edges import Edge, permitted_edges
from shinsatsu.domain.errors import NotFound
from shinsatsu.domain.events import StoredEvent
from shinsatsu.domain.participant import Admission
from shinsatsu.domain.permission_table import OUTSIDE_A_CONSULTATION, Column
from shinsatsu.domain.policy import Context, Decision, Rule, Target, decide, rule_of
from shinsatsu.domain.roles import Action, AuthUser, Person, Relation, UserKey, UserType
from shinsatsu.domain.session_status import SessionStatus
from shinsatsu.domain.sight import Sight, sight_of
from shinsatsu.domain.tracks import Track, TrackPermissions, TrackState, track_permissions
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize, context_of
from shinsatsu.service.repositories import UnitOfWork, Words


class DoctorStatus(StrEnum):
    """Where the doctor in charge is."""

    HERE = "here"
    IN_CONSULTATION = "in_consultation"
    NOT_HERE = "not_here"


@dataclass(frozen=True, slots=True)
class WaitingRoom:
    """What somebody who waits is told; `admission` and `since` are None for somebody who has not come in."""

    admission: Admission | None
    since: datetime | None
    doctor: DoctorStatus
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Explanation:
    """One decision, and what it rests on."""

    action: Action
    decision: Decision
    rule: Rule
    context: Context


@dataclass(frozen=True, slots=True)
class Story:
    """A page of a session's events, with the people in them and what was written about their stays.

    `next` is the number after which the following page begins.
    """

    events: Sequence[StoredEvent]
    people: dict[UserKey, Person]
    words: dict[str, Words]
    next: int | None


class Inquiries:
    """Reading use cases; raises NotFound for strangers, Forbidden for those without the right."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def explain(
        self, actor: AuthUser, session_id: str, key: UserKey, action: Action | None = None
    ) -> list[Explanation]:
        """Why somebody may do something, or every thing, in this session at this moment, aimed at the patient."""
        async with self._commands.units_of_work.read() as unit:
            consultation = await _load(unit, session_id)
            authorize(actor, Action.EXPLAIN_PERMISSIONS, consultation)
            person = (await unit.appointments.people([key])).get(key)
        if person is None:
            raise NotFound("There is no such user.", field="userId")
        user = AuthUser(person.user_type, person.user_id, person.role, person.display_name)
        relation = consultation.relation_of(user)
        context = context_of(key, consultation, relation, Target(Column.PATIENT))
        wanted = [action] if action else [one for one in Action if one not in OUTSIDE_A_CONSULTATION]
        return [Explanation(one, decide(user, one, context), rule_of(user, one, relation), context) for one in wanted]

    async def history(self, actor: AuthUser, session_id: str, after: int, limit: int) -> Story:
        """The session's events with a higher number, oldest first."""
        async with self._commands.units_of_work.read() as unit:
            consultation = await _load(unit, session_id)
            authorize(actor, Action.READ_HISTORY, consultation)
            events = await unit.sessions.events_after(session_id, after, limit + 1)
            people = await unit.appointments.people({key for event in events for key in _keys(event)})
            words = await unit.sessions.words(session_id)
        page = events[:limit]
        return Story(page, people, words, page[-1].seq if len(events) > limit else None)

    async def tracks(self, actor: AuthUser, session_id: str) -> list[tuple[Track, TrackPermissions]]:
        """What is published, and what the actor may do with each track (spec §3); nothing for those not admitted."""
        async with self._commands.units_of_work.read() as unit:
            consultation = await _load(unit, session_id)
            authorize(actor, Action.VIEW, consultation)
            tracks = await unit.tracks.of_session(session_id)
        if sight_of(actor, consultation.session) is Sight.SELF:
            return []
        edges = permitted_edges(consultation.session, tracks)
        own = consultation.session.find(actor.key)
        return [
            (track, track_permissions(actor, track, flows=own is not None and Edge(track.track_name, own.id) in edges))
            for track in tracks
            if track.state is TrackState.PUBLISHED
        ]

    async def waiting_room(self, actor: AuthUser, session_id: str) -> WaitingRoom:
        """How the wait stands, and where the doctor is; nothing about anybody else."""
        async with self._commands.units_of_work.read() as unit:
            consultation = await _load(unit, session_id)
            authorize(actor, Action.VIEW, consultation)
            doctor = await _doctor_status(unit, consultation)
        own = consultation.session.find(actor.key)
        return WaitingRoom(
            own.admission if own else None,
            own.waiting_since if own else None,
            doctor,
            consultation.appointment.starts_at,
        )


async def _load(unit: UnitOfWork, session_id: str) -> Consultation:
    consultation = await unit.sessions.get(session_id)
    if consultation is None:
        raise NotFound("There is no such consultation.")
    return consultation


async def _doctor_status(unit: UnitOfWork, consultation: Consultation) -> DoctorStatus:
    key = (UserType.WORKER, consultation.appointment.doctor_id)
    here = consultation.session.find(key)
    if here is not None and here.relation is Relation.IN_CHARGE and here.admitted and here.connected:
        return DoctorStatus.HERE
    stays = await unit.sessions.stays_of(key)
    busy = any(
        one.session.status is SessionStatus.ACTIVE and one.session.id != consultation.session.id for one in stays
    )
    return DoctorStatus.IN_CONSULTATION if busy else DoctorStatus.NOT_HERE


def _keys(event: StoredEvent) -> list[UserKey]:
    """Who did it, and whom it names."""
    keys = [(event.user_type, event.user_id)]
    for user_type, user_id in (("userType", "userId"), ("forUserType", "forUserId")):
        if user_type in event.metadata:
            keys.append((UserType(event.metadata[user_type]), event.metadata[user_id]))
    return keys
