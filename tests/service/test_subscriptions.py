"""The life of a pull: offered, answered or given up, moved to a fresh connection; and what two-way media is."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.errors import (
    Forbidden,
    InvalidTransition,
    MediaNegotiationRefused,
    MediaPlaneError,
    MediaSessionGone,
    NegotiationInProgress,
    StaleParticipant,
    TrackNotGranted,
)
from shinsatsu.domain.subscriptions import Direction, MediaSession, SubscriptionState
from shinsatsu.domain.tracks import TrackType
from shinsatsu.service.session_manager import JoinWish
from shinsatsu.service.views import Joined
from tests.house import DOCTOR, OPERATOR, PATIENT, SUPPORT, House
from tests.media_plane import InMemoryMediaPlane
from tests.service.test_track_manager import call, claims_of, offer, publish


@pytest.fixture(params=["extended", "plain"])
def house(request: pytest.FixtureRequest, engine: AsyncEngine) -> House:
    """The clinic on either kind of media plane."""
    return House(engine, plane=InMemoryMediaPlane(extensions=request.param == "extended"))


async def states(house: House, session_id: str) -> list[SubscriptionState]:
    async with house.units_of_work.read() as unit:
        return [pull.state for pull in await unit.media.subscriptions(session_id)]


async def receiving(house: House, participant: Joined) -> MediaSession | None:
    async with house.units_of_work.read() as unit:
        return await unit.media.current(participant.participant_id, Direction.RECEIVE)


async def a_doctor_receives(house: House) -> tuple[str, Joined, Joined]:
    """The patient publishes; the doctor was offered the patient's sound and has not answered."""
    session_id = await house.opened()
    patient = await publish(house, PATIENT, session_id)
    doctor = await house.enter(DOCTOR, session_id)
    await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [patient.tracks[0].track_name])
    return session_id, patient, doctor


async def test_what_is_offered_flows_with_the_answer(house: House) -> None:
    session_id, _, doctor = await a_doctor_receives(house)
    assert await states(house, session_id) == [SubscriptionState.OFFERED]
    assert house.plane.flowing() == set()
    await house.tracks.renegotiate(DOCTOR, session_id, doctor.participant_id, "answer")
    assert await states(house, session_id) == [SubscriptionState.FLOWING]
    assert len(house.plane.flowing()) == 1


async def test_an_offer_that_nobody_answers_is_given_up_and_can_be_asked_for_again(house: House) -> None:
    session_id, patient, doctor = await a_doctor_receives(house)
    await house.reconciler.sweep()
    assert await states(house, session_id) == [SubscriptionState.OFFERED]
    house.clock.pass_time(seconds=10)
    await house.reconciler.sweep()
    assert await states(house, session_id) == []
    with pytest.raises(InvalidTransition):
        await house.tracks.renegotiate(DOCTOR, session_id, doctor.participant_id, "answer")
    names = [patient.tracks[0].track_name]
    answer = await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, names)
    assert [result.mid for result in answer.tracks] == ["1"]


async def test_asking_again_before_the_reconciler_looked_is_no_hindrance(house: House) -> None:
    session_id, patient, doctor = await a_doctor_receives(house)
    names = [track.track_name for track in patient.tracks]
    with pytest.raises(NegotiationInProgress):
        await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, names)
    house.clock.pass_time(seconds=10)
    answer = await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, names)
    await house.tracks.renegotiate(DOCTOR, session_id, doctor.participant_id, "answer")
    assert [result.mid for result in answer.tracks] == ["1", "2"]
    assert len(house.plane.flowing()) == 2


async def test_an_answer_that_the_plane_took_but_nobody_heard_of_is_cut_like_any_other(house: House) -> None:
    session_id, patient, doctor = await a_doctor_receives(house)

    async def lost_on_the_way_back(call_name: str, media_id: str) -> None:
        if call_name == "renegotiate":
            raise MediaPlaneError("no answer in time")

    house.plane.after = lost_on_the_way_back
    with pytest.raises(MediaPlaneError):
        await house.tracks.renegotiate(DOCTOR, session_id, doctor.participant_id, "answer")
    assert len(house.plane.flowing()) == 1
    await house.moderation.mute(DOCTOR, session_id, patient.participant_id, [TrackType.AUDIO])
    assert house.plane.flowing() == set()


@pytest.mark.parametrize("error", [MediaSessionGone, MediaNegotiationRefused])
async def test_a_connection_that_gives_out_is_replaced_with_all_it_carried(
    house: House, error: type[MediaPlaneError]
) -> None:
    session_id, patient, doctor = await call(house)
    support = await publish(house, SUPPORT, session_id)
    old = await receiving(house, doctor)
    assert old is not None

    async def gives_out(call_name: str, media_id: str) -> None:
        if call_name == "pull" and media_id == old.id:
            raise error

    house.plane.before = gives_out
    names = [track.track_name for track in support.tracks]
    answer = await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, names)
    assert (answer.sdp, answer.fresh) == ("offer", True)
    carried = [track.track_name for track in (*support.tracks, *patient.tracks)]
    assert [result.track_name for result in answer.tracks] == carried
    await house.tracks.renegotiate(DOCTOR, session_id, doctor.participant_id, "answer")
    await house.reconciler.sweep()
    fresh = await receiving(house, doctor)
    assert fresh is not None
    received = {name for name, media_id in house.plane.flowing() if media_id == fresh.id}
    assert (received, fresh.id == old.id) == (set(carried), False)
    if error is not MediaSessionGone:
        assert old.id not in house.plane.in_use()


async def test_what_does_no_better_on_a_fresh_connection_leaves_the_old_one_alone(house: House) -> None:
    session_id, patient, doctor = await call(house)
    audio, video = (track.track_name for track in patient.tracks)
    old = await receiving(house, doctor)
    await house.tracks.close(DOCTOR, session_id, doctor.participant_id, [audio])
    publishing = next(session for session in house.plane.sessions.values() if audio in session.published)
    del publishing.published[audio]
    before = house.plane.in_use()
    answer = await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [audio])
    assert (answer.sdp, [result.error_code for result in answer.tracks]) == (None, ["not_found_track_error"])
    assert await receiving(house, doctor) == old
    assert house.plane.in_use() == before
    assert video in {name for name, _ in house.plane.flowing()}


async def test_whoever_is_sent_back_while_a_connection_is_replaced_gets_none(house: House) -> None:
    session_id, _, doctor = await call(house)
    patient = await house.sessions.get(PATIENT, session_id)
    participant = next(one for one in patient.participants if one.key == PATIENT.key)
    old = await receiving(house, Joined(patient, participant.id, participant.admission, [], []))
    assert old is not None
    fresh_name = (await publish(house, SUPPORT, session_id)).tracks[0].track_name

    async def gives_out(call_name: str, media_id: str) -> None:
        if call_name == "pull" and media_id == old.id:
            raise MediaSessionGone
        if call_name == "pull":
            house.plane.before = fair
            await house.moderation.send_back(DOCTOR, session_id, participant.id)

    house.plane.before = gives_out
    with pytest.raises((NegotiationInProgress, Forbidden)):
        await house.tracks.subscribe(PATIENT, session_id, participant.id, [fresh_name])
    await house.reconciler.sweep()
    publishers = {session_id for session_id, session in house.plane.sessions.items() if session.published}
    own = {media_id for _, media_id in house.plane.flowing()}
    assert len(publishers) == 2
    assert own == set()
    assert doctor.participant_id


async def test_back_in_the_room_everything_is_new(house: House) -> None:
    session_id, patient, doctor = await call(house)
    before = house.plane.in_use()
    await house.moderation.send_back(DOCTOR, session_id, patient.participant_id)
    with pytest.raises(Forbidden) as refused:
        await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, [doctor.tracks[0].track_name])
    assert refused.value.reason == "not_admitted"
    # Before the reconciler has even looked: the decision is new, and so is everything that follows from it.
    await house.moderation.admit(DOCTOR, session_id, patient.participant_id)
    again = await house.sessions.join(PATIENT, session_id, JoinWish(participant_id=patient.participant_id))
    assert {track.track_name for track in again.tracks}.isdisjoint(track.track_name for track in patient.tracks)
    await house.tracks.publish(PATIENT, session_id, again.participant_id, offer("audio", "video"), claims_of(again))
    names = [track.track_name for track in doctor.tracks]
    await house.tracks.subscribe(PATIENT, session_id, again.participant_id, names)
    await house.tracks.renegotiate(PATIENT, session_id, again.participant_id, "answer")
    await house.reconciler.sweep()
    assert {name for name, _ in house.plane.flowing()} == set(names)
    assert len(house.plane.in_use() - before) == 2
    assert len(house.plane.in_use() & before) == 1  # the doctor's publishing; nothing is left to receive
    new = [track.track_name for track in again.tracks]
    await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, new)
    await house.tracks.renegotiate(DOCTOR, session_id, doctor.participant_id, "answer")
    assert {name for name, _ in house.plane.flowing()} == {*names, *new}


async def test_an_unanswered_offer_of_before_does_not_hold_up_what_comes_after(house: House) -> None:
    session_id = await house.opened()
    doctor = await publish(house, DOCTOR, session_id)
    patient = await house.enter(PATIENT, session_id)
    names = [track.track_name for track in doctor.tracks]
    await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, names)
    await house.moderation.send_back(DOCTOR, session_id, patient.participant_id)
    await house.moderation.admit(DOCTOR, session_id, patient.participant_id)
    answer = await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, names)
    assert answer.sdp == "offer"


@pytest.mark.parametrize("back", [False, True], ids=["sent back", "sent back and admitted again"])
async def test_a_publish_in_flight_at_that_moment_is_taken_back(house: House, back: bool) -> None:
    session_id = await house.opened()
    patient = await house.enter(PATIENT, session_id)

    async def sent_back(call_name: str, media_id: str) -> None:
        if call_name == "publish":
            await house.moderation.send_back(DOCTOR, session_id, patient.participant_id)
            if back:
                await house.moderation.admit(DOCTOR, session_id, patient.participant_id)

    house.plane.after = sent_back
    with pytest.raises((Forbidden, TrackNotGranted)):
        await house.tracks.publish(
            PATIENT, session_id, patient.participant_id, offer("audio", "video"), claims_of(patient)
        )
    await house.reconciler.sweep()
    assert house.plane.in_use() == set()
    assert "track_published" not in await house.story(session_id)


@pytest.mark.parametrize("swept", [False, True], ids=["before", "after"])
async def test_a_pull_in_flight_at_that_moment_is_taken_back(house: House, swept: bool) -> None:
    session_id = await house.opened()
    doctor = await publish(house, DOCTOR, session_id)
    patient = await house.enter(PATIENT, session_id)

    async def sent_back() -> None:
        await house.moderation.send_back(DOCTOR, session_id, patient.participant_id)
        if swept:
            await house.reconciler.sweep()

    house.plane.during_pull = sent_back
    with pytest.raises(Forbidden) as refused:
        await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, [doctor.tracks[0].track_name])
    assert refused.value.reason == "not_admitted"
    await house.reconciler.sweep()
    assert house.plane.in_use() == {media_id for media_id, one in house.plane.sessions.items() if one.published}


async def test_removal_stops_everything_both_ways_and_the_stay_is_over(house: House) -> None:
    session_id, patient, _ = await call(house)
    await house.moderation.remove(DOCTOR, session_id, patient.participant_id, "no patient of ours")
    await house.reconciler.sweep()
    assert house.plane.flowing() == set()
    assert len(house.plane.in_use()) == 1
    with pytest.raises((Forbidden, StaleParticipant)):
        await house.tracks.publish(PATIENT, session_id, patient.participant_id, offer("audio"), claims_of(patient)[:1])


async def test_two_way_media_is_noted_by_kind_once_both_ways_flow(house: House) -> None:
    session_id = await house.opened()
    patient, doctor = [await publish(house, actor, session_id) for actor in (PATIENT, DOCTOR)]
    operator = await house.sessions.join(OPERATOR, session_id, JoinWish(reason="helps with the sound"))
    sound, picture = zip(patient.tracks, doctor.tracks, strict=True)
    for actor, own, names in (
        (OPERATOR, operator, [track.track_name for track in (*sound, *picture)]),
        (DOCTOR, doctor, [sound[0].track_name]),
        (PATIENT, patient, [sound[1].track_name, picture[1].track_name]),
    ):
        assert (await house.sessions.get(DOCTOR, session_id)).session.metadata.two_way_media == frozenset()
        await house.tracks.subscribe(actor, session_id, own.participant_id, names)
        await house.tracks.renegotiate(actor, session_id, own.participant_id, "answer")
    assert (await house.sessions.get(DOCTOR, session_id)).session.metadata.two_way_media == {TrackType.AUDIO}
    await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [picture[0].track_name])
    await house.tracks.renegotiate(DOCTOR, session_id, doctor.participant_id, "answer")
    view = await house.sessions.get(DOCTOR, session_id)
    assert view.session.metadata.two_way_media == {TrackType.AUDIO, TrackType.VIDEO}
    assert (await house.story(session_id)).count("two_way_media") == 2


async def fair(call_name: str, media_id: str) -> None:
    """No trouble."""
