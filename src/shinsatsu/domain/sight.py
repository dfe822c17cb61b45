"""Who sees whom: staff everybody, an admitted patient or guest whoever is admitted, anybody else only themselves."""

from enum import StrEnum

from shinsatsu.domain.participant import Participant
from shinsatsu.domain.roles import AuthUser, UserType
from shinsatsu.domain.video_session import VideoSession


class Sight(StrEnum):
    """How much of a session somebody sees; beside `ALL` they always see themselves."""

    ALL = "all"
    ADMITTED = "admitted"
    SELF = "self"


def sight_of(viewer: AuthUser, session: VideoSession) -> Sight:
    """What the viewer sees of the session as it stands; an unknown kind of user sees nobody."""
    if viewer.user_type in (UserType.WORKER, UserType.SYSTEM):
        return Sight.ALL
    own = session.find(viewer.key)
    return Sight.ADMITTED if own is not None and own.admitted else Sight.SELF


def sees(viewer: AuthUser, sight: Sight, participant: Participant) -> bool:
    """Whether that participant exists for the viewer."""
    if sight is Sight.ALL or participant.key == viewer.key:
        return True
    return sight is Sight.ADMITTED and participant.admitted
