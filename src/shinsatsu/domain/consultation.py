"""A session with what its rules need beside it: the booking and the people."""

from collections.abc import Mapping
from dataclasses import dataclass

from shinsatsu.domain.appointment import Appointment
from shinsatsu.domain.roles import Person, UserKey
from shinsatsu.domain.video_session import VideoSession


@dataclass(frozen=True, slots=True)
class Consultation:
    """What a use case loads. `people` holds everybody whose key occurs in the session or the appointment."""

    session: VideoSession
    appointment: Appointment
    people: Mapping[UserKey, Person]
