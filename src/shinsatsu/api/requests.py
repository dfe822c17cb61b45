"""What request bodies may say: camelCase, unknown fields refused, no conversion between types."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
)
from pydantic.alias_generators import to_camel

MAX_ID = 2**31 - 1
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _text_moment(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a time is ISO 8601 text with a zone, such as 2026-11-23T05:30:00.000Z")  # noqa: TRY004
    return value


def _within_reason(moment: datetime) -> datetime:
    # Far from the calendar's ends, so that another zone or a few hours more are always a date too.
    if not EARLIEST <= moment < LATEST:
        raise ValueError("a time is in the years 2000 to 2199")
    return moment


def _somebody(user_id: int) -> int:
    if user_id == 0:
        raise ValueError("nobody has the number 0")
    return user_id


UserId = Annotated[StrictInt, Field(ge=1, le=MAX_ID)]
# Guests are below zero. Not a union of the two: its refusals would name a field that nobody sent.
AnyUserId = Annotated[
    StrictInt, Field(ge=-(2**48), le=MAX_ID, json_schema_extra={"not": {"const": 0}}), AfterValidator(_somebody)
]
# No control characters, nothing that turns the text around it (UAX #9), no unpaired surrogates: names are stored, shown
# beside each other and put into signed text.
PLAIN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]*$"
DisplayName = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=100, pattern=PLAIN),
]
Text = Annotated[str, StringConstraints(strict=True, max_length=200, pattern=PLAIN)]
Reason = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, max_length=200, pattern=PLAIN),
]
OutcomeName = Literal["completed", "no_show_patient", "no_show_doctor", "moved_to_phone", "moved_to_in_person"]
Identifier = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
ParticipantId = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{1,64}$")]
TrackName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=128)]
Mid = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=16)]
Sdp = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=128 * 1024)]
Moment = Annotated[
    AwareDatetime,
    Field(description="in the years 2000 to 2199, with a zone"),
    BeforeValidator(_text_moment),
    AfterValidator(_within_reason),
]


class Body(BaseModel):
    """What every request body keeps to."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, frozen=True, hide_input_in_errors=True)


class PatientBody(Body):
    """The booked patient."""

    user_id: UserId
    display_name: DisplayName
    language: Literal["ja", "en"] | None = None


class DoctorBody(Body):
    """The doctor in charge, with what the patient's card shows."""

    user_id: UserId
    display_name: DisplayName
    licence_year: Annotated[StrictInt, Field(ge=1900, le=2200)] | None = None
    specialty: Text | None = None


class SupportDoctorBody(Body):
    """A doctor registered to support."""

    user_id: UserId
    display_name: DisplayName


class AppointmentBody(Body):
    """A booking, whole: what is not said again is gone."""

    patient: PatientBody
    doctor: DoctorBody
    support_doctors: Annotated[tuple[SupportDoctorBody, ...], Field(max_length=20)] = ()
    starts_at: Moment
    scheduled_duration: Annotated[StrictInt, Field(ge=1, le=24 * 60, description="minutes")]
    status: Literal["booked", "cancelled"] = "booked"
    admission: Literal["staff", "automatic"] = "staff"


class ExchangeBody(Body):
    """A link's token and the page's own random value."""

    token: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=2048)]
    proof: Annotated[str, StringConstraints(strict=True, min_length=16, max_length=128)]


class CreateBody(Body):
    """Which appointment's session to open."""

    appointment_id: Identifier


class DevicesBody(Body):
    """What the device check found."""

    camera: StrictBool
    microphone: StrictBool


class JoinBody(Body):
    """How somebody comes in: why (operators and admins), as which stay of theirs, leaving which other session."""

    reason: Reason | None = None
    participant_id: ParticipantId | None = None
    leave: ParticipantId | None = None
    devices: DevicesBody | None = None


class RemoveBody(Body):
    """Why somebody is removed; they read it."""

    reason: Reason | None = None


class KindsBody(Body):
    """What of somebody is stopped."""

    kinds: Annotated[frozenset[Literal["audio", "video", "screen"]], Field(min_length=1)]


class MutableKindsBody(Body):
    """What is switched on, or asked for."""

    kinds: Annotated[frozenset[Literal["audio", "video"]], Field(min_length=1)]


class IdentityCheckBody(Body):
    """How somebody's identity was made sure of."""

    method: Literal["my_number_card", "insurance_card", "drivers_licence", "passport", "known_to_staff", "other"]


class LockBody(Body):
    """Whether the session is locked."""

    locked: StrictBool = True


class ScreenShareBody(Body):
    """Whether patients and guests may share their screen."""

    allowed: StrictBool


class ExtendBody(Body):
    """By how much the end moves."""

    minutes: Annotated[StrictInt, Field(ge=1, le=120)] = 15


class BlockBody(Body):
    """Whether the account is blocked."""

    blocked: StrictBool = True


class ParticipantBody(Body):
    """Which of one's stays speaks."""

    participant_id: ParticipantId


class EndBody(Body):
    """What staff note of how it went."""

    outcome: OutcomeName | None = None


class OutcomeBody(Body):
    """What staff note of how it went."""

    outcome: OutcomeName


class OfferBody(Body):
    """A browser's offer."""

    type: Literal["offer"]
    sdp: Sdp


class AnswerBody(Body):
    """A browser's answer."""

    type: Literal["answer"]
    sdp: Sdp


class PublishedTrackBody(Body):
    """One m-line and the granted name that it carries."""

    mid: Mid
    track_name: TrackName


class NamedTrackBody(Body):
    """One track."""

    track_name: TrackName


class GrantTrackBody(ParticipantBody):
    """What one more name is asked for."""

    track_type: Literal["audio", "video", "screen"]


class PublishBody(ParticipantBody):
    """An offer and the tracks in it."""

    session_description: OfferBody
    tracks: Annotated[tuple[PublishedTrackBody, ...], Field(min_length=1, max_length=64)]


class TracksBody(ParticipantBody):
    """Tracks to receive or to close."""

    tracks: Annotated[
        tuple[NamedTrackBody, ...], Field(min_length=1, max_length=64, json_schema_extra={"uniqueItems": True})
    ]


class RenegotiateBody(ParticipantBody):
    """The answer to the server's last offer."""

    session_description: AnswerBody


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC, cut to the milliseconds that are stored."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
