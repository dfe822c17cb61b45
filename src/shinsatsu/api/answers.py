"""The shapes of answers that only the HTTP API gives; those it shares with the event stream are in `wire.py`."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from shinsatsu.wire import PermissionJson, VideoSessionJson


class ProblemJson(TypedDict):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: NotRequired[str]
    reason: NotRequired[str]
    requestId: str


class AppointmentAnswerJson(TypedDict):
    """What is booked now."""

    appointmentId: str
    status: str
    session: VideoSessionJson


class LinkJson(TypedDict):
    """A consultation link, shown this once."""

    url: str
    expiresAt: str


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


class ClosedTrackJson(TypedDict):
    """What became of closing one track."""

    trackName: str
    errorCode: NotRequired[str]


class ClosedJson(TypedDict):
    """The tracks that were closed."""

    tracks: list[ClosedTrackJson]


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
