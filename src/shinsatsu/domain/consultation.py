"""A session with what its rules need beside it: the booking and the people."""

from collections.abc import Iterable
from dataclasses import dataclass

from shinsatsu.domain.appointment import Appointment
from shinsatsu.domain.roles import Person, UserKey, UserType
from shinsatsu.domain.video_session import VideoSession


@dataclass(frozen=True, slots=True)
class Consultation:
    """What a use case loads. `people` holds everybody whose key occurs in the session or the appointment."""

    session: VideoSession
    appointment: Appointment
    people: dict[UserKey, Person]

    def unknown(self, keys: Iterable[UserKey]) -> set[UserKey]:
        """Those of the keys, and of the people present, of whom nothing is loaded."""
        present = {one.key for one in self.session.present}
        return {key for key in present.union(keys) if key not in self.people and key[0] is not UserType.SYSTEM}
