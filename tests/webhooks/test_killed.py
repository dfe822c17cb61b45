"""kill -9 between sending and marking, in a process of its own: nothing is lost, the order stays."""

import asyncio
import signal
import sys
from pathlib import Path

from shinsatsu.service.webhook_deliveries import LEASE
from tests.webhooks.conftest import Post
from tests.webhooks.receiver import Receiver

ROOT = Path(__file__).resolve().parents[2]


async def test_killed_after_sending(post: Post, receiver: Receiver, database_address: str) -> None:
    endpoint_id, _ = await post.add(receiver)
    await post.consultation()
    expected = (await post.state(endpoint_id)).pending
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.webhooks.killed_server", database_address, cwd=ROOT
    )
    assert await process.wait() == -signal.SIGKILL
    assert len(receiver.received) == 1
    assert (await post.state(endpoint_id)).pending == expected

    await post.deliver()
    assert len(receiver.received) == 1, "the dead server's lease still holds the queue"
    post.house.clock.pass_time(seconds=LEASE.total_seconds())
    await post.deliver()
    ids = [one.id for one in receiver.received]
    assert ids[0] == ids[1]
    assert len(ids) == expected + 1
    numbers = [one.message["data"]["seq"] for one in receiver.received[1:]]
    assert numbers == sorted(set(numbers))
