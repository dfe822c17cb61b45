"""Sessions, deliveries, replays, removals at the same time: nobody is refused anything, nothing is left lying."""

import asyncio
from collections import defaultdict

from shinsatsu.domain.appointment import AppointmentStatus
from shinsatsu.domain.errors import NotFound
from shinsatsu.service.webhook_deliveries import LEASE
from tests.house import ADMIN, KEY, details
from tests.webhooks.conftest import Post
from tests.webhooks.receiver import Receiver, receiving

SESSIONS, CHANGES = 8, 6


async def rebook(post: Post, appointment_id: str) -> None:
    """One session's story: booked, cancelled, booked anew, … each time a new session."""
    for number in range(CHANGES):
        status = "cancelled" if number % 2 else "booked"
        await post.house.appointments.put(KEY, appointment_id, details(status=AppointmentStatus(status)))
        await asyncio.sleep(0)


async def test_a_message_written_while_its_queue_runs_empty(post: Post, receiver: Receiver) -> None:
    """Whoever settles the last message waits for the transaction that is writing the next one."""
    endpoint_id, _ = await post.add(receiver)
    await post.house.book()
    now = post.house.clock.now()
    async with post.house.units_of_work.write() as unit:
        (first,) = await unit.webhooks.claim(endpoint_id, now, "lease", now + LEASE, 1)
        await unit.commit()

    async def settle() -> bool:
        async with post.house.units_of_work.write() as unit:
            settled = await unit.webhooks.delivered(first, now)
            await unit.commit()
            return settled

    async with post.house.units_of_work.write() as unit:
        consultation = await unit.sessions.latest("a1", for_update=True)
        assert consultation is not None
        consultation.session.open(KEY, "sfu:x", now)
        await unit.sessions.save(consultation.session)
        settling = asyncio.create_task(settle())
        await asyncio.sleep(0.2)
        assert not settling.done()
        await unit.commit()
    assert await settling
    await post.deliver()
    assert [one.type for one in receiver.received] == ["session.waiting"]
    assert (await post.state(endpoint_id)).pending == 0


async def test_nothing_is_stranded_between_writing_and_settling(post: Post, receiver: Receiver) -> None:
    """A queue that runs empty is taken away while the next message of its session is being written."""
    endpoint_id, _ = await post.add(receiver)
    servers = [asyncio.create_task(one.run()) for one in (post.deliveries, post.another_server())]
    await asyncio.gather(*(rebook(post, f"a{number}") for number in range(SESSIONS)))
    expected = SESSIONS * CHANGES  # session.created and session.ended, in turns
    await receiver.heard(expected, within=30)
    for server in servers:
        server.cancel()
    await asyncio.gather(*servers, return_exceptions=True)
    await post.deliver()
    assert len(receiver.received) == expected
    assert (await post.state(endpoint_id)).pending == 0
    told = defaultdict(list)
    for one in receiver.received:
        told[one.message["data"]["sessionId"]].append(one.message["data"]["seq"])
    assert all(numbers == sorted(set(numbers)) for numbers in told.values())


async def test_endpoints_come_and_go_while_sessions_go_on(post: Post, receiver: Receiver) -> None:
    """No booking fails, or waits for long, since an endpoint is added, replayed or removed."""

    async def come_and_go() -> None:
        while True:
            async with receiving() as other:
                endpoint_id, _ = await post.add(other)
                await asyncio.sleep(0.01)
                await post.webhooks.replay(ADMIN, endpoint_id, post.house.clock.now())
                await post.webhooks.remove(ADMIN, endpoint_id)

    kept, _ = await post.add(receiver)
    work = [asyncio.create_task(come_and_go()), asyncio.create_task(post.deliveries.run())]
    async with asyncio.timeout(30):
        await asyncio.gather(*(rebook(post, f"a{number}") for number in range(SESSIONS)))
    assert not work[0].done(), work[0]
    for task in work:
        task.cancel()
    ended = await asyncio.gather(*work, return_exceptions=True)
    assert not any(isinstance(one, NotFound) for one in ended)
    await post.deliver()
    assert len(receiver.received) >= SESSIONS * CHANGES
    assert (await post.state(kept)).pending == 0
