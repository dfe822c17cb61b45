"""Rights become packets: whatever is not permitted is cut, also after failures and a crash."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.edges import permitted_edges
from shinsatsu.domain.subscriptions import Direction, MediaSession, Subscription, SubscriptionState
from shinsatsu.media.edge_plan import PULL_LOST_AFTER
from shinsatsu.media.reconciler import Reconciler
from tests.house import DOCTOR, PATIENT, House
from tests.media_plane import InMemoryMediaPlane
from tests.service.test_track_manager import call, publish


@pytest.fixture(params=["extended", "plain"])
def house(request: pytest.FixtureRequest, engine: AsyncEngine) -> House:
    """The clinic on either kind of media plane."""
    return House(engine, plane=InMemoryMediaPlane(extensions=request.param == "extended"))


async def states(house: House, session_id: str) -> list[SubscriptionState]:
    async with house.units_of_work.read() as unit:
        return [pull.state for pull in await unit.media.subscriptions(session_id)]


async def test_what_is_in_order_needs_no_call(house: House) -> None:
    await call(house)
    before = list(house.plane.calls)
    await house.reconciler.sweep()
    await house.reconciler.sweep()
    assert house.plane.calls == before


async def test_leaving_cuts_both_ways_and_drops_both_sessions(house: House) -> None:
    session_id, patient, _ = await call(house)
    await house.sessions.leave(PATIENT, session_id, patient.participant_id)
    assert len(house.plane.in_use()) == 4
    await house.reconciler.sweep()
    assert house.plane.flowing() == set()
    assert len(house.plane.in_use()) == 1
    assert await states(house, session_id) == []


async def test_joining_again_drops_the_earlier_media(house: House) -> None:
    session_id, _, _ = await call(house)
    await publish(house, PATIENT, session_id)
    await house.reconciler.sweep()
    assert house.plane.flowing() == set()
    assert len(house.plane.in_use()) == 2


async def test_the_end_leaves_nothing_on_the_plane(house: House) -> None:
    session_id, _, _ = await call(house)
    await house.sessions.end(DOCTOR, session_id)
    await house.reconciler.sweep()
    assert house.plane.in_use() == set()


async def test_what_the_plane_does_not_confirm_is_tried_again(house: House) -> None:
    session_id, patient, _ = await call(house)
    await house.sessions.leave(PATIENT, session_id, patient.participant_id)
    house.plane.failing |= {"close_tracks", "abandon"}
    await house.reconciler.sweep()
    assert set(await states(house, session_id)) == {SubscriptionState.CUTTING}
    house.plane.failing.clear()
    await house.reconciler.sweep()
    assert house.plane.flowing() == set()
    assert await states(house, session_id) == []


async def test_a_crash_between_commit_and_call_is_made_good_at_start(house: House) -> None:
    session_id, patient, _ = await call(house)
    await house.sessions.leave(PATIENT, session_id, patient.participant_id)
    fresh = Reconciler(house.units_of_work, house.plane, house.clock)
    await fresh.sweep()
    assert house.plane.flowing() == set()


async def test_a_plane_that_forgot_everything_counts_as_cut(house: House) -> None:
    session_id, _, _ = await call(house)
    await house.sessions.end(DOCTOR, session_id)
    house.plane.sessions.clear()
    await house.reconciler.sweep()
    async with house.units_of_work.read() as unit:
        assert await unit.media.watched() == {}


async def test_a_pull_lost_in_a_crash_without_its_right_costs_the_whole_session(house: House) -> None:
    session_id, _, doctor = await call(house)
    media = await start_pull(house, session_id, doctor.participant_id, "patient-7-screen-1")
    await house.reconciler.sweep()
    assert media.id in house.plane.in_use()
    house.clock.pass_time(seconds=PULL_LOST_AFTER.total_seconds() + 1)
    await house.reconciler.sweep()
    assert media.id not in house.plane.in_use()


async def test_a_pull_lost_in_a_crash_with_its_right_can_be_tried_again(house: House) -> None:
    session_id, patient, doctor = await call(house)
    name = patient.tracks[0].track_name
    await house.tracks.close(DOCTOR, session_id, doctor.participant_id, [name])
    media = await start_pull(house, session_id, doctor.participant_id, name)
    house.clock.pass_time(seconds=PULL_LOST_AFTER.total_seconds() + 1)
    await house.reconciler.sweep()
    assert media.id in house.plane.in_use()
    await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [name])


async def start_pull(house: House, session_id: str, receiver: str, publication: str) -> MediaSession:
    """The intent of a pull whose server died before the plane answered."""
    async with house.units_of_work.write() as unit:
        media = await unit.media.current(receiver, Direction.RECEIVE)
        assert media is not None
        now, pulling = house.clock.now(), SubscriptionState.PULLING
        await unit.media.start_pull([Subscription(session_id, publication, receiver, 0, media.id, pulling, None, now)])
        await unit.commit()
    return media


async def test_run_acts_on_a_change_at_once(house: House) -> None:
    session_id, _, _ = await call(house)
    running = asyncio.create_task(house.reconciler.run())
    try:
        await house.sessions.end(DOCTOR, session_id)
        async with asyncio.timeout(5):
            while house.plane.in_use():  # noqa: ASYNC110 - the plane is the thing under test, and knows no events
                await asyncio.sleep(0)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_flows_is_what_is_permitted(house: House) -> None:
    session_id, _, _ = await call(house)
    async with house.units_of_work.read() as unit:
        consultation = await unit.sessions.get(session_id)
        tracks = await unit.tracks.of_session(session_id)
        flowing = {pull.edge for pull in await unit.media.subscriptions(session_id)}
    assert consultation is not None
    assert flowing == permitted_edges(consultation.session, tracks)
