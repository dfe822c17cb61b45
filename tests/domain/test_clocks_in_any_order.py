"""The clocks of a session while people come and go and somebody looks at any moment: a model keeps them beside it."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shinsatsu.domain import moderation
from shinsatsu.domain.deadlines import WARNING_MINUTES, Timeouts, after_outage, extend, fire, keep_clocks
from shinsatsu.domain.events import EventType
from shinsatsu.domain.roles import AuthUser, Relation
from shinsatsu.domain.session_status import SessionMetadata, SessionStatus, Timeout
from shinsatsu.domain.video_session import VideoSession
from tests.domain.test_lifecycle import DOCTOR, NOW, PATIENT

STARTS_AT = NOW + timedelta(minutes=3)
TIMES = Timeouts()
SIDES = {PATIENT: Relation.OWN, DOCTOR: Relation.IN_CHARGE}
WHO = st.sampled_from([PATIENT, DOCTOR])
SECONDS = st.integers(1, 1500)


class Clocks(RuleBasedStateMachine):
    """Who is connected, since when one side is alone or nobody is there, and how often the end was moved."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.session = VideoSession("s1", "a1", SessionMetadata(15), NOW, SessionStatus.WAITING)
        self.in_it: set[AuthUser] = set()
        self.connected: set[AuthUser] = set()
        self.alone_since: datetime | None = None
        self.idle_since: datetime | None = None
        self.ends_at: datetime | None = None
        self.moves = 0
        self.over_at: datetime | None = None

    def changed(self) -> None:
        """What every saved change is followed by, in the rules and in the model."""
        keep_clocks(self.session, STARTS_AT, TIMES, self.now)
        active = self.session.status is SessionStatus.ACTIVE
        alone = not active and self.in_it and len(self.connected) < 2
        self.alone_since = (self.alone_since or self.now) if alone else None
        self.idle_since = (self.idle_since or self.now) if active and not self.connected else None
        if active and self.ends_at is None:
            self.ends_at = self.now + TIMES.maximum

    @initialize(there=st.sampled_from([(), (PATIENT,), (DOCTOR,), (PATIENT, DOCTOR), (PATIENT, DOCTOR)]))
    def begin(self, there: tuple[AuthUser, ...]) -> None:
        for who in there:
            self.come(who)
            self.session.connect(who, self.stay_of(who), "c", self.now)
            self.connected.add(who)
            self.changed()

    @precondition(lambda self: self.over_at is None)
    @rule(who=WHO)
    def come(self, who: AuthUser) -> None:
        stay = self.session.join(who, SIDES[who], f"p{len(self.session.participants)}", self.now)
        moderation.admit(self.session, stay, DOCTOR, self.now)
        self.in_it.add(who)
        self.connected.discard(who)
        self.changed()

    @precondition(lambda self: self.over_at is None and self.in_it)
    @rule(data=st.data())
    def connect(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.in_it, key=lambda one: one.display_name)))
        self.session.connect(who, self.stay_of(who), "c", self.now)
        self.connected.add(who)
        self.changed()

    @precondition(lambda self: self.over_at is None and self.connected)
    @rule(data=st.data())
    def disconnect(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.connected, key=lambda one: one.display_name)))
        self.session.disconnect(who, self.stay_of(who), "c", self.now)
        self.connected.discard(who)
        self.changed()

    @precondition(lambda self: self.over_at is None and self.in_it)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.in_it, key=lambda one: one.display_name)))
        self.session.leave(who, self.stay_of(who), self.now)
        self.in_it.discard(who)
        self.connected.discard(who)
        self.changed()

    @precondition(lambda self: self.ends_at is not None and self.over_at is None)
    @rule(minutes=st.integers(1, 30))
    def extend(self, minutes: int) -> None:
        assert self.ends_at is not None
        extend(self.session, minutes, DOCTOR, self.now)
        self.ends_at = max(self.ends_at, self.now) + timedelta(minutes=minutes)
        self.moves += 1
        self.changed()

    @rule(seconds=SECONDS)
    def nobody_looks(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(seconds=SECONDS, times=st.integers(1, 3))
    def look(self, seconds: int, times: int) -> None:
        """Time passes and somebody looks, even where nothing is due; twice is as good as once."""
        self.now += timedelta(seconds=seconds)
        if self.over_at is not None:
            return
        due = {timeout for moment, timeout in self.ends() if moment <= self.now}
        for _ in range(times):
            if not self.session.over:
                fire(self.session, STARTS_AT, TIMES, self.now)
                keep_clocks(self.session, STARTS_AT, TIMES, self.now)
        assert self.session.metadata.timeout in due if due else not self.session.over
        self.over_at = self.now if due else None

    @precondition(lambda self: self.over_at is None)
    @rule(seconds=st.integers(1, 8000))
    def be_away(self, seconds: int) -> None:
        """Nobody looked for a while: no wait counts that time, and an end that was missed is warned of first."""
        self.now += timedelta(seconds=seconds)
        after_outage(self.session, self.now)
        self.alone_since = self.alone_since and self.now
        self.idle_since = self.idle_since and self.now
        if self.ends_at is not None and self.ends_at <= self.now:
            self.ends_at = self.now + timedelta(minutes=WARNING_MINUTES[0])
            self.moves += 1
        self.changed()

    @invariant()
    def it_is_over_when_the_model_says_so_and_not_before(self) -> None:
        assert self.session.over is (self.over_at is not None)
        if self.over_at is None:
            clocks = (self.session.alone_since, self.session.idle_since, self.session.ends_at)
            assert clocks == (self.alone_since, self.idle_since, self.ends_at)

    @invariant()
    def the_database_finds_it_in_time(self) -> None:
        """The next deadline is never later than what is due next, a warning or an end."""
        moments = [moment for moment, _ in self.ends()]
        if self.over_at is None and moments:
            assert self.session.deadline_at is not None
            assert self.session.deadline_at <= min(moments)

    @invariant()
    def each_warning_is_given_once_for_each_end(self) -> None:
        warnings = [one for one in self.session.events if one.event_type is EventType.TIME_WARNING]
        for minutes in WARNING_MINUTES:
            given = sum(one.metadata["minutesLeft"] == minutes for one in warnings)
            assert given <= 1 + self.moves

    def ends(self) -> list[tuple[datetime, Timeout]]:
        """When which time has run out."""
        ends = []
        if self.session.status is SessionStatus.WAITING and self.alone_since is not None:
            ends.append((max(STARTS_AT, self.alone_since) + TIMES.join, Timeout.JOIN))
        if self.idle_since is not None:
            ends.append((self.idle_since + TIMES.idle, Timeout.IDLE))
        if self.ends_at is not None:
            ends.append((self.ends_at, Timeout.MAX))
        return ends

    def stay_of(self, who: AuthUser) -> str:
        return next(one.id for one in self.session.present if one.key == who.key)


TestClocks = Clocks.TestCase
TestClocks.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
