"""A session with what its rules need beside it: the booking and the people."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from shinsatsu.domain.appointment import Appointment, relation_of
from shinsatsu.domain.guests import Guest
from shinsatsu.domain.roles import AuthUser, Person, Relation, UserKey, UserType
from shinsatsu.domain.video_session import VideoSession


@dataclass(frozen=True, slots=True)
class Consultation:
    """What a use case loads. `people` holds everybody whose key occurs in the session or the appointment."""

    session: VideoSession
    appointment: Appointment
    people: dict[UserKey, Person]
    guests: list[Guest] = field(default_factory=list)

    def relation_of(self, user: AuthUser) -> Relation | None:
        """What ties the user to this session: the booking, or an invitation as its guest; None for a stranger."""
        relation = relation_of(user, self.appointment)
        if relation is None and user.appointment_id in (None, self.appointment.id):
            guest = self.guest(user.key)
            return Relation.GUEST if guest is not None and guest.welcome else None
        return relation

    def guest(self, key: UserKey) -> Guest | None:
        """The guest of that key, one whose invitation was taken back too."""
        return next((one for one in self.guests if one.key == key), None)

    def unknown(self, keys: Iterable[UserKey]) -> set[UserKey]:
        """Those of the keys, and of the people present, of whom nothing is loaded."""
        present = {one.key for one in self.session.present}
        return {key for key in present.union(keys) if key not in self.people and key[0] is not UserType.SYSTEM}
