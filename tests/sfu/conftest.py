"""The transport on loopback, and the sockets of its peers closed after it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shinsatsu.sfu.transport import UdpTransport
from tests.sfu.peers import SOCKETS


@pytest.fixture
async def transport() -> AsyncIterator[UdpTransport]:
    bound = await UdpTransport.bind()
    yield bound
    bound.close()
    while SOCKETS:
        SOCKETS.pop().close()
    await asyncio.sleep(0)
