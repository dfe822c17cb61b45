"""What administrators may do with endpoints, what is kept of it, and what is refused."""

import asyncio
import base64

import pytest

from shinsatsu.domain.errors import Forbidden, InvalidRequest, NotFound
from shinsatsu.domain.roles import AuthUser, UserType
from shinsatsu.domain.webhooks import WebhookType
from shinsatsu.service.signing_keys import SigningKeys
from shinsatsu.service.webhook_deliveries import WebhookDeliveries
from shinsatsu.service.webhooks import MOST_ENDPOINTS
from tests.house import ADMIN, DOCTOR, KEY, OPERATOR, PATIENT
from tests.webhooks.conftest import Post
from tests.webhooks.receiver import Receiver

IN_A_CALL = AuthUser(ADMIN.user_type, ADMIN.user_id, ADMIN.role, ADMIN.display_name, appointment_id="a1")


async def test_secrets_are_256_bits_and_shown_once(post: Post, receiver: Receiver) -> None:
    state, secret = await post.webhooks.add(ADMIN, receiver.url)
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert secret not in repr(await post.webhooks.endpoints(ADMIN))
    assert state.endpoint.types == frozenset(WebhookType)


@pytest.mark.parametrize("actor", [PATIENT, DOCTOR, OPERATOR, KEY, IN_A_CALL], ids=lambda one: one.display_name)
async def test_nobody_but_admins(post: Post, receiver: Receiver, actor: AuthUser) -> None:
    endpoint_id, _ = await post.add(receiver)
    for attempt in (
        post.webhooks.endpoints(actor),
        post.webhooks.add(actor, receiver.url),
        post.webhooks.rotate(actor, endpoint_id),
        post.webhooks.remove(actor, endpoint_id),
        post.webhooks.replay(actor, endpoint_id),
    ):
        with pytest.raises(Forbidden) as refused:
            await attempt
        assert refused.value.reason == ("grant_may_not" if actor is IN_A_CALL else "role_may_not")
    assert len(await post.webhooks.endpoints(ADMIN)) == 1


async def test_what_is_no_endpoint(post: Post, receiver: Receiver) -> None:
    for url in ("http://hook.example:99999/", "ftp://hook.example/", "http://10.0.0.1/"):
        with pytest.raises(InvalidRequest) as caught:
            await post.webhooks.add(ADMIN, url)
        assert caught.value.field == "url"
    with pytest.raises(InvalidRequest) as caught:
        await post.webhooks.add(ADMIN, receiver.url, [])
    assert caught.value.field == "types"
    for attempt in (
        post.webhooks.rotate(ADMIN, "x"),
        post.webhooks.remove(ADMIN, "x"),
        post.webhooks.replay(ADMIN, "x"),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_there_is_an_end_to_endpoints(post: Post, receiver: Receiver) -> None:
    for _ in range(MOST_ENDPOINTS):
        await post.add(receiver)
    with pytest.raises(InvalidRequest):
        await post.add(receiver)


async def test_everything_done_is_an_event(post: Post, receiver: Receiver) -> None:
    endpoint_id, secret = await post.add(receiver)
    _, rotated = await post.webhooks.rotate(ADMIN, endpoint_id)
    await post.webhooks.replay(None, endpoint_id)
    await post.webhooks.remove(ADMIN, endpoint_id)
    found = await post.security()
    assert [(one.event.event_type.value, one.event.user_id) for one in found] == [
        ("webhook_added", ADMIN.user_id),
        ("webhook_rotated", ADMIN.user_id),
        ("webhook_replayed", 0),
        ("webhook_removed", ADMIN.user_id),
    ]
    assert {one.event.user_type for one in found} == {UserType.WORKER, UserType.SYSTEM}
    assert not any(word in repr(found) for word in (secret, rotated, receiver.url))


async def test_replay_of_what_was_given_up(post: Post, receiver: Receiver) -> None:
    endpoint_id, _ = await post.add(receiver)
    await post.consultation("a1")
    receiver.statuses = [204, 410]
    await post.deliver()
    failed = (await post.state(endpoint_id)).failed
    post.house.clock.pass_time(seconds=1)
    assert await post.webhooks.replay(ADMIN, endpoint_id) == failed
    state = await post.state(endpoint_id)
    assert (state.pending, state.failed, state.endpoint.disabled_at) == (failed, 0, None)
    await post.deliver()
    ids = [one.id for one in receiver.received]
    assert ids == [ids[0], ids[1], *ids[1:2], *ids[3:]], "the one that was refused again, then the rest"
    assert len(set(ids)) == len(ids) - 1 == failed + 1
    assert await post.webhooks.replay(ADMIN, endpoint_id) == 0


async def test_replay_since_a_moment(post: Post, receiver: Receiver) -> None:
    endpoint_id, _ = await post.add(receiver, WebhookType.SESSION_CREATED)
    await post.house.book("a1")
    post.house.clock.pass_time(hours=1)
    since = post.house.clock.now()
    later = await post.house.book("a2")
    await post.deliver()
    post.house.clock.pass_time(seconds=1)
    assert await post.webhooks.replay(ADMIN, endpoint_id, since) == 1
    await post.deliver()
    sessions = [one.message["data"]["sessionId"] for one in receiver.received]
    assert sessions[1:] == [later, later]
    assert receiver.received[1].body == receiver.received[2].body


async def test_a_large_replay_is_many_short_transactions(
    post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shinsatsu.service.webhooks.SESSIONS_AT_ONCE", 2)
    endpoint_id, _ = await post.add(receiver, WebhookType.SESSION_CREATED)
    for number in range(5):
        await post.house.book(f"a{number}")
    await post.deliver()
    since = post.house.clock.now()
    post.house.clock.pass_time(minutes=1)
    running = asyncio.create_task(post.deliveries.run())  # what is delivered meanwhile is not replayed again
    assert await post.webhooks.replay(ADMIN, endpoint_id, since) == 5
    await receiver.heard(10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [one.event.metadata.get("messages") for one in await post.security()][1:] == [2, 2, 1]
    await post.deliver()
    assert len(receiver.received) == 10


async def test_a_replayed_message_has_its_day_anew(post: Post, receiver: Receiver) -> None:
    endpoint_id, _ = await post.add(receiver, WebhookType.SESSION_CREATED)
    await post.house.book()
    receiver.status = 500
    post.house.clock.pass_time(days=2)
    await post.deliver()
    assert (await post.state(endpoint_id)).failed == 1
    await post.webhooks.replay(ADMIN, endpoint_id)
    await post.deliver()
    assert (await post.state(endpoint_id)).pending == 1


async def test_a_secret_that_cannot_be_opened_any_more(post: Post, receiver: Receiver) -> None:
    """The server's own secret was replaced and the old one taken out: nothing goes out unsigned."""
    endpoint_id, _ = await post.add(receiver)
    await post.house.book()
    post.deliveries = WebhookDeliveries(post.house.commands, SigningKeys([b"another" * 8]), post.sender)
    await post.deliver()
    assert receiver.connections == 0
    assert (await post.state(endpoint_id)).pending == 1


async def test_settings_that_became_stricter(post: Post, receiver: Receiver) -> None:
    """Plain HTTP was allowed when the endpoint was added; now nothing is sent there."""
    endpoint_id, _ = await post.add(receiver)
    await post.house.book()
    post.sender._allow_private = False
    await post.deliver()
    assert receiver.connections == 0
    assert (await post.state(endpoint_id)).pending == 1
