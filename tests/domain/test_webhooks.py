"""Which events other systems are told of, in which words, and when they are tried again."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shinsatsu.domain import moderation
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.roles import AuthUser, Relation, UserType, WorkerRole
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.domain.webhooks import (
    GIVE_UP_AFTER,
    LONGEST_PAUSE,
    Endpoint,
    Message,
    WebhookType,
    message_of,
    next_attempt,
)
from tests.house import DOCTOR, KEY, PATIENT, START

SILENT = set(EventType) - {
    *(EventType.CREATED, EventType.OPENED, EventType.ACTIVATED, EventType.ENDED, EventType.FAILED),
    *(EventType.JOINED, EventType.ADMITTED, EventType.SENT_BACK, EventType.LEFT),
}


def told(session: VideoSession) -> list[Message]:
    """The messages of all that was recorded on the session."""
    events = [
        StoredEvent(seq, session.id, one.event_type, one.user_type, one.user_id, one.metadata, one.created_at)
        for seq, one in enumerate(session.events, 1)
    ]
    return [message for event in events if (message := message_of(event, session)) is not None]


def data(message: Message) -> dict[str, Any]:
    document = json.loads(message.body)
    assert document.keys() == {"type", "timestamp", "data"}
    assert document["type"] == message.webhook_type
    found: dict[str, Any] = document["data"]
    assert found.keys() >= {"sessionId", "appointmentId", "seq", "status"}
    return found


def booked() -> VideoSession:
    return VideoSession.schedule("s1", "a1", 15, KEY, START)


def called() -> VideoSession:
    """Booked, opened, the patient let in, the doctor there, ended by the doctor."""
    session = booked()
    session.open(KEY, "sfu:s1", START)
    patient = session.join(PATIENT, Relation.OWN, "p1", START, reason="花子 is here")
    session.join(DOCTOR, Relation.IN_CHARGE, "p2", START)
    moderation.admit(session, patient, DOCTOR, START)
    session.connect(PATIENT, "p1", "c1", START)
    session.connect(DOCTOR, "p2", "c2", START)
    session.end(DOCTOR, START + timedelta(minutes=10))
    return session


def test_a_consultation_as_other_systems_are_told() -> None:
    messages = told(called())
    assert [(message.webhook_type.value, data(message).get("participantId")) for message in messages] == [
        ("session.created", None),
        ("session.waiting", None),
        ("participant.waiting", "p1"),
        ("participant.joined", "p2"),
        ("participant.joined", "p1"),
        ("session.active", None),
        ("session.ended", None),
        ("participant.left", "p1"),
        ("participant.left", "p2"),
    ]
    assert [data(message)["status"] for message in messages[:2]] == ["scheduled", "waiting"]
    ended = data(messages[6])
    assert ended == {
        "sessionId": "s1",
        "appointmentId": "a1",
        "seq": messages[6].seq,
        "status": "ended",
        "endReason": "completed",
        "actualDuration": 10,
    }


def test_whose_stay_it_is_and_not_who_did_it() -> None:
    admitted = data(told(called())[4])
    assert (admitted["userType"], admitted["userId"], admitted["role"]) == ("patient", PATIENT.user_id, None)
    joined = data(told(called())[3])
    assert (joined["userType"], joined["userId"], joined["role"]) == ("worker", DOCTOR.user_id, "doctor")
    left = data(told(called())[7])
    assert (left["reason"], left["wasAdmitted"], left["userId"]) == ("ended", True, PATIENT.user_id)


def test_coming_again_says_which_stay_it_replaces() -> None:
    session = booked()
    session.open(KEY, "sfu:s1", START)
    session.join(DOCTOR, Relation.IN_CHARGE, "p1", START)
    session.join(DOCTOR, Relation.IN_CHARGE, "p2", START)
    left, joined = told(session)[-2:]
    assert (left.webhook_type, data(left)["reason"]) == (WebhookType.PARTICIPANT_LEFT, "superseded")
    assert (joined.webhook_type, data(joined)["supersedes"]) == (WebhookType.PARTICIPANT_JOINED, "p1")


def test_a_failure_is_an_end() -> None:
    session = booked()
    session.open(KEY, "sfu:s1", START)
    session.fail(KEY, "media_plane", START)
    ended = told(session)[-1]
    assert ended.webhook_type is WebhookType.SESSION_ENDED
    assert (data(ended)["status"], data(ended)["endReason"], data(ended)["failure"]) == (
        *("failed", "error"),
        "media_plane",
    )


@pytest.mark.parametrize("event_type", sorted(SILENT))
def test_what_nobody_is_told(event_type: EventType) -> None:
    event = StoredEvent(1, "s1", event_type, UserType.SYSTEM, 0, {"participantId": "p1", "status": "x"}, START)
    assert message_of(event, booked()) is None


def test_no_name_and_no_reason_is_told() -> None:
    doctor = AuthUser(UserType.WORKER, 3, WorkerRole.DOCTOR, "見本 太郎")
    session = called()
    session.name_tracks(session.participants[0], START)
    bodies = "".join(message.body for message in told(session))
    for word in (doctor.display_name, PATIENT.display_name, DOCTOR.display_name, "花子", "reasonGiven", "track"):
        assert word not in bodies


def test_a_message_keeps_its_id() -> None:
    first, again = told(called()), told(called())
    assert [one.id for one in first] == [one.id for one in again]
    assert len({one.id for one in first}) == len(first)
    assert all("." not in one.id for one in first), "a dot parts id, timestamp and body in what is signed"


def test_pauses_double_up_to_an_hour_and_end_after_a_day() -> None:
    give_up_at, now, attempts, pauses = START + GIVE_UP_AFTER, START, 0, list[float]()
    while True:
        attempts += 1
        later = next_attempt(attempts, now, give_up_at, 0.5)
        if later is None:
            break
        pauses.append((later - now).total_seconds())
        now = later
    assert pauses[:4] == [5, 10, 20, 40]
    assert max(pauses) == LONGEST_PAUSE.total_seconds()
    assert now == give_up_at, "the last attempt is made when the day is over"
    assert 25 < attempts < 40


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, 4), (0.5, 5), (1.0, 6)])
def test_jitter_spreads_attempts_by_a_fifth(jitter: float, pause: int) -> None:
    later = next_attempt(1, START, START + GIVE_UP_AFTER, jitter)
    assert later == START + timedelta(seconds=pause)


def test_a_large_count_of_attempts_is_no_trouble() -> None:
    assert next_attempt(10_000, START, START + GIVE_UP_AFTER, 0.5) == START + LONGEST_PAUSE


def test_both_secrets_sign_until_the_day_is_over() -> None:
    until = START + timedelta(days=1)
    endpoint = Endpoint("e", "https://x/", frozenset(WebhookType), "new", START, "old", until)
    assert endpoint.sealed_secrets(until - timedelta(milliseconds=1)) == ("new", "old")
    assert endpoint.sealed_secrets(until) == ("new",)
