"""What other systems are told of a session: which events become messages, what is in them, when they are tried again.

A message holds ids and states only, as the events do: whoever receives it asks the API for what it may know.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.participant import Admission
from shinsatsu.domain.session_status import SessionStatus
from shinsatsu.domain.timestamps import to_text
from shinsatsu.domain.video_session import VideoSession

GIVE_UP_AFTER = timedelta(hours=24)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
BOTH_SECRETS_FOR = timedelta(hours=24)
"""How long after a rotation messages carry a signature of the old secret too."""
KEEP_DELIVERED, KEEP_FAILED = timedelta(days=7), timedelta(days=30)


class WebhookType(StrEnum):
    """What a message tells; the value of its `type`."""

    SESSION_CREATED = "session.created"
    SESSION_WAITING = "session.waiting"
    SESSION_ACTIVE = "session.active"
    SESSION_ENDED = "session.ended"
    PARTICIPANT_WAITING = "participant.waiting"
    PARTICIPANT_JOINED = "participant.joined"
    PARTICIPANT_LEFT = "participant.left"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where messages go, and which; secrets sealed. The previous secret signs too until `previous_until`."""

    id: str
    url: str
    types: frozenset[WebhookType]
    secret: str
    created_at: datetime
    previous_secret: str | None = None
    previous_until: datetime | None = None
    disabled_at: datetime | None = None

    def sealed_secrets(self, now: datetime) -> tuple[str, ...]:
        """Those that sign now, the newest first."""
        if self.previous_secret is None or self.previous_until is None or now >= self.previous_until:
            return (self.secret,)
        return (self.secret, self.previous_secret)


@dataclass(frozen=True, slots=True)
class Message:
    """One event in the words of other systems; `id` is the same each time it is sent, `seq` the event's number."""

    id: str
    webhook_type: WebhookType
    session_id: str
    seq: int
    body: str
    created_at: datetime


def message_of(event: StoredEvent, session: VideoSession) -> Message | None:
    """What is told of the event, None for those that nobody is told of; `session` as the event's commit leaves it."""
    webhook_type = type_of(event)
    if webhook_type is None:
        return None
    data = {
        "sessionId": session.id,
        "appointmentId": session.appointment_id,
        "seq": event.seq,
        "status": _status(event, session),
        **(_ending(session) if webhook_type is WebhookType.SESSION_ENDED else {}),
        **(_stay(event, session) if "participantId" in event.metadata else {}),
    }
    document = {"type": webhook_type, "timestamp": to_text(event.created_at), "data": data}
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Message(f"msg_{session.id}_{event.seq}", webhook_type, session.id, event.seq, body, event.created_at)


def type_of(event: StoredEvent) -> WebhookType | None:
    """Which type the event is told as: whoever is let in, or comes in at once, joined; whoever is sent back waits."""
    if event.event_type is EventType.JOINED:
        admitted = event.metadata["admission"] == Admission.ADMITTED
        return WebhookType.PARTICIPANT_JOINED if admitted else WebhookType.PARTICIPANT_WAITING
    return _TYPES.get(event.event_type)


def next_attempt(attempts: int, now: datetime, give_up_at: datetime, jitter: float) -> datetime | None:
    """When to try again after that many failed attempts, None when it is enough; `jitter` 0…1 spreads by a fifth."""
    if now >= give_up_at:
        return None
    pause = LONGEST_PAUSE
    if attempts < 16:  # beyond, the power only grows
        pause = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
    return min(now + pause * (0.8 + 0.4 * jitter), give_up_at)


_TYPES: Mapping[EventType, WebhookType] = {
    EventType.CREATED: WebhookType.SESSION_CREATED,
    EventType.OPENED: WebhookType.SESSION_WAITING,
    EventType.ACTIVATED: WebhookType.SESSION_ACTIVE,
    EventType.ENDED: WebhookType.SESSION_ENDED,
    EventType.FAILED: WebhookType.SESSION_ENDED,
    EventType.ADMITTED: WebhookType.PARTICIPANT_JOINED,
    EventType.SENT_BACK: WebhookType.PARTICIPANT_WAITING,
    EventType.LEFT: WebhookType.PARTICIPANT_LEFT,
}


def _status(event: StoredEvent, session: VideoSession) -> str:
    if event.event_type is EventType.CREATED:
        return SessionStatus.SCHEDULED
    return str(event.metadata.get("status", session.status))


def _ending(session: VideoSession) -> dict[str, Any]:
    known = session.metadata
    ending = {
        "endReason": known.end_reason,
        "timeout": known.timeout,
        "failure": known.failure,
        "outcome": known.outcome,
        "actualDuration": known.actual_duration,
    }
    return {name: value for name, value in ending.items() if value is not None}


def _stay(event: StoredEvent, session: VideoSession) -> dict[str, Any]:
    """Whose stay it is; the event itself names who did it."""
    participant_id = event.metadata["participantId"]
    stay = next((one for one in session.participants if one.id == participant_id), None)
    who = {"userType": stay.user_type, "userId": stay.user_id, "role": stay.role} if stay else {}
    more = {name: event.metadata[name] for name in ("supersedes", "reason", "wasAdmitted") if name in event.metadata}
    return {"participantId": participant_id, **who, **more}
