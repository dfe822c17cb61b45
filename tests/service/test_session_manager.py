"""Create, join, leave, end: what is answered, what is refused, and what story the events tell."""

import asyncio

import pytest

from shinsatsu.domain.errors import (
    Forbidden,
    NotFound,
    ReasonRequired,
    SessionEnded,
    SessionNotOpen,
    ShinsatsuError,
    StaleParticipant,
)
from shinsatsu.domain.events import EventType
from shinsatsu.domain.participant import Admission
from shinsatsu.domain.roles import Action, AuthUser, Relation
from shinsatsu.domain.session_status import EndReason, Outcome, SessionStatus
from shinsatsu.service.session_manager import JoinWish
from tests.house import (
    ADMIN,
    DOCTOR,
    KEY,
    OPERATOR,
    OTHER_DOCTOR,
    OTHER_PATIENT,
    PATIENT,
    SUPPORT,
    WISH,
    House,
)


async def test_create_opens_the_booked_session_once(house: House) -> None:
    session_id = await house.book()
    first, created = await house.sessions.create(PATIENT, "a1")
    again, created_again = await house.sessions.create(DOCTOR, "a1")
    assert (first.session.id, created, again.session.id, created_again) == (session_id, True, session_id, False)
    assert first.session.status is SessionStatus.WAITING
    assert first.session.created_by == PATIENT.key
    assert first.session.realtime_session_id == f"sfu:{session_id}"
    assert again.open_session_id == session_id
    assert await house.story(session_id) == ["created", "opened"]


@pytest.mark.parametrize("actor", [PATIENT, DOCTOR, OPERATOR, ADMIN, KEY])
async def test_who_may_create(house: House, actor: AuthUser) -> None:
    await house.book()
    _, created = await house.sessions.create(actor, "a1")
    assert created


@pytest.mark.parametrize("actor", [OTHER_PATIENT, OTHER_DOCTOR])
async def test_strangers_learn_nothing(house: House, actor: AuthUser) -> None:
    session_id = await house.opened()
    for attempt in (
        house.sessions.create(actor, "a1"),
        house.sessions.create(PATIENT, "unknown"),
        house.sessions.get(actor, session_id),
        house.sessions.join(actor, session_id),
        house.sessions.end(actor, session_id),
        house.sessions.leave(actor, session_id, "id-000001"),
        house.sessions.get(PATIENT, "unknown"),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await house.sessions.find(actor) == []


async def test_a_support_doctor_may_join_but_not_create(house: House) -> None:
    await house.book()
    with pytest.raises(Forbidden) as refused:
        await house.sessions.create(SUPPORT, "a1")
    assert refused.value.reason == "not_in_charge"


async def test_a_grant_is_worth_nothing_elsewhere(house: House) -> None:
    await house.opened("a1")
    other = await house.opened("a2")
    bound = AuthUser(PATIENT.user_type, PATIENT.user_id, None, "Patient 7", appointment_id="a1")
    with pytest.raises(NotFound):
        await house.sessions.get(bound, other)
    assert [view.session.appointment_id for view in await house.sessions.find(bound)] == ["a1"]


async def test_two_creates_at_once_open_one_session(house: House) -> None:
    await house.book()
    await house.sessions.create(PATIENT, "a1")
    await house.sessions.end(DOCTOR, (await house.sessions.find(DOCTOR))[0].session.id)
    outcomes = await asyncio.gather(*(house.sessions.create(actor, "a1") for actor in (PATIENT, DOCTOR, ADMIN) * 3))
    assert sum(created for _, created in outcomes) == 1
    assert len({view.session.id for view, _ in outcomes}) == 1


async def test_a_patient_waits_without_tracks_or_others(house: House) -> None:
    session_id = await house.opened()
    await house.sessions.join(DOCTOR, session_id)
    joined = await house.sessions.join(PATIENT, session_id)
    assert (joined.admission, joined.tracks) == (Admission.WAITING, [])
    allowed = {permission.action for permission in joined.permissions if permission.allowed}
    assert Action.SHARE_SCREEN not in allowed
    assert {Action.VIEW, Action.JOIN, Action.LEAVE} <= allowed
    assert [one.id for one in joined.view.participants] == [joined.participant_id]
    assert joined.view.participants[0].waiting_since == house.clock.now()
    again = await house.sessions.join(PATIENT, session_id)
    assert (again.admission, again.view.participants[0].waiting_since) == (Admission.WAITING, house.clock.now())


async def test_whoever_was_let_in_is_given_tracks_under_the_same_id(house: House) -> None:
    session_id = await house.opened()
    joined = await house.enter(PATIENT, session_id)
    assert joined.admission is Admission.ADMITTED
    milliseconds = int(house.clock.now().timestamp() * 1000)
    names = [track.track_name for track in joined.tracks]
    assert names == [f"patient-7-audio-{milliseconds}", f"patient-7-video-{milliseconds + 1}"]
    allowed = {permission.action for permission in joined.permissions if permission.allowed}
    assert allowed == {
        Action.VIEW,
        Action.JOIN,
        Action.LEAVE,
        Action.MUTE,
        Action.UNMUTE,
        Action.SHARE_SCREEN,
        Action.CREATE,
    }
    participant = joined.view.participants[0]
    assert (participant.id, participant.relation) == (joined.participant_id, Relation.OWN)
    assert joined.view.person(PATIENT.key) is not None


async def test_join_needs_an_open_session(house: House) -> None:
    session_id = await house.book()
    with pytest.raises(SessionNotOpen):
        await house.sessions.join(PATIENT, session_id)
    await house.sessions.create(PATIENT, "a1")
    await house.sessions.end(DOCTOR, session_id)
    with pytest.raises(SessionEnded):
        await house.sessions.join(PATIENT, session_id)


async def test_a_worker_is_in_at_once(house: House) -> None:
    session_id = await house.opened()
    for actor in (DOCTOR, SUPPORT, OPERATOR, ADMIN):
        joined = await house.sessions.join(actor, session_id, WISH)
        assert (joined.admission, len(joined.tracks)) == (Admission.ADMITTED, 2)
    assert {one.join_reason for one in joined.view.participants} == {WISH.reason}


async def test_operators_and_admins_say_why_once(house: House) -> None:
    session_id = await house.opened()
    for actor in (OPERATOR, ADMIN):
        for silent in (None, JoinWish(), JoinWish(reason="")):
            with pytest.raises(ReasonRequired) as refused:
                await house.sessions.join(actor, session_id, silent)
            assert refused.value.field == "reason"
        await house.sessions.join(actor, session_id, WISH)
        again = await house.sessions.join(actor, session_id)
        own = next(one for one in again.view.participants if one.key == actor.key)
        assert own.join_reason == WISH.reason
    joined = [event.metadata for event in house.bus.events if event.event_type is EventType.JOINED]
    assert all(one["reasonGiven"] is True for one in joined)
    assert "to help" not in str(joined)


async def test_joining_again_supersedes_and_the_old_id_is_stale(house: House) -> None:
    session_id = await house.opened()
    first = await house.enter(PATIENT, session_id)
    second = await house.sessions.join(PATIENT, session_id)
    assert second.admission is Admission.ADMITTED
    assert [one.id for one in second.view.participants] == [second.participant_id]
    assert not {track.track_name for track in first.tracks} & {track.track_name for track in second.tracks}
    with pytest.raises(StaleParticipant):
        await house.sessions.leave(PATIENT, session_id, first.participant_id)
    with pytest.raises(NotFound):
        await house.sessions.leave(DOCTOR, session_id, second.participant_id)
    await house.sessions.leave(PATIENT, session_id, second.participant_id)
    assert await house.story(session_id) == ["created", "opened", "joined", "admitted", "left", "joined", "left"]
    left, joined, _ = house.bus.events[-3:]
    whose = {"userType": PATIENT.user_type, "userId": PATIENT.user_id, "wasAdmitted": True}
    assert left.metadata == {"participantId": first.participant_id, **whose, "reason": "superseded"}
    assert (joined.metadata["rejoined"], joined.metadata["supersedes"]) == (True, first.participant_id)


async def test_both_sides_connected_make_it_active_and_the_doctor_ends_it(house: House) -> None:
    session_id = await house.opened()
    patient = await house.enter(PATIENT, session_id)
    doctor = await house.enter(DOCTOR, session_id)
    await house.presence.connected(PATIENT, session_id, patient.participant_id, "stream-1")
    await house.presence.connected(DOCTOR, session_id, doctor.participant_id, "stream-2")
    active = await house.sessions.get(PATIENT, session_id)
    assert (active.session.status, active.session.started_at) == (SessionStatus.ACTIVE, house.clock.now())
    house.clock.pass_time(minutes=14, seconds=40)
    with pytest.raises(Forbidden) as refused:
        await house.sessions.end(PATIENT, session_id)
    assert refused.value.reason == "role_may_not"
    ended = await house.sessions.end(DOCTOR, session_id, Outcome.COMPLETED)
    assert ended.session.metadata.end_reason is EndReason.COMPLETED
    assert ended.session.metadata.actual_duration == 15
    assert ended.session.ended_at == house.clock.now()
    assert ended.participants == []
    again = await house.sessions.end(DOCTOR, session_id, Outcome.NO_SHOW_PATIENT)
    assert again.session.metadata.outcome is Outcome.COMPLETED
    assert await house.story(session_id) == [
        *("created", "opened", "joined", "admitted", "joined", "connected", "connected", "activated"),
        *("ended", "left", "left"),
    ]


async def test_ended_before_active_is_cancelled_and_a_new_one_can_be_created(house: House) -> None:
    session_id = await house.opened()
    ended = await house.sessions.end(DOCTOR, session_id)
    assert ended.session.metadata.end_reason is EndReason.CANCELLED
    assert ended.open_session_id is None
    fresh, created = await house.sessions.create(PATIENT, "a1")
    assert created
    assert (await house.sessions.get(PATIENT, session_id)).open_session_id == fresh.session.id


async def test_fail_notes_the_sub_reason(house: House) -> None:
    session_id = await house.opened()
    failed = await house.sessions.fail(session_id, "media_plane_lost")
    assert (failed.session.status, failed.session.metadata.failure) == (SessionStatus.FAILED, "media_plane_lost")


async def test_what_is_committed_is_what_is_published(house: House) -> None:
    session_id = await house.opened()
    await house.sessions.join(PATIENT, session_id)
    _, stored = await house.sessions.catch_up(PATIENT, session_id, 0, 100)
    assert house.bus.events == stored
    with pytest.raises(ShinsatsuError):
        await house.sessions.leave(PATIENT, session_id, "nobody")
    assert house.bus.events == stored
