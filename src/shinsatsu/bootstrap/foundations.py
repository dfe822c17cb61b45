"""What every use case stands on, made from the settings: database, proof, media plane, bus, clock, keys."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.bootstrap.buses import Bus, make_bus
from shinsatsu.domain.accounts import LoginRules
from shinsatsu.domain.clinic_rules import ClinicRules
from shinsatsu.domain.deadlines import Timeouts
from shinsatsu.media.calls_client import CallsClient
from shinsatsu.media.reconciler import Reconciler
from shinsatsu.proof.anchor import AnchorFile
from shinsatsu.proof.sealer import FileSealer
from shinsatsu.service.commands import Commands
from shinsatsu.service.ports import Clock
from shinsatsu.service.signing_keys import SigningKeys
from shinsatsu.service.sources import TimeOrderedIds
from shinsatsu.settings import Settings, signing_secrets
from shinsatsu.store.engine import make_engine
from shinsatsu.store.unit_of_work import SqlUnitsOfWork
from shinsatsu.webhooks.sender import SafeSender


@dataclass(frozen=True, slots=True)
class Foundations:
    """The implementations that were picked."""

    settings: Settings
    server_id: str
    engine: AsyncEngine
    units_of_work: SqlUnitsOfWork
    sealer: FileSealer
    plane: CallsClient
    reconciler: Reconciler
    bus: Bus
    sender: SafeSender
    keys: SigningKeys
    commands: Commands


def lay(settings: Settings, clock: Clock) -> Foundations:
    """Picks and connects nothing yet; raises `SecretFileError`."""
    engine, ids = make_engine(settings.database), TimeOrderedIds()
    server_id = ids.new_id()
    sealer = make_sealer(settings, clock)
    sealer.key()  # one that cannot be used stops the start, not the first consultation
    units_of_work = SqlUnitsOfWork(engine, sealer)
    plane_secret = settings.sfu_app_secret.get_secret_value() if settings.sfu_app_secret else ""
    plane = CallsClient(settings.sfu_url, settings.sfu_app_id, plane_secret)
    reconciler = Reconciler(units_of_work, plane, clock, settings.sfu_cut_timeout)
    bus = make_bus(engine, units_of_work, server_id)
    return Foundations(
        settings=settings,
        server_id=server_id,
        engine=engine,
        units_of_work=units_of_work,
        sealer=sealer,
        plane=plane,
        reconciler=reconciler,
        bus=bus,
        sender=SafeSender(allow_private=settings.webhook_allow_private),
        keys=signing_keys(settings),
        commands=Commands(units_of_work, bus.publisher, reconciler, clock, ids, clinic_rules(settings)),
    )


def make_sealer(settings: Settings, clock: Clock) -> FileSealer:
    """Signs events with the data folder's key and tells the anchor."""
    return FileSealer(settings.data_dir, AnchorFile(settings.anchor), clock)


def signing_keys(settings: Settings) -> SigningKeys:
    """The server's own secrets, newest first."""
    return SigningKeys([secret.encode() for secret in signing_secrets(settings)])


def login_rules(settings: Settings) -> LoginRules:
    """What the settings say of logins."""
    return LoginRules(
        idle=timedelta(seconds=settings.login_idle),
        second_factor_required=settings.second_factor == "required",
        setup_lifetime=timedelta(seconds=settings.setup_ttl),
    )


def clinic_rules(settings: Settings) -> ClinicRules:
    """What the settings say of sessions."""
    return ClinicRules(
        Timeouts(
            join=timedelta(seconds=settings.join_timeout),
            idle=timedelta(seconds=settings.idle_timeout),
            maximum=timedelta(seconds=settings.max_duration),
        ),
        identity_check_required=settings.identity_check == "required",
        one_consultation_per_doctor=settings.one_consultation_per_doctor,
    )
