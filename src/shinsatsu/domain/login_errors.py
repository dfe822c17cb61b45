"""What can be refused on the way to a login, and about accounts.

ShinsatsuError
├── Unauthenticated
│   └── LoginExpired              login_expired, with the `reason` it ended for
├── CredentialRefused             not who they say they are
│   ├── LoginRefused              login_refused: one answer for every cause
│   ├── SecondFactorRefused       second_factor_refused
│   └── SetupInvalid              setup_invalid
│       └── SetupExpired          the same code, but it was good once
├── ChallengeExpired              challenge_expired
├── AccountLocked                 account_locked, with the seconds to wait
├── Invalid
│   └── PasswordTooWeak           password_too_weak
├── Conflict
│   ├── SecondFactorRequired      second_factor_required
│   ├── LoginNameTaken            login_name_taken
│   └── UserExists                user_exists
└── Unavailable
    └── TooBusy                   too_busy
"""

from datetime import timedelta

from shinsatsu.domain.errors import Conflict, Invalid, ShinsatsuError, Unauthenticated, Unavailable


class LoginExpired(Unauthenticated):
    """The login was good until it was left alone, or for too long; `reason` is `idle` or `expired`."""

    code = "login_expired"

    def __init__(self, reason: str) -> None:
        super().__init__("This login has ended: log in again.")
        self.reason = reason


class CredentialRefused(ShinsatsuError):
    """Somebody could not prove who they are."""


class LoginRefused(CredentialRefused):
    """Unknown name, wrong password, disabled account: all the same on purpose."""

    code = "login_refused"

    def __init__(self) -> None:
        super().__init__("This login name and password do not open anything.")


class SecondFactorRefused(CredentialRefused):
    """A wrong or used-up code, or a passkey that does not fit."""

    code = "second_factor_refused"

    def __init__(self) -> None:
        super().__init__("This second factor does not fit.")


class SetupInvalid(CredentialRefused):
    """A setup link that is not ours, was used, or was replaced by another."""

    code = "setup_invalid"

    def __init__(self) -> None:
        super().__init__("This setup link opens nothing: ask an administrator for a new one.")


class SetupExpired(SetupInvalid):
    """A genuine setup link whose time is over."""


class ChallengeExpired(ShinsatsuError):
    """The step after the password took too long, was done already, or belongs to another browser."""

    code = "challenge_expired"

    def __init__(self) -> None:
        super().__init__("This step is over: begin again with the password.")


class AccountLocked(ShinsatsuError):
    """Too many wrong answers under this name, whether or not anybody has it."""

    code = "account_locked"

    def __init__(self, wait: timedelta) -> None:
        super().__init__("Too many wrong attempts: try again later.")
        self.retry_after = max(1, -(-wait // timedelta(seconds=1)))


class PasswordTooWeak(Invalid):
    """A password that is too short, too long, or among those that everybody tries."""

    code = "password_too_weak"

    def __init__(self, detail: str, field: str = "password") -> None:
        super().__init__(detail, field=field)


class SecondFactorRequired(Conflict):
    """The last second factor stays where one is required."""

    code = "second_factor_required"


class LoginNameTaken(Conflict):
    """Somebody else has this login name, or one that differs only in case or width."""

    code = "login_name_taken"

    def __init__(self) -> None:
        super().__init__("Somebody has this login name.", field="loginName")


class UserExists(Conflict):
    """Somebody has this number."""

    code = "user_exists"

    def __init__(self) -> None:
        super().__init__("Somebody has this number: change them instead.", field="userId")


class TooBusy(Unavailable):
    """More passwords are being checked than this machine can do at once."""

    code = "too_busy"
