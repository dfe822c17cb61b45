"""Local accounts as the rules see them: lockout, idle logins, login names; secrets only hashed or sealed."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shinsatsu.domain.errors import InvalidRequest
from shinsatsu.domain.roles import UserKey

CHALLENGE_LIFETIME = timedelta(minutes=5)
CHALLENGE_TRIES = 5
"""Wrong second factors after which the password has to be given again."""
SETUP_LIFETIME = timedelta(hours=24)
FREE_FAILURES = 4
"""What somebody may get wrong in a row before the account is locked for a while."""
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(hours=1)
FORGET_FAILURES = timedelta(hours=24)
RECOVERY_CODES = 10
MOST_PASSKEYS = 20
LOGIN_NAME_LENGTH = range(1, 101)
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters (UAX #44) that cannot be seen, or that make a name look like another."""


class Factor(StrEnum):
    """What is asked beside the password."""

    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY = "recovery"


class Purpose(StrEnum):
    """What a challenge is for: to finish a login, to enrol before the first one, to add a factor to one's account."""

    SECOND_FACTOR = "second_factor"
    ENROLL = "enroll"
    ADD_TOTP = "add_totp"
    ADD_PASSKEY = "add_passkey"


@dataclass(frozen=True, slots=True)
class LoginRules:
    """What the person running the server decides of logins."""

    idle: timedelta = timedelta(minutes=15)
    second_factor_required: bool = True
    setup_lifetime: timedelta = SETUP_LIFETIME


@dataclass(frozen=True, slots=True)
class Account:
    """A row of `accounts`: how a worker logs in by name. `handle` names the account to authenticators."""

    key: UserKey
    login_name: str
    handle: str
    password_hash: str | None = None
    totp_sealed: str | None = None
    totp_last_step: int = 0
    setup_hash: str | None = None
    setup_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Passkey:
    """A row of `passkeys`; `credential_id` and `public_key` are base64url."""

    id: str
    key: UserKey
    credential_id: str
    public_key: str
    sign_count: int
    transports: tuple[str, ...]
    name: str
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Challenge:
    """A row of `login_challenges`, used once: what a browser that gave a password, or a login, has still to answer.

    `secret_hash` is that of the browser's cookie; a challenge of a login is the login's own and needs none.
    """

    id: str
    key: UserKey
    purpose: Purpose
    created_at: datetime
    expires_at: datetime
    secret_hash: str | None = None
    login_id: str | None = None
    passkey_challenge: str | None = None
    totp_sealed: str | None = None
    tries: int = 0

    def open(self, now: datetime) -> bool:
        return now < self.expires_at and self.tries < CHALLENGE_TRIES


@dataclass(frozen=True, slots=True)
class Attempts:
    """A row of `login_attempts`: wrong answers in a row under one login name, whether or not anybody has it."""

    failures: int = 0
    failed_at: datetime | None = None
    locked_until: datetime | None = None

    def locked(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until

    def charged(self, now: datetime) -> "Attempts":
        """One more that is taken for wrong until it proves right: so parallel ones cannot outrun the count."""
        stale = self.failed_at is not None and now - self.failed_at > FORGET_FAILURES
        failures = 1 if stale else self.failures + 1
        return Attempts(failures, now, _locked_until(failures, now))

    def refunded(self) -> "Attempts":
        """The last one was right, but is not the whole login yet."""
        failures = max(0, self.failures - 1)
        return Attempts(failures, self.failed_at if failures else None, None)


def _locked_until(failures: int, now: datetime) -> datetime | None:
    """A minute after the fifth failure, doubling with each to an hour."""
    beyond = failures - FREE_FAILURES
    if beyond < 1:
        return None
    doublings = min(beyond - 1, 10)
    return now + min(FIRST_LOCK * (1 << doublings), LONGEST_LOCK)


def is_idle(last_seen_at: datetime, now: datetime, idle: timedelta, *, in_call: bool) -> bool:
    """Whether a login was left alone for too long; somebody who is connected to a call is there."""
    return not in_call and now - last_seen_at >= idle


def shown_login_name(name: str) -> str:
    """The name as it is kept (NFKC, trimmed); raises InvalidRequest for an empty, overlong or deceptive one."""
    shown = unicodedata.normalize("NFKC", name).strip()
    if len(shown) not in LOGIN_NAME_LENGTH:
        raise InvalidRequest("loginName: 1 to 100 characters.", field="loginName")
    if any(unicodedata.category(one) in HIDDEN or one.isspace() for one in shown):
        raise InvalidRequest("loginName: no spaces and no hidden characters.", field="loginName")
    return shown


def name_key(name: str) -> str:
    """What makes two login names the same: NFKC, trimmed, case folded, NFKC again (Unicode 3.13, toNFKC_Casefold)."""
    folded = unicodedata.normalize("NFKC", name).strip().casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def browser_of(user_agent: str | None) -> str:
    """A browser's family in a word, good enough to tell one's own logins apart; "" where none was named."""
    families = {
        "Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox": "Firefox", "FxiOS": "Firefox",
        "CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari",
    }  # fmt: skip
    systems = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS X": "macOS"}
    said = user_agent or ""
    family = next((name for token, name in families.items() if f"{token}/" in said), "")
    system = next((name for token, name in {**systems, "Linux": "Linux"}.items() if token in said), "")
    return " · ".join(part for part in (family, system) if part)
