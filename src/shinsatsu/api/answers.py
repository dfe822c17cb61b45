"""The shapes of answers that only the HTTP API gives; those it shares with the event stream are in `wire.py`."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from shinsatsu.wire_shapes import PermissionJson, TrackJson, VideoSessionJson


class ProblemJson(TypedDict):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: NotRequired[str]
    reason: NotRequired[str]
    heldBy: NotRequired[dict[str, str]]
    triesLeft: NotRequired[int]
    requestId: str


class AppointmentAnswerJson(TypedDict):
    """What is booked now."""

    appointmentId: str
    status: str
    session: VideoSessionJson


class GrantJson(TypedDict):
    """Whom a grant lets act, and where."""

    grantId: str
    sessionId: str
    appointmentId: str
    userType: str
    userId: int
    role: str | None
    displayName: str


class GrantsJson(TypedDict):
    """The grants this browser holds."""

    grants: list[GrantJson]


class LoginJson(TypedDict):
    """A worker's login to the console."""

    loginId: str
    userType: str
    userId: int
    role: str | None
    displayName: str
    expiresAt: str
    idleTimeout: int
    method: str


class LoginsJson(TypedDict):
    """The logins this browser holds."""

    logins: list[LoginJson]


class SessionsJson(TypedDict):
    """A list of sessions."""

    sessions: list[VideoSessionJson]


class GrantedTrackJson(TypedDict):
    """A name to publish under."""

    trackName: str
    trackType: str


class JoinJson(TypedDict):
    """The answer to a join."""

    session: VideoSessionJson
    participantId: str
    admission: str
    tracks: list[GrantedTrackJson]
    permissions: list[PermissionJson]
    iceServers: list[dict[str, Any]]


class DescriptionJson(TypedDict):
    """RTCSessionDescriptionInit."""

    type: str
    sdp: str


class TrackResultJson(TypedDict):
    """What became of one track; `mid` is empty where it failed."""

    trackName: str
    mid: str
    errorCode: NotRequired[str]
    errorDescription: NotRequired[str]


class NegotiatedJson(TypedDict):
    """What the media plane says, and what became of each track."""

    sessionDescription: DescriptionJson | None
    tracks: list[TrackResultJson]
    fresh: NotRequired[bool]


class ClosedTrackJson(TypedDict):
    """What became of closing one track."""

    trackName: str
    errorCode: NotRequired[str]


class ClosedJson(TypedDict):
    """The tracks that were closed."""

    tracks: list[ClosedTrackJson]


class TrackPermissionsJson(TypedDict):
    """TrackPermissions (spec §3)."""

    canPublish: bool
    canSubscribe: bool
    canControl: bool


class SeenTrackJson(TrackJson):
    """A published track and what the caller may do with it."""

    permissions: TrackPermissionsJson


class SeenTracksJson(TypedDict):
    """What is published."""

    tracks: list[SeenTrackJson]


class WaitingRoomJson(TypedDict):
    """How the wait stands; `doctorStatus`: here, in_consultation, not_here."""

    admission: str | None
    since: NotRequired[str]
    doctorStatus: str
    startsAt: str


class ExplanationJson(TypedDict):
    """One decision, its reason, and the rule it rests on."""

    action: str
    allowed: bool
    reason: str
    rule: dict[str, str | None]


class ExplanationsJson(TypedDict):
    """Why somebody may what."""

    userType: str
    userId: int
    permissions: list[ExplanationJson]


class HistoryEventJson(TypedDict):
    """One thing that happened; the user is who did it, `address` where they sent the request from."""

    seq: int
    eventType: str
    userType: str
    userId: int
    role: NotRequired[str]
    address: NotRequired[str]
    requestId: NotRequired[str]
    displayName: str
    metadata: dict[str, Any]
    createdAt: str


class HistoryJson(TypedDict):
    """A page of a session's story; `next` is the number to ask after for the following one."""

    events: list[HistoryEventJson]
    next: int | None


class ClinicJson(TypedDict):
    """Who to turn to."""

    name: str
    phone: NotRequired[str]
    bookingUrl: NotRequired[str]
    afterText: NotRequired[str]


class HealthJson(TypedDict):
    """Whether the parts answer: `ok` or `unavailable`."""

    status: str
    database: str
    mediaPlane: str
