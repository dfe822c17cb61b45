"""What the use cases hand back: the aggregate with what a viewer is told beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from shinsatsu.domain.appointment import Appointment
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.participant import Admission, Participant
from shinsatsu.domain.policy import Permission, permissions
from shinsatsu.domain.roles import AuthUser, Person, UserKey
from shinsatsu.domain.tracks import Track
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.service.guard import context_of


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as `docs/protocol.md` shows it; `open_session_id` names the appointment's open session, if any."""

    consultation: Consultation
    open_session_id: str | None

    @property
    def session(self) -> VideoSession:
        return self.consultation.session

    @property
    def appointment(self) -> Appointment:
        return self.consultation.appointment

    @property
    def participants(self) -> list[Participant]:
        """Those present; superseded and departed ones are history."""
        return self.session.present

    def person(self, key: UserKey) -> Person | None:
        """Name and role behind a key of this session; None for the system's."""
        return self.consultation.people.get(key)

    def permissions_of(self, participant: Participant) -> tuple[Permission, ...]:
        """What that participant may do at this moment."""
        context = context_of(participant.key, self.consultation, participant.relation)
        return permissions(acting_as(participant, self.consultation), context)


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


def view_of(consultation: Consultation) -> SessionView:
    """The view of an appointment's newest session."""
    session = consultation.session
    return SessionView(consultation, None if session.over else session.id)
