"""The HTTP side over a real server, on a double of the media plane: clients that leave."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shinsatsu.sfu.app import CallsApi, Credentials
from shinsatsu.sfu.server import HttpServer, http_config
from shinsatsu.sfu.session import Session
from shinsatsu.sfu.tracks import Limits
from tests.sfu.test_session import Sfu


@asynccontextmanager
async def serving(sfu: Sfu) -> AsyncIterator[tuple[HttpServer, int]]:
    api = CallsApi(sfu.registry, Credentials("app", "secret"), sfu.clock)
    server = HttpServer(http_config(api))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield server, listener.getsockname()[1]
        finally:
            server.should_exit = True
            await running


def post(path: str, body: object) -> bytes:
    content = json.dumps(body).encode()
    head = f"POST /apps/app{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\nContent-Length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


async def settled(server: HttpServer, requests: int) -> None:
    """Until the server works at just so many requests."""
    async with asyncio.timeout(5):
        while len(server.server_state.tasks) != requests:  # noqa: ASYNC110  # the server raises no event
            await asyncio.sleep(0)


def pull_of(publisher: Session, *names: str) -> object:
    return {"tracks": [{"location": "remote", "sessionId": publisher.id, "trackName": name} for name in names]}


@pytest.mark.parametrize("flows_meanwhile", [False, True], ids=["while it waits", "as the offer is made"])
async def test_a_client_that_leaves_takes_its_pull_along(flows_meanwhile: bool) -> None:
    sfu = Sfu(Limits())
    publisher, sending = sfu.session()
    sending.flows_at_once = False
    sfu.publish(publisher)
    receiver, _ = sfu.session()
    async with serving(sfu) as (server, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post(f"/sessions/{receiver.id}/tracks/new", pull_of(publisher, "cam")))
        await settled(server, 1)
        writer.close()
        await writer.wait_closed()
        if flows_meanwhile:
            sending.publications[1].packet(1.0)
        await settled(server, 0)
        sending.publications[1].packet(1.0)

        assert receiver.describe() == []
        _, offered, _ = await sfu.pull(receiver, publisher, "cam")
        assert offered
