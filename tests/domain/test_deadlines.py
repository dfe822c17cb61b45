"""When a session ends by itself (spec §6.1 and §8), to the letter, with time as an argument."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinsatsu.domain import moderation
from shinsatsu.domain.deadlines import Timeouts, after_outage, extend, fire, keep_clocks
from shinsatsu.domain.events import EventType
from shinsatsu.domain.roles import TIMER, AuthUser, Relation, UserType, WorkerRole
from shinsatsu.domain.session_status import EndReason, SessionMetadata, SessionStatus, Timeout
from shinsatsu.domain.video_session import VideoSession

START = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
TIMES = Timeouts()
PATIENT = AuthUser(UserType.PATIENT, 7, None, "patient")
DOCTOR = AuthUser(UserType.WORKER, 3, WorkerRole.DOCTOR, "doctor")
OPERATOR = AuthUser(UserType.WORKER, 9, WorkerRole.OPERATOR, "operator")
RELATIONS = {PATIENT: Relation.OWN, DOCTOR: Relation.IN_CHARGE, OPERATOR: Relation.STAFF}


def at(**after: float) -> datetime:
    return START + timedelta(**after)


class Story:
    """A session whose changes are followed by what the store would have the rules do."""

    def __init__(self, starts_at: datetime = START, times: Timeouts = TIMES) -> None:
        self.session = VideoSession("s1", "a1", SessionMetadata(15), START, SessionStatus.WAITING)
        self.starts_at, self.times = starts_at, times

    def come(self, actor: AuthUser, now: datetime, *, connected: bool = True) -> None:
        stay = self.session.join(actor, RELATIONS[actor], f"p{actor.user_id}", now)
        if connected:
            self.session.connect(actor, stay.id, f"c{actor.user_id}", now)
        moderation.admit(self.session, stay, DOCTOR, now)
        self.keep(now)

    def lose(self, actor: AuthUser, now: datetime) -> None:
        self.session.disconnect(actor, f"p{actor.user_id}", f"c{actor.user_id}", now)
        self.keep(now)

    def find(self, actor: AuthUser, now: datetime) -> None:
        self.session.connect(actor, f"p{actor.user_id}", f"c{actor.user_id}", now)
        self.keep(now)

    def keep(self, now: datetime) -> None:
        keep_clocks(self.session, self.starts_at, self.times, now)

    def look(self, now: datetime) -> None:
        """What the keeper does: only when something is due."""
        if self.session.deadline_at is not None and self.session.deadline_at <= now:
            fire(self.session, self.starts_at, self.times, now)
            self.keep(now)

    @property
    def warnings(self) -> list[int]:
        told = [event for event in self.session.events if event.event_type is EventType.TIME_WARNING]
        return [event.metadata["minutesLeft"] for event in told]


def both_in(now: datetime = START, **settings: timedelta) -> Story:
    story = Story(times=Timeouts(**settings))
    story.come(PATIENT, now)
    story.come(DOCTOR, now)
    assert story.session.status is SessionStatus.ACTIVE
    return story


@pytest.mark.parametrize("alone", [PATIENT, DOCTOR])
@pytest.mark.parametrize("connected", [True, False])
def test_one_side_alone_waits_five_minutes(alone: AuthUser, connected: bool) -> None:
    story = Story()
    story.come(alone, at(minutes=2), connected=connected)
    assert story.session.deadline_at == at(minutes=7)
    story.look(at(minutes=6, seconds=59))
    assert story.session.status is SessionStatus.WAITING
    story.look(at(minutes=7))
    assert story.session.metadata.end_reason is EndReason.TIMEOUT
    assert story.session.metadata.timeout is Timeout.JOIN
    assert story.session.metadata.ended_by == TIMER.key


def test_the_wait_counts_from_the_appointments_start_when_that_is_later() -> None:
    story = Story(starts_at=at(minutes=30))
    story.come(PATIENT, START)
    assert story.session.deadline_at == at(minutes=35)


def test_nobody_in_it_is_nobody_waiting() -> None:
    story = Story()
    story.keep(START)
    assert story.session.deadline_at is None
    story.come(PATIENT, START)
    story.session.leave(PATIENT, "p7", at(minutes=1))
    story.keep(at(minutes=1))
    assert story.session.deadline_at is None


def test_an_operator_is_no_side() -> None:
    story = Story()
    story.come(PATIENT, START)
    story.come(OPERATOR, at(minutes=1))
    assert story.session.deadline_at == at(minutes=5)


def test_both_there_and_not_admitted_is_no_wait_for_somebody() -> None:
    story = Story()
    stay = story.session.join(PATIENT, Relation.OWN, "p7", START)
    story.session.connect(PATIENT, stay.id, "c7", START)
    story.keep(START)
    story.come(DOCTOR, at(minutes=1))
    assert (story.session.status, story.session.deadline_at) == (SessionStatus.WAITING, None)
    story.lose(DOCTOR, at(minutes=2))
    assert story.session.deadline_at == at(minutes=7)


def test_idle_only_while_nobody_is_connected() -> None:
    story = both_in()
    story.lose(PATIENT, at(minutes=1))
    assert story.session.idle_since is None
    story.lose(DOCTOR, at(minutes=2))
    story.look(at(minutes=16, seconds=59))
    assert not story.session.over
    story.find(DOCTOR, at(minutes=16, seconds=59))
    story.look(at(minutes=40))
    assert not story.session.over
    story.lose(DOCTOR, at(minutes=41))
    story.look(at(minutes=56))
    assert story.session.metadata.timeout is Timeout.IDLE


def test_the_longest_duration_with_its_two_warnings() -> None:
    story = both_in()
    assert story.session.ends_at == at(hours=1)
    for minute in range(60):
        story.look(at(minutes=minute))
        story.look(at(minutes=minute, seconds=30))
    assert story.warnings == [5, 1]
    assert not story.session.over
    story.look(at(hours=1))
    assert (story.session.metadata.timeout, story.session.metadata.actual_duration) == (Timeout.MAX, 60)


def test_an_extension_moves_the_end_and_warns_anew() -> None:
    story = both_in()
    story.look(at(minutes=56))
    extend(story.session, 15, DOCTOR, at(minutes=56))
    story.keep(at(minutes=56))
    assert story.session.ends_at == at(minutes=75)
    for minute in range(57, 75):
        story.look(at(minutes=minute))
    assert story.warnings == [5, 5, 1]
    story.look(at(minutes=75))
    assert story.session.over


@pytest.mark.parametrize(("minutes", "warnings"), [(1, []), (2, [1]), (5, [1]), (6, [5, 1])])
def test_a_short_extension_warns_only_of_what_is_still_to_come(minutes: int, warnings: list[int]) -> None:
    story = both_in()
    story.session.warned_minutes = 1
    story.session.ends_at = at(minutes=60)
    extend(story.session, minutes, DOCTOR, at(minutes=60))
    story.keep(at(minutes=60))
    for second in range(0, minutes * 60, 5):
        story.look(at(minutes=60, seconds=second))
    assert (story.warnings, story.session.over) == (warnings, False)


def test_a_duration_shorter_than_a_warning_does_without_it() -> None:
    story = both_in(maximum=timedelta(minutes=3))
    for second in range(0, 180, 10):
        story.look(at(seconds=second))
    assert story.warnings == [1]


def test_after_an_outage_waits_start_anew_and_an_overdue_end_is_warned_of_first() -> None:
    waiting = Story()
    waiting.come(PATIENT, START)
    after_outage(waiting.session, at(minutes=30))
    waiting.keep(at(minutes=30))
    assert waiting.session.deadline_at == at(minutes=35)

    idle = both_in()
    for actor in (PATIENT, DOCTOR):
        idle.lose(actor, at(minutes=1))
    after_outage(idle.session, at(minutes=20))
    idle.keep(at(minutes=20))
    assert idle.session.deadline_at == at(minutes=35)

    overdue = both_in()
    after_outage(overdue.session, at(minutes=70))
    overdue.keep(at(minutes=70))
    assert overdue.warnings == [5]
    overdue.look(at(minutes=74))
    assert (overdue.warnings, overdue.session.over) == ([5, 1], False)
    overdue.look(at(minutes=75))
    assert overdue.session.metadata.timeout is Timeout.MAX


def test_an_outage_within_the_time_changes_nothing_of_the_longest_duration() -> None:
    story = both_in()
    after_outage(story.session, at(minutes=30))
    assert (story.session.ends_at, story.warnings) == (at(hours=1), [])


@given(looks=st.lists(st.integers(0, 4000), max_size=40), extensions=st.lists(st.integers(1, 20), max_size=3))
def test_however_often_one_looks_it_never_ends_early_and_warns_once(looks: list[int], extensions: list[int]) -> None:
    story = both_in()
    for moment in sorted(looks):
        story.look(at(seconds=moment))
        if story.session.over:
            break
        if extensions and moment > 1800:
            extend(story.session, extensions.pop(), DOCTOR, at(seconds=moment))
            story.keep(at(seconds=moment))
    ends_at = story.session.ends_at
    assert ends_at is not None
    assert ends_at >= at(hours=1)
    if story.session.over:
        assert story.session.ended_at is not None
        assert story.session.ended_at >= ends_at
    else:
        assert all(at(seconds=moment) < ends_at for moment in looks)
    extended = sum(event.event_type is EventType.EXTENDED for event in story.session.events)
    assert story.warnings.count(5) <= 1 + extended
    assert story.warnings.count(1) <= 1 + extended
