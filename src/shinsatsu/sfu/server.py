"""The SFU as a process: `serve(settings)`, and `python -m shinsatsu.sfu.server` around it."""

import argparse
import asyncio
import contextlib
import gc
import ipaddress
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import uvicorn
import uvloop

from shinsatsu.sfu.app import CallsApi, Credentials
from shinsatsu.sfu.registry import Registry
from shinsatsu.sfu.tracks import Limits
from shinsatsu.sfu.transport import UdpTransport

_SWEEP_SECONDS = 1.0
_PARENT_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class SfuSettings:
    """How an SFU process runs; port 0 takes a free one, `binds` and `advertises` empty mean loopback as bound."""

    app_id: str
    app_secret: str = field(repr=False)
    http_host: str = "127.0.0.1"
    http_port: int = 0
    udp_port: int = 0
    binds: tuple[str, ...] = ()
    advertises: tuple[str, ...] = ()
    extensions: bool = True
    die_with_parent: bool = False
    limits: Limits = field(default_factory=Limits)


class HttpServer(uvicorn.Server):
    """Uvicorn without its signal handlers: the process has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: SfuSettings) -> None:
    """Runs until SIGTERM or SIGINT, or until the parent has died if asked; prints one JSON line when ready."""
    parent = os.getppid()
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    listener = _listen(settings.http_host, settings.http_port)
    transport = await UdpTransport.bind(
        udp_port=settings.udp_port, binds=settings.binds, advertises=settings.advertises
    )
    registry = Registry(transport, time.monotonic, settings.limits)
    api = CallsApi(
        registry, Credentials(settings.app_id, settings.app_secret), time.monotonic, extensions=settings.extensions
    )
    http = HttpServer(http_config(api))
    serving = asyncio.create_task(http.serve(sockets=[listener]))
    others: list[asyncio.Task[Any]] = [asyncio.create_task(_sweep(registry)), asyncio.create_task(stopping.wait())]
    if settings.die_with_parent:
        others.append(asyncio.create_task(_watch_parent(parent, stopping)))
    try:
        _announce(listener, transport.udp_port)
        done, _ = await asyncio.wait([serving, *others], return_when=asyncio.FIRST_COMPLETED)
    finally:
        http.should_exit = True
        registry.close()
        transport.close()
        await serving
        for task in others:
            task.cancel()
    # A sweep that failed must not leave an SFU that never cleans up: it ends with its error and is started anew.
    for task in done:
        task.result()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=256)


def http_config(api: CallsApi) -> uvicorn.Config:
    """How the HTTP side is served."""
    return uvicorn.Config(
        api.asgi(),
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=0,
    )


def _announce(listener: socket.socket, udp_port: int) -> None:
    # What was imported stays for good: the collector need not look at it again in the middle of a packet burst.
    gc.collect()
    gc.freeze()
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    sys.stdout.write(json.dumps({"event": "ready", "url": url, "udpPort": udp_port}) + "\n")
    sys.stdout.flush()


async def _sweep(registry: Registry) -> None:
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        registry.sweep(time.monotonic())


async def _watch_parent(parent: int, stopping: asyncio.Event) -> None:
    # Not PR_SET_PDEATHSIG: that follows the thread that started us, not the process.
    while os.getppid() == parent:  # noqa: ASYNC110  # no event tells it
        await asyncio.sleep(_PARENT_SECONDS)
    stopping.set()


def run(settings: SfuSettings) -> None:
    """Runs `serve` on uvloop until it ends; OSError when a port is taken."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings))


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads options and environment; 2 with one line on standard error when they don't do."""
    try:
        run(_settings(arguments))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"sfu: {error}\n")
        return 2
    return 0


def _settings(arguments: Sequence[str] | None) -> SfuSettings:
    parser = argparse.ArgumentParser(prog="python -m shinsatsu.sfu.server", description="The embedded SFU alone.")
    parser.add_argument("--http-host", default="127.0.0.1", help="address of its HTTP side")
    parser.add_argument("--http-port", type=int, default=0, help="0: any free one")
    parser.add_argument("--udp-port", type=int, default=0, help="the one port of all media; 0: any free one")
    parser.add_argument("--bind", action="append", default=[], metavar="IP", help="local address for media")
    parser.add_argument("--advertise", action="append", default=[], metavar="IP[:PORT]", help="as clients reach it")
    parser.add_argument("--plain", action="store_true", help="no extensions, as Cloudflare has none")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the process that started it ends")
    options = parser.parse_args(arguments)
    for address in (options.http_host, *options.bind):
        ipaddress.ip_address(address)
    return SfuSettings(
        app_id=_needed_env("SHINSATSU_SFU_APP_ID"),
        app_secret=_needed_env("SHINSATSU_SFU_APP_SECRET"),
        http_host=options.http_host,
        http_port=options.http_port,
        udp_port=options.udp_port,
        binds=tuple(options.bind),
        advertises=tuple(options.advertise),
        extensions=not options.plain,
        die_with_parent=options.die_with_parent,
    )


def _needed_env(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ValueError(f"{name} is not set")
    return value


if __name__ == "__main__":
    raise SystemExit(main())
