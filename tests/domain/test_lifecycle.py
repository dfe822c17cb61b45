"""The session's life: every transition from the data, and whatever people do in any order."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shinsatsu.domain.edges import Edge, media_participants, permitted_edges
from shinsatsu.domain.errors import InvalidTransition, SessionEnded, SessionNotOpen, ShinsatsuError, StaleParticipant
from shinsatsu.domain.events import Event, EventType
from shinsatsu.domain.participant import Admission
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
        joined = session.join(PEOPLE[relation], relation, f"p-{relation}", NOW)
        session.connect(PEOPLE[relation], joined.id, f"c-{relation}", NOW)


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
        joined = session.join(PEOPLE[relation], relation, f"p-{relation}", NOW)
        session.connect(PEOPLE[relation], joined.id, "c", NOW)
    assert (session.status is SessionStatus.ACTIVE) is active


def test_a_late_goodbye_does_not_part_the_stream_that_took_over() -> None:
    session = session_in(SessionStatus.WAITING)
    joined = session.join(PATIENT, Relation.OWN, "p1", NOW)
    session.connect(PATIENT, "p1", "old", NOW)
    session.connect(PATIENT, "p1", "new", NOW)
    assert session.disconnect(PATIENT, "p1", "old", NOW) is False
    assert joined.connected
    assert session.disconnect(PATIENT, "p1", "new", NOW) is True
    assert [event.event_type for event in session.events[1:]] == [EventType.CONNECTED, EventType.DISCONNECTED]


class Consultation(RuleBasedStateMachine):
    """People do what they like, in any order; a model of who is there says what must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.session = VideoSession.schedule("s1", "a1", 15, KEY, NOW)
        self.ids: dict[Relation, str] = {}
        self.connected: set[Relation] = set()
        self.stale: list[tuple[Relation, str]] = []
        self.history: list[SessionStatus] = [self.session.status]
        self.joins = 0

    def then(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    @rule()
    def create(self) -> None:
        if self.session.status is SessionStatus.SCHEDULED:
            self.session.open(PATIENT, "sfu:s1", self.then())
        else:
            with pytest.raises((InvalidTransition, SessionEnded)):
                self.session.open(PATIENT, "sfu:s1", self.then())

    @rule(relation=st.sampled_from(list(PEOPLE)))
    def join(self, relation: Relation) -> None:
        self.joins += 1
        new_id = f"p{self.joins}"
        try:
            self.session.join(PEOPLE[relation], relation, new_id, self.then())
        except (SessionNotOpen, SessionEnded):
            assert self.session.status not in (SessionStatus.WAITING, SessionStatus.ACTIVE)
            return
        if relation in self.ids:
            self.stale.append((relation, self.ids[relation]))
        self.ids[relation] = new_id
        self.connected.discard(relation)

    @rule(relation=st.sampled_from(list(PEOPLE)))
    def connect(self, relation: Relation) -> None:
        participant_id = self.ids.get(relation, "nobody")
        try:
            self.session.connect(PEOPLE[relation], participant_id, f"c-{participant_id}", self.then())
        except ShinsatsuError:
            assert relation not in self.ids
        else:
            self.connected.add(relation)

    @rule(relation=st.sampled_from(list(PEOPLE)))
    def disconnect(self, relation: Relation) -> None:
        participant_id = self.ids.get(relation, "nobody")
        gone = self.session.disconnect(PEOPLE[relation], participant_id, f"c-{participant_id}", self.then())
        assert gone is (relation in self.connected)
        self.connected.discard(relation)

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        relation = data.draw(st.sampled_from(sorted(self.ids)))
        self.session.leave(PEOPLE[relation], self.ids[relation], self.then())
        self.stale.append((relation, self.ids.pop(relation)))
        self.connected.discard(relation)

    @precondition(lambda self: self.stale)
    @rule(data=st.data())
    def speak_under_a_stale_id(self, data: st.DataObject) -> None:
        relation, participant_id = data.draw(st.sampled_from(self.stale))
        with pytest.raises((StaleParticipant, SessionEnded)):
            self.session.leave(PEOPLE[relation], participant_id, self.then())

    @rule(relation=st.sampled_from([Relation.IN_CHARGE, Relation.STAFF]))
    def end(self, relation: Relation) -> None:
        was_over = self.session.over
        try:
            self.session.end(PEOPLE[relation], self.then())
        except SessionEnded:
            assert was_over
        self.ids.clear()
        self.connected.clear()

    @invariant()
    def the_status_moves_only_along_the_table(self) -> None:
        before, after = self.history[-1], self.session.status
        if before is not after:
            self.history.append(after)
            assert (before, after) in SPEC_TRANSITIONS

    @invariant()
    def those_present_are_those_who_joined_and_did_not_leave(self) -> None:
        assert {one.relation: one.id for one in self.session.present} == self.ids
        assert {one.relation for one in self.session.present if one.connected} == self.connected
        assert media_participants(self.session) == set(self.ids.values())

    @invariant()
    def active_means_that_both_sides_met(self) -> None:
        both = Relation.OWN in self.connected and self.connected & {Relation.IN_CHARGE, Relation.SUPPORT}
        if both:
            assert self.session.status is SessionStatus.ACTIVE
        assert (self.session.started_at is not None) is (SessionStatus.ACTIVE in self.history)

    @invariant()
    def names_never_repeat_and_edges_join_two_people(self) -> None:
        names = [track.track_name for track in self.session.granted]
        assert len(set(names)) == len(names)
        published = [track.published("pub", "0") for track in self.session.granted]
        owners = {track.track_name: track.participant_id for track in published}
        for edge in permitted_edges(self.session, published):
            assert {edge.receiver, owners[edge.publication]} <= set(self.ids.values())
            assert edge.receiver != owners[edge.publication]
        if self.session.over:
            assert permitted_edges(self.session, published) == frozenset()

    @invariant()
    def the_story_alone_tells_who_is_there(self) -> None:
        assert replay(self.session.events) == (self.session.status, set(self.ids.values()), self._connected_ids())

    def _connected_ids(self) -> set[str]:
        return {self.ids[relation] for relation in self.connected}


def replay(events: list[Event]) -> tuple[SessionStatus, set[str], set[str]]:
    """Status, participants present and participants connected, from the events alone."""
    status, present, connected = SessionStatus.SCHEDULED, set[str](), set[str]()
    for event in events:
        participant_id = event.metadata.get("participantId", "")
        match event.event_type:
            case EventType.OPENED | EventType.ACTIVATED | EventType.ENDED | EventType.FAILED:
                status = event.metadata["status"]
            case EventType.JOINED:
                present.add(participant_id)
            case EventType.LEFT:
                present.discard(participant_id)
                connected.discard(participant_id)
            case EventType.CONNECTED:
                connected.add(participant_id)
            case EventType.DISCONNECTED:
                connected.discard(participant_id)
    return status, present, connected


TestConsultation = Consultation.TestCase
TestConsultation.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_edges_want_published_tracks_of_admitted_people() -> None:
    session = session_in(SessionStatus.WAITING)
    patient = session.join(PATIENT, Relation.OWN, "p1", NOW)
    session.join(DOCTOR, Relation.IN_CHARGE, "p2", NOW)
    audio, video = (track for track in session.granted if track.participant_id == "p1")
    tracks: list[Track] = [audio.published("m1", "0"), video]
    assert permitted_edges(session, tracks) == {Edge(audio.track_name, "p2")}
    patient.admission = Admission.WAITING
    assert permitted_edges(session, tracks) == frozenset()
    assert media_participants(session) == {"p2"}
