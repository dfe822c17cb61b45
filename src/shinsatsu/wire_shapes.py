"""The JSON shapes of docs/protocol.md that answers and stream messages share."""

from typing import NotRequired

from typing_extensions import TypedDict


class UserJson(TypedDict):
    """A user's key."""

    userType: str
    userId: int


class NamedUserJson(UserJson):
    """A user as others see them."""

    role: NotRequired[str]
    displayName: str


class PermissionJson(TypedDict):
    """One action, yes or no at this moment."""

    action: str
    allowed: bool


class DevicesJson(TypedDict):
    """What the device check found."""

    camera: bool
    microphone: bool


class IdentityCheckJson(TypedDict):
    """How, when and by whom somebody's identity was made sure of."""

    method: str
    at: str
    by: NamedUserJson


class RightsJson(TypedDict):
    """What somebody may do at this moment, and over whom: participant id → actions."""

    permissions: list[PermissionJson]
    over: dict[str, list[str]]


class ParticipantJson(TypedDict):
    """SessionParticipant."""

    participantId: str
    userType: str
    userId: int
    role: NotRequired[str]
    relation: str
    guestKind: NotRequired[str]
    displayName: str
    admission: str
    connected: bool
    audioMuted: bool
    videoMuted: bool
    mutedBy: NotRequired[dict[str, NamedUserJson]]
    joinReason: NotRequired[str]
    devices: NotRequired[DevicesJson]
    identityCheck: NotRequired[IdentityCheckJson]
    joinedAt: str
    waitingSince: NotRequired[str]
    leftAt: NotRequired[str]
    unconfirmed: NotRequired[bool]
    permissions: list[PermissionJson]


class PersonJson(TypedDict):
    """Somebody of the booking."""

    userId: int
    displayName: str


class DoctorJson(PersonJson):
    """The doctor in charge, with what the card shows."""

    specialty: NotRequired[str]
    licenceYear: NotRequired[int]


class AppointmentJson(TypedDict):
    """The booking as its people see it."""

    startsAt: str
    admission: str
    doctor: DoctorJson
    patient: PersonJson
    supportDoctors: list[PersonJson]


class MetadataJson(TypedDict):
    """SessionMetadata; durations in minutes."""

    scheduledDuration: int
    actualDuration: NotRequired[int]
    endReason: NotRequired[str]
    endedBy: NotRequired[NamedUserJson]
    outcome: NotRequired[str]
    failure: NotRequired[str]
    timeout: NotRequired[str]
    twoWayMedia: NotRequired[dict[str, bool]]


class VideoSessionJson(TypedDict):
    """VideoSession."""

    id: str
    appointmentId: str
    realtimeSessionId: str | None
    status: str
    participants: list[ParticipantJson]
    createdBy: UserJson | None
    startedAt: NotRequired[str]
    endedAt: NotRequired[str]
    endsAt: NotRequired[str]
    version: int
    locked: bool
    screenShareAllowed: bool
    appointment: AppointmentJson
    metadata: MetadataJson
    openSessionId: NotRequired[str]
    unconfirmed: NotRequired[bool]
    you: NotRequired[RightsJson]


class TrackJson(TypedDict):
    """A published track."""

    trackName: str
    trackType: str
    participantId: str
    userType: str
    userId: int
