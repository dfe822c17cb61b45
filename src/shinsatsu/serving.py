"""Runs the application under Uvicorn on sockets made before, until it is told to stop; logs no addresses."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp

GRACE_SECONDS = 1
MAX_STREAM_MESSAGE_BYTES = 64 * 1024


class CannotStart(Exception):
    """What stops the server from starting, in one sentence."""


class Server(uvicorn.Server):
    """Uvicorn without signal handlers of its own: who runs it decides when it stops."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the process's signals alone."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes any free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(False)
    return listener


def make_server(
    app: ASGIApp, *, certificate: Path | None = None, key: Path | None = None, trusted_proxies: Sequence[str] = ()
) -> Server:
    """The server as `serve` and `demo` both run it."""
    config = uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=MAX_STREAM_MESSAGE_BYTES,
        ws_ping_interval=None,  # the stream has heartbeats of its own
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )
    return Server(config)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop's loop, the standard one where uvloop does not exist."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def run(
    server: Server,
    sockets: Sequence[socket.socket],
    stop: asyncio.Event,
    *,
    when_ready: Callable[[], Awaitable[None]],
    before_stop: Callable[[], None],
) -> None:
    """Serves until `stop` is set; `before_stop` says goodbye to open streams first."""
    serving = asyncio.create_task(server.serve(list(sockets)), name="serve")
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110 - Uvicorn has no event for it
            await asyncio.sleep(0.01)
        if not serving.done():
            # What was imported stays for good: the collector need not look at it again.
            gc.collect()
            gc.freeze()
            await when_ready()
            await _first(serving, stop)
    finally:
        before_stop()
        server.should_exit = True
        await serving


def stop_on_signals(stop: asyncio.Event) -> None:
    """Ctrl-C and SIGTERM set `stop`; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def asked() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)


def configure_logging(level: str) -> None:
    """One line an event on standard error: coloured in a terminal, JSON elsewhere."""
    terminal = sys.stderr.isatty()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Rich's tracebacks, which a terminal gets by default, show each frame's variables: tokens, names.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    renderer = plain if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # Uvicorn's lines below warning repeat each stream's address with its query.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


async def _first(serving: asyncio.Task[None], stop: asyncio.Event) -> None:
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
