"""What happened beside the sessions: logins, refusals, accounts, keys, settings; the rows of `security_events`.

Metadata hold ids and states only: never a name, a token, a password or what somebody typed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shinsatsu.domain.roles import UserType, WorkerRole


class SecurityEventType(StrEnum):
    """The value of `security_events.event_type`."""

    DENIED = "denied"
    READ = "read"
    SETTINGS = "settings"
    EVENTS_PRUNED = "events_pruned"
    TEXTS_ERASED = "texts_erased"
    NAME_ERASED = "name_erased"
    SIGNING_KEY_ROTATED = "signing_key_rotated"

    LOGIN_SUCCEEDED = "login_succeeded"
    LOGIN_REFUSED = "login_refused"
    LOGIN_ENDED = "login_ended"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_UNLOCKED = "account_unlocked"
    SECOND_FACTOR_REFUSED = "second_factor_refused"
    SECOND_FACTOR_ADDED = "second_factor_added"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    PASSWORD_SET = "password_set"  # noqa: S105 - the name of an event
    SETUP_REFUSED = "setup_refused"
    USER_ADDED = "user_added"
    USER_CHANGED = "user_changed"
    USER_RESET = "user_reset"
    USER_BLOCKED = "user_blocked"
    USER_UNBLOCKED = "user_unblocked"

    KEY_MADE = "key_made"
    KEY_ROTATED = "key_rotated"
    KEY_REVOKED = "key_revoked"

    WEBHOOK_ADDED = "webhook_added"
    WEBHOOK_REMOVED = "webhook_removed"
    WEBHOOK_ROTATED = "webhook_rotated"
    WEBHOOK_FAILED = "webhook_failed"
    WEBHOOK_DISABLED = "webhook_disabled"
    WEBHOOK_REPLAYED = "webhook_replayed"


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """One thing that happened, before the store numbered it; without a user where nobody proved who they are."""

    event_type: SecurityEventType
    user_type: UserType | None
    user_id: int | None
    role: WorkerRole | None
    session_id: str | None
    metadata: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredSecurityEvent:
    """An event as committed; `seq` counts from 1 without gaps."""

    seq: int
    event: SecurityEvent
    request_id: str | None
    address: str | None
