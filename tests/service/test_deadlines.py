"""Deadlines on a real database: each once, whoever comes first; outages noticed and made good; presence that died."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shinsatsu.domain.deadlines import fire
from shinsatsu.domain.errors import DatabaseUnavailable
from shinsatsu.domain.events import EventType
from shinsatsu.domain.session_status import SessionStatus, Timeout
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.service.appointments import PersonDetails
from shinsatsu.service.deadlines import DeadlineKeeper
from shinsatsu.service.servers import DEAD_AFTER, Servers
from shinsatsu.store.engine import make_engine
from tests.house import DOCTOR, PATIENT, House


async def active(house: House, server_id: str = "server-1") -> str:
    """A session in which patient and doctor are connected by streams of that server."""
    session_id = await house.opened()
    for actor in (DOCTOR, PATIENT):
        joined = await house.enter(actor, session_id)
        await house.presence.connected(actor, session_id, joined.participant_id, f"{server_id}:{actor.user_type}")
    assert (await house.sessions.get(DOCTOR, session_id)).session.status is SessionStatus.ACTIVE
    return session_id


async def settled(house: House) -> None:
    """The keeper has found out that there was no other server before it."""
    await house.deadlines.look()


def told(house: House, event_type: EventType) -> int:
    return sum(event.event_type is event_type for event in house.bus.events)


async def test_a_wait_alone_ends_once_and_another_session_can_follow(house: House) -> None:
    await settled(house)
    session_id = await house.opened()
    await house.sessions.join(PATIENT, session_id)
    house.clock.pass_time(minutes=4, seconds=59)
    await house.deadlines.look()
    assert not (await house.sessions.get(PATIENT, session_id)).session.over
    house.clock.pass_time(seconds=1)
    for _ in range(3):
        await house.deadlines.look()
    ended = (await house.sessions.get(PATIENT, session_id)).session
    assert (ended.metadata.timeout, told(house, EventType.ENDED)) == (Timeout.JOIN, 1)
    fresh, created = await house.sessions.create(PATIENT, "a1")
    assert created
    assert (await house.sessions.join(PATIENT, fresh.session.id)).participant_id


async def test_the_longest_duration_warns_and_ends(house: House) -> None:
    await settled(house)
    session_id = await active(house)
    for _ in range(61):
        await house.deadlines.look()
        house.clock.pass_time(minutes=1)
    await house.deadlines.look()
    assert told(house, EventType.TIME_WARNING) == 2
    ended = (await house.sessions.get(DOCTOR, session_id)).session
    assert (ended.metadata.timeout, ended.metadata.actual_duration) == (Timeout.MAX, 60)


async def test_of_several_servers_one_does_it(house: House) -> None:
    others = [Servers(house.commands, f"server-{number}", house.plane.alive) for number in (2, 3)]
    keepers = [house.deadlines, *(DeadlineKeeper(house.commands, servers) for servers in others)]
    await settled(house)
    for seconds in (0, 3, 3):  # the others see the first one's signs of life: there was no outage
        house.clock.pass_time(seconds=seconds)
        for keeper in keepers:
            await keeper.look()
    sessions = []
    for number in range(3):
        await house.book(f"a{number}")
        view, _ = await house.sessions.create(PATIENT, f"a{number}")
        await house.sessions.join(PATIENT, view.session.id)
        sessions.append(view.session.id)
    house.clock.pass_time(minutes=5)
    await asyncio.gather(*(keeper.look() for keeper in keepers for _ in range(2)))
    assert told(house, EventType.ENDED) == 3
    for session_id in sessions:
        assert (await house.story(session_id)).count("ended") == 1


async def test_two_servers_with_connections_of_their_own_do_each_deadline_once(
    house: House, database_address: str
) -> None:
    engine = make_engine(database_address)
    other = House(engine)
    other.clock = other.commands.clock = house.clock
    keepers = [house.deadlines, DeadlineKeeper(other.commands, Servers(other.commands, "server-2", house.plane.alive))]
    for _ in range(3):
        for keeper in keepers:
            await keeper.look()
        house.clock.pass_time(seconds=3)
    sessions = [await active(house)]
    for number in range(2, 6):
        await house.book(f"a{number}", doctor=PersonDetails(100 + number, "another doctor"))
        view, _ = await house.sessions.create(PATIENT, f"a{number}")
        await house.sessions.join(PATIENT, view.session.id)
        sessions.append(view.session.id)
    for minutes in (5, 50, 4, 1):  # four waits end, then five minutes, one minute, and the end
        house.clock.pass_time(minutes=minutes)
        await asyncio.gather(*(keeper.look() for keeper in keepers for _ in range(3)))
    stories = [await house.story(session_id) for session_id in sessions]
    assert [story.count("ended") for story in stories] == [1] * 5
    assert stories[0].count("time_warning") == 2
    heard = [*house.bus.events, *other.bus.events]
    assert sum(event.event_type is EventType.ENDED for event in heard) == 5
    other.units_of_work.close()
    await engine.dispose()


async def test_two_servers_that_were_silent_together_forget_neither(house: House, database_address: str) -> None:
    engine = make_engine(database_address)
    other = House(engine)
    other.clock = other.commands.clock = house.clock
    both = [house.servers, Servers(other.commands, "server-2", house.plane.alive)]
    for seconds in (0, 3, 60, 3):  # the third time both come back from a pause
        house.clock.pass_time(seconds=seconds)
        await asyncio.gather(*(servers.beat() for servers in both))
        async with house.units_of_work.read() as unit:
            assert set(await unit.servers.all()) == {"server-1", "server-2"}
    other.units_of_work.close()
    await engine.dispose()


async def test_an_outage_is_made_good_for_everybody_before_anybody_is_ended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await active(house)
    house.clock.pass_time(minutes=70)
    on_session = house.commands.on_session

    async def away(*_: object) -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(house.commands, "on_session", away)
    with pytest.raises(DatabaseUnavailable):
        await house.deadlines.look()
    monkeypatch.setattr(house.commands, "on_session", on_session)
    house.clock.pass_time(seconds=1)
    await house.deadlines.look()
    assert (told(house, EventType.TIME_WARNING), told(house, EventType.ENDED)) == (1, 0)
    assert not (await house.sessions.get(DOCTOR, session_id)).session.over


async def test_one_broken_consultation_is_not_the_others_trouble(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await settled(house)
    broken, sound = await house.opened("a1"), await house.opened("a2")
    for session_id in (broken, sound):
        await house.sessions.join(PATIENT, session_id)
    house.clock.pass_time(minutes=5)

    def failing(session: VideoSession, *arguments: Any) -> None:
        if session.id == broken:
            raise ZeroDivisionError
        fire(session, *arguments)

    monkeypatch.setattr("shinsatsu.service.deadlines.fire", failing)
    await house.deadlines.look()
    assert [(await house.sessions.get(PATIENT, one)).session.over for one in (broken, sound)] == [False, True]
    assert broken in caplog.text


async def test_another_server_alive_is_no_outage_and_ends_what_is_overdue(house: House) -> None:
    other = DeadlineKeeper(house.commands, Servers(house.commands, "server-2", house.plane.alive))
    await settled(house)
    session_id = await active(house)
    house.clock.pass_time(minutes=57)
    for keeper in (other, house.deadlines, other):  # the second sees the first one's sign of life after its own start
        await keeper.look()
        house.clock.pass_time(seconds=3)
    house.clock.pass_time(minutes=3)
    await other.look()
    ended = (await house.sessions.get(DOCTOR, session_id)).session
    assert (ended.metadata.timeout, told(house, EventType.RESUMED)) == (Timeout.MAX, 0)


async def test_a_killed_server_is_an_outage_once_it_is_silent(house: House) -> None:
    await settled(house)
    session_id = await active(house)
    house.clock.pass_time(minutes=61)  # nobody looked: the server was killed at its first minute
    restarted = DeadlineKeeper(house.commands, Servers(house.commands, "server-2", house.plane.alive))
    await restarted.look()
    assert told(house, EventType.TIME_WARNING) == 1
    assert not (await house.sessions.get(DOCTOR, session_id)).session.over
    house.clock.pass_time(minutes=4)
    await restarted.look()
    assert not (await house.sessions.get(DOCTOR, session_id)).session.over
    house.clock.pass_time(minutes=1)
    await restarted.look()
    assert (await house.sessions.get(DOCTOR, session_id)).session.metadata.timeout is Timeout.MAX


async def test_nothing_is_ended_while_an_outage_is_not_certain(house: House) -> None:
    await settled(house)
    session_id = await house.opened()
    await house.sessions.join(PATIENT, session_id)
    house.clock.pass_time(minutes=4, seconds=58)
    await house.deadlines.look()  # the last sign of life of the one that is killed now
    house.clock.pass_time(seconds=3)
    restarted = DeadlineKeeper(house.commands, Servers(house.commands, "server-2", house.plane.alive))
    for _ in range(3):
        await restarted.look()
        house.clock.pass_time(seconds=2.5)
    assert not (await house.sessions.get(PATIENT, session_id)).session.over
    house.clock.pass_time(seconds=3)
    await restarted.look()  # silent for more than ten seconds: an outage, the wait starts anew
    assert not (await house.sessions.get(PATIENT, session_id)).session.over
    house.clock.pass_time(minutes=4, seconds=55)
    await restarted.look()
    assert not (await house.sessions.get(PATIENT, session_id)).session.over
    house.clock.pass_time(seconds=10)
    await restarted.look()
    assert (await house.sessions.get(PATIENT, session_id)).session.metadata.timeout is Timeout.JOIN


async def test_an_orderly_stop_leaves_no_doubt(house: House) -> None:
    await settled(house)
    session_id = await house.opened()
    await house.sessions.join(PATIENT, session_id)
    await house.servers.leave()
    house.clock.pass_time(minutes=6)
    restarted = DeadlineKeeper(house.commands, Servers(house.commands, "server-2", house.plane.alive))
    await restarted.look()
    house.clock.pass_time(minutes=4, seconds=59)
    await restarted.look()
    assert not (await house.sessions.get(PATIENT, session_id)).session.over


async def test_the_presence_of_a_dead_server_is_over_and_idle_begins(house: House) -> None:
    await settled(house)
    session_id = await active(house, "server-dead")
    await house.deadlines.look()
    people = (await house.sessions.get(DOCTOR, session_id)).session.present
    assert [one.connected for one in people] == [False, False]
    house.clock.pass_time(minutes=15)
    await house.deadlines.look()
    assert (await house.sessions.get(DOCTOR, session_id)).session.metadata.timeout is Timeout.IDLE


async def test_the_presence_of_a_live_server_stays(house: House) -> None:
    await settled(house)
    session_id = await active(house)
    house.clock.pass_time(seconds=DEAD_AFTER.total_seconds() + 1)
    await house.deadlines.look()
    assert all(one.connected for one in (await house.sessions.get(DOCTOR, session_id)).session.present)


@pytest.mark.parametrize("gone", [True, False])
async def test_presence_by_media_ends_with_the_media(house: House, gone: bool) -> None:
    await settled(house)
    session_id = await house.opened()
    joined = await house.enter(DOCTOR, session_id)
    media_id = await house.plane.new_session()
    await house.presence.connected(DOCTOR, session_id, joined.participant_id, f"media:{media_id}")
    if gone:
        await house.plane.abandon(media_id)
    house.clock.pass_time(seconds=31)
    await house.deadlines.look()
    present = (await house.sessions.get(DOCTOR, session_id)).session.present
    assert [one.connected for one in present] == [not gone]


async def test_extending_moves_the_end(house: House) -> None:
    await settled(house)
    session_id = await active(house)
    view = await house.sessions.extend(DOCTOR, session_id, 30)
    assert view.session.ends_at == house.clock.now() + timedelta(minutes=90)
    house.clock.pass_time(minutes=80)
    await house.deadlines.look()
    assert not (await house.sessions.get(DOCTOR, session_id)).session.over
