"""Use cases of moderation: load, ask the policy about actor and target, change the aggregate, record, commit."""

from collections.abc import Awaitable, Callable, Collection

from shinsatsu.domain import moderation
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import Forbidden, IdentityCheckRequired, NotFound, ReasonRequired, StaleParticipant
from shinsatsu.domain.events import EventType
from shinsatsu.domain.participant import Admission, IdentityMethod, Participant
from shinsatsu.domain.permission_table import Column
from shinsatsu.domain.policy import Target
from shinsatsu.domain.roles import Action, AuthUser, UserType
from shinsatsu.domain.tracks import Track, TrackType
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize
from shinsatsu.service.ports import MediaPlane
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.stopping import end_screens, stop_sending
from shinsatsu.service.views import SessionView, target_of, view_of

Act = Callable[[UnitOfWork, Consultation, Participant], Awaitable[None]]


class Moderation:
    """What staff do to people in a session, and to the session itself. Saying a thing twice changes nothing.

    Where a right is taken away the media plane was told on return; what it has not confirmed is tried again.
    Raises NotFound (strangers, and participants nobody knows), StaleParticipant, SessionEnded, Forbidden.
    """

    def __init__(self, commands: Commands, plane: MediaPlane) -> None:
        self._commands = commands
        self._plane = plane

    async def admit(self, actor: AuthUser, session_id: str, participant_id: str) -> SessionView:
        """Lets somebody in; IdentityCheckRequired where the clinic wants that first."""

        async def act(_: UnitOfWork, consultation: Consultation, target: Participant) -> None:
            required = self._commands.rules.identity_check_required and target.user_type is UserType.PATIENT
            if target.waits and required and target.identity is None:
                raise IdentityCheckRequired("Nobody is admitted here whose identity was not checked.")
            moderation.admit(consultation.session, target, actor, self._commands.clock.now())

        return await self._on_person(actor, Action.ADMIT, session_id, participant_id, act)

    async def restore(self, actor: AuthUser, session_id: str, participant_id: str) -> SessionView:
        """Lifts a removal: a fresh link brings the person back, to wait and be admitted anew."""

        async def act(_: UnitOfWork, consultation: Consultation, target: Participant) -> None:
            moderation.restore(consultation.session, target, actor, self._commands.clock.now())

        return await self._on_person(actor, Action.ADMIT, session_id, participant_id, act, removed=True)

    async def send_back(self, actor: AuthUser, session_id: str, participant_id: str) -> SessionView:
        """Returns somebody to the waiting room."""

        async def act(_: UnitOfWork, consultation: Consultation, target: Participant) -> None:
            moderation.send_back(consultation.session, target, actor, self._commands.clock.now())

        view = await self._on_person(actor, Action.SEND_BACK, session_id, participant_id, act)
        await self._commands.edges.settle(session_id)
        return view

    async def remove(self, actor: AuthUser, session_id: str, participant_id: str, reason: str) -> SessionView:
        """Puts somebody out: their links and grants are worth nothing from the same commit on."""
        if not reason.strip():
            raise ReasonRequired("Say why this person is removed.", field="reason")

        async def act(unit: UnitOfWork, consultation: Consultation, target: Participant) -> None:
            now = self._commands.clock.now()
            revoked = await unit.credentials.revoke_person(consultation.appointment.id, target.key, now)
            if revoked:
                consultation.session.record(EventType.ACCESS_REVOKED, actor, now, **revoked.told("removed"))
            moderation.remove(consultation.session, target, actor, reason.strip(), now)

        view = await self._on_person(actor, Action.REMOVE, session_id, participant_id, act, removed=True)
        await self._commands.edges.settle(session_id)
        return view

    async def mute(
        self, actor: AuthUser, session_id: str, participant_id: str, kinds: Collection[TrackType]
    ) -> SessionView:
        """Shuts microphone or camera, ends a screen share."""
        ended: list[Track] = []

        async def act(unit: UnitOfWork, consultation: Consultation, target: Participant) -> None:
            _require_admitted(target)
            moderation.mute(consultation.session, target, kinds, actor, self._commands.clock.now())
            if TrackType.SCREEN in kinds:
                ended[:] = await end_screens(
                    unit, consultation, {target.id}, actor, self._commands.clock.now(), "muted"
                )

        view = await self._on_person(actor, Action.MUTE_OTHERS, session_id, participant_id, act)
        await self._obeyed(session_id, ended)
        return view

    async def unmute(
        self, actor: AuthUser, session_id: str, participant_id: str, kinds: Collection[TrackType]
    ) -> SessionView:
        """Opens one's own microphone or camera, and nobody else's."""

        async def act(_: UnitOfWork, consultation: Consultation, target: Participant) -> None:
            if target.key != actor.key:
                raise Forbidden("not_own", "Nobody switches on somebody else's microphone or camera.")
            moderation.unmute(consultation.session, target, kinds, actor, self._commands.clock.now())

        view = await self._on_person(actor, Action.UNMUTE, session_id, participant_id, act)
        await self._commands.edges.settle(session_id)
        return view

    async def request_unmute(
        self, actor: AuthUser, session_id: str, participant_id: str, kinds: Collection[TrackType]
    ) -> None:
        """Asks somebody to switch on."""

        async def act(_: UnitOfWork, consultation: Consultation, target: Participant) -> None:
            _require_admitted(target)
            moderation.request_unmute(consultation.session, target, kinds, actor, self._commands.clock.now())

        await self._on_person(actor, Action.MUTE_OTHERS, session_id, participant_id, act)

    async def check_identity(
        self, actor: AuthUser, session_id: str, participant_id: str, method: IdentityMethod
    ) -> SessionView:
        """Notes how, by whom and when somebody's identity was made sure of; never the document."""

        async def act(_: UnitOfWork, consultation: Consultation, target: Participant) -> None:
            moderation.check_identity(consultation.session, target, method, actor, self._commands.clock.now())

        return await self._on_person(actor, Action.CHECK_IDENTITY, session_id, participant_id, act)

    async def mute_all(self, actor: AuthUser, session_id: str) -> SessionView:
        """Shuts everybody's microphone but the actor's own."""

        async def change(_: UnitOfWork, consultation: Consultation) -> SessionView:
            authorize(actor, Action.MUTE_OTHERS, consultation)
            for participant in consultation.session.present:
                if participant.admitted and participant.key != actor.key:
                    now = self._commands.clock.now()
                    moderation.mute(consultation.session, participant, [TrackType.AUDIO], actor, now)
            return view_of(consultation, actor)

        view = await self._commands.on_session(session_id, change)
        await self._commands.edges.settle(session_id)
        return view

    async def lock(self, actor: AuthUser, session_id: str, locked: bool) -> SessionView:
        """Keeps everybody out who is not in, or no longer."""

        async def change(_: UnitOfWork, consultation: Consultation) -> SessionView:
            authorize(actor, Action.LOCK, consultation)
            moderation.lock(consultation.session, locked, actor, self._commands.clock.now())
            return view_of(consultation, actor)

        return await self._commands.on_session(session_id, change)

    async def allow_screen_share(self, actor: AuthUser, session_id: str, allowed: bool) -> SessionView:
        """Switches screen sharing on or off for patients and guests; switched off, their running shares end."""
        ended: list[Track] = []

        async def change(unit: UnitOfWork, consultation: Consultation) -> SessionView:
            authorize(actor, Action.MUTE_OTHERS, consultation)
            session = consultation.session
            moderation.allow_screen_share(session, allowed, actor, self._commands.clock.now())
            if not allowed:
                theirs = {one.id for one in session.present if one.user_type is UserType.PATIENT}
                ended[:] = await end_screens(
                    unit, consultation, theirs, actor, self._commands.clock.now(), "screen_share_off"
                )
            return view_of(consultation, actor)

        view = await self._commands.on_session(session_id, change)
        await self._obeyed(session_id, ended)
        return view

    async def _on_person(
        self, actor: AuthUser, action: Action, session_id: str, participant_id: str, act: Act, *, removed: bool = False
    ) -> SessionView:
        async def change(unit: UnitOfWork, consultation: Consultation) -> SessionView:
            # First whether the actor may do this to anybody, so that nobody learns here who is in the session.
            authorize(actor, action, consultation, Target(Column.PATIENT))
            target = await _find(unit, consultation, participant_id)
            if not target.is_active and not (removed and target.admission is Admission.REMOVED):
                raise StaleParticipant("This participant was removed or has left.", field="participantId")
            authorize(actor, action, consultation, target_of(target, actor))
            await act(unit, consultation, target)
            return view_of(consultation, actor)

        return await self._commands.on_session(session_id, change)

    async def _obeyed(self, session_id: str, ended: Collection[Track]) -> None:
        await self._commands.edges.settle(session_id)
        await stop_sending(self._plane, ended)


def _require_admitted(target: Participant) -> None:
    """Of somebody who waits nothing flows, and they learn nothing of the others."""
    if not target.admitted:
        raise Forbidden("target_not_admitted", "This person is not in the call.")


async def _find(unit: UnitOfWork, consultation: Consultation, participant_id: str) -> Participant:
    """The present or removed participant; StaleParticipant for a stay that is over, NotFound for any other id."""
    for participant in consultation.session.participants:
        if participant.id == participant_id:
            return participant
    if await unit.sessions.had_participant(consultation.session.id, participant_id):
        raise StaleParticipant("This participant was superseded or has left.", field="participantId")
    raise NotFound("There is no such participant.", field="participantId")
