"""`shinsatsu serve`: the server as its settings say, until it is told to stop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from pydantic import SecretStr

from shinsatsu.administration.database import migrate_database
from shinsatsu.bootstrap.server import build
from shinsatsu.embedded_sfu import EmbeddedSfu
from shinsatsu.serving import CannotStart, configure_logging, listen, make_server, run, stop_on_signals
from shinsatsu.settings import Settings, make_data_folder

log = structlog.get_logger(__name__)


async def serve_forever(settings: Settings) -> int:
    """Runs until SIGTERM or Ctrl-C; returns the exit status. Raises what `cli` says in one line."""
    configure_logging(settings.log_level)
    stop = asyncio.Event()
    stop_on_signals(stop)
    make_data_folder(settings.data_dir)
    await migrate_database(settings)
    async with media_plane(settings) as complete:
        await _serve(complete, stop)
    return 0


@contextlib.asynccontextmanager
async def media_plane(settings: Settings) -> AsyncIterator[Settings]:
    """The settings with a media plane in them: the one they name, or an SFU kept on this machine."""
    if settings.sfu_url:
        yield settings
        return
    sfu = EmbeddedSfu(settings)
    await sfu.ensure()
    keeping = asyncio.create_task(sfu.keep(), name="keep the SFU")
    try:
        yield settings.model_copy(update={"sfu_url": sfu.url, "sfu_app_secret": SecretStr(sfu.secret)})
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await sfu.let_go()


async def _serve(settings: Settings, stop: asyncio.Event) -> None:
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        place = f"SHINSATSU_HOST={settings.host} SHINSATSU_PORT={settings.port}"
        raise CannotStart(f"{place}: {error.strerror}") from error
    # Port 0 took any free one: links and the page's policy name the one it became.
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    services = build(settings)
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
