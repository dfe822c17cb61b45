"""Puts the server together: the only importer of implementations (settings → wired services → application)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.websockets import WebSocket

from shinsatsu.api.app import create_app
from shinsatsu.api.appointments import consultation_url
from shinsatsu.api.auth import GRANT_QUERY, bearer_token, grant_of
from shinsatsu.api.context import ApiContext, Health
from shinsatsu.api.rate_limits import RateLimits
from shinsatsu.domain.credentials import Grant
from shinsatsu.domain.errors import Unavailable
from shinsatsu.domain.roles import TIMER
from shinsatsu.media.calls_client import CallsClient
from shinsatsu.media.offer_reader import SdpOfferReader
from shinsatsu.media.reconciler import Reconciler
from shinsatsu.realtime.hub import Hub
from shinsatsu.realtime.local_bus import LocalBus
from shinsatsu.realtime.websocket import Streams
from shinsatsu.service.access import Access
from shinsatsu.service.appointments import Appointments
from shinsatsu.service.commands import Commands
from shinsatsu.service.presence import Presence
from shinsatsu.service.session_manager import SessionManager
from shinsatsu.service.sources import SystemClock, TimeOrderedIds
from shinsatsu.service.track_manager import TrackManager
from shinsatsu.settings import Settings, make_data_folder, signing_secret
from shinsatsu.store.engine import make_engine
from shinsatsu.store.migrate import migrate
from shinsatsu.store.unit_of_work import SqlUnitsOfWork


@dataclass(frozen=True, slots=True)
class Server:
    """A wired server; `app` starts and stops its own background work."""

    app: FastAPI
    access: Access
    appointments: Appointments
    hub: Hub
    public_url: str

    def link_url(self, session_id: str, token: str) -> str:
        """A consultation link's address (spec §6.2)."""
        return consultation_url(self.public_url, session_id, token)


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


def build(settings: Settings) -> Server:
    """Wires everything; nothing is connected before the application starts. Raises `SecretFileError`."""
    engine = make_engine(settings.database)
    units_of_work = SqlUnitsOfWork(engine)
    secret = settings.sfu_app_secret.get_secret_value() if settings.sfu_app_secret else ""
    plane = CallsClient(settings.sfu_url, settings.sfu_app_id, secret)
    bus, clock, ids = LocalBus(), SystemClock(), TimeOrderedIds()
    reconciler = Reconciler(units_of_work, plane, clock)
    commands = Commands(units_of_work, bus, reconciler, clock, ids)
    sessions, presence = SessionManager(commands), Presence(commands)
    access = Access(commands, signing_secret(settings).encode(), timedelta(seconds=settings.link_ttl))
    hub = Hub(lambda session_id: sessions.snapshot(TIMER, session_id))
    bus.subscribe(hub.on_events)
    context = ApiContext(
        sessions=sessions,
        tracks=TrackManager(commands, plane, SdpOfferReader()),
        appointments=Appointments(commands),
        access=access,
        rate_limits=RateLimits(settings.exchange_rate, settings.failure_rate),
        health=Health(database=lambda: _database_answers(units_of_work), media_plane=plane.healthy),
        public_url=settings.public_url,
        ice_servers=settings.ice_servers,
        clinic=settings.clinic,
    )
    streams = Streams(
        sessions,
        presence,
        hub,
        lambda websocket: _stream_grant(context, websocket),
        origins=settings.origins,
        presence_grace=settings.presence_grace,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with _running(settings, engine, units_of_work, plane, reconciler):
            yield
            hub.stop()
            await streams.stop()

    app = create_app(context, streams.router(), lifespan)
    return Server(app, access, context.appointments, hub, settings.public_url)


@contextlib.asynccontextmanager
async def _running(
    settings: Settings,
    engine: AsyncEngine,
    units_of_work: SqlUnitsOfWork,
    plane: CallsClient,
    reconciler: Reconciler,
) -> AsyncIterator[None]:
    """The database migrated, the reconciler at work; all of it let go at the end."""
    make_data_folder(settings.data_dir)
    try:
        await migrate(engine)
        reconciling = asyncio.create_task(reconciler.run(), name="reconciler")
        try:
            yield
        finally:
            reconciling.cancel()
            await asyncio.gather(reconciling, return_exceptions=True)
    finally:
        await plane.close()
        units_of_work.close()
        await engine.dispose()


async def _stream_grant(context: ApiContext, websocket: WebSocket) -> Grant:
    """The grant a WebSocket speaks for: browsers cannot send a header there, so the address names the cookie."""
    return await grant_of(context, websocket, bearer_token(websocket), websocket.query_params.get(GRANT_QUERY))


async def _database_answers(units_of_work: SqlUnitsOfWork) -> bool:
    try:
        async with units_of_work.read() as unit:
            await unit.sessions.get("")
    except Unavailable:
        return False
    return True
