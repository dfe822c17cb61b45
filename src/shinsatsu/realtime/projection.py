"""Committed events as the messages of a stream, each as far as its viewer may see it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.participant import Participant
from shinsatsu.domain.roles import AuthUser, UserKey, UserType
from shinsatsu.domain.sight import Sight
from shinsatsu.domain.timestamps import to_text
from shinsatsu.realtime.messages import encode
from shinsatsu.service.views import SessionView, Snapshot, rights_of
from shinsatsu.wire import named_user_json, participant_json, rights_json, session_json, track_json

Body = dict[str, Any] | None
_TURNS = frozenset({EventType.JOINED, EventType.ADMITTED, EventType.SENT_BACK})


def event_message(event: StoredEvent, view: SessionView) -> str | None:
    """The event as text for the view's viewer; None where there is nothing to tell, or nothing that they may see.

    `view` may be later than the event: a stream that catches up is told of the present, in the order of the past.
    """
    project = _PROJECTIONS.get(event.event_type)
    body = project(event, view) if project else None
    if body is None:
        return None
    return encode({"type": body.pop("type"), "seq": event.seq, "at": to_text(event.created_at), **body})


def snapshot_message(snapshot: Snapshot, participant_id: str | None, turn: StoredEvent | None = None) -> str:
    """Everything that the viewer sees at once: a stream's first message, or what `turn` has them see from here on."""
    viewer = snapshot.view.viewer
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
            **({"change": turn.event_type.value, **_told(turn, snapshot.view)} if turn else {}),
        }
    )


def as_seen_by(viewer: AuthUser, view: SessionView, events: Sequence[StoredEvent]) -> SessionView:
    """The view with which these events are told to somebody: whoever was in at the end hears who ended it."""
    in_at_the_end = any(
        event.event_type is EventType.LEFT
        and event.metadata["reason"] == "ended"
        and event.metadata.get("wasAdmitted", True)
        and _whose(event) == viewer.key
        for event in events
    )
    return replace(view, viewer=viewer, in_at_the_end=in_at_the_end)


def permissions_message(view: SessionView) -> str:
    """What the viewer may do at this moment, and over whom."""
    return encode({"type": "permissions", **rights_json(rights_of(view.viewer, view.consultation))})


def turn_of(events: Sequence[StoredEvent], view: SessionView) -> StoredEvent | None:
    """The last event after which the viewer sees more or less than before: then only a snapshot tells all.

    None for those who always see everything, and for those who are not in the session any more.
    """
    own = view.session.find(view.viewer.key)
    if view.sight is Sight.ALL or own is None or not own.is_active:
        return None
    turns = [event for event in events if event.event_type in _TURNS and event.metadata["participantId"] == own.id]
    return turns[-1] if turns else None


def _session_status(event: StoredEvent, view: SessionView) -> Body:
    body: dict[str, Any] = {"type": "session_status", "status": event.metadata.get("status", view.session.status)}
    if reason := event.metadata.get("endReason"):
        body["endReason"] = reason
    return {**body, **_by(event, view), "session": session_json(view)}


def _joined(event: StoredEvent, view: SessionView) -> Body:
    participant = _shown(event, view)
    return participant and {
        "type": "participant_joined",
        "participant": participant,
        "rejoined": bool(event.metadata.get("rejoined")),
    }


def _updated(event: StoredEvent, view: SessionView) -> Body:
    participant = _shown(event, view)
    if participant is None:
        return None
    body = {"type": "participant_updated", "participant": participant, "change": event.event_type.value}
    if kind := event.metadata.get("kind"):
        body["kind"] = kind
    own = participant["userType"], participant["userId"]
    return {**body, **_told(event, view)} if own != (event.user_type.value, event.user_id) else body


def _admitted(event: StoredEvent, view: SessionView) -> Body:
    """To the other patients and guests, who did not see them wait, they come in."""
    if view.sight is Sight.ADMITTED:
        return _joined(event, view)
    return _updated(event, view)


def _sent_back(event: StoredEvent, view: SessionView) -> Body:
    participant = _find(event, view)
    if view.sight is Sight.ADMITTED and participant is not None and participant.key != view.viewer.key:
        return _gone(event, view, participant.key, "sent_back")
    return _updated(event, view)


def _restored(event: StoredEvent, view: SessionView) -> Body:
    """To staff alone; a stream that catches up later finds nobody removed any more."""
    found = _find(event, view)
    if view.sight is not Sight.ALL or found is None:
        return None
    shown = {"participant": participant_json(view, found), "change": event.event_type.value}
    return {"type": "participant_updated", **shown, **_told(event, view)}


def _identity_checked(event: StoredEvent, view: SessionView) -> Body:
    return _updated(event, view) if view.sight is Sight.ALL else None


def _left(event: StoredEvent, view: SessionView) -> Body:
    key, reason = _whose(event), event.metadata["reason"]
    own = key == view.viewer.key
    seen = view.sight is Sight.ALL or (view.sight is Sight.ADMITTED and event.metadata.get("wasAdmitted", True))
    if not own and not seen:
        return None
    body = _gone(event, view, key, reason)
    removed = view.session.find(key)
    if reason == "removed" and removed is not None and removed.removal_note and (own or view.sight is Sight.ALL):
        body["note"] = removed.removal_note
    return body


def _gone(event: StoredEvent, view: SessionView, key: UserKey, reason: str) -> dict[str, Any]:
    body = {
        "type": "participant_left",
        "participantId": event.metadata["participantId"],
        "userType": key[0].value,
        "userId": key[1],
        "displayName": named_user_json(view, key)["displayName"],
        "reason": reason,
    }
    if (event.user_type, event.user_id) == key:
        return body
    return {**body, **(_by(event, view) if reason == "ended" else _told(event, view))}


def _track_published(event: StoredEvent, view: SessionView) -> Body:
    if view.sight is Sight.SELF:
        return None
    track = {
        "trackName": event.metadata["trackName"],
        "trackType": event.metadata["trackType"],
        "participantId": event.metadata["participantId"],
        "userType": event.user_type.value,
        "userId": event.user_id,
    }
    return {"type": "track_published", "track": track}


def _track_closed(event: StoredEvent, view: SessionView) -> Body:
    if view.sight is Sight.SELF:
        return None
    reason = event.metadata.get("reason", "closed")
    body = {"type": "track_closed", "trackName": event.metadata["trackName"], "reason": reason}
    return body if reason == "closed" else {**body, **_by(event, view)}


def _unmute_requested(event: StoredEvent, view: SessionView) -> Body:
    participant = _find(event, view)
    if participant is None or (view.sight is not Sight.ALL and participant.key != view.viewer.key):
        return None
    asked = {"participantId": participant.id, "kinds": event.metadata["kinds"]}
    return {"type": "unmute_requested", **asked, **_by(event, view)}


def _session_updated(event: StoredEvent, view: SessionView) -> Body:
    if view.sight is Sight.SELF:
        return None
    change = event.event_type.value
    if event.event_type is EventType.SCREEN_SHARE_SET:
        change = "screen_share_on" if event.metadata["allowed"] else "screen_share_off"
    return {"type": "session_updated", "change": change, **_by(event, view), "session": session_json(view)}


def _time_warning(event: StoredEvent, view: SessionView) -> Body:
    if view.sight is Sight.SELF:
        return None
    left = {"minutesLeft": event.metadata["minutesLeft"], "endsAt": event.metadata["endsAt"]}
    return {"type": "time_warning", **left}


def _by(event: StoredEvent, view: SessionView) -> dict[str, Any]:
    """Who did it, unless the server did; somebody who sees nobody learns no name but that of their card's doctor."""
    known = (UserType.WORKER, view.appointment.doctor_id)
    if view.sight is Sight.SELF and (event.user_type, event.user_id) != known:
        return {}
    return _told(event, view)


def _told(event: StoredEvent, view: SessionView) -> dict[str, Any]:
    """Who did it, for everybody who may know of the event at all, such as the person acted on."""
    if event.user_type is UserType.SYSTEM:
        return {}
    return {"by": named_user_json(view, (event.user_type, event.user_id))}


def _whose(event: StoredEvent) -> UserKey:
    """Whose stay has ended."""
    return (UserType(event.metadata["userType"]), event.metadata["userId"])


def _find(event: StoredEvent, view: SessionView) -> Participant | None:
    wanted = event.metadata["participantId"]
    return next((one for one in view.session.participants if one.id == wanted), None)


def _shown(event: StoredEvent, view: SessionView) -> dict[str, Any] | None:
    """The participant an event is about, as the viewer sees them; None for one who is gone, or not theirs to see."""
    wanted = event.metadata["participantId"]
    found = next((one for one in view.participants if one.id == wanted), None)
    return dict(participant_json(view, found)) if found else None


_PROJECTIONS: Mapping[EventType, Callable[[StoredEvent, SessionView], Body]] = {
    EventType.OPENED: _session_status,
    EventType.ACTIVATED: _session_status,
    EventType.ENDED: _session_status,
    EventType.FAILED: _session_status,
    EventType.RESCHEDULED: _session_status,
    EventType.REBOOKED: _session_status,
    EventType.JOINED: _joined,
    EventType.ADMITTED: _admitted,
    EventType.SENT_BACK: _sent_back,
    EventType.RESTORED: _restored,
    EventType.CONNECTED: _updated,
    EventType.DISCONNECTED: _updated,
    EventType.MUTED: _updated,
    EventType.UNMUTED: _updated,
    EventType.IDENTITY_CHECKED: _identity_checked,
    EventType.LEFT: _left,
    EventType.TRACK_PUBLISHED: _track_published,
    EventType.TRACK_CLOSED: _track_closed,
    EventType.UNMUTE_REQUESTED: _unmute_requested,
    EventType.EXTENDED: _session_updated,
    EventType.LOCKED: _session_updated,
    EventType.UNLOCKED: _session_updated,
    EventType.SCREEN_SHARE_SET: _session_updated,
    EventType.OUTCOME_SET: _session_updated,
    EventType.TWO_WAY_MEDIA: _session_updated,
    EventType.TIME_WARNING: _time_warning,
}
