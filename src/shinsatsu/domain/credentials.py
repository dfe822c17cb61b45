"""Links, grants and API keys as the rules see them; their secrets are never here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shinsatsu.domain.roles import AuthUser, UserType

LINK_LIFETIME = timedelta(minutes=5)
"""Spec §6.2."""
SAME_ANSWER_FOR = timedelta(seconds=60)
"""How long the same token and proof get the same grant again, so that a lost reply locks nobody out."""
LOGIN_LIFETIME = timedelta(hours=12)
"""Of a worker's login, from its opening."""
GRANT_LIFETIME = timedelta(hours=12)
"""Counted from the appointment's start, or from the exchange when that is later."""


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


@dataclass(frozen=True, slots=True)
class Login:
    """A worker at the console, who acts wherever role and relations reach; before it is opened its link expires."""

    id: str
    user: AuthUser
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def live(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class LoginOpening:
    """The one use of a login's link: by which proof, to which secret, until when it lasts."""

    proof_hash: str
    secret_hash: str
    used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program's key; scopes as issued."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
