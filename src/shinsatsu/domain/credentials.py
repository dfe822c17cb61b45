"""Links, grants and API keys as the rules see them; their secrets are never here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shinsatsu.domain.roles import AuthUser, UserKey, UserType

LINK_LIFETIME = timedelta(minutes=5)
"""Spec §6.2."""
SAME_ANSWER_FOR = timedelta(seconds=60)
"""How long the same token and proof get the same grant again, so that a lost reply locks nobody out."""
LOGIN_LIFETIME = timedelta(hours=12)
"""Of a worker's login, from its opening."""
GRANT_LIFETIME = timedelta(hours=12)
"""Counted from the appointment's start, or from the exchange when that is later."""


class LinkState(StrEnum):
    """What a link is good for at a moment."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Link:
    """A consultation link: for whom, where to, and whether it was used."""

    id: str
    token_hash: str
    session_id: str
    appointment_id: str
    user_type: UserType
    user_id: int
    created_by_type: UserType
    created_by_id: int
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    proof_hash: str | None = None
    grant_id: str | None = None
    revoked_at: datetime | None = None

    @property
    def key(self) -> UserKey:
        """Whom it is for."""
        return (self.user_type, self.user_id)

    def state(self, now: datetime) -> LinkState:
        """Taken back counts most, then used up, then run out."""
        if self.revoked_at is not None:
            return LinkState.REVOKED
        if self.used_at is not None:
            return LinkState.USED
        return LinkState.OPEN if now < self.expires_at else LinkState.EXPIRED


@dataclass(frozen=True, slots=True)
class Revoked:
    """The ids of what was taken back at once."""

    links: Sequence[str]
    grants: Sequence[str]
    invitations: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.links or self.grants or self.invitations)

    def told(self, reason: str) -> dict[str, Any]:
        """As the event `access_revoked` tells it."""
        return {
            "links": list(self.links),
            "grants": list(self.grants),
            "invitations": list(self.invitations),
            "reason": reason,
        }


@dataclass(frozen=True, slots=True)
class Grant:
    """What an exchanged link gives: `user` acts in one appointment; `session_id` is where the link led."""

    id: str
    session_id: str
    appointment_id: str
    user: AuthUser
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def live(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


class LoginMethod(StrEnum):
    """How somebody proved who they are."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    OIDC = "oidc"
    CONSOLE_LINK = "console_link"


class LoginEnd(StrEnum):
    """Why a login is over."""

    LOGGED_OUT = "logged_out"
    ENDED = "ended"
    IDLE = "idle"
    EXPIRED = "expired"
    BLOCKED = "blocked"
    RESET = "reset"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a reason


@dataclass(frozen=True, slots=True)
class Login:
    """A worker at the console, who acts wherever role and relations reach; before it is opened its link expires.

    `browser` is a family's name, `ended_for` why the login is over where it is, `user_blocked` whether its account is.
    """

    id: str
    user: AuthUser
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    method: LoginMethod = LoginMethod.CONSOLE_LINK
    last_seen_at: datetime | None = None
    address: str | None = None
    browser: str = ""
    ended_for: LoginEnd | None = None
    user_blocked: bool = False

    def live(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class LoginOpening:
    """The one use of a login's link: by which proof, to which secret, until when it lasts."""

    proof_hash: str
    secret_hash: str
    used_at: datetime
    expires_at: datetime
    address: str | None = None
    browser: str = ""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program's key; scopes as issued. `replaced_by` is the key that was made in its place."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    replaced_by: int | None = None

    def live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def rotated(self, now: datetime, overlap: timedelta) -> tuple[datetime, datetime | None]:
        """Until when this key lasts once it is replaced now, and until when the new one does.

        This one lasts no longer than it would have, the new one as long as this one was made for.
        """
        if self.expires_at is None:
            return now + overlap, None
        return min(now + overlap, self.expires_at), now + (self.expires_at - self.created_at)


@dataclass(frozen=True, slots=True)
class SpentToken:
    """A token of somebody else's that was used once, remembered until it would not be believed any more.

    `id` and `proof_hash` are hashes; `grant_id` is what it was exchanged for.
    """

    id: str
    proof_hash: str
    grant_id: str
    used_at: datetime
    expires_at: datetime
