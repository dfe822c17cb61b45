"""What can go wrong in the SFU, as its callers see it.

CallsError            a whole call fails: HTTP status, errorCode, errorDescription
├── DecodingError         400 decoding_error: a body or field has the wrong shape
├── Unauthorized          401 unauthorized
├── UnknownApp            404 not_found
├── InvalidParams         406 invalid_params: well-formed, but not possible or not offered here
├── InvalidDescription    406 invalid_session_description: wrong SDP, or an overlapping negotiation
├── BodyTimeout           408 request_timeout
├── ClientLeft            408 client_left: for the log of a proxy, nobody reads it
├── SessionGone           410 session_error: make a new one
├── PayloadTooLarge       413 payload_too_large
├── TooManyRequests       429 too_many_requests
└── Full                  503 temporarily_unavailable_error
ItemError             one track of a call fails, inside HTTP 200
"""

from typing import Literal

ItemCode = Literal[
    "not_found_track_error",
    "empty_track_error",
    "close_track_error",
    "update_track_error",
    "repeated_local_track_error",
    "invalid_params",
    "invalid_session_description",
]


class CallsError(Exception):
    """A call that fails as a whole; the description names field, track and reason, and quotes no SDP."""

    status = 500
    code = "internal_error"

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class DecodingError(CallsError):
    """The body is not JSON, or a field has the wrong type."""

    status, code = 400, "decoding_error"


class Unauthorized(CallsError):
    """No Bearer token, or not this app's secret."""

    status, code = 401, "unauthorized"


class UnknownApp(CallsError):
    """No such app or path."""

    status, code = 404, "not_found"


class InvalidParams(CallsError):
    """Well-formed, but not possible or not offered here."""

    status, code = 406, "invalid_params"


class InvalidDescription(CallsError):
    """The session description is wrong here, or another negotiation is in progress."""

    status, code = 406, "invalid_session_description"


class BodyTimeout(CallsError):
    """The request's body did not arrive in time."""

    status, code = 408, "request_timeout"


class ClientLeft(CallsError):
    """The client closed its connection before the answer; what was asked for was not done, or taken back."""

    status, code = 408, "client_left"


class SessionGone(CallsError):
    """No such session, or no longer."""

    status, code = 410, "session_error"


class PayloadTooLarge(CallsError):
    """The body is longer than this call takes."""

    status, code = 413, "payload_too_large"


class TooManyRequests(CallsError):
    """More calls on one session than its rate."""

    status, code = 429, "too_many_requests"


class Full(CallsError):
    """No room for another session."""

    status, code = 503, "temporarily_unavailable_error"


class ItemError(Exception):
    """One track of a call that fails."""

    def __init__(self, code: ItemCode, description: str) -> None:
        super().__init__(description)
        self.code: ItemCode = code
        self.description = description


def closed_already() -> ItemError:
    """Closing what is gone: callers treat it as closed."""
    return ItemError("close_track_error", "Track doesn't exist or was already closed")
