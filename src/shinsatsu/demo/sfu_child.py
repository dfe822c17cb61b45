"""The demo's own SFU: a child process with ports and a secret of its own."""

import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import httpx

from shinsatsu.supervisor import ChildFailed, Supervisor

APP_ID = "demo"
START_SECONDS = 15.0
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class SfuChild:
    """A running SFU: where its API is, and what watches it."""

    url: str
    app_secret: str = field(repr=False)
    supervisor: Supervisor = field(repr=False)


async def start_sfu(addresses: Sequence[str], *, plain: bool = False) -> SfuChild:
    """Starts the SFU with its media on `addresses`; other ports are tried when somebody takes one meanwhile.

    A `plain` one has no extensions to the Calls API.
    """
    for attempt in range(ATTEMPTS):
        ports = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM, addresses[0])
        child = _make(*ports, addresses, plain=plain)
        try:
            await child.supervisor.start(START_SECONDS)
        except ChildFailed:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return child
    raise AssertionError("the last attempt returns or raises")


def free_port(kind: socket.SocketKind, address: str = "127.0.0.1") -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _make(http_port: int, udp_port: int, addresses: Sequence[str], *, plain: bool) -> SfuChild:
    url, secret = f"http://127.0.0.1:{http_port}", secrets.token_urlsafe(32)
    arguments = ["--http-port", str(http_port), "--udp-port", str(udp_port)]
    for address in addresses:
        arguments += ["--bind", address]
    if plain:
        arguments.append("--plain")
    environment = {**os.environ, "SHINSATSU_SFU_APP_ID": APP_ID, "SHINSATSU_SFU_APP_SECRET": secret}
    supervisor = Supervisor("the SFU", "shinsatsu.sfu.server", arguments, environment, _answers(url))
    return SfuChild(url, secret, supervisor)


def _answers(url: str) -> Callable[[], Awaitable[bool]]:
    async def answers() -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=1.0) as client:
                return (await client.get(f"{url}/healthz")).status_code == 200
        except httpx.HTTPError:
            return False

    return answers
