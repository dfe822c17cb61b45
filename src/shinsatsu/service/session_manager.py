"""The life of a session as its people drive it: create, join, leave, end (spec §2 and §8)."""

from datetime import datetime

from shinsatsu.domain.appointment import Appointment, AppointmentStatus, relation_of, scope_of
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import NotFound, SessionEnded
from shinsatsu.domain.events import StoredEvent
from shinsatsu.domain.policy import Context, decide
from shinsatsu.domain.roles import TIMER, Action, AuthUser
from shinsatsu.domain.session_status import Outcome, SessionStatus
from shinsatsu.domain.tracks import Track, TrackState
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize, context_of, refuse
from shinsatsu.service.repositories import SessionQuery, UnitOfWork
from shinsatsu.service.views import Joined, SessionView, Snapshot, view_of


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
                return True, await unit.sessions.save(latest.session), latest
            session_id = self._commands.ids.new_id()
            session = VideoSession.schedule(session_id, appointment_id, appointment.scheduled_duration, actor, now)
            self._open(session, actor, now)
            events = await unit.sessions.add(session)
            people = await unit.appointments.people({*appointment.people, actor.key})
            return True, events, Consultation(session, appointment, people)

        created, events, consultation = await self._commands.transact(transaction)
        await self._commands.tell(consultation.session.id, events)
        return view_of(consultation), created

    async def find(
        self,
        actor: AuthUser,
        status: SessionStatus | None = None,
        starts_from: datetime | None = None,
        starts_until: datetime | None = None,
    ) -> list[SessionView]:
        """The sessions the actor may see, newest appointment first; bounds are of the appointment's start."""
        query = SessionQuery(scope_of(actor), status, starts_from, starts_until)
        async with self._commands.units_of_work.read() as unit:
            found = await unit.sessions.find(query)
        return [view_of(consultation) for consultation in found if self._may_view(actor, consultation)]

    async def get(self, actor: AuthUser, session_id: str) -> SessionView:
        """One session's own record; raises NotFound for strangers, Forbidden for the removed."""
        async with self._commands.units_of_work.read() as unit:
            return await self._view(unit, actor, session_id)

    async def snapshot(self, actor: AuthUser, session_id: str) -> Snapshot:
        """The session, its published tracks and the number of its last event, all of one moment."""
        async with self._commands.units_of_work.read() as unit:
            view = await self._view(unit, actor, session_id)
            tracks = await unit.tracks.of_session(session_id)
        published = [track for track in tracks if track.state is TrackState.PUBLISHED]
        return Snapshot(view.session.last_seq, view, published)

    async def events_after(self, actor: AuthUser, session_id: str, seq: int, limit: int) -> list[StoredEvent]:
        """The session's events with a higher number, for a stream that is taken up again."""
        async with self._commands.units_of_work.read() as unit:
            await self._view(unit, actor, session_id)
            return await unit.sessions.events_after(session_id, seq, limit)

    async def join(self, actor: AuthUser, session_id: str, reason: str | None = None) -> Joined:
        """Adds the actor, superseding an earlier stay, and grants an audio and a video track's name."""

        async def change(unit: UnitOfWork, consultation: Consultation) -> tuple[str, list[Track], Consultation]:
            relation = authorize(actor, Action.JOIN, consultation)
            session = consultation.session
            participant_id = self._commands.ids.new_id()
            session.join(actor, relation, participant_id, self._commands.clock.now(), reason)
            return participant_id, list(session.granted), consultation

        participant_id, tracks, consultation = await self._commands.on_session(session_id, change)
        view = view_of(consultation)
        participant = next(one for one in view.participants if one.id == participant_id)
        return Joined(view, participant_id, participant.admission, tracks, view.permissions_of(participant))

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
            return view_of(consultation)

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
        relation = relation_of(actor, appointment) if appointment else None
        if appointment is None or relation is None:  # one answer for both: a stranger learns nothing
            raise NotFound("There is no such appointment.", field="appointmentId")
        going_on = latest is not None and not latest.session.over
        context = context_of(actor.key, latest, relation) if latest and going_on else Context(relation)
        refuse(decide(actor, Action.CREATE, context))
        if appointment.status is AppointmentStatus.CANCELLED:
            raise SessionEnded("The appointment was cancelled.")
        return appointment

    def _may_view(self, actor: AuthUser, consultation: Consultation) -> bool:
        relation = relation_of(actor, consultation.appointment)
        return decide(actor, Action.VIEW, context_of(actor.key, consultation, relation)).allowed

    async def _view(self, unit: UnitOfWork, actor: AuthUser, session_id: str) -> SessionView:
        consultation = await unit.sessions.get(session_id)
        if consultation is None:
            raise NotFound("There is no such consultation.")
        authorize(actor, Action.VIEW, consultation)
        if not consultation.session.over:
            return view_of(consultation)
        latest = await unit.sessions.latest(consultation.appointment.id)
        open_session_id = latest.session.id if latest and not latest.session.over else None
        return SessionView(consultation, open_session_id)
