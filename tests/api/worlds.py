"""Consultations in every state in which somebody can meet them, each made by the aggregate itself."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from shinsatsu.domain import moderation
from shinsatsu.domain.participant import Admission
from shinsatsu.domain.permission_table import COLUMNS, Column
from shinsatsu.domain.roles import AuthUser, Relation, UserType, WorkerRole
from shinsatsu.domain.session_status import SessionStatus
from shinsatsu.domain.tracks import TrackType
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.service.link_tokens import LinkTokens
from tests.house import KEY, KEYS, START

ELSEWHERE = 0
"""The number of a consultation that nobody of the others belongs to."""


class Credential(StrEnum):
    """What somebody shows."""

    GRANT = "grant"
    LOGIN = "login"
    API_KEY = "api_key"
    NARROW_KEY = "an api_key without any scope"
    NONE = "none"


class Switch(StrEnum):
    """What else the policy looks at."""

    NONE = "none"
    LOCKED = "locked"
    SCREEN_SHARE_OFF = "screen_share_off"
    WITHHELD = "withheld"
    BLOCKED = "blocked"


class Stay(StrEnum):
    """How somebody stands in a session that they came into; `GONE` left it while sent back."""

    WAITING = "waiting"
    ADMITTED = "admitted"
    SENT_BACK = "sent back"
    REMOVED = "removed"
    LEFT = "left"
    GONE = "left while sent back"

    @property
    def admission(self) -> Admission | None:
        """As the policy is told: whoever left is not in it any more, but that they were sent back is kept."""
        known = {Stay.LEFT: None, Stay.GONE: Admission.SENT_BACK, Stay.SENT_BACK: Admission.SENT_BACK}
        return known[self] if self in known else Admission(self.value)

    @property
    def present(self) -> bool:
        return self in (Stay.WAITING, Stay.ADMITTED, Stay.SENT_BACK)


class Extra(StrEnum):
    """What one endpoint alone needs to find."""

    LINK = "a link of the patient's that is not used yet"
    ACCOUNT = "an account of the doctor in charge"
    INVITATION = "an invitation of the patient's that asks nothing"
    OFFER = "an offer that the actor has not answered yet"
    WEBHOOK = "a webhook named like the session"
    KEY = "an API key, where a login asks"


class Strange(StrEnum):
    """Participant ids that name nobody of the consultation."""

    UNKNOWN = "unknown"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Who:
    """Somebody as the table knows them; `relation` is None for a stranger, `grant_elsewhere` for a grant of another."""

    name: str
    user_type: UserType
    role: WorkerRole | None
    relation: Relation | None
    number: int
    grant_elsewhere: bool = False

    @property
    def column(self) -> Column | None:
        return None if self.relation is None else COLUMNS[self.user_type, self.role, self.relation]


PATIENT = Who("patient", UserType.PATIENT, None, Relation.OWN, 7)
GUEST = Who("guest", UserType.PATIENT, None, Relation.GUEST, 9)
DOCTOR = Who("doctor in charge", UserType.WORKER, WorkerRole.DOCTOR, Relation.IN_CHARGE, 3)
SUPPORT = Who("support doctor", UserType.WORKER, WorkerRole.DOCTOR, Relation.SUPPORT, 4)
OPERATOR = Who("operator", UserType.WORKER, WorkerRole.OPERATOR, Relation.STAFF, 20)
ADMIN = Who("admin", UserType.WORKER, WorkerRole.ADMIN, Relation.STAFF, 30)
COLLEAGUE = Who("another admin", UserType.WORKER, WorkerRole.ADMIN, Relation.STAFF, 31)
OTHER_PATIENT = Who("patient of another appointment", UserType.PATIENT, None, None, 8, grant_elsewhere=True)
OTHER_DOCTOR = Who("doctor of another appointment", UserType.WORKER, WorkerRole.DOCTOR, None, 5, grant_elsewhere=True)
VISITOR = Who(
    "operator with another's grant", UserType.WORKER, WorkerRole.OPERATOR, Relation.STAFF, 21, grant_elsewhere=True
)
BOOKING = Who("booking system", UserType.SYSTEM, None, Relation.SYSTEM, 0)
NOBODY = Who("nobody", UserType.SYSTEM, None, None, 0)


@dataclass(frozen=True)
class State:
    """One combination: who asks, with what, how they stand in a session of that status, and at whom they aim."""

    status: SessionStatus
    actor: Who
    credential: Credential
    stay: Stay | None
    target: Who | Strange | None = None
    target_stay: Stay | None = None
    switch: Switch = Switch.NONE


@dataclass(frozen=True)
class World:
    """A state with a number of its own: nobody in it occurs in any other."""

    number: int
    state: State
    extra: Extra | None = None

    @property
    def session_id(self) -> str:
        return f"s-{self.number:06}"

    @property
    def appointment_id(self) -> str:
        return f"a-{self.number:06}"

    @property
    def secret(self) -> str:
        return f"secret-{self.number}"

    @property
    def key_id(self) -> int:
        """The API key that an address names."""
        return self.number * 100 + 1

    @property
    def publisher_id(self) -> str:
        """The media session that publishes the other's camera."""
        return f"m-{self.number:06}"

    @property
    def receiver_id(self) -> str:
        """The media session on which the actor is offered it."""
        return f"r-{self.number:06}"

    @property
    def target_id(self) -> str:
        match self.state.target:
            case Who() as target:
                return self.stay_of(target)
            case Strange.ELSEWHERE:
                return World(ELSEWHERE, self.state).stay_of(PATIENT)
        return "p-nobody"

    @property
    def other(self) -> Who:
        """Somebody who is in it beside the actor."""
        return DOCTOR if self.state.actor is PATIENT else PATIENT

    @property
    def people(self) -> set[Who]:
        """Those of the booking, who asks, and who is aimed at."""
        target = {self.state.target} if isinstance(self.state.target, Who) else set()
        return {PATIENT, DOCTOR, SUPPORT, self.state.actor, *target}

    def user_id(self, who: Who) -> int:
        """Guests have numbers below zero."""
        number = self.number * 100 + who.number
        return -number if who.relation is Relation.GUEST else number

    def stay_of(self, who: Who) -> str:
        return f"p-{self.number:06}-{who.number}"

    def track_of(self, who: Who, kind: TrackType) -> str:
        return f"{who.user_type}-{self.user_id(who)}-{kind}-1"

    def person(self, who: Who) -> AuthUser:
        return AuthUser(who.user_type, self.user_id(who), who.role, who.name)

    @property
    def invitation_code(self) -> str:
        return f"invitation-{self.number}"

    def link_token(self) -> str:
        """The token of the patient's link, not used yet."""
        ends_at = START + timedelta(days=3650)
        return LinkTokens(KEYS).mint(
            f"k-{self.number:06}", self.session_id, UserType.PATIENT, self.user_id(PATIENT), ends_at
        )


def build(world: World) -> VideoSession:
    """The session as the people's own doings bring it about."""
    state = world.state
    session = VideoSession.schedule(world.session_id, world.appointment_id, 15, KEY, START)
    if state.status is SessionStatus.SCHEDULED:
        return session
    session.open(KEY, f"sfu:{session.id}", START)
    stays = {world.other: Stay.ADMITTED if state.target is None else None, state.actor: state.stay}
    if isinstance(state.target, Who):
        stays[state.target] = state.target_stay
    for who, stay in stays.items():
        if stay is not None:
            _bring(session, world, who, stay)
    session.locked = state.switch is Switch.LOCKED
    session.screen_share_allowed = state.switch is not Switch.SCREEN_SHARE_OFF
    _move_to(session, state.status)
    return session


def _bring(session: VideoSession, world: World, who: Who, stay: Stay) -> None:
    assert who.relation is not None
    staff = world.person(COLLEAGUE)
    joined = session.join(world.person(who), who.relation, world.stay_of(who), START, reason="to help")
    match stay:
        case Stay.ADMITTED | Stay.LEFT:
            moderation.admit(session, joined, staff, START)
        case Stay.SENT_BACK | Stay.GONE:
            moderation.send_back(session, joined, staff, START)
        case Stay.REMOVED:
            moderation.remove(session, joined, staff, "disturbs", START)
    if stay in (Stay.LEFT, Stay.GONE):
        session.leave(world.person(who), joined.id, START)
    assert (joined.admission, joined.is_active) == (stay.admission or Admission.LEFT, stay.present)


def _move_to(session: VideoSession, status: SessionStatus) -> None:
    if status is not SessionStatus.WAITING:
        session.status = SessionStatus.ACTIVE
        session.started_at, session.ends_at = START, START + timedelta(hours=1)
    if status is SessionStatus.ENDED:
        session.end(KEY, START)
    elif status is SessionStatus.FAILED:
        session.fail(KEY, "media_plane_lost", START)
