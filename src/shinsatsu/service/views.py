"""What the use cases hand back: the aggregate as one viewer sees it, with what that viewer may do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shinsatsu.domain.appointment import Appointment
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.participant import Admission, Participant
from shinsatsu.domain.permission_table import COLUMNS
from shinsatsu.domain.policy import Permission, Target, decide, permissions
from shinsatsu.domain.roles import TIMER, Action, AuthUser, Person, UserKey, UserType
from shinsatsu.domain.sight import Sight, sees, sight_of
from shinsatsu.domain.tracks import Track
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.service.guard import context_of


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as `docs/protocol.md` shows it to `viewer`; `open_session_id` names the appointment's open session.

    `in_at_the_end`: the viewer was admitted until the end that they are being told of.
    """

    consultation: Consultation
    open_session_id: str | None
    viewer: AuthUser = TIMER
    in_at_the_end: bool = False

    @property
    def session(self) -> VideoSession:
        return self.consultation.session

    @property
    def appointment(self) -> Appointment:
        return self.consultation.appointment

    @property
    def sight(self) -> Sight:
        """How much of it the viewer sees."""
        sight = sight_of(self.viewer, self.session)
        return Sight.ADMITTED if self.in_at_the_end and sight is Sight.SELF else sight

    @property
    def participants(self) -> list[Participant]:
        """Those present whom the viewer sees; superseded and departed ones are history."""
        sight = self.sight
        return [one for one in self.session.present if sees(self.viewer, sight, one)]

    def person(self, key: UserKey) -> Person | None:
        """Name and role behind a key of this session; None for the system's."""
        return self.consultation.people.get(key)

    def permissions_of(self, participant: Participant) -> tuple[Permission, ...]:
        """What that participant may do at this moment."""
        context = context_of(participant.key, self.consultation, participant.relation)
        return permissions(acting_as(participant, self.consultation), context)


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do at this moment, and over whom: participant id → actions."""

    permissions: tuple[Permission, ...]
    over: Mapping[str, tuple[Action, ...]]


@dataclass(frozen=True, slots=True)
class Joined:
    """The answer to a join; `tracks` are the names granted, none while the participant is not admitted."""

    view: SessionView
    participant_id: str
    admission: Admission
    tracks: Sequence[Track]
    permissions: Sequence[Permission]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A session at one moment of its event stream: everything up to and with the event number `seq`."""

    seq: int
    view: SessionView
    tracks: Sequence[Track]


def acting_as(participant: Participant, consultation: Consultation) -> AuthUser:
    """The participant as the policy's actor."""
    person = consultation.people.get(participant.key)
    name = person.display_name if person else ""
    return AuthUser(participant.user_type, participant.user_id, participant.role, name)


def view_of(consultation: Consultation, viewer: AuthUser = TIMER) -> SessionView:
    """The view of an appointment's newest session."""
    session = consultation.session
    return SessionView(consultation, None if session.over else session.id, viewer)


def rights_of(actor: AuthUser, consultation: Consultation) -> Rights:
    """The actor's own permissions, and what makes sense to do to each of the others present."""
    relation = consultation.relation_of(actor)
    context = context_of(actor.key, consultation, relation)
    over: dict[str, tuple[Action, ...]] = {}
    for participant in consultation.session.present:
        aimed = replace(context, target=target_of(participant, actor))
        actions = _sensible(participant) if participant.key != actor.key else ()
        allowed = tuple(action for action in actions if decide(actor, action, aimed).allowed)
        if allowed:
            over[participant.id] = allowed
    return Rights(permissions(actor, context), over)


def target_of(participant: Participant, actor: AuthUser) -> Target | None:
    """The participant as the one an action is aimed at; None for a combination the table doesn't know."""
    column = COLUMNS.get((participant.user_type, participant.role, participant.relation))
    return None if column is None else Target(column, is_self=participant.key == actor.key)


def _sensible(participant: Participant) -> tuple[Action, ...]:
    """What there is to do to somebody in their present state, whoever does it."""
    identity = (Action.CHECK_IDENTITY,) if participant.user_type is UserType.PATIENT else ()
    if participant.waits:
        return (Action.ADMIT, Action.REMOVE, *identity)
    return (Action.SEND_BACK, Action.MUTE_OTHERS, Action.REMOVE, *identity)
