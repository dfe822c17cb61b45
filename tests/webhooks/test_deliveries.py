"""Deliveries to real receivers: signed, in order, at least once, whatever happens to either side."""

import asyncio
from collections import defaultdict

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from shinsatsu.domain.errors import ConflictError, DatabaseUnavailable
from shinsatsu.domain.webhooks import WebhookType
from shinsatsu.service.sources import SystemClock
from shinsatsu.service.webhook_deliveries import AT_ONCE, LEASE
from tests.house import ADMIN, DOCTOR, PATIENT
from tests.webhooks.conftest import Post
from tests.webhooks.receiver import Received, Receiver, receiving

STORY = [
    *("session.created", "session.waiting", "participant.waiting", "participant.joined", "participant.joined"),
    *("session.ended", "participant.left", "participant.left"),
]


def verified(request: Received, secret: str) -> bool:
    """What the library of Standard Webhooks says."""
    try:
        Webhook(secret).verify(request.body, request.headers)
    except WebhookVerificationError:
        return False
    return True


def types(receiver: Receiver) -> list[str]:
    return [one.type for one in receiver.received]


async def test_a_consultation_is_told_in_order_and_signed(post: Post, receiver: Receiver) -> None:
    post.house.clock.moment = SystemClock().now()  # the library compares with the machine's clock
    endpoint_id, secret = await post.add(receiver)
    session_id = await post.consultation()
    assert (await post.state(endpoint_id)).pending == len(STORY)
    await post.deliver()
    assert types(receiver) == STORY
    numbers = [one.message["data"]["seq"] for one in receiver.received]
    assert numbers == sorted(numbers)
    assert all(one.message["data"]["sessionId"] == session_id for one in receiver.received)
    assert all(verified(one, secret) for one in receiver.received)
    tampered = Received("/", receiver.received[0].headers, receiver.received[0].body + b" ")
    assert not verified(tampered, secret)
    state = await post.state(endpoint_id)
    assert (state.pending, state.failed, state.last_delivery_at) == (0, 0, post.house.clock.now())


async def test_only_what_is_wanted_is_written(post: Post, receiver: Receiver) -> None:
    await post.consultation("a1")
    endpoint_id, _ = await post.add(receiver, WebhookType.SESSION_ENDED)
    assert (await post.state(endpoint_id)).pending == 0, "what happened before is not told"
    await post.consultation("a2")
    assert (await post.state(endpoint_id)).pending == 1
    await post.deliver()
    assert types(receiver) == ["session.ended"]


async def test_nothing_is_written_by_a_transaction_that_fails(post: Post, receiver: Receiver) -> None:
    endpoint_id, _ = await post.add(receiver)
    await post.house.book()
    async with post.house.units_of_work.write() as unit:
        consultation = await unit.sessions.latest("a1", for_update=True)
        assert consultation is not None
        consultation.session.open(PATIENT, "sfu:x", post.house.clock.now())
        assert len(await unit.sessions.save(consultation.session)) == 1  # and no commit
    await post.deliver()
    assert types(receiver) == ["session.created"]
    assert (await post.state(endpoint_id)).pending == 0


async def test_a_later_message_never_overtakes_one_that_failed(post: Post, receiver: Receiver) -> None:
    await post.add(receiver)
    receiver.statuses = [204, 500, 503, 301, 429]
    await post.consultation()
    await post.deliver()
    for _ in range(4):
        post.house.clock.pass_time(seconds=60)
        await post.deliver()
    assert types(receiver) == [STORY[0], *[STORY[1]] * 5, *STORY[2:]]
    assert len({one.id for one in receiver.received if one.type == STORY[1]}) == 1, "the same message, the same id"


async def test_a_failing_session_does_not_hold_up_others(post: Post, receiver: Receiver) -> None:
    await post.add(receiver)
    bad = await post.house.book("a1")
    good = await post.house.book("a2")

    async def answer(writer: asyncio.StreamWriter, request: Received) -> None:
        status = 500 if request.message["data"]["sessionId"] == bad else 204
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())

    receiver.answer = answer
    await post.house.sessions.create(PATIENT, "a2")
    await post.house.sessions.create(PATIENT, "a1")
    await post.deliver()
    told = defaultdict(list)
    for one in receiver.received:
        told[one.message["data"]["sessionId"]].append(one.type)
    assert told == {bad: STORY[:1], good: STORY[:2]}


async def test_pauses_grow_and_after_a_day_it_is_given_up(post: Post, receiver: Receiver) -> None:
    endpoint_id, _ = await post.add(receiver, WebhookType.SESSION_CREATED)
    receiver.status = 500
    session_id = await post.house.book()
    moments, began = [], post.house.clock.now()
    for _ in range(24 * 12 + 2):
        before = len(receiver.received)
        await post.deliver()
        if len(receiver.received) > before:
            moments.append((post.house.clock.now() - began).total_seconds())
        if (await post.state(endpoint_id)).pending == 0:
            break
        post.house.clock.pass_time(minutes=5)
    assert moments[:3] == [0, 300, 600]
    assert moments[-1] == 24 * 3600
    assert 25 < len(moments) < 40
    assert (await post.state(endpoint_id)).failed == 1
    failed = (await post.security())[-1]
    assert (failed.event.event_type, failed.event.session_id) == ("webhook_failed", session_id)
    assert failed.event.metadata == {
        "endpointId": endpoint_id,
        "messageId": f"msg_{session_id}_1",
        "reason": "status_500",
    }


async def test_after_one_was_given_up_the_next_is_tried(post: Post, receiver: Receiver) -> None:
    await post.add(receiver)
    receiver.status = 500
    await post.house.book()
    await post.deliver()
    post.house.clock.pass_time(hours=24)
    await post.house.sessions.create(PATIENT, "a1")
    await post.deliver()
    assert types(receiver) == ["session.created", "session.created", "session.waiting"]


async def test_an_endpoint_that_hangs_holds_up_nobody_else(post: Post, receiver: Receiver) -> None:
    """It has a bounded number of messages under way; another endpoint hears of everything meanwhile."""
    released = asyncio.Event()

    async def hang(writer: asyncio.StreamWriter, _: Received) -> None:
        await released.wait()
        writer.write(b"HTTP/1.1 204 X\r\n\r\n")

    async with receiving() as other:
        receiver.answer = hang
        await post.add(receiver)
        await post.add(other)
        for number in range(AT_ONCE * 3):
            await post.house.book(f"a{number}")
        async with asyncio.timeout(5):
            while len(other.received) < AT_ONCE * 3:
                await post.deliveries.look()
                await asyncio.sleep(0.01)
        assert receiver.connections == AT_ONCE
        released.set()
        await post.deliver()
        assert len(receiver.received) == AT_ONCE * 3


async def test_a_redirect_is_a_failure_and_nobody_goes_there(post: Post, receiver: Receiver) -> None:
    async with receiving() as elsewhere:

        async def redirect(writer: asyncio.StreamWriter, _: Received) -> None:
            writer.write(f"HTTP/1.1 308 X\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode())

        receiver.answer = redirect
        endpoint_id, _ = await post.add(receiver)
        await post.house.book()
        await post.deliver()
        assert (len(receiver.received), elsewhere.connections) == (1, 0)
        assert (await post.state(endpoint_id)).pending == 1


async def test_killed_between_sending_and_marking(
    post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is marked: when the lease has run out, another server sends the same message again, then the rest."""
    await post.add(receiver)
    await post.consultation()

    async def killed(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(post.deliveries, "_mark", killed)
    await post.deliveries.look()
    await receiver.heard(1)
    for task in post.deliveries._running:
        task.cancel()
    await post.deliveries.settle()

    post.deliveries = post.another_server()
    await post.deliver()
    assert types(receiver) == STORY[:1], "the lease still holds the queue"
    post.house.clock.pass_time(seconds=LEASE.total_seconds())
    await post.deliver()
    assert types(receiver) == [STORY[0], *STORY]
    assert receiver.received[0].id == receiver.received[1].id


async def test_a_server_that_comes_back_too_late_marks_nothing(post: Post, receiver: Receiver) -> None:
    """Its lease ran out while it was away, and another server took the queue."""
    endpoint_id, _ = await post.add(receiver)
    await post.house.book()
    now = post.house.clock.now()
    async with post.house.units_of_work.write() as unit:
        (mine,) = await unit.webhooks.claim(endpoint_id, now, "mine", now + LEASE, 4)
        await unit.commit()
    async with post.house.units_of_work.write() as unit:
        assert await unit.webhooks.claim(endpoint_id, now, "early", now + LEASE, 4) == []
        (other,) = await unit.webhooks.claim(endpoint_id, now + LEASE, "other", now + 2 * LEASE, 4)
        await unit.commit()
    assert (other.message_id, other.lease) == (mine.message_id, "other")
    async with post.house.units_of_work.write() as unit:
        assert not await unit.webhooks.postpone(mine, now, "late")
        assert not await unit.webhooks.give_up(mine, now, "late")
        assert not await unit.webhooks.delivered(mine, now)
        await unit.commit()
    assert (await post.state(endpoint_id)).pending == 1
    async with post.house.units_of_work.write() as unit:
        assert await unit.webhooks.delivered(other, now)
        await unit.commit()
    assert (await post.state(endpoint_id)).pending == 0


async def test_several_servers_deliver_everything_once_and_in_order(post: Post, receiver: Receiver) -> None:
    """Two dispatchers, side by side on one database, while consultations go on."""
    await post.add(receiver)
    servers = [post.deliveries, post.another_server()]
    running = [asyncio.create_task(server.run()) for server in servers]
    sessions = [await post.consultation(f"a{number}") for number in range(6)]
    async with asyncio.timeout(20):
        while len(receiver.received) < len(STORY) * len(sessions):
            for server in servers:
                server._woken.set()
            await asyncio.sleep(0.02)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert len(receiver.received) == len(STORY) * len(sessions), "nothing twice"
    told = defaultdict(list)
    for one in receiver.received:
        told[one.message["data"]["sessionId"]].append(one.type)
    assert told == dict.fromkeys(sessions, STORY)


async def test_a_commit_wakes_the_server(post: Post, receiver: Receiver) -> None:
    await post.add(receiver)
    running = asyncio.create_task(post.deliveries.run())
    await asyncio.sleep(0.05)  # until it waits
    await post.house.book()
    consultation = await post.house.commands.look((await post.house.sessions.find(ADMIN))[0].session.id)
    post.deliveries.on_events(post.house.bus.events, consultation)
    await receiver.heard(1, within=0.5)  # sooner than it would look by itself
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_database_that_is_away_does_not_end_it(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    faults, done = [DatabaseUnavailable(), RuntimeError("a bug"), ConflictError()], asyncio.Event()

    async def look() -> None:
        if faults:
            post.deliveries._woken.set()
            raise faults.pop()
        done.set()

    monkeypatch.setattr(post.deliveries, "look", look)
    running = asyncio.create_task(post.deliveries.run())
    async with asyncio.timeout(5):
        await done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_410_disables_the_endpoint(post: Post, receiver: Receiver) -> None:
    endpoint_id, _ = await post.add(receiver)
    await post.consultation("a1")
    receiver.statuses = [204, 410]
    await post.deliver()
    state = await post.state(endpoint_id)
    assert (state.pending, state.failed) == (0, len(STORY) - 1)
    assert state.endpoint.disabled_at is not None
    await post.house.book("a2")
    await post.deliver()
    assert (await post.state(endpoint_id)).pending == 0, "nothing is written for it"
    assert len(receiver.received) == 2
    disabled = (await post.security())[-1].event
    assert disabled.event_type == "webhook_disabled"
    assert disabled.metadata == {"endpointId": endpoint_id, "messages": len(STORY) - 1}


async def test_a_rotated_secret_signs_beside_the_old_one_for_a_day(post: Post, receiver: Receiver) -> None:
    post.house.clock.moment = SystemClock().now()
    endpoint_id, old = await post.add(receiver)
    _, new = await post.webhooks.rotate(ADMIN, endpoint_id)
    await post.house.book("a1")
    await post.deliver()
    assert [verified(receiver.received[0], secret) for secret in (old, new)] == [True, True]
    async with post.house.units_of_work.write() as unit:
        endpoint = await unit.webhooks.hold(endpoint_id)
        assert endpoint is not None
        assert old not in (endpoint.secret, endpoint.previous_secret), "sealed in the database"
        assert new not in endpoint.secret
        assert endpoint.previous_until is not None
    assert endpoint.sealed_secrets(endpoint.previous_until) == (endpoint.secret,)


async def test_delivered_messages_are_forgotten_after_a_week(post: Post, receiver: Receiver) -> None:
    endpoint_id, _ = await post.add(receiver)
    await post.house.book("a1")
    await post.deliver()
    began = post.house.clock.now()
    post.house.clock.pass_time(days=6)
    await post.deliver()
    assert await post.webhooks.replay(ADMIN, endpoint_id, began) == 1
    await post.deliver()
    post.house.clock.pass_time(days=7, seconds=1)
    await post.deliver()
    assert await post.webhooks.replay(ADMIN, endpoint_id, began) == 0


async def test_a_removed_endpoint_is_told_nothing_more(post: Post, receiver: Receiver) -> None:
    endpoint_id, _ = await post.add(receiver)
    await post.house.book()
    await post.webhooks.remove(ADMIN, endpoint_id)
    await post.deliver()
    assert receiver.received == []
    await post.house.sessions.create(DOCTOR, "a1")


async def test_removed_while_it_is_told(post: Post, receiver: Receiver) -> None:
    endpoint_id, _ = await post.add(receiver)

    async def remove(writer: asyncio.StreamWriter, _: Received) -> None:
        await post.webhooks.remove(ADMIN, endpoint_id)
        writer.write(b"HTTP/1.1 204 X\r\n\r\n")

    receiver.answer = remove
    await post.house.book()
    await post.deliver()
    assert await post.webhooks.endpoints(ADMIN) == []
