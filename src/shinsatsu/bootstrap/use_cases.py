"""Every use case, over the same foundations, as the routes ask for them."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from shinsatsu.api.context import ApiContext, Health
from shinsatsu.api.rate_limits import RateLimits
from shinsatsu.bootstrap import ways_in
from shinsatsu.bootstrap.foundations import Foundations, login_rules
from shinsatsu.bootstrap.invitations import invitation_cases
from shinsatsu.domain.errors import Unavailable
from shinsatsu.domain.roles import UserKey
from shinsatsu.media.offer_reader import SdpOfferReader
from shinsatsu.realtime.console_feed import ConsoleFeed
from shinsatsu.realtime.hub import Hub
from shinsatsu.service.access import Access
from shinsatsu.service.access_log import AccessLog
from shinsatsu.service.appointments import Appointments
from shinsatsu.service.audit import Audit
from shinsatsu.service.denials import Denials
from shinsatsu.service.guests import Guests
from shinsatsu.service.inquiries import Inquiries
from shinsatsu.service.keys import Keys
from shinsatsu.service.links import Links
from shinsatsu.service.logins import Logins
from shinsatsu.service.moderation import Moderation
from shinsatsu.service.session_manager import SessionManager
from shinsatsu.service.staff_access import staff_access
from shinsatsu.service.track_manager import TrackManager
from shinsatsu.service.webhooks import Webhooks
from shinsatsu.settings import origin_of
from shinsatsu.store.unit_of_work import SqlUnitsOfWork


def use_cases(found: Foundations, sessions: SessionManager, hub: Hub, feed: ConsoleFeed) -> ApiContext:
    """What the API works with; `hub` and `feed` are cut off when somebody may see no more."""
    settings, commands, keys = found.settings, found.commands, found.keys
    access, links = Access(commands), Links(commands, keys, timedelta(seconds=settings.link_ttl))
    logins = Logins(commands, access, keys.newest, login_rules(settings))
    logins.on_ended = feed.log_out
    logins.on_role_changed = lambda key: _each((hub.reopen, feed.reopen), key)
    invitations, invitation_door = invitation_cases(settings, commands, keys, links, found.sender)
    return ApiContext(
        sessions=sessions,
        tracks=_tracks(found),
        appointments=Appointments(commands),
        access=access,
        keys=Keys(commands),
        links=links,
        invitations=invitations,
        invitation_door=invitation_door,
        moderation=Moderation(commands, found.plane),
        inquiries=Inquiries(commands),
        access_log=AccessLog(commands),
        denials=Denials(commands),
        audit=Audit(commands),
        guests=Guests(commands, found.plane),
        logins=logins,
        staff=staff_access(commands, logins, keys, origin_of(settings.public_url), settings.clinic_name),
        oidc_name=ways_in.provider_name(settings),
        oidc=ways_in.oidc_logins(settings, commands, logins, keys),
        host_tokens=ways_in.host_tokens(settings, commands, keys),
        webhooks=Webhooks(commands, keys, found.sender),
        console_feed=feed,
        cut_off=[hub.cut_off, feed.cut_off],
        rate_limits=RateLimits(settings.exchange_rate, settings.failure_rate, settings.login_rate),
        health=Health(lambda: _database_answers(found.units_of_work), found.plane.healthy),
        public_url=settings.public_url,
        ice_servers=settings.ice_servers,
        clinic=settings.clinic,
        console_links=settings.console_links,
        origins=settings.origins,
        frame_ancestors=settings.frame_ancestors,
    )


def _tracks(found: Foundations) -> TrackManager:
    tracks = TrackManager(found.commands, found.plane, SdpOfferReader())
    found.reconciler.on_silenced = tracks.silenced
    return tracks


def _each(hear: Iterable[Callable[[UserKey], None]], key: UserKey) -> None:
    for one in hear:
        one(key)


async def _database_answers(units_of_work: SqlUnitsOfWork) -> bool:
    try:
        async with units_of_work.read() as unit:
            await unit.sessions.get("")
    except Unavailable:
        return False
    return True
