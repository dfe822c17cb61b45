"""Puts the server together: foundations, use cases, streams, application, and what runs beside the requests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import FastAPI
from starlette.websockets import WebSocket

from shinsatsu.api.app import create_app
from shinsatsu.api.auth import GRANT_QUERY, LOGIN_QUERY, bearer_token, grant_of, login_of
from shinsatsu.api.context import ApiContext
from shinsatsu.api.links import consultation_url
from shinsatsu.bootstrap.foundations import Foundations, lay
from shinsatsu.bootstrap.use_cases import use_cases
from shinsatsu.domain.credentials import Grant, Login
from shinsatsu.domain.errors import Unavailable
from shinsatsu.domain.roles import UserKey
from shinsatsu.realtime.console_feed import ConsoleFeed
from shinsatsu.realtime.hub import Hub
from shinsatsu.realtime.websocket import Streams
from shinsatsu.service.access import Access
from shinsatsu.service.appointments import Appointments
from shinsatsu.service.deadlines import DeadlineKeeper
from shinsatsu.service.keys import ALL_SCOPES, Keys
from shinsatsu.service.links import Links
from shinsatsu.service.login_keeper import LoginKeeper
from shinsatsu.service.logins import Logins
from shinsatsu.service.ports import Clock
from shinsatsu.service.presence import Presence
from shinsatsu.service.proof import Proof
from shinsatsu.service.servers import Servers
from shinsatsu.service.session_manager import SessionManager
from shinsatsu.service.sources import SystemClock
from shinsatsu.service.webhook_deliveries import WebhookDeliveries
from shinsatsu.settings import Settings, make_data_folder
from shinsatsu.settings_record import on_record
from shinsatsu.store.migrate import migrate


@dataclass(frozen=True, slots=True)
class Server:
    """A wired server; `app` starts and stops its own background work."""

    app: FastAPI
    access: Access
    keys: Keys
    links: Links
    appointments: Appointments
    logins: Logins
    hub: Hub
    public_url: str

    def link_url(self, session_id: str, token: str) -> str:
        """A consultation link's address (spec §6.2)."""
        return consultation_url(self.public_url, session_id, token)

    async def make_key(self, name: str) -> str:
        """The secret of a new API key with every scope."""
        return (await self.keys.make(None, name, ALL_SCOPES)).secret

    async def console_link(self, key: UserKey, lifetime: timedelta) -> str:
        """A one-time link to the console for a worker."""
        return f"{self.public_url}/console?token={await self.logins.mint_link(key, lifetime)}"


def build(settings: Settings, clock: Clock | None = None) -> Server:
    """Wires everything; nothing is connected before the application starts. Raises `SecretFileError`."""
    found = lay(settings, clock or SystemClock())
    sessions = SessionManager(found.commands)
    hub = Hub(sessions.snapshot)
    feed = ConsoleFeed(lambda websocket: _console_login(context, websocket), settings.origins)
    context = use_cases(found, sessions, hub, feed)
    streams = Streams(
        sessions,
        Presence(found.commands),
        hub,
        lambda websocket: _stream_grant(context, websocket),
        origins=settings.origins,
        presence_grace=settings.presence_grace,
        server_id=found.server_id,
    )
    found.bus.show(hub)
    found.bus.show(feed)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with _at_work(found, context):
            yield
            hub.stop()
            feed.stop()
            await streams.stop()

    app = create_app(context, [streams.router(), feed.router()], lifespan)
    logins, links = context.logins, context.links
    return Server(app, context.access, context.keys, links, context.appointments, logins, hub, settings.public_url)


@contextlib.asynccontextmanager
async def _at_work(found: Foundations, context: ApiContext) -> AsyncIterator[None]:
    """What runs beside the requests, and the last words of an orderly stop."""
    commands, settings = found.commands, found.settings
    proof = Proof(commands, found.sealer.catch_up)
    servers = Servers(commands, found.server_id, found.plane.alive)
    deliveries = WebhookDeliveries(commands, found.keys, found.sender)
    found.bus.local.subscribe(deliveries.on_events)
    work = [
        found.reconciler.run,
        DeadlineKeeper(commands, servers).run,
        deliveries.run,
        LoginKeeper(commands, context.logins, context.staff.accounts, context.end_streams).run,
        lambda: proof.run(timedelta(seconds=settings.checkpoint_interval)),
        *([found.bus.remote.run] if found.bus.remote else []),
    ]
    async with contextlib.aclosing(found.sender), _migrated(found), _running(work):
        await context.audit.note_settings(on_record(settings, found.keys.newest_id))
        yield
        await context.denials.flush()
        await _attempt(servers.leave())
        await proof.list_heads()


@contextlib.asynccontextmanager
async def _migrated(found: Foundations) -> AsyncIterator[None]:
    """The database in its present shape; connections are let go at the end."""
    make_data_folder(found.settings.data_dir)
    try:
        await migrate(found.engine)
        yield
    finally:
        await found.plane.close()
        found.units_of_work.close()
        await found.engine.dispose()


@contextlib.asynccontextmanager
async def _running(work: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> AsyncIterator[None]:
    """All of it at work until the end."""
    running = [asyncio.create_task(one()) for one in work]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _stream_grant(context: ApiContext, websocket: WebSocket) -> Grant:
    """The grant a WebSocket speaks for: browsers cannot send a header there, so the address names the cookie."""
    return await grant_of(context, websocket, bearer_token(websocket), websocket.query_params.get(GRANT_QUERY))


async def _console_login(context: ApiContext, websocket: WebSocket) -> Login:
    """The login a console's WebSocket speaks for."""
    return await login_of(context, websocket, websocket.query_params.get(LOGIN_QUERY))


async def _attempt(work: Awaitable[None]) -> None:
    """An orderly goodbye that must not stand in the way of stopping."""
    with contextlib.suppress(Unavailable):
        await work
