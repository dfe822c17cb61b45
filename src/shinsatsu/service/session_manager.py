"""The life of a session as its people drive it: create, join, leave, end (spec §2 and §8)."""

from dataclasses import dataclass
from datetime import datetime

from shinsatsu.domain import moderation
from shinsatsu.domain.appointment import Appointment, AppointmentStatus, relation_of, scope_of
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.deadlines import extend
from shinsatsu.domain.errors import DoctorBusy, NotFound, ReasonRequired, SessionEnded, SessionNotOpen
from shinsatsu.domain.events import StoredEvent
from shinsatsu.domain.participant import Devices, Participant
from shinsatsu.domain.policy import Context, decide, must_say_why
from shinsatsu.domain.roles import TIMER, Action, AuthUser, Relation, UserType
from shinsatsu.domain.session_status import Outcome, SessionStatus
from shinsatsu.domain.sight import Sight
from shinsatsu.domain.tracks import Track, TrackState, TrackType
from shinsatsu.domain.video_session import DOCTORS, VideoSession
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize, context_of, refuse
from shinsatsu.service.repositories import SessionQuery, UnitOfWork
from shinsatsu.service.views import Joined, SessionView, Snapshot, view_of


@dataclass(frozen=True, slots=True)
class JoinWish:
    """How somebody wants to come in: why, as which stay of theirs, leaving which session, with which devices."""

    reason: str | None = None
    participant_id: str | None = None
    leave: str | None = None
    devices: Devices | None = None


class SessionManager:
    """Use cases on whole sessions; `media_plane` names the plane in `realtimeSessionId`."""

    def __init__(self, commands: Commands, media_plane: str = "sfu") -> None:
        self._commands = commands
        self._media_plane = media_plane

    async def create(self, actor: AuthUser, appointment_id: str) -> tuple[SessionView, bool]:
        """Opens the appointment's session as `waiting`; the second value is False when it was open already.

        Raises NotFound for strangers and unknown appointments, Forbidden, SessionEnded when it was cancelled.
        """

        async def transaction(unit: UnitOfWork) -> tuple[bool, list[StoredEvent], Consultation]:
            latest = await unit.sessions.latest(appointment_id, for_update=True)
            appointment = latest.appointment if latest else await unit.appointments.get(appointment_id)
            appointment = self._may_create(actor, appointment, latest)
            if latest is not None and latest.session.status in (SessionStatus.WAITING, SessionStatus.ACTIVE):
                return False, [], latest
            now = self._commands.clock.now()
            if latest is not None and latest.session.status is SessionStatus.SCHEDULED:
                self._open(latest.session, actor, now)
                return True, await self._commands.save(unit, latest), latest
            session_id = self._commands.ids.new_id()
            session = VideoSession.schedule(session_id, appointment_id, appointment.scheduled_duration, actor, now)
            self._open(session, actor, now)
            events = await unit.sessions.add(session)
            people = await unit.appointments.people({*appointment.people, actor.key})
            return True, events, Consultation(session, appointment, people)

        created, events, consultation = await self._commands.transact(transaction)
        await self._commands.tell(events, consultation)
        return view_of(consultation, actor), created

    async def find(
        self,
        actor: AuthUser,
        status: SessionStatus | None = None,
        starts_from: datetime | None = None,
        starts_until: datetime | None = None,
        text: str | None = None,
    ) -> list[SessionView]:
        """The sessions the actor may see, newest appointment first; bounds are of the appointment's start.

        `text` is part of a name, or of the appointment's number. Raises Forbidden for a key that may see none.
        """
        if actor.user_type is UserType.SYSTEM:
            refuse(decide(actor, Action.VIEW, Context(Relation.SYSTEM)))
        query = SessionQuery(scope_of(actor), status, starts_from, starts_until, text)
        async with self._commands.units_of_work.read() as unit:
            found = await unit.sessions.find(query)
        return [view_of(consultation, actor) for consultation in found if self._may_view(actor, consultation)]

    async def get(self, actor: AuthUser, session_id: str) -> SessionView:
        """One session's own record; raises NotFound for strangers, Forbidden for the removed."""
        async with self._commands.units_of_work.read() as unit:
            return await self._view(unit, actor, session_id)

    async def snapshot(self, actor: AuthUser, session_id: str) -> Snapshot:
        """The session and its published tracks as the actor sees them, and its last event's number, of one moment."""
        async with self._commands.units_of_work.read() as unit:
            return await self._snapshot(unit, actor, session_id)

    async def catch_up(
        self, actor: AuthUser, session_id: str, after: int | None, limit: int
    ) -> tuple[Snapshot, list[StoredEvent] | None]:
        """What a stream lacks: the events after that number, None where only the snapshot will do."""
        async with self._commands.units_of_work.read() as unit:
            snapshot = await self._snapshot(unit, actor, session_id)
            if after is None or not 0 <= snapshot.seq - after <= limit:
                return snapshot, None
            events = await unit.sessions.events_after(session_id, after, limit)
            consultation = snapshot.view.consultation
            unknown = consultation.unknown((event.user_type, event.user_id) for event in events)
            if unknown:
                consultation.people.update(await unit.appointments.people(unknown))
        return snapshot, events

    async def join(self, actor: AuthUser, session_id: str, wish: JoinWish | None = None) -> Joined:
        """Adds the actor, superseding an earlier stay; who is admitted gets an audio and a video track's name.

        Raises ReasonRequired for operators and admins who don't say why, DoctorBusy, Forbidden (`locked`, …).
        """
        wish = wish or JoinWish()
        left: list[tuple[list[StoredEvent], Consultation]] = []

        async def change(unit: UnitOfWork, consultation: Consultation) -> tuple[str, list[Track], Consultation]:
            left.clear()
            relation = authorize(actor, Action.JOIN, consultation)
            session = consultation.session
            if wish.participant_id is not None:
                own = session.own(actor, wish.participant_id)
                return own.id, await _unused_tracks(unit, session_id, own), consultation
            if must_say_why(relation) and not wish.reason and not any(one.key == actor.key for one in session.present):
                raise ReasonRequired("Say why you come in: everybody in the session sees it.", field="reason")
            left.extend(await self._move_here(unit, actor, relation, session, wish.leave))
            participant_id = self._commands.ids.new_id()
            session.join(actor, relation, participant_id, self._commands.clock.now(), wish.reason, wish.devices)
            return participant_id, session.granted, consultation

        participant_id, tracks, consultation = await self._commands.on_session(session_id, change)
        for events, other in left:
            await self._commands.tell(events, other)
        view = view_of(consultation, actor)
        participant = next(one for one in view.participants if one.id == participant_id)
        own = [track for track in tracks if track.participant_id == participant_id]
        return Joined(view, participant_id, participant.admission, own, view.permissions_of(participant))

    async def leave(self, actor: AuthUser, session_id: str, participant_id: str) -> None:
        """Ends the actor's own stay; StaleParticipant when it is over already."""

        async def change(unit: UnitOfWork, consultation: Consultation) -> None:
            authorize(actor, Action.LEAVE, consultation)
            consultation.session.leave(actor, participant_id, self._commands.clock.now())

        await self._commands.on_session(session_id, change)

    async def end(self, actor: AuthUser, session_id: str, outcome: Outcome | None = None) -> SessionView:
        """Ends it for everybody; a session that is over already is answered as it is."""

        async def change(unit: UnitOfWork, consultation: Consultation) -> SessionView:
            authorize(actor, Action.END_SESSION, consultation)
            if not consultation.session.over:
                consultation.session.end(actor, self._commands.clock.now(), outcome)
            return view_of(consultation, actor)

        view = await self._commands.on_session(session_id, change)
        await self._commands.edges.settle(session_id)
        return view

    async def set_outcome(self, actor: AuthUser, session_id: str, outcome: Outcome) -> SessionView:
        """Notes how it went, also after the end."""

        async def change(unit: UnitOfWork, consultation: Consultation) -> SessionView:
            authorize(actor, Action.SET_OUTCOME, consultation)
            moderation.set_outcome(consultation.session, outcome, actor, self._commands.clock.now())
            return view_of(consultation, actor)

        return await self._commands.on_session(session_id, change)

    async def extend(self, actor: AuthUser, session_id: str, minutes: int) -> SessionView:
        """Moves the end that MAX_DURATION sets to an active session."""

        async def change(unit: UnitOfWork, consultation: Consultation) -> SessionView:
            authorize(actor, Action.EXTEND, consultation)
            if consultation.session.status is not SessionStatus.ACTIVE:
                raise SessionNotOpen("Only an active session can be extended.")
            extend(consultation.session, minutes, actor, self._commands.clock.now())
            return view_of(consultation, actor)

        return await self._commands.on_session(session_id, change)

    async def fail(self, session_id: str, sub_reason: str) -> SessionView:
        """Gives a session up for an error of ours or of the media plane; the server itself is the actor."""

        async def change(unit: UnitOfWork, consultation: Consultation) -> SessionView:
            if not consultation.session.over:
                consultation.session.fail(TIMER, sub_reason, self._commands.clock.now())
            return view_of(consultation)

        return await self._commands.on_session(session_id, change)

    def _open(self, session: VideoSession, actor: AuthUser, now: datetime) -> None:
        session.open(actor, f"{self._media_plane}:{session.id}", now)

    def _may_create(self, actor: AuthUser, appointment: Appointment | None, latest: Consultation | None) -> Appointment:
        known = latest.relation_of(actor) if latest else None
        relation = known or (relation_of(actor, appointment) if appointment else None)
        if appointment is None or relation is None:  # one answer for both: a stranger learns nothing
            raise NotFound("There is no such appointment.", field="appointmentId")
        going_on = latest is not None and not latest.session.over
        context = context_of(actor.key, latest, relation) if latest and going_on else Context(relation)
        refuse(decide(actor, Action.CREATE, context))
        if appointment.status is AppointmentStatus.CANCELLED:
            raise SessionEnded("The appointment was cancelled.")
        return appointment

    def _may_view(self, actor: AuthUser, consultation: Consultation) -> bool:
        relation = consultation.relation_of(actor)
        return decide(actor, Action.VIEW, context_of(actor.key, consultation, relation)).allowed

    async def _move_here(
        self, unit: UnitOfWork, actor: AuthUser, relation: Relation, session: VideoSession, leaving: str | None
    ) -> list[tuple[list[StoredEvent], Consultation]]:
        """Ends the actor's stays elsewhere, in the transaction of the join: one doctor, one room (decision 9).

        Raises DoctorBusy when an active consultation holds the doctor that is not the one to leave.
        """
        one_room = relation in DOCTORS and self._commands.rules.one_consultation_per_doctor
        if not one_room and leaving is None:
            return []
        await unit.appointments.hold_person(actor.key)
        stays = [one for one in await unit.sessions.stays_of(actor.key) if one.session.id != session.id]
        others = [one for one in stays if one_room or one.session.id == leaving]
        for other in others:
            if other.session.id != leaving and other.session.status is SessionStatus.ACTIVE:
                raise DoctorBusy(_holding(other))
        left = []
        for other in others:
            held = await unit.sessions.get(other.session.id, for_update=True)
            stay = held.session.find(actor.key) if held else None
            if held is not None and stay is not None and stay.is_active:
                held.session.depart(stay, actor, self._commands.clock.now(), reason="moved")
                left.append((await self._commands.save(unit, held), held))
        return left

    async def _snapshot(self, unit: UnitOfWork, actor: AuthUser, session_id: str) -> Snapshot:
        view = await self._view(unit, actor, session_id)
        tracks = await unit.tracks.of_session(session_id) if view.sight is not Sight.SELF else []
        published = [track for track in tracks if track.state is TrackState.PUBLISHED]
        return Snapshot(view.session.last_seq, view, published)

    async def _view(self, unit: UnitOfWork, actor: AuthUser, session_id: str) -> SessionView:
        consultation = await unit.sessions.get(session_id)
        if consultation is None:
            raise NotFound("There is no such consultation.")
        authorize(actor, Action.VIEW, consultation)
        if not consultation.session.over:
            return view_of(consultation, actor)
        latest = await unit.sessions.latest(consultation.appointment.id)
        open_session_id = latest.session.id if latest and not latest.session.over else None
        return SessionView(consultation, open_session_id, actor)


async def _unused_tracks(unit: UnitOfWork, session_id: str, participant: Participant) -> list[Track]:
    """The names granted to somebody who is in, which were not published yet."""
    own = [one for one in await unit.tracks.of_session(session_id) if one.participant_id == participant.id]
    return [one for one in own if one.state is TrackState.GRANTED and one.track_type is not TrackType.SCREEN]


def _holding(consultation: Consultation) -> dict[str, str]:
    """Which consultation holds a doctor, in words for that doctor."""
    patient = consultation.people.get((UserType.PATIENT, consultation.appointment.patient_id))
    return {
        "sessionId": consultation.session.id,
        "appointmentId": consultation.appointment.id,
        "patient": patient.display_name if patient else "",
    }
