"""Whatever people and staff do in a session, in any order: a model beside it says what must hold."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shinsatsu.domain import moderation
from shinsatsu.domain.edges import held_edges, media_participants, permitted_edges
from shinsatsu.domain.errors import InvalidTransition, SessionEnded, SessionNotOpen, ShinsatsuError, StaleParticipant
from shinsatsu.domain.events import Event, EventType
from shinsatsu.domain.participant import Admission, Participant
from shinsatsu.domain.roles import Relation, UserType
from shinsatsu.domain.session_status import SessionStatus
from shinsatsu.domain.tracks import TrackType
from shinsatsu.domain.video_session import DOCTORS, VideoSession
from tests.domain.test_lifecycle import KEY, NOW, PATIENT, PEOPLE, SPEC_TRANSITIONS

STAFF = PEOPLE[Relation.STAFF]
KINDS = st.sets(st.sampled_from(TrackType), min_size=1)
RELATIONS = st.sampled_from(list(PEOPLE))
ENOUGH = 6
"""Joins before anybody ends it, so that most of what happens does while it is open."""


@dataclass
class Stay:
    """What the model knows of somebody present; `shut` is what staff muted."""

    id: str
    admission: Admission
    connected: bool = False
    shut: set[TrackType] = field(default_factory=set)

    @property
    def told(self) -> tuple[Admission, bool, frozenset[TrackType]]:
        return self.admission, self.connected, frozenset(self.shut)


class Consultation(RuleBasedStateMachine):
    """Joins, goodbyes and moderation as they come; who may do it is the policy's affair, asked before."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.session = VideoSession.schedule("s1", "a1", 15, KEY, NOW)
        self.stays: dict[Relation, Stay] = {}
        self.removed: set[Relation] = set()
        self.sent_back: set[Relation] = set()
        self.left_sent_back: set[Relation] = set()
        self.stale: list[tuple[Relation, str]] = []
        self.history: list[SessionStatus] = [self.session.status]
        self.joins = 0

    def then(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def row(self, relation: Relation) -> Participant:
        return next(one for one in reversed(self.session.participants) if one.relation is relation)

    def gone(self, relation: Relation) -> None:
        stay = self.stays.pop(relation)
        self.stale.append((relation, stay.id))
        if stay.admission is Admission.SENT_BACK:
            self.sent_back.add(relation)

    @initialize(booked_only=st.sampled_from([False, False, False, True]))
    def begin(self, booked_only: bool) -> None:
        if not booked_only:
            self.create()

    @rule()
    def create(self) -> None:
        if self.session.status is SessionStatus.SCHEDULED:
            self.session.open(PATIENT, "sfu:s1", self.then())
        else:
            with pytest.raises((InvalidTransition, SessionEnded)):
                self.session.open(PATIENT, "sfu:s1", self.then())

    @rule(relation=RELATIONS)
    def join(self, relation: Relation) -> None:
        if relation in self.removed:
            return
        self.joins += 1
        try:
            self.session.join(PEOPLE[relation], relation, f"p{self.joins}", self.then())
        except (SessionNotOpen, SessionEnded):
            assert self.session.status not in (SessionStatus.WAITING, SessionStatus.ACTIVE)
            return
        worker = PEOPLE[relation].user_type is UserType.WORKER
        stay = Stay(f"p{self.joins}", Admission.ADMITTED if worker else Admission.WAITING)
        if relation in self.left_sent_back:
            stay.admission = Admission.SENT_BACK
            self.left_sent_back.discard(relation)
        if relation in self.stays:
            stay.admission, stay.shut = self.stays[relation].admission, self.stays[relation].shut
            self.gone(relation)
        self.stays[relation] = stay

    @rule(relation=RELATIONS)
    def connect(self, relation: Relation) -> None:
        participant_id = self.stays[relation].id if relation in self.stays else "nobody"
        try:
            self.session.connect(PEOPLE[relation], participant_id, f"c-{participant_id}", self.then())
        except ShinsatsuError:
            assert relation not in self.stays
        else:
            self.stays[relation].connected = True

    @rule(relation=RELATIONS)
    def disconnect(self, relation: Relation) -> None:
        participant_id = self.stays[relation].id if relation in self.stays else "nobody"
        gone = self.session.disconnect(PEOPLE[relation], participant_id, f"c-{participant_id}", self.then())
        assert gone is (relation in self.stays and self.stays[relation].connected)
        if gone:
            self.stays[relation].connected = False

    @precondition(lambda self: self.stays)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        relation = data.draw(st.sampled_from(sorted(self.stays)))
        self.session.leave(PEOPLE[relation], self.stays[relation].id, self.then())
        if self.stays[relation].admission is Admission.SENT_BACK:
            self.left_sent_back.add(relation)
        self.gone(relation)

    @precondition(lambda self: self.stale)
    @rule(data=st.data())
    def speak_under_a_stale_id(self, data: st.DataObject) -> None:
        relation, participant_id = data.draw(st.sampled_from(self.stale))
        with pytest.raises((StaleParticipant, SessionEnded)):
            self.session.leave(PEOPLE[relation], participant_id, self.then())

    @precondition(lambda self: self.stays)
    @rule(data=st.data())
    def admit(self, data: st.DataObject) -> None:
        relation = data.draw(st.sampled_from(sorted(self.stays)))
        moderation.admit(self.session, self.row(relation), STAFF, self.then())
        self.stays[relation].admission = Admission.ADMITTED

    @precondition(lambda self: self.stays)
    @rule(data=st.data())
    def send_back(self, data: st.DataObject) -> None:
        relation = data.draw(st.sampled_from(sorted(self.stays)))
        moderation.send_back(self.session, self.row(relation), STAFF, self.then())
        self.stays[relation].admission = Admission.SENT_BACK

    @precondition(lambda self: self.stays)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        relation = data.draw(st.sampled_from(sorted(self.stays)))
        moderation.remove(self.session, self.row(relation), STAFF, "disturbs", self.then())
        self.gone(relation)
        self.sent_back.discard(relation)
        self.removed.add(relation)

    @precondition(lambda self: self.removed and not self.session.over)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        relation = data.draw(st.sampled_from(sorted(self.removed)))
        moderation.restore(self.session, self.row(relation), STAFF, self.then())
        self.removed.discard(relation)

    @precondition(lambda self: self.stays)
    @rule(data=st.data(), kinds=KINDS)
    def mute(self, data: st.DataObject, kinds: set[TrackType]) -> None:
        relation = data.draw(st.sampled_from(sorted(self.stays)))
        moderation.mute(self.session, self.row(relation), kinds, STAFF, self.then())
        self.stays[relation].shut |= kinds - {TrackType.SCREEN}

    @precondition(lambda self: self.stays)
    @rule(data=st.data(), kinds=KINDS)
    def unmute(self, data: st.DataObject, kinds: set[TrackType]) -> None:
        relation = data.draw(st.sampled_from(sorted(self.stays)))
        moderation.unmute(self.session, self.row(relation), kinds, PEOPLE[relation], self.then())
        self.stays[relation].shut -= kinds

    @precondition(lambda self: self.stays)
    @rule(data=st.data(), audio=st.booleans(), video=st.booleans())
    def switch_in_words(self, data: st.DataObject, audio: bool, video: bool) -> None:
        """What a page says of its own microphone and camera lifts no mute by staff."""
        relation = data.draw(st.sampled_from(sorted(self.stays)))
        muted = {TrackType.AUDIO: audio, TrackType.VIDEO: video}
        self.session.media_state(PEOPLE[relation], self.stays[relation].id, muted, self.then())

    @precondition(lambda self: self.joins > ENOUGH)
    @rule(relation=st.sampled_from([Relation.IN_CHARGE, Relation.STAFF]))
    def end(self, relation: Relation) -> None:
        was_over = self.session.over
        try:
            self.session.end(PEOPLE[relation], self.then())
        except SessionEnded:
            assert was_over
        for relation in list(self.stays):
            self.gone(relation)

    @invariant()
    def the_status_moves_only_along_the_table(self) -> None:
        before, after = self.history[-1], self.session.status
        if before is not after:
            self.history.append(after)
            assert (before, after) in SPEC_TRANSITIONS

    @invariant()
    def everybody_stands_where_the_model_says(self) -> None:
        assert {one.relation: one.id for one in self.session.present} == self.ids()
        assert self.told() == {
            one.id: (one.admission, one.connected, frozenset(one.muted_by)) for one in self.session.present
        }
        assert media_participants(self.session) == self.inside()
        for relation in self.removed:
            assert self.row(relation).admission is Admission.REMOVED

    @invariant()
    def what_staff_shut_is_shut(self) -> None:
        for one in self.session.present:
            assert one.audio_muted or TrackType.AUDIO not in one.muted_by
            assert one.video_muted or TrackType.VIDEO not in one.muted_by

    @invariant()
    def active_means_that_both_sides_met(self) -> None:
        inside = {relation for relation, stay in self.stays.items() if stay.told[:2] == (Admission.ADMITTED, True)}
        if Relation.OWN in inside and inside & DOCTORS:
            assert self.session.status is SessionStatus.ACTIVE
        begun = any(event.event_type is EventType.ACTIVATED for event in self.session.events)
        assert (self.session.started_at is not None) is begun

    @invariant()
    def names_never_repeat(self) -> None:
        names = [track.track_name for track in self.session.granted]
        assert len(set(names)) == len(names)

    @invariant()
    def edges_join_two_admitted_people_and_carry_nothing_that_is_muted(self) -> None:
        published = [track.published("pub", "0") for track in self.session.granted]
        tracks = {track.track_name: track for track in published}
        shut = {stay.id: stay.shut for stay in self.stays.values()}
        permitted, held = permitted_edges(self.session, published), held_edges(self.session, published)
        assert not permitted & held
        for edges, is_shut in ((permitted, False), (held, True)):
            for edge in edges:
                track = tracks[edge.publication]
                assert {edge.receiver, track.participant_id} <= self.inside()
                assert edge.receiver != track.participant_id
                assert (track.track_type in shut[track.participant_id]) is is_shut
        others = max(0, len(self.inside()) - 1)
        of_those_inside = [track for track in published if track.participant_id in self.inside()]
        assert len(permitted | held) == others * len(of_those_inside)

    @invariant()
    def the_story_alone_tells_the_same(self) -> None:
        assert replay(self.session.events) == (self.session.status, self.told(), self.removed_ids())

    def ids(self) -> dict[Relation, str]:
        return {relation: stay.id for relation, stay in self.stays.items()}

    def told(self) -> dict[str, tuple[Admission, bool, frozenset[TrackType]]]:
        return {stay.id: stay.told for stay in self.stays.values()}

    def inside(self) -> set[str]:
        return {stay.id for stay in self.stays.values() if stay.admission is Admission.ADMITTED}

    def removed_ids(self) -> set[str]:
        return {self.row(relation).id for relation in self.removed}


Story = tuple[SessionStatus, dict[str, tuple[Admission, bool, frozenset[TrackType]]], set[str]]


def replay(events: Iterable[Event]) -> Story:
    """Status, those present with admission, connection and mutes by staff, and those removed: from events alone."""
    status, stays, removed = SessionStatus.SCHEDULED, dict[str, Stay](), set[str]()
    superseded: dict[str, Stay] = {}
    for event in events:
        told = event.metadata
        participant_id = told.get("participantId", "")
        match event.event_type:
            case EventType.OPENED | EventType.ACTIVATED | EventType.ENDED | EventType.FAILED:
                status = told["status"]
            case EventType.JOINED:
                earlier = superseded.get(told["supersedes"] or "")
                stays[participant_id] = Stay(participant_id, told["admission"], shut=earlier.shut if earlier else set())
            case EventType.LEFT:
                superseded[participant_id] = stays.pop(participant_id)
                removed |= {participant_id} if told["reason"] == "removed" else set()
            case EventType.RESTORED:
                removed.discard(participant_id)
            case EventType.ADMITTED | EventType.SENT_BACK:
                stays[participant_id].admission = Admission(event.event_type.value)
            case EventType.CONNECTED | EventType.DISCONNECTED:
                stays[participant_id].connected = event.event_type is EventType.CONNECTED
            case EventType.MUTED if told["byStaff"]:
                stays[participant_id].shut.add(told["kind"])
            case EventType.UNMUTED:
                stays[participant_id].shut.discard(told["kind"])
    return status, {one.id: one.told for one in stays.values()}, removed


TestConsultation = Consultation.TestCase
TestConsultation.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
