"""Who acts, as what, and which actions exist (spec §1 and §8); the names are the wire's."""

from dataclasses import dataclass
from enum import StrEnum


class UserType(StrEnum):
    """First half of a user's key: patient 5 and worker 5 are two people. Timers and API keys are `system`."""

    PATIENT = "patient"
    WORKER = "worker"
    SYSTEM = "system"


class WorkerRole(StrEnum):
    """What a worker is; patients and the system have no role."""

    DOCTOR = "doctor"
    OPERATOR = "operator"
    ADMIN = "admin"


class Relation(StrEnum):
    """What ties a user to one appointment; whoever has none is a stranger to it."""

    OWN = "own"
    GUEST = "guest"
    IN_CHARGE = "in_charge"
    SUPPORT = "support"
    STAFF = "staff"
    SYSTEM = "system"


class Action(StrEnum):
    """Everything that is permitted or refused; the spec's seven and those of §8, under their wire names."""

    VIEW = "view"
    JOIN = "join"
    LEAVE = "leave"
    MUTE = "mute"
    UNMUTE = "unmute"
    SHARE_SCREEN = "share_screen"
    CREATE = "create"
    END_SESSION = "end_session"
    MUTE_OTHERS = "mute_others"
    ADMIT = "admit"
    LOCK = "lock"
    EXTEND = "extend"
    SEND_BACK = "send_back"
    REMOVE = "remove"
    REQUEST_RECORDING = "request_recording"
    RECORD = "record"
    MINT_LINK = "mint_link"
    INVITE_GUEST = "invite_guest"
    CHECK_IDENTITY = "check_identity"
    SET_OUTCOME = "set_outcome"
    READ_HISTORY = "read_history"
    PLAY_RECORDING = "play_recording"
    MANAGE_USERS = "manage_users"
    MANAGE_KEYS = "manage_keys"
    READ_AUDIT = "read_audit"
    PUT_APPOINTMENT = "put_appointment"
    EXPLAIN_PERMISSIONS = "explain_permissions"


UserKey = tuple[UserType, int]


@dataclass(frozen=True, slots=True)
class AuthUser:
    """An authenticated caller. `appointment_id` is set for a grant, which is worth nothing in any other appointment.

    `scopes` are an API key's; None is for whoever is not bound by scopes.
    """

    user_type: UserType
    user_id: int
    role: WorkerRole | None
    display_name: str
    appointment_id: str | None = None
    scopes: frozenset[str] | None = None

    @property
    def key(self) -> UserKey:
        return (self.user_type, self.user_id)


@dataclass(frozen=True, slots=True)
class Person:
    """A row of `users`: what is known of a patient or worker beside their key; a blocked one may do nothing."""

    user_type: UserType
    user_id: int
    role: WorkerRole | None
    display_name: str
    language: str | None = None
    licence_year: int | None = None
    specialty: str | None = None
    blocked: bool = False

    @property
    def key(self) -> UserKey:
        return (self.user_type, self.user_id)


TIMER = AuthUser(UserType.SYSTEM, 0, None, "system")
"""The server itself: deadlines, the media plane's failures."""
