"""Use cases for commands that work on the database without a server; a server that runs notices what they wrote."""

from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.bootstrap.foundations import login_rules, make_sealer, signing_keys
from shinsatsu.realtime.local_bus import LocalBus
from shinsatsu.service.access import Access
from shinsatsu.service.commands import Commands
from shinsatsu.service.keys import Keys
from shinsatsu.service.logins import Logins
from shinsatsu.service.proof import Proof
from shinsatsu.service.sources import SystemClock, TimeOrderedIds
from shinsatsu.service.staff_access import StaffAccess, staff_access
from shinsatsu.service.webhooks import Webhooks
from shinsatsu.settings import Settings, origin_of
from shinsatsu.store.unit_of_work import SqlUnitsOfWork
from shinsatsu.webhooks.sender import SafeSender


class NothingFlows:
    """The `EdgeKeeper` of a command that runs without a server and without media."""

    def session_changed(self, session_id: str) -> None:
        """There is nothing to cut."""

    async def settle(self, session_id: str) -> None:
        """There is nothing to cut."""


def build_keys(settings: Settings, engine: AsyncEngine) -> Keys:
    """API keys."""
    return Keys(_commands(settings, engine))


def build_webhooks(settings: Settings, engine: AsyncEngine) -> Webhooks:
    """Webhooks."""
    sender = SafeSender(allow_private=settings.webhook_allow_private)
    return Webhooks(_commands(settings, engine), signing_keys(settings), sender)


def build_staff(settings: Settings, engine: AsyncEngine) -> StaffAccess:
    """People and how they log in."""
    commands, keys = _commands(settings, engine), signing_keys(settings)
    logins = Logins(commands, Access(commands), keys.newest, login_rules(settings))
    return staff_access(commands, logins, keys, origin_of(settings.public_url), settings.clinic_name)


def build_proof(settings: Settings, engine: AsyncEngine) -> Proof:
    """The proof."""
    return Proof(_commands(settings, engine))


def _commands(settings: Settings, engine: AsyncEngine) -> Commands:
    units_of_work = SqlUnitsOfWork(engine, make_sealer(settings, SystemClock()))
    return Commands(units_of_work, LocalBus(), NothingFlows(), SystemClock(), TimeOrderedIds())
