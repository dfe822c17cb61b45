"""Puts the server together: the only importer of implementations (settings → wired services → application)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.websockets import WebSocket

from shinsatsu.api.app import create_app
from shinsatsu.api.appointments import consultation_url
from shinsatsu.api.auth import GRANT_QUERY, LOGIN_QUERY, bearer_token, grant_of, login_of
from shinsatsu.api.context import ApiContext, Health
from shinsatsu.api.rate_limits import RateLimits
from shinsatsu.domain.clinic_rules import ClinicRules
from shinsatsu.domain.credentials import Grant, Login
from shinsatsu.domain.deadlines import Timeouts
from shinsatsu.domain.errors import Unavailable
from shinsatsu.domain.roles import UserKey
from shinsatsu.media.calls_client import CallsClient
from shinsatsu.media.offer_reader import SdpOfferReader
from shinsatsu.media.reconciler import Reconciler
from shinsatsu.realtime.console_feed import ConsoleFeed
from shinsatsu.realtime.hub import Hub
from shinsatsu.realtime.local_bus import LocalBus
from shinsatsu.realtime.websocket import Streams
from shinsatsu.service.access import Access
from shinsatsu.service.accounts import Accounts
from shinsatsu.service.appointments import Appointments
from shinsatsu.service.commands import Commands
from shinsatsu.service.deadlines import DeadlineKeeper
from shinsatsu.service.inquiries import Inquiries
from shinsatsu.service.logins import Logins
from shinsatsu.service.moderation import Moderation
from shinsatsu.service.ports import Clock, EventBus
from shinsatsu.service.presence import Presence
from shinsatsu.service.servers import Servers
from shinsatsu.service.session_manager import SessionManager
from shinsatsu.service.sources import SystemClock, TimeOrderedIds
from shinsatsu.service.track_manager import TrackManager
from shinsatsu.settings import Settings, make_data_folder, signing_secret
from shinsatsu.store.engine import make_engine
from shinsatsu.store.migrate import migrate
from shinsatsu.store.unit_of_work import SqlUnitsOfWork

if TYPE_CHECKING:  # its driver need not be installed
    from shinsatsu.realtime.postgresql_bus import PostgresqlBus


@dataclass(frozen=True, slots=True)
class Server:
    """A wired server; `app` starts and stops its own background work."""

    app: FastAPI
    access: Access
    appointments: Appointments
    logins: Logins
    hub: Hub
    public_url: str

    def link_url(self, session_id: str, token: str) -> str:
        """A consultation link's address (spec §6.2)."""
        return consultation_url(self.public_url, session_id, token)

    async def console_link(self, key: UserKey, lifetime: timedelta) -> str:
        """A one-time link to the console for a worker."""
        return f"{self.public_url}/console?token={await self.logins.mint_link(key, lifetime)}"


class NothingFlows:
    """The `EdgeKeeper` of a command that runs without a server and without media."""

    def session_changed(self, session_id: str) -> None:
        """There is nothing to cut."""

    async def settle(self, session_id: str) -> None:
        """There is nothing to cut."""


def build_access(settings: Settings, engine: AsyncEngine) -> Access:
    """Links and keys alone, for a command that works on the database without a server."""
    commands = Commands(SqlUnitsOfWork(engine), LocalBus(), NothingFlows(), SystemClock(), TimeOrderedIds())
    return Access(commands, signing_secret(settings).encode())


def build(settings: Settings, clock: Clock | None = None) -> Server:
    """Wires everything; nothing is connected before the application starts. Raises `SecretFileError`."""
    clock = clock or SystemClock()
    engine = make_engine(settings.database)
    units_of_work = SqlUnitsOfWork(engine)
    plane_secret = settings.sfu_app_secret.get_secret_value() if settings.sfu_app_secret else ""
    plane = CallsClient(settings.sfu_url, settings.sfu_app_id, plane_secret)
    local, ids = LocalBus(), TimeOrderedIds()
    server_id = ids.new_id()
    bus, fan_out = _bus(local, engine, units_of_work, server_id, lambda: (hub, feed))
    reconciler = Reconciler(units_of_work, plane, clock, settings.sfu_cut_timeout)
    commands = Commands(units_of_work, bus, reconciler, clock, ids, _rules(settings))
    sessions, presence = SessionManager(commands), Presence(commands)
    secret = signing_secret(settings).encode()
    access = Access(commands, secret, timedelta(seconds=settings.link_ttl))
    logins = Logins(commands, access, secret)
    servers = Servers(commands, server_id, plane.alive)
    hub = Hub(sessions.snapshot)
    feed = ConsoleFeed(lambda websocket: _console_login(context, websocket), settings.origins)
    local.subscribe(hub.on_events)
    local.subscribe(feed.on_events)
    tracks = TrackManager(commands, plane, SdpOfferReader())
    reconciler.on_silenced = tracks.silenced
    context = ApiContext(
        sessions=sessions,
        tracks=tracks,
        appointments=Appointments(commands),
        access=access,
        moderation=Moderation(commands, plane),
        inquiries=Inquiries(commands),
        logins=logins,
        accounts=Accounts(commands),
        console_feed=feed,
        cut_off=[hub.cut_off, feed.cut_off],
        rate_limits=RateLimits(settings.exchange_rate, settings.failure_rate),
        health=Health(database=lambda: _database_answers(units_of_work), media_plane=plane.healthy),
        public_url=settings.public_url,
        ice_servers=settings.ice_servers,
        clinic=settings.clinic,
        console_links=settings.console_links,
    )
    streams = Streams(
        sessions,
        presence,
        hub,
        lambda websocket: _stream_grant(context, websocket),
        origins=settings.origins,
        presence_grace=settings.presence_grace,
        server_id=server_id,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        running = [reconciler.run(), DeadlineKeeper(commands, servers).run(), *(one.run() for one in fan_out)]
        async with _running(settings, engine, units_of_work, plane, running):
            yield
            hub.stop()
            feed.stop()
            await streams.stop()
            await _attempt(servers.leave())

    app = create_app(context, [streams.router(), feed.router()], lifespan)
    return Server(app, access, context.appointments, logins, hub, settings.public_url)


@contextlib.asynccontextmanager
async def _running(
    settings: Settings,
    engine: AsyncEngine,
    units_of_work: SqlUnitsOfWork,
    plane: CallsClient,
    work: Sequence[Coroutine[Any, Any, None]],
) -> AsyncIterator[None]:
    """The database migrated, what runs beside the requests at work; all of it let go at the end."""
    make_data_folder(settings.data_dir)
    try:
        await migrate(engine)
        running = [asyncio.create_task(one) for one in work]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
    finally:
        await plane.close()
        units_of_work.close()
        await engine.dispose()


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


def _bus(
    local: LocalBus,
    engine: AsyncEngine,
    units_of_work: SqlUnitsOfWork,
    server_id: str,
    viewers: Callable[[], tuple[Hub, ConsoleFeed]],
) -> tuple[EventBus, list["PostgresqlBus"]]:
    """This process's bus, and what has to run for it: on PostgreSQL it reaches the other servers too."""
    if engine.dialect.name != "postgresql":
        return local, []
    from shinsatsu.realtime.postgresql_bus import PostgresqlBus

    def wanted(session_id: str) -> bool:
        hub, feed = viewers()
        return feed.watched or hub.watches(session_id)

    def lost() -> None:
        for one in viewers():
            one.resync()

    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    bus = PostgresqlBus(local, address, units_of_work, server_id, wanted=wanted, lost=lost)
    return bus, [bus]


def _rules(settings: Settings) -> ClinicRules:
    return ClinicRules(
        Timeouts(
            join=timedelta(seconds=settings.join_timeout),
            idle=timedelta(seconds=settings.idle_timeout),
            maximum=timedelta(seconds=settings.max_duration),
        ),
        identity_check_required=settings.identity_check == "required",
        one_consultation_per_doctor=settings.one_consultation_per_doctor,
    )


async def _database_answers(units_of_work: SqlUnitsOfWork) -> bool:
    try:
        async with units_of_work.read() as unit:
            await unit.sessions.get("")
    except Unavailable:
        return False
    return True
