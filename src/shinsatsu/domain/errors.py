"""Everything that can be refused or fail, each with a stable `code`; how it looks over HTTP is the API's affair.

ShinsatsuError
├── Unauthenticated               unauthenticated
├── LinkInvalid                   link_invalid
├── LinkGone                      a link that opens nothing any more
│   ├── LinkUsed                  link_used
│   ├── LinkExpired               link_expired
│   └── LinkRevoked               link_revoked
├── Forbidden                     forbidden, with the decision's `reason`
├── NotFound                      not_found (also what a stranger gets)
│   ├── Stranger                  not_found; the record alone says more
│   └── TrackNotFound             track_not_found
├── Invalid                       what was sent is wrong; `field` says where
│   ├── InvalidRequest            invalid_request
│   ├── ReasonRequired            reason_required
│   ├── InvalidSessionDescription invalid_session_description
│   ├── TrackNotGranted           track_not_granted
│   └── DuplicateTrack            duplicate_track
├── Conflict                      right in itself, but not now
│   ├── StaleParticipant          stale_participant
│   ├── SessionEnded              session_ended
│   ├── SessionNotOpen            session_not_open
│   ├── InvalidTransition         invalid_transition
│   ├── DoctorBusy                doctor_busy, with what `held_by` names
│   ├── IdentityCheckRequired     identity_check_required
│   ├── ConflictError             conflict (somebody else was faster, twice)
│   └── NegotiationInProgress     negotiation_in_progress
└── Unavailable                   try again later; nothing was half written
    ├── DatabaseUnavailable       database_unavailable
    ├── DeliveryFailed            delivery_failed, with the `reason`
    └── MediaPlaneError           media_plane_unavailable
        ├── MediaSessionGone      the plane no longer knows the session: make a new one
        ├── MediaSessionNotReady  not connected yet: wait
        └── MediaNegotiationRefused  the plane refused the SDP or an overlapping negotiation
"""

from collections.abc import Mapping


class ShinsatsuError(Exception):
    """Root of the tree; `detail` is a sentence for people, `field` the place in the request, where there is one."""

    code = "internal_error"

    def __init__(self, detail: str = "", *, field: str | None = None) -> None:
        super().__init__(detail or self.code)
        self.detail = detail or self.code
        self.field = field


class Unauthenticated(ShinsatsuError):
    """No credential, or not a valid one."""

    code = "unauthenticated"


class LinkInvalid(ShinsatsuError):
    """The link's token is not ours or is damaged."""

    code = "link_invalid"


class LinkGone(ShinsatsuError):
    """A genuine link that opens nothing any more."""


class LinkUsed(LinkGone):
    """The link was exchanged before, by another proof or too long ago."""

    code = "link_used"


class LinkExpired(LinkGone):
    """The link's five minutes are over."""

    code = "link_expired"


class LinkRevoked(LinkGone):
    """The link was taken back, for instance because the appointment was cancelled."""

    code = "link_revoked"


class Forbidden(ShinsatsuError):
    """Known to the consultation, but without the right; `reason` is the decision's stable code."""

    code = "forbidden"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or f"This is not permitted: {reason}.")
        self.reason = reason


class NotFound(ShinsatsuError):
    """It does not exist, or the caller is a stranger to it: the two look the same on purpose."""

    code = "not_found"


class Stranger(NotFound):
    """It exists and is none of the caller's business: told as any other NotFound, recorded as what it is."""

    reason = "stranger"

    def __init__(self) -> None:
        super().__init__("There is no such consultation.")


class TrackNotFound(NotFound):
    """No such track in this consultation."""

    code = "track_not_found"


class Invalid(ShinsatsuError):
    """What was sent is wrong; `field` names the place."""


class InvalidRequest(Invalid):
    """A field is missing, unknown in kind or of a wrong type or value."""

    code = "invalid_request"


class ReasonRequired(Invalid):
    """Who does this says why."""

    code = "reason_required"


class InvalidSessionDescription(Invalid):
    """SDP that is malformed or does not fit the tracks named beside it."""

    code = "invalid_session_description"


class TrackNotGranted(Invalid):
    """A track name that was not granted to this participant."""

    code = "track_not_granted"


class DuplicateTrack(Invalid):
    """A track name or mid said twice, or published before."""

    code = "duplicate_track"


class Conflict(ShinsatsuError):
    """Right in itself, but not in the present state."""


class StaleParticipant(Conflict):
    """The participant was superseded or has left."""

    code = "stale_participant"


class SessionEnded(Conflict):
    """The session has ended or failed."""

    code = "session_ended"


class SessionNotOpen(Conflict):
    """The session is only scheduled: create it first."""

    code = "session_not_open"


class InvalidTransition(Conflict):
    """The lifecycle has no such step."""

    code = "invalid_transition"


class DoctorBusy(Conflict):
    """The doctor is in another active consultation, which `held_by` names (spec §8, one at a time)."""

    code = "doctor_busy"

    def __init__(self, held_by: Mapping[str, str]) -> None:
        super().__init__("This doctor is in another consultation: leave that one first.")
        self.held_by = held_by


class IdentityCheckRequired(Conflict):
    """The clinic admits nobody whose identity was not checked."""

    code = "identity_check_required"


class ConflictError(Conflict):
    """Somebody else changed the same thing at the same time, again and again."""

    code = "conflict"


class NegotiationInProgress(Conflict):
    """The previous offer of this connection was not answered yet."""

    code = "negotiation_in_progress"


class Unavailable(ShinsatsuError):
    """A part we depend on does not answer; trying again later can help."""


class DatabaseUnavailable(Unavailable):
    """The database is locked, full, read-only or away; the transaction left nothing behind."""

    code = "database_unavailable"


class DeliveryFailed(Unavailable):
    """A message did not reach the address it was for; `reason` says why in one word (`timeout`, …)."""

    code = "delivery_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The message was not delivered: {reason}.")
        self.reason = reason


class MediaPlaneError(Unavailable):
    """The media plane failed or could not be reached."""

    code = "media_plane_unavailable"


class MediaSessionGone(MediaPlaneError):
    """The plane no longer knows the session (410)."""


class MediaSessionNotReady(MediaPlaneError):
    """The session's peer connection is not connected yet (425)."""


class MediaNegotiationRefused(MediaPlaneError):
    """The plane refused the SDP, or a negotiation is already under way (406)."""
