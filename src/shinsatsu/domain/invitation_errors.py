"""What can be refused to whoever holds an invitation.

ShinsatsuError
├── LinkInvalid
│   └── InvitationInvalid         invitation_invalid
├── LinkGone
│   ├── InvitationExpired         invitation_expired
│   └── InvitationRevoked         invitation_revoked
├── Forbidden
│   ├── InvitationLocked          invitation_locked
│   └── CheckFailed               check_failed, with the `tries_left`
└── CodeTooSoon                   rate_limited, with the seconds to wait
"""

from datetime import timedelta

from shinsatsu.domain.errors import Forbidden, LinkGone, LinkInvalid, ShinsatsuError


class InvitationInvalid(LinkInvalid):
    """A code that is not ours."""

    code = "invitation_invalid"


class InvitationExpired(LinkGone):
    """The appointment is long over."""

    code = "invitation_expired"


class InvitationRevoked(LinkGone):
    """Taken back, by staff, by a newer one, or with the booking."""

    code = "invitation_revoked"


class InvitationLocked(Forbidden):
    """Too many wrong answers; staff open it again or send another."""

    code = "invitation_locked"

    def __init__(self) -> None:
        super().__init__(self.code, "This invitation is locked after too many wrong answers: call the clinic.")


class CheckFailed(Forbidden):
    """A wrong birth date or one-time code."""

    code = "check_failed"

    def __init__(self, tries_left: int) -> None:
        super().__init__(self.code, "This is not what we have on record.")
        self.tries_left = tries_left


class CodeTooSoon(ShinsatsuError):
    """A code was sent a moment ago: it may still arrive."""

    code = "rate_limited"

    def __init__(self, wait: timedelta) -> None:
        super().__init__("A code was sent a moment ago: wait for it.")
        self.retry_after = max(1, -(-wait // timedelta(seconds=1)))
