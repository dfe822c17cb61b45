"""`shinsatsu serve`: the server as its settings say, until it is told to stop."""

import asyncio

import structlog

from shinsatsu.bootstrap import build
from shinsatsu.secret_file import SecretFileError
from shinsatsu.serving import CannotStart, configure_logging, listen, make_server, run, stop_on_signals
from shinsatsu.settings import Settings

log = structlog.get_logger(__name__)


async def serve_forever(settings: Settings) -> int:
    """Runs until SIGTERM or Ctrl-C; returns the exit status. Raises `CannotStart`."""
    configure_logging(settings.log_level)
    stop = asyncio.Event()
    stop_on_signals(stop)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        services = build(settings)
        listener = listen(settings.host, settings.port)
    except SecretFileError as refused:
        raise CannotStart(str(refused)) from refused
    except OSError as error:
        raise CannotStart(f"SHINSATSU_PORT={settings.port}: {error.strerror}") from error
    server = make_server(
        services.app,
        certificate=settings.tls_certificate,
        key=settings.tls_key,
        trusted_proxies=settings.trusted_proxies,
    )

    async def when_ready() -> None:
        host, port = listener.getsockname()[:2]
        log.info("listening", host=host, port=port, base_url=settings.public_url)

    await run(server, [listener], stop, when_ready=when_ready, before_stop=services.hub.stop)
    return 0
