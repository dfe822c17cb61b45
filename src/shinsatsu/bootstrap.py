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

from shinsatsu import ways_in
from shinsatsu.api.app import create_app
from shinsatsu.api.auth import GRANT_QUERY, LOGIN_QUERY, bearer_token, grant_of, login_of
from shinsatsu.api.context import ApiContext, Health
from shinsatsu.api.links import consultation_url
from shinsatsu.api.rate_limits import RateLimits
from shinsatsu.domain.accounts import LoginRules
from shinsatsu.domain.clinic_rules import ClinicRules
from shinsatsu.domain.credentials import Grant, Login
from shinsatsu.domain.deadlines import Timeouts
from shinsatsu.domain.errors import Unavailable
from shinsatsu.domain.roles import UserKey
from shinsatsu.invitation_wiring import invitation_cases
from shinsatsu.media.calls_client import CallsClient
from shinsatsu.media.offer_reader import SdpOfferReader
from shinsatsu.media.reconciler import Reconciler
from shinsatsu.proof.anchor import AnchorFile
from shinsatsu.proof.sealer import FileSealer
from shinsatsu.realtime.console_feed import ConsoleFeed
from shinsatsu.realtime.hub import Hub
from shinsatsu.realtime.local_bus import LocalBus
from shinsatsu.realtime.websocket import Streams
from shinsatsu.service.access import Access
from shinsatsu.service.access_log import AccessLog
from shinsatsu.service.appointments import Appointments
from shinsatsu.service.audit import Audit
from shinsatsu.service.commands import Commands
from shinsatsu.service.deadlines import DeadlineKeeper
from shinsatsu.service.denials import Denials
from shinsatsu.service.guests import Guests
from shinsatsu.service.inquiries import Inquiries
from shinsatsu.service.keys import ALL_SCOPES, Keys
from shinsatsu.service.links import Links
from shinsatsu.service.login_keeper import LoginKeeper
from shinsatsu.service.logins import Logins
from shinsatsu.service.moderation import Moderation
from shinsatsu.service.ports import Clock, EventBus
from shinsatsu.service.presence import Presence
from shinsatsu.service.proof import Proof
from shinsatsu.service.servers import Servers
from shinsatsu.service.session_manager import SessionManager
from shinsatsu.service.signing_keys import SigningKeys
from shinsatsu.service.sources import SystemClock, TimeOrderedIds
from shinsatsu.service.staff_access import staff_access
from shinsatsu.service.track_manager import TrackManager
from shinsatsu.service.webhook_deliveries import WebhookDeliveries
from shinsatsu.service.webhooks import Webhooks
from shinsatsu.settings import Settings, make_data_folder, origin_of, signing_secrets
from shinsatsu.settings_record import on_record
from shinsatsu.store.engine import make_engine
from shinsatsu.store.migrate import migrate
from shinsatsu.store.unit_of_work import SqlUnitsOfWork
from shinsatsu.webhooks.sender import SafeSender

if TYPE_CHECKING:  # its driver need not be installed
    from shinsatsu.realtime.postgresql_bus import PostgresqlBus


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


def build_sealer(settings: Settings, clock: Clock) -> FileSealer:
    """Signs events with the data folder's key and tells the anchor."""
    return FileSealer(settings.data_dir, AnchorFile(settings.anchor), clock)


def build(settings: Settings, clock: Clock | None = None) -> Server:
    """Wires everything; nothing is connected before the application starts. Raises `SecretFileError`."""
    clock = clock or SystemClock()
    engine = make_engine(settings.database)
    sealer = build_sealer(settings, clock)
    sealer.key()  # one that cannot be used stops the start, not the first consultation
    units_of_work = SqlUnitsOfWork(engine, sealer)
    plane_secret = settings.sfu_app_secret.get_secret_value() if settings.sfu_app_secret else ""
    plane = CallsClient(settings.sfu_url, settings.sfu_app_id, plane_secret)
    local, ids = LocalBus(), TimeOrderedIds()
    server_id = ids.new_id()
    bus, fan_out = _bus(local, engine, units_of_work, server_id, lambda: (hub, feed))
    reconciler = Reconciler(units_of_work, plane, clock, settings.sfu_cut_timeout)
    commands = Commands(units_of_work, bus, reconciler, clock, ids, _rules(settings))
    sessions, presence = SessionManager(commands), Presence(commands)
    keys = SigningKeys([secret.encode() for secret in signing_secrets(settings)])
    access, api_keys = Access(commands), Keys(commands)
    links = Links(commands, keys, timedelta(seconds=settings.link_ttl))
    logins = Logins(commands, access, keys.newest, login_rules(settings))
    staff = staff_access(commands, logins, keys, origin_of(settings.public_url), settings.clinic_name)
    proof = Proof(commands, sealer.catch_up)
    servers = Servers(commands, server_id, plane.alive)
    hub = Hub(sessions.snapshot)
    feed = ConsoleFeed(lambda websocket: _console_login(context, websocket), settings.origins)
    logins.on_ended = feed.log_out
    local.subscribe(hub.on_events)
    local.subscribe(feed.on_events)
    sender = SafeSender(allow_private=settings.webhook_allow_private)
    invitations, invitation_door = invitation_cases(settings, commands, keys, links, sender)
    deliveries = WebhookDeliveries(commands, keys, sender)
    local.subscribe(deliveries.on_events)
    tracks = TrackManager(commands, plane, SdpOfferReader())
    reconciler.on_silenced = tracks.silenced
    context = ApiContext(
        sessions=sessions,
        tracks=tracks,
        appointments=Appointments(commands),
        access=access,
        keys=api_keys,
        links=links,
        invitations=invitations,
        invitation_door=invitation_door,
        moderation=Moderation(commands, plane),
        inquiries=Inquiries(commands),
        access_log=AccessLog(commands),
        denials=Denials(commands),
        audit=Audit(commands),
        guests=Guests(commands, plane),
        logins=logins,
        staff=staff,
        webhooks=Webhooks(commands, keys, sender),
        console_feed=feed,
        cut_off=[hub.cut_off, feed.cut_off],
        rate_limits=RateLimits(settings.exchange_rate, settings.failure_rate, settings.login_rate),
        health=Health(database=lambda: _database_answers(units_of_work), media_plane=plane.healthy),
        public_url=settings.public_url,
        ice_servers=settings.ice_servers,
        clinic=settings.clinic,
        console_links=settings.console_links,
        oidc_name=ways_in.provider_name(settings),
        oidc=ways_in.oidc_logins(settings, commands, logins, keys),
        host_tokens=ways_in.host_tokens(settings, commands, keys),
        origins=settings.origins,
        frame_ancestors=settings.frame_ancestors,
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
        running = [reconciler.run(), DeadlineKeeper(commands, servers).run(), deliveries.run()]
        running.append(LoginKeeper(commands, logins, staff.accounts, context.end_streams).run())
        running += [one.run() for one in fan_out]
        running.append(proof.run(timedelta(seconds=settings.checkpoint_interval)))
        async with contextlib.aclosing(sender), _running(settings, engine, units_of_work, plane, running):
            await context.audit.note_settings(on_record(settings))
            yield
            hub.stop()
            feed.stop()
            await streams.stop()
            await context.denials.flush()
            await _attempt(servers.leave())
            await proof.list_heads()

    app = create_app(context, [streams.router(), feed.router()], lifespan)
    return Server(app, access, api_keys, links, context.appointments, logins, hub, settings.public_url)


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


def login_rules(settings: Settings) -> LoginRules:
    """What the settings say of logins."""
    return LoginRules(
        idle=timedelta(seconds=settings.login_idle),
        second_factor_required=settings.second_factor == "required",
        setup_lifetime=timedelta(seconds=settings.setup_ttl),
    )


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
