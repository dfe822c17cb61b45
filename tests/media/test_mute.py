"""What staff's mutes do to packets: shut where the plane has gates, closed where it has none, and opened again."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.errors import Forbidden, MediaPlaneError, NegotiationInProgress
from shinsatsu.domain.subscriptions import Subscription, SubscriptionState
from shinsatsu.domain.tracks import TrackType
from shinsatsu.media.edge_plan import SWITCH_LOST_AFTER
from shinsatsu.media.reconciler import Reconciler
from shinsatsu.service.ports import Negotiated
from shinsatsu.service.views import Joined
from tests.house import DOCTOR, PATIENT, SUPPORT, House
from tests.media_plane import InMemoryMediaPlane
from tests.service.test_track_manager import call, publish

AUDIO, VIDEO = TrackType.AUDIO, TrackType.VIDEO


@pytest.fixture(params=["extended", "plain"])
def house(request: pytest.FixtureRequest, engine: AsyncEngine) -> House:
    """The clinic on either kind of media plane."""
    return House(engine, plane=InMemoryMediaPlane(extensions=request.param == "extended"))


@pytest.fixture
def gated(engine: AsyncEngine) -> House:
    """The clinic on a plane with gates."""
    return House(engine)


async def pulls(house: House, session_id: str) -> list[Subscription]:
    async with house.units_of_work.read() as unit:
        return await unit.media.subscriptions(session_id)


async def state_of(house: House, session_id: str, track_name: str) -> SubscriptionState | None:
    found = [pull.state for pull in await pulls(house, session_id) if pull.publication == track_name]
    assert len(found) <= 1
    return found[0] if found else None


def flowing(house: House) -> set[str]:
    return {name for name, _ in house.plane.flowing()}


async def subscribe(house: House, session_id: str, receiver: Joined, *names: str) -> Negotiated:
    """As the doctor does it, offer answered."""
    answer = await house.tracks.subscribe(DOCTOR, session_id, receiver.participant_id, names)
    if answer.sdp is not None:
        await house.tracks.renegotiate(DOCTOR, session_id, receiver.participant_id, "answer")
    return answer


async def mute(house: House, session_id: str, target: Joined, *kinds: TrackType) -> None:
    await house.moderation.mute(DOCTOR, session_id, target.participant_id, kinds)


async def unmute(house: House, session_id: str, target: Joined, *kinds: TrackType) -> None:
    await house.moderation.unmute(PATIENT, session_id, target.participant_id, kinds)


async def test_a_mute_stops_that_kind_for_everybody_and_nothing_else(house: House) -> None:
    session_id, patient, doctor = await call(house)
    audio, video = (track.track_name for track in patient.tracks)
    support = await house.enter(SUPPORT, session_id)
    await house.tracks.subscribe(SUPPORT, session_id, support.participant_id, [audio, video])
    await house.tracks.renegotiate(SUPPORT, session_id, support.participant_id, "answer")
    await mute(house, session_id, patient, AUDIO)
    assert flowing(house) == {video, *(track.track_name for track in doctor.tracks)}
    with pytest.raises(Forbidden) as refused:
        await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [audio])
    assert refused.value.reason == "edge_not_permitted"


async def test_opened_by_its_owner_it_flows_again(house: House) -> None:
    session_id, patient, doctor = await call(house)
    audio, video = (track.track_name for track in patient.tracks)
    await mute(house, session_id, patient, AUDIO, VIDEO)
    await unmute(house, session_id, patient, AUDIO)
    answer = await subscribe(house, session_id, doctor, audio)
    assert [result.error_code for result in answer.tracks] == [None]
    assert (answer.sdp is None) is house.plane.extensions
    assert audio in flowing(house)
    assert video not in flowing(house)
    await unmute(house, session_id, patient, VIDEO)
    await subscribe(house, session_id, doctor, video)
    assert len(flowing(house)) == 4


async def test_asking_for_what_flows_costs_nothing_and_a_mixed_call_offers_the_rest(house: House) -> None:
    session_id, patient, doctor = await call(house)
    audio, video = (track.track_name for track in patient.tracks)
    before = house.plane.calls.count("pull")
    answer = await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [video, audio])
    assert (answer.sdp, [result.mid for result in answer.tracks]) == (None, ["1", "0"])
    assert house.plane.calls.count("pull") == before
    await house.tracks.close(DOCTOR, session_id, doctor.participant_id, [video])
    answer = await subscribe(house, session_id, doctor, video, audio)
    assert answer.sdp == "offer"
    assert [(result.track_name, result.mid) for result in answer.tracks] == [(video, "2"), (audio, "0")]


async def test_a_gate_that_does_not_confirm_is_closed_for_good_and_pulled_anew(gated: House) -> None:
    session_id, patient, doctor = await call(gated)
    audio = patient.tracks[0].track_name
    gated.plane.failing.add("set_paused")
    await mute(gated, session_id, patient, AUDIO)
    assert audio not in flowing(gated)
    assert await state_of(gated, session_id, audio) is None
    gated.plane.failing.clear()
    await unmute(gated, session_id, patient, AUDIO)
    assert audio not in flowing(gated)
    answer = await subscribe(gated, session_id, doctor, audio)
    assert [result.mid for result in answer.tracks] == ["2"]
    assert audio in flowing(gated)


async def test_an_opening_that_does_not_confirm_is_closed_for_good_too(gated: House) -> None:
    session_id, patient, doctor = await call(gated)
    audio = patient.tracks[0].track_name
    await mute(gated, session_id, patient, AUDIO)
    assert await state_of(gated, session_id, audio) is SubscriptionState.PAUSED
    gated.plane.failing.add("set_paused")
    await unmute(gated, session_id, patient, AUDIO)
    assert await state_of(gated, session_id, audio) is None
    gated.plane.failing.clear()
    await subscribe(gated, session_id, doctor, audio)
    assert audio in flowing(gated)


async def test_where_no_edge_can_be_cut_the_source_is_closed_and_its_owner_is_told(house: House) -> None:
    session_id, patient, _ = await call(house)
    audio = patient.tracks[0].track_name
    receiving = {media_id for _, media_id in house.plane.flowing()}

    async def no_way_to_receivers(call_name: str, media_id: str) -> None:
        if call_name in ("set_paused", "close_tracks") and media_id in receiving:
            await unreachable()

    house.plane.before = no_way_to_receivers
    await mute(house, session_id, patient, AUDIO)
    assert audio not in flowing(house)
    assert (await house.story(session_id))[-2:] == ["muted", "track_closed"]
    assert await state_of(house, session_id, audio) is SubscriptionState.CUTTING
    assert await house.tracks.unconfirmed(session_id) == []
    house.clock.pass_time(seconds=1.1)
    assert [pull.publication for pull in await house.tracks.unconfirmed(session_id)] == [audio]
    house.plane.before = fair
    await house.reconciler.sweep()
    assert await house.tracks.unconfirmed(session_id) == []
    assert len(flowing(house)) == 3


async def test_a_receiver_who_lets_go_costs_the_others_nothing_when_the_plane_fails(house: House) -> None:
    session_id, patient, doctor = await call(house)
    audio = patient.tracks[0].track_name
    house.plane.failing.add("close_tracks")
    await house.tracks.close(DOCTOR, session_id, doctor.participant_id, [audio])
    house.clock.pass_time(seconds=2)
    assert await house.tracks.unconfirmed(session_id) == []  # no right was taken away
    house.plane.failing.clear()
    await house.reconciler.sweep()
    assert "track_closed" not in await house.story(session_id)
    await subscribe(house, session_id, doctor, audio)
    assert audio in flowing(house)


@pytest.mark.parametrize("lost", ["before", "after"])
async def test_a_crash_on_the_way_to_the_plane_or_back_leaves_it_shut(house: House, lost: str) -> None:
    session_id, patient, _ = await call(house)
    audio = patient.tracks[0].track_name

    async def crash(call_name: str, media_id: str) -> None:
        if call_name in ("set_paused", "close_tracks"):
            raise Crash

    setattr(house.plane, lost, crash)
    with pytest.raises(Crash):
        await mute(house, session_id, patient, AUDIO)
    house.plane.before = house.plane.after = fair
    fresh = Reconciler(house.units_of_work, house.plane, house.clock)
    await fresh.sweep()
    house.clock.pass_time(seconds=SWITCH_LOST_AFTER.total_seconds())
    await fresh.sweep()
    assert audio not in flowing(house)
    assert await state_of(house, session_id, audio) is None


async def test_a_crash_before_the_plane_is_called_at_all(house: House) -> None:
    session_id, patient, _ = await call(house)
    house.reconciler.settle = nothing  # type: ignore[method-assign]
    await mute(house, session_id, patient, AUDIO)
    await Reconciler(house.units_of_work, house.plane, house.clock).sweep()
    assert patient.tracks[0].track_name not in flowing(house)


async def test_a_gate_in_another_process_hands_is_left_to_it_until_it_must_have_died(gated: House) -> None:
    session_id, patient, doctor = await call(gated)
    audio = patient.tracks[0].track_name
    other = Reconciler(gated.units_of_work, gated.plane, gated.clock)

    async def meanwhile(call_name: str, media_id: str) -> None:
        if call_name == "set_paused":
            await other.settle(session_id)
            with pytest.raises(NegotiationInProgress):
                await gated_subscribe()

    async def gated_subscribe() -> None:
        gated.reconciler.settle, keep = nothing, gated.reconciler.settle  # type: ignore[method-assign]
        try:
            await gated.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [audio])
        finally:
            gated.reconciler.settle = keep  # type: ignore[method-assign]

    await mute(gated, session_id, patient, AUDIO)
    gated.plane.before = meanwhile
    await unmute(gated, session_id, patient, AUDIO)
    gated.plane.before = fair
    assert audio in flowing(gated)
    assert await state_of(gated, session_id, audio) is SubscriptionState.FLOWING


async def test_muted_again_while_it_is_being_opened_it_is_shut(gated: House) -> None:
    session_id, patient, _ = await call(gated)
    audio = patient.tracks[0].track_name
    await mute(gated, session_id, patient, AUDIO)

    async def muted_again(call_name: str, media_id: str) -> None:
        if call_name == "set_paused":
            gated.plane.before = fair
            gated.reconciler.settle, keep = nothing, gated.reconciler.settle  # type: ignore[method-assign]
            await mute(gated, session_id, patient, AUDIO)
            gated.reconciler.settle = keep  # type: ignore[method-assign]

    gated.plane.before = muted_again
    await unmute(gated, session_id, patient, AUDIO)
    assert audio not in flowing(gated)
    assert await state_of(gated, session_id, audio) is SubscriptionState.PAUSED


async def test_a_mute_while_a_pull_hangs_withholds_its_offer(house: House) -> None:
    session_id = await house.opened()
    patient = await publish(house, PATIENT, session_id)
    doctor = await house.enter(DOCTOR, session_id)
    audio = patient.tracks[0].track_name

    async def mute_now() -> None:
        await mute(house, session_id, patient, AUDIO)

    house.plane.during_pull = mute_now
    with pytest.raises(Forbidden):
        await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [audio])
    house.plane.during_pull = None
    await unmute(house, session_id, patient, AUDIO)
    await subscribe(house, session_id, doctor, audio)
    assert audio in flowing(house)


async def test_muted_and_opened_while_a_pull_hangs_it_is_to_be_asked_for_again(house: House) -> None:
    session_id = await house.opened()
    patient = await publish(house, PATIENT, session_id)
    doctor = await house.enter(DOCTOR, session_id)
    audio = patient.tracks[0].track_name

    async def mute_and_unmute() -> None:
        await mute(house, session_id, patient, AUDIO)
        await unmute(house, session_id, patient, AUDIO)

    house.plane.during_pull = mute_and_unmute
    with pytest.raises(NegotiationInProgress):
        await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [audio])
    house.plane.during_pull = None
    await subscribe(house, session_id, doctor, audio)
    assert flowing(house) == {audio}


async def test_a_mute_between_offer_and_answer_closes_what_was_offered(house: House) -> None:
    session_id = await house.opened()
    patient = await publish(house, PATIENT, session_id)
    doctor = await house.enter(DOCTOR, session_id)
    audio = patient.tracks[0].track_name
    await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [audio])
    await mute(house, session_id, patient, AUDIO)
    await house.tracks.renegotiate(DOCTOR, session_id, doctor.participant_id, "answer")
    assert flowing(house) == set()
    await unmute(house, session_id, patient, AUDIO)
    await subscribe(house, session_id, doctor, audio)
    assert flowing(house) == {audio}


async def test_a_mute_while_the_answer_is_on_its_way_closes_it_too(house: House) -> None:
    session_id = await house.opened()
    patient = await publish(house, PATIENT, session_id)
    doctor = await house.enter(DOCTOR, session_id)
    audio = patient.tracks[0].track_name
    await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [audio])

    async def mute_now(call_name: str, media_id: str) -> None:
        if call_name == "renegotiate":
            house.reconciler.settle, keep = nothing, house.reconciler.settle  # type: ignore[method-assign]
            await mute(house, session_id, patient, AUDIO)
            house.reconciler.settle = keep  # type: ignore[method-assign]

    house.plane.before = mute_now
    await house.tracks.renegotiate(DOCTOR, session_id, doctor.participant_id, "answer")
    assert flowing(house) == set()


class Crash(BaseException):
    """The server dies here."""


async def fair(call_name: str, media_id: str) -> None:
    """No trouble."""


async def nothing(session_id: str) -> None:
    """What a reconciler does that is not there."""


async def unreachable() -> None:
    raise MediaPlaneError("unreachable")
