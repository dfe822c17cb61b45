"""Looking: the story in pages, the rule that decides, an honest wait, the tracks as each viewer may use them."""

import pytest

from shinsatsu.domain.errors import Forbidden, NotFound
from shinsatsu.domain.events import StoredEvent
from shinsatsu.domain.participant import Admission
from shinsatsu.domain.permission_table import OUTSIDE_A_CONSULTATION, Column
from shinsatsu.domain.roles import Action, AuthUser, UserType
from shinsatsu.domain.tracks import TrackPermissions, TrackType
from shinsatsu.service.appointments import PersonDetails
from shinsatsu.service.inquiries import DoctorStatus
from tests.house import ADMIN, DOCTOR, KEY, OPERATOR, OTHER_DOCTOR, OTHER_PATIENT, PATIENT, SUPPORT, House
from tests.service.test_track_manager import publish

MINE = TrackPermissions(can_publish=True, can_subscribe=True, can_control=True)
FOR_STAFF = TrackPermissions(can_publish=False, can_subscribe=True, can_control=True)
FOR_PATIENTS = TrackPermissions(can_publish=False, can_subscribe=True, can_control=False)


async def test_the_story_comes_in_pages_without_a_gap(house: House) -> None:
    session_id = await house.opened()
    await house.enter(PATIENT, session_id)
    for _ in range(5):
        await house.sessions.join(PATIENT, session_id)
    whole = await house.inquiries.history(DOCTOR, session_id, 0, 100)
    assert whole.next is None
    assert [event.seq for event in whole.events] == list(range(1, len(whole.events) + 1))
    read: list[StoredEvent] = []
    after = 0
    while True:
        page = await house.inquiries.history(DOCTOR, session_id, after, 4)
        read += page.events
        if page.next is None:
            break
        assert (len(page.events), page.next) == (4, page.events[-1].seq)
        after = page.next
    assert read == whole.events
    assert (await house.inquiries.history(DOCTOR, session_id, len(read), 4)).events == []
    assert (await house.inquiries.history(DOCTOR, session_id, len(read) - 4, 4)).next is None


async def test_the_story_names_its_people_and_keeps_peoples_words_apart(house: House) -> None:
    session_id = await house.opened()
    await house.enter(OPERATOR, session_id)
    patient = await house.enter(PATIENT, session_id)
    await house.moderation.remove(OPERATOR, session_id, patient.participant_id, "in the wrong room")
    story = await house.inquiries.history(ADMIN, session_id, 0, 100)
    assert {PATIENT.key, OPERATOR.key, ADMIN.key} <= set(story.people)
    assert story.words[patient.participant_id].removal_note == "in the wrong room"
    assert "wrong room" not in str([event.metadata for event in story.events])


@pytest.mark.parametrize(
    ("actor", "error"),
    [(PATIENT, Forbidden), (KEY, Forbidden), (OTHER_DOCTOR, NotFound), (OTHER_PATIENT, NotFound)],
)
async def test_the_story_is_for_staff(house: House, actor: AuthUser, error: type[Exception]) -> None:
    session_id = await house.opened()
    with pytest.raises(error):
        await house.inquiries.history(actor, session_id, 0, 10)


@pytest.mark.parametrize("actor", [OPERATOR, ADMIN])
async def test_the_rule_that_decides(house: House, actor: AuthUser) -> None:
    session_id = await house.opened()
    joined = await house.sessions.join(PATIENT, session_id)
    (one,) = await house.inquiries.explain(actor, session_id, PATIENT.key, Action.SHARE_SCREEN)
    assert (one.decision.allowed, one.decision.reason) == (False, "not_admitted")
    assert (one.rule.column, one.rule.cell, one.context.admission) == (Column.PATIENT, "y", Admission.WAITING)
    await house.moderation.admit(actor, session_id, joined.participant_id)
    (one,) = await house.inquiries.explain(actor, session_id, PATIENT.key, Action.SHARE_SCREEN)
    assert (one.decision.reason, one.context.admission) == ("allowed", Admission.ADMITTED)
    every = await house.inquiries.explain(actor, session_id, DOCTOR.key)
    assert {explained.action for explained in every} == set(Action) - OUTSIDE_A_CONSULTATION


async def test_why_is_answered_about_strangers_too(house: House) -> None:
    session_id = await house.opened()
    await house.book("a2", doctor=PersonDetails(OTHER_DOCTOR.user_id, OTHER_DOCTOR.display_name))
    (stranger,) = await house.inquiries.explain(ADMIN, session_id, OTHER_DOCTOR.key, Action.VIEW)
    assert (stranger.decision.reason, stranger.rule.column, stranger.rule.cell) == ("stranger", None, None)
    with pytest.raises(NotFound):
        await house.inquiries.explain(ADMIN, session_id, (UserType.WORKER, 999))


async def test_why_is_for_operators_and_admins(house: House) -> None:
    session_id = await house.opened()
    for actor in (DOCTOR, SUPPORT, PATIENT, KEY):
        with pytest.raises(Forbidden) as refused:
            await house.inquiries.explain(actor, session_id, PATIENT.key)
        assert refused.value.reason == "role_may_not"
    with pytest.raises(NotFound):
        await house.inquiries.explain(OTHER_DOCTOR, session_id, PATIENT.key)


async def test_the_wait_is_told_honestly(house: House) -> None:
    session_id, other = await house.opened("a1"), await house.opened("a2")
    before = await house.inquiries.waiting_room(PATIENT, session_id)
    assert (before.admission, before.since, before.doctor) == (None, None, DoctorStatus.NOT_HERE)
    joined = await house.sessions.join(PATIENT, session_id)
    began = house.clock.now()
    house.clock.pass_time(minutes=3)
    waiting = await house.inquiries.waiting_room(PATIENT, session_id)
    assert (waiting.admission, waiting.since, waiting.starts_at) == (Admission.WAITING, began, began)

    for actor in (PATIENT, DOCTOR):
        elsewhere = await house.enter(actor, other)
        await house.presence.connected(actor, other, elsewhere.participant_id, f"server-1:{actor.user_type}")
    assert (await house.inquiries.waiting_room(PATIENT, session_id)).doctor is DoctorStatus.IN_CONSULTATION
    await house.sessions.leave(DOCTOR, other, elsewhere.participant_id)
    doctor = await house.enter(DOCTOR, session_id)
    assert (await house.inquiries.waiting_room(PATIENT, session_id)).doctor is DoctorStatus.NOT_HERE
    await house.presence.connected(DOCTOR, session_id, doctor.participant_id, "server-1:doctor")
    assert (await house.inquiries.waiting_room(PATIENT, session_id)).doctor is DoctorStatus.HERE

    await house.moderation.admit(DOCTOR, session_id, joined.participant_id)
    house.clock.pass_time(minutes=1)
    await house.moderation.send_back(DOCTOR, session_id, joined.participant_id)
    anew = await house.inquiries.waiting_room(PATIENT, session_id)
    assert (anew.admission, anew.since) == (Admission.SENT_BACK, house.clock.now())
    with pytest.raises(NotFound):
        await house.inquiries.waiting_room(OTHER_PATIENT, session_id)


async def test_a_support_doctor_is_not_the_doctor_one_waits_for(house: House) -> None:
    session_id = await house.opened()
    support = await house.enter(SUPPORT, session_id)
    await house.presence.connected(SUPPORT, session_id, support.participant_id, "server-1:support")
    await house.sessions.join(PATIENT, session_id)
    assert (await house.inquiries.waiting_room(PATIENT, session_id)).doctor is DoctorStatus.NOT_HERE


async def test_tracks_are_told_as_each_viewer_may_use_them(house: House) -> None:
    session_id = await house.opened()
    patient = await publish(house, PATIENT, session_id)
    await house.enter(DOCTOR, session_id)

    async def told(actor: AuthUser) -> dict[TrackType, TrackPermissions]:
        return {track.track_type: may for track, may in await house.inquiries.tracks(actor, session_id)}

    assert await told(PATIENT) == {TrackType.AUDIO: MINE, TrackType.VIDEO: MINE}
    assert await told(DOCTOR) == {TrackType.AUDIO: FOR_STAFF, TrackType.VIDEO: FOR_STAFF}
    outside = TrackPermissions(can_publish=False, can_subscribe=False, can_control=True)
    assert await told(ADMIN) == {TrackType.AUDIO: outside, TrackType.VIDEO: outside}
    await house.moderation.mute(DOCTOR, session_id, patient.participant_id, [TrackType.AUDIO])
    muted = TrackPermissions(can_publish=False, can_subscribe=False, can_control=True)
    assert await told(DOCTOR) == {TrackType.AUDIO: muted, TrackType.VIDEO: FOR_STAFF}
    assert await told(PATIENT) == {TrackType.AUDIO: MINE, TrackType.VIDEO: MINE}
    await publish(house, DOCTOR, session_id)
    others = [may for track, may in await house.inquiries.tracks(PATIENT, session_id) if track.user_id != 7]
    assert others == [FOR_PATIENTS, FOR_PATIENTS]
    await house.moderation.send_back(DOCTOR, session_id, patient.participant_id)
    assert await told(PATIENT) == {}
    assert {track.user_id for track, _ in await house.inquiries.tracks(DOCTOR, session_id)} == {DOCTOR.user_id}
