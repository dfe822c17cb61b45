"""Committed events as the messages of a stream, and which of them a viewer may see."""

from collections.abc import Callable, Mapping
from typing import Any

from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.roles import AuthUser, UserType
from shinsatsu.domain.timestamps import to_text
from shinsatsu.realtime.messages import encode
from shinsatsu.service.views import SessionView, Snapshot
from shinsatsu.wire import named_user_json, participant_json, session_json, track_json

Body = dict[str, Any] | None


def event_message(event: StoredEvent, view: SessionView) -> str | None:
    """The event as text, with what it is about as it stands in `view`; None where there is nothing to tell.

    `view` may be later than the event: a stream that catches up is told of the present, in the order of the past.
    """
    project = _PROJECTIONS.get(event.event_type)
    body = project(event, view) if project else None
    if body is None:
        return None
    return encode({"type": body.pop("type"), "seq": event.seq, "at": to_text(event.created_at), **body})


def snapshot_message(snapshot: Snapshot, viewer: AuthUser, participant_id: str | None) -> str:
    """Everything at once, as the first message of a stream."""
    you: dict[str, Any] = {"userType": viewer.user_type.value, "userId": viewer.user_id}
    if viewer.role is not None:
        you["role"] = viewer.role.value
    if participant_id is not None:
        you["participantId"] = participant_id
    return encode(
        {
            "type": "snapshot",
            "seq": snapshot.seq,
            "session": session_json(snapshot.view),
            "tracks": [track_json(track) for track in snapshot.tracks],
            "you": you,
        }
    )


def _session_status(event: StoredEvent, view: SessionView) -> Body:
    body: dict[str, Any] = {"type": "session_status", "status": event.metadata.get("status", view.session.status)}
    if reason := event.metadata.get("endReason"):
        body["endReason"] = reason
    if event.user_type is not UserType.SYSTEM:
        body["by"] = named_user_json(view, (event.user_type, event.user_id))
    return {**body, "session": session_json(view)}


def _joined(event: StoredEvent, view: SessionView) -> Body:
    participant = _participant(event, view)
    return participant and {
        "type": "participant_joined",
        "participant": participant,
        "rejoined": bool(event.metadata.get("rejoined")),
    }


def _updated(event: StoredEvent, view: SessionView) -> Body:
    participant = _participant(event, view)
    return participant and {"type": "participant_updated", "participant": participant}


def _left(event: StoredEvent, view: SessionView) -> Body:
    key = (UserType(event.metadata["userType"]), event.metadata["userId"])
    name = named_user_json(view, key)["displayName"]
    return {
        "type": "participant_left",
        "participantId": event.metadata["participantId"],
        "userType": key[0].value,
        "userId": key[1],
        "displayName": name,
        "reason": event.metadata["reason"],
    }


def _track_published(event: StoredEvent, view: SessionView) -> Body:
    track = {
        "trackName": event.metadata["trackName"],
        "trackType": event.metadata["trackType"],
        "participantId": event.metadata["participantId"],
        "userType": event.user_type.value,
        "userId": event.user_id,
    }
    return {"type": "track_published", "track": track}


def _track_closed(event: StoredEvent, view: SessionView) -> Body:
    return {"type": "track_closed", "trackName": event.metadata["trackName"]}


def _participant(event: StoredEvent, view: SessionView) -> dict[str, Any] | None:
    """The participant an event is about, None for one who is gone by now: their leaving follows in the stream."""
    wanted = event.metadata["participantId"]
    found = next((one for one in view.participants if one.id == wanted), None)
    return dict(participant_json(view, found)) if found else None


_PROJECTIONS: Mapping[EventType, Callable[[StoredEvent, SessionView], Body]] = {
    EventType.OPENED: _session_status,
    EventType.ACTIVATED: _session_status,
    EventType.ENDED: _session_status,
    EventType.FAILED: _session_status,
    EventType.RESCHEDULED: _session_status,
    EventType.JOINED: _joined,
    EventType.CONNECTED: _updated,
    EventType.DISCONNECTED: _updated,
    EventType.MUTED: _updated,
    EventType.UNMUTED: _updated,
    EventType.LEFT: _left,
    EventType.TRACK_PUBLISHED: _track_published,
    EventType.TRACK_CLOSED: _track_closed,
}
