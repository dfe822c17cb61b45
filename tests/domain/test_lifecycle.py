"""The session's life: every transition from the data, how it ends, who makes it active."""

from datetime import UTC, datetime, timedelta

import pytest

from shinsatsu.domain.edges import Edge, media_participants, permitted_edges
from shinsatsu.domain.errors import InvalidTransition, SessionEnded, SessionNotOpen
from shinsatsu.domain.events import EventType
from shinsatsu.domain.moderation import admit
from shinsatsu.domain.participant import Admission, Participant
from shinsatsu.domain.roles import AuthUser, Relation, UserType, WorkerRole
from shinsatsu.domain.session_status import TRANSITIONS, EndReason, SessionMetadata, SessionStatus
from shinsatsu.domain.tracks import Track
from shinsatsu.domain.video_session import VideoSession

NOW = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
KEY = AuthUser(UserType.SYSTEM, 1, None, "booking")
PEOPLE = {
    Relation.OWN: AuthUser(UserType.PATIENT, 7, None, "patient"),
    Relation.GUEST: AuthUser(UserType.PATIENT, 8, None, "guest"),
    Relation.IN_CHARGE: AuthUser(UserType.WORKER, 3, WorkerRole.DOCTOR, "doctor"),
    Relation.SUPPORT: AuthUser(UserType.WORKER, 4, WorkerRole.DOCTOR, "support"),
    Relation.STAFF: AuthUser(UserType.WORKER, 7, WorkerRole.OPERATOR, "operator"),
}
PATIENT, DOCTOR = PEOPLE[Relation.OWN], PEOPLE[Relation.IN_CHARGE]

SPEC_TRANSITIONS = {
    ("scheduled", "waiting"),
    ("waiting", "active"),
    *((status, "ended") for status in ("scheduled", "waiting", "active")),
    *((status, "failed") for status in ("waiting", "active")),
}


def session_in(status: SessionStatus) -> VideoSession:
    return VideoSession("s1", "a1", SessionMetadata(15), NOW, status)


def test_the_transitions_are_the_specs() -> None:
    assert {(str(one), str(other)) for one, others in TRANSITIONS.items() for other in others} == SPEC_TRANSITIONS


@pytest.mark.parametrize("before", list(SessionStatus))
@pytest.mark.parametrize("after", list(SessionStatus))
def test_every_transition(before: SessionStatus, after: SessionStatus) -> None:
    session = session_in(before)
    steps = {
        SessionStatus.WAITING: lambda: session.open(PATIENT, "sfu:s1", NOW),
        SessionStatus.ACTIVE: lambda: _meet(session),
        SessionStatus.ENDED: lambda: session.end(DOCTOR, NOW),
        SessionStatus.FAILED: lambda: session.fail(KEY, "media_plane_lost", NOW),
    }
    if after is SessionStatus.SCHEDULED or (before, after) == (SessionStatus.ACTIVE, SessionStatus.ACTIVE):
        return  # no step leads there
    if (before, after) in SPEC_TRANSITIONS:
        steps[after]()
        assert session.status is after
        return
    with pytest.raises((InvalidTransition, SessionEnded, SessionNotOpen)):
        steps[after]()
    assert session.status is before


def test_end_reasons() -> None:
    for status, actor, reason in (
        (SessionStatus.WAITING, DOCTOR, EndReason.CANCELLED),
        (SessionStatus.ACTIVE, DOCTOR, EndReason.COMPLETED),
        (SessionStatus.ACTIVE, KEY, EndReason.CANCELLED),
    ):
        session = session_in(status)
        session.started_at = NOW if status is SessionStatus.ACTIVE else None
        session.end(actor, NOW + timedelta(minutes=20))
        assert session.metadata.end_reason is reason
        assert session.metadata.actual_duration == (20 if status is SessionStatus.ACTIVE else None)
        assert session.metadata.ended_by == actor.key


def _meet(session: VideoSession) -> None:
    for relation in (Relation.OWN, Relation.IN_CHARGE):
        joined = enter(session, relation)
        session.connect(PEOPLE[relation], joined.id, f"c-{relation}", NOW)


def enter(session: VideoSession, relation: Relation) -> Participant:
    """Somebody who came in and, where they had to wait, was let in."""
    joined = session.join(PEOPLE[relation], relation, f"p-{relation}", NOW)
    admit(session, joined, DOCTOR, NOW)
    return joined


@pytest.mark.parametrize(
    ("there", "active"),
    [
        ({Relation.OWN, Relation.IN_CHARGE}, True),
        ({Relation.OWN, Relation.SUPPORT}, True),
        ({Relation.OWN, Relation.STAFF, Relation.GUEST}, False),
        ({Relation.GUEST, Relation.IN_CHARGE}, False),
        ({Relation.IN_CHARGE, Relation.SUPPORT}, False),
    ],
)
def test_active_needs_the_patient_and_a_doctor(there: set[Relation], active: bool) -> None:
    session = session_in(SessionStatus.WAITING)
    for relation in sorted(there):
        joined = enter(session, relation)
        session.connect(PEOPLE[relation], joined.id, "c", NOW)
    assert (session.status is SessionStatus.ACTIVE) is active


def test_a_connected_patient_who_waits_makes_nothing_active_until_let_in() -> None:
    session = session_in(SessionStatus.WAITING)
    for relation in (Relation.OWN, Relation.IN_CHARGE):
        joined = session.join(PEOPLE[relation], relation, f"p-{relation}", NOW)
        session.connect(PEOPLE[relation], joined.id, "c", NOW)
    assert session.status is SessionStatus.WAITING
    later = NOW + timedelta(minutes=3)
    admit(session, session.participants[0], DOCTOR, later)
    assert (session.status, session.started_at) == (SessionStatus.ACTIVE, later)
    assert [event.event_type for event in session.events[-2:]] == [EventType.ADMITTED, EventType.ACTIVATED]


def test_a_late_goodbye_does_not_part_the_stream_that_took_over() -> None:
    session = session_in(SessionStatus.WAITING)
    joined = session.join(PATIENT, Relation.OWN, "p1", NOW)
    session.connect(PATIENT, "p1", "old", NOW)
    session.connect(PATIENT, "p1", "new", NOW)
    assert session.disconnect(PATIENT, "p1", "old", NOW) is False
    assert joined.connected
    assert session.disconnect(PATIENT, "p1", "new", NOW) is True
    assert [event.event_type for event in session.events[1:]] == [EventType.CONNECTED, EventType.DISCONNECTED]


def test_edges_want_published_tracks_of_admitted_people() -> None:
    session = session_in(SessionStatus.WAITING)
    patient, doctor = enter(session, Relation.OWN), enter(session, Relation.IN_CHARGE)
    audio, video = (track for track in session.granted if track.participant_id == patient.id)
    tracks: list[Track] = [audio.published("m1", "0"), video]
    assert permitted_edges(session, tracks) == {Edge(audio.track_name, doctor.id)}
    patient.admission = Admission.WAITING
    assert permitted_edges(session, tracks) == frozenset()
    assert media_participants(session) == {doctor.id}
