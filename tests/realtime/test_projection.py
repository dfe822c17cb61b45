"""What each kind of event is to whom: to staff, to somebody who is in, to somebody who waits."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from shinsatsu.domain import moderation
from shinsatsu.domain.appointment import Appointment
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.deadlines import Timeouts, after_outage, extend, fire, keep_clocks
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.participant import IdentityMethod, Participant
from shinsatsu.domain.roles import TIMER, AuthUser, Person, Relation, UserType, WorkerRole
from shinsatsu.domain.session_status import Outcome
from shinsatsu.domain.sight import Sight
from shinsatsu.domain.tracks import TrackType
from shinsatsu.domain.two_way import note_two_way_media
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.realtime.projection import as_seen_by, event_message, turn_of
from shinsatsu.service.views import SessionView, view_of

NOW = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
KEY = AuthUser(UserType.SYSTEM, 1, None, "booking")
PATIENT = AuthUser(UserType.PATIENT, 7, None, "the patient")
GUEST = AuthUser(UserType.PATIENT, 8, None, "the guest")
DOCTOR = AuthUser(UserType.WORKER, 3, WorkerRole.DOCTOR, "the doctor")
OPERATOR = AuthUser(UserType.WORKER, 20, WorkerRole.OPERATOR, "the operator")
ADMIN = AuthUser(UserType.WORKER, 30, WorkerRole.ADMIN, "the admin")
EVERYBODY = (PATIENT, GUEST, DOCTOR, OPERATOR, ADMIN)
APPOINTMENT = Appointment("a1", PATIENT.user_id, DOCTOR.user_id, (), NOW, 15)


class Room:
    """A session with the patient, who waits or is in; a guest, whom things happen to; an operator, who does them."""

    def __init__(self, *, patient_is_in: bool) -> None:
        self.session = VideoSession.schedule("s1", "a1", 15, KEY, NOW)
        self.session.open(KEY, "sfu:s1", NOW)
        self.patient = self.come(PATIENT, Relation.OWN)
        self.guest = self.come(GUEST, Relation.GUEST)
        self.operator = self.come(OPERATOR, Relation.STAFF)
        if patient_is_in:
            moderation.admit(self.session, self.patient, OPERATOR, NOW)

    def come(self, actor: AuthUser, relation: Relation) -> Participant:
        return self.session.join(actor, relation, f"p{actor.user_id}", NOW, reason="to help")

    def admit(self) -> None:
        moderation.admit(self.session, self.guest, OPERATOR, NOW)

    def begin(self) -> None:
        doctor = self.come(DOCTOR, Relation.IN_CHARGE)
        moderation.admit(self.session, self.patient, OPERATOR, NOW)
        self.session.connect(PATIENT, self.patient.id, "c7", NOW)
        self.session.connect(DOCTOR, doctor.id, "c3", NOW)
        keep_clocks(self.session, NOW, Timeouts(), NOW)

    def view(self, viewer: AuthUser) -> SessionView:
        people = {one.key: Person(one.user_type, one.user_id, one.role, one.display_name) for one in EVERYBODY}
        return view_of(Consultation(self.session, APPOINTMENT, people), viewer)

    def told(self, event_type: EventType) -> list[StoredEvent]:
        return [
            StoredEvent(seq, "s1", one.event_type, one.user_type, one.user_id, one.metadata, one.created_at)
            for seq, one in enumerate(self.session.events, 1)
            if one.event_type is event_type
        ]


def warned(room: Room) -> None:
    room.begin()
    fire(room.session, NOW, Timeouts(), NOW + timedelta(minutes=55))


def resumed(room: Room) -> None:
    keep_clocks(room.session, NOW, Timeouts(), NOW)
    after_outage(room.session, NOW)


def left(room: Room) -> None:
    room.admit()
    room.session.leave(GUEST, room.guest.id, NOW)


def sent_back(room: Room) -> None:
    room.admit()
    moderation.send_back(room.session, room.guest, OPERATOR, NOW)


def restored(room: Room) -> None:
    moderation.remove(room.session, room.guest, OPERATOR, "disturbs", NOW)
    moderation.restore(room.session, room.guest, OPERATOR, NOW)


def disconnected(room: Room) -> None:
    room.admit()
    room.session.connect(GUEST, room.guest.id, "c8", NOW)
    room.session.disconnect(GUEST, room.guest.id, "c8", NOW)


def muted(room: Room) -> None:
    room.admit()
    moderation.mute(room.session, room.guest, [TrackType.AUDIO], OPERATOR, NOW)


def unmuted(room: Room) -> None:
    muted(room)
    moderation.unmute(room.session, room.guest, [TrackType.AUDIO], GUEST, NOW)


def asked_to_unmute(room: Room) -> None:
    room.admit()
    moderation.request_unmute(room.session, room.guest, [TrackType.AUDIO], OPERATOR, NOW)


def unlocked(room: Room) -> None:
    moderation.lock(room.session, True, OPERATOR, NOW)
    moderation.lock(room.session, False, OPERATOR, NOW)


def extended(room: Room) -> None:
    room.begin()
    extend(room.session, 15, OPERATOR, NOW)


def granted(room: Room) -> None:
    room.admit()
    room.session.grant_track(room.guest, TrackType.SCREEN, GUEST, NOW)


def published(room: Room) -> None:
    room.admit()
    track = next(one for one in room.session.granted if one.participant_id == room.guest.id)
    room.session.record_track(EventType.TRACK_PUBLISHED, track, GUEST, NOW)


def closed(room: Room) -> None:
    room.admit()
    track = next(one for one in room.session.granted if one.participant_id == room.guest.id)
    room.session.record_track(EventType.TRACK_CLOSED, track, OPERATOR, NOW, reason="muted")


@dataclass(frozen=True)
class Told:
    """How an event comes about, and the message's type for staff, for those inside, for those who wait."""

    act: Callable[[Room], object]
    staff: str | None
    inside: str | None
    waiting: str | None


def nobody(act: Callable[[Room], object]) -> Told:
    return Told(act, None, None, None)


def all_of_them(message: str, act: Callable[[Room], object]) -> Told:
    return Told(act, message, message, message)


def staff_and_inside(message: str, act: Callable[[Room], object]) -> Told:
    return Told(act, message, message, None)


def recorded(event_type: EventType, room: Room) -> None:
    room.session.record(event_type, TIMER, NOW)


GUEST_EVENTS = (EventType.GUEST_INVITED, EventType.GUEST_CHANGED, EventType.GUEST_WITHDRAWN)
INVITATION_EVENTS = [kind for kind in EventType if kind.startswith("invitation_")]
STATUS, UPDATED, SESSION = "session_status", "participant_updated", "session_updated"
TABLE: dict[EventType, Told] = {
    EventType.CREATED: nobody(lambda _: None),
    EventType.OPENED: all_of_them(STATUS, lambda _: None),
    EventType.ACTIVATED: all_of_them(STATUS, Room.begin),
    EventType.ENDED: all_of_them(STATUS, lambda room: room.session.end(OPERATOR, NOW)),
    EventType.FAILED: all_of_them(STATUS, lambda room: room.session.fail(TIMER, "media_plane_lost", NOW)),
    EventType.RESCHEDULED: all_of_them(
        STATUS, lambda room: room.session.record(EventType.RESCHEDULED, KEY, NOW, startsAt="", scheduledDuration=15)
    ),
    EventType.REBOOKED: all_of_them(STATUS, partial(recorded, EventType.REBOOKED)),
    EventType.ACCESS_REVOKED: nobody(partial(recorded, EventType.ACCESS_REVOKED)),
    EventType.JOINED: staff_and_inside("participant_joined", lambda room: room.come(ADMIN, Relation.STAFF)),
    EventType.LEFT: staff_and_inside("participant_left", left),
    EventType.ADMITTED: Told(Room.admit, UPDATED, "participant_joined", None),
    EventType.SENT_BACK: Told(sent_back, UPDATED, "participant_left", None),
    EventType.RESTORED: Told(restored, UPDATED, None, None),
    EventType.CONNECTED: staff_and_inside(UPDATED, disconnected),
    EventType.DISCONNECTED: staff_and_inside(UPDATED, disconnected),
    EventType.MUTED: staff_and_inside(UPDATED, muted),
    EventType.UNMUTED: staff_and_inside(UPDATED, unmuted),
    EventType.UNMUTE_REQUESTED: Told(asked_to_unmute, "unmute_requested", None, None),
    EventType.IDENTITY_CHECKED: Told(
        lambda room: moderation.check_identity(room.session, room.guest, IdentityMethod.PASSPORT, OPERATOR, NOW),
        UPDATED,
        None,
        None,
    ),
    EventType.LOCKED: staff_and_inside(SESSION, unlocked),
    EventType.UNLOCKED: staff_and_inside(SESSION, unlocked),
    EventType.SCREEN_SHARE_SET: staff_and_inside(
        SESSION, lambda room: moderation.allow_screen_share(room.session, False, OPERATOR, NOW)
    ),
    EventType.EXTENDED: staff_and_inside(SESSION, extended),
    EventType.TIME_WARNING: staff_and_inside("time_warning", warned),
    EventType.RESUMED: nobody(resumed),
    EventType.OUTCOME_SET: staff_and_inside(
        SESSION, lambda room: moderation.set_outcome(room.session, Outcome.COMPLETED, OPERATOR, NOW)
    ),
    EventType.TWO_WAY_MEDIA: staff_and_inside(
        SESSION, lambda room: note_two_way_media(room.session, [TrackType.AUDIO], NOW)
    ),
    EventType.TRACK_GRANTED: nobody(granted),
    EventType.TRACK_PUBLISHED: staff_and_inside("track_published", published),
    EventType.TRACK_CLOSED: staff_and_inside("track_closed", closed),
    EventType.LINK_MINTED: nobody(lambda room: room.session.record(EventType.LINK_MINTED, KEY, NOW, linkId="k")),
    EventType.LINK_EXCHANGED: nobody(lambda room: room.session.record(EventType.LINK_EXCHANGED, GUEST, NOW)),
    EventType.LINK_REVOKED: nobody(lambda room: room.session.record(EventType.LINK_REVOKED, KEY, NOW, grantId=None)),
    **{kind: nobody(partial(recorded, kind)) for kind in (*INVITATION_EVENTS, *GUEST_EVENTS)},
}
BEGINS = {EventType.ACTIVATED, EventType.EXTENDED, EventType.TIME_WARNING}
"""They need the patient inside; whoever waits then is the guest."""


def test_every_kind_of_event_is_in_the_table() -> None:
    assert set(TABLE) == set(EventType)


@pytest.mark.parametrize("event_type", list(EventType))
@pytest.mark.parametrize("sight", list(Sight))
def test_what_each_sight_is_told(event_type: EventType, sight: Sight) -> None:
    expected = TABLE[event_type]
    room = Room(patient_is_in=sight is Sight.ADMITTED)
    expected.act(room)
    viewer = {Sight.ALL: ADMIN, Sight.ADMITTED: PATIENT, Sight.SELF: PATIENT}[sight]
    if sight is Sight.SELF and event_type in BEGINS:
        viewer = GUEST
    events = room.told(event_type)
    assert events
    view = as_seen_by(viewer, room.view(viewer), everything(room))
    if not room.session.over:
        assert view.sight is sight
    wanted = {Sight.ALL: expected.staff, Sight.ADMITTED: expected.inside, Sight.SELF: expected.waiting}[sight]
    message = event_message(events[-1], view)
    assert (json.loads(message)["type"] if message else None) == wanted
    if sight is Sight.SELF and message:
        for one in {GUEST, OPERATOR, ADMIN} - {viewer}:
            assert one.display_name not in message


def everything(room: Room) -> list[StoredEvent]:
    events = [event for event_type in EventType for event in room.told(event_type)]
    return sorted(events, key=lambda event: event.seq)


@pytest.mark.parametrize(
    ("act", "event_type", "wanted"),
    [
        (muted, EventType.MUTED, UPDATED),
        (unmuted, EventType.UNMUTED, UPDATED),
        (asked_to_unmute, EventType.UNMUTE_REQUESTED, "unmute_requested"),
        (disconnected, EventType.CONNECTED, UPDATED),
        (left, EventType.LEFT, "participant_left"),
        (TABLE[EventType.IDENTITY_CHECKED].act, EventType.IDENTITY_CHECKED, None),
    ],
)
def test_what_somebody_is_told_of_themselves(
    act: Callable[[Room], object], event_type: EventType, wanted: str | None
) -> None:
    room = Room(patient_is_in=True)
    act(room)
    message = event_message(room.told(event_type)[-1], room.view(GUEST))
    assert (json.loads(message)["type"] if message else None) == wanted


@pytest.mark.parametrize(("act", "event_type"), [(Room.admit, EventType.ADMITTED), (sent_back, EventType.SENT_BACK)])
def test_a_turn_of_ones_own_sight_is_told_by_a_snapshot(act: Callable[[Room], object], event_type: EventType) -> None:
    room = Room(patient_is_in=True)
    act(room)
    turn = turn_of(everything(room), room.view(GUEST))
    assert turn is not None
    assert turn.event_type is event_type
    assert turn_of(everything(room), room.view(ADMIN)) is None
    others = [event for event in everything(room) if event.metadata.get("participantId") == room.guest.id]
    assert turn_of(others, room.view(PATIENT)) is None


def test_a_removed_person_reads_why_and_other_patients_do_not() -> None:
    room = Room(patient_is_in=True)
    room.admit()
    moderation.remove(room.session, room.guest, OPERATOR, "disturbs", NOW)
    (event,) = room.told(EventType.LEFT)
    notes = {}
    for viewer in (GUEST, PATIENT, ADMIN):
        message = event_message(event, room.view(viewer))
        assert message is not None
        notes[viewer] = json.loads(message).get("note")
    assert notes == {GUEST: "disturbs", PATIENT: None, ADMIN: "disturbs"}
