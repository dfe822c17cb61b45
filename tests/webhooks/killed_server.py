"""A server in a process of its own that is killed (SIGKILL) after it sent a message and before it marked it."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping

from shinsatsu.service.webhook_deliveries import WebhookDeliveries
from shinsatsu.store.engine import make_engine
from shinsatsu.webhooks.sender import SafeSender
from tests.house import KEYS, House


class DeadlySender(SafeSender):
    """Lives for one answer."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        await super().post(url, body, headers)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("it was killed")


async def main(database: str) -> None:
    house = House(make_engine(database))
    deliveries = WebhookDeliveries(house.commands, KEYS, DeadlySender(allow_private=True))
    await deliveries.look()
    await deliveries.settle()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
