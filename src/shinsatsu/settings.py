"""The server's settings, from the environment (`SHINSATSU_…`) and `.env`; the only reader of both."""

import importlib.util
import ipaddress
import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import limits
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict
from sqlalchemy.exc import ArgumentError

from shinsatsu.secret_file import read_or_make_secrets
from shinsatsu.settings_access import AccessSettings
from shinsatsu.store import engine


class SettingsRefused(Exception):
    """Settings that cannot be read, or that `serve` finds insecure; the sentence names the setting and the way out."""


class Settings(AccessSettings):
    """What the person running the server decides; every field has the value for one machine behind a proxy."""

    model_config = SettingsConfigDict(env_prefix="SHINSATSU_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(default=Path(".shinsatsu"), description="Folder of the SQLite file and of generated secrets")
    database_url: str = Field(default="", description="SQLAlchemy URL; default: a SQLite file in the data folder")
    secret: SecretStr | None = Field(
        default=None, description="Signs links and grants; ≥ 32 bytes; default: a 0600 file"
    )
    old_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), description="Earlier values of `secret`, newest first, comma separated: still believed"
    )
    anchor_file: Path | None = Field(
        default=None, description="What proves the events is appended here; better on another machine's disk"
    )
    checkpoint_interval: float = Field(default=600, gt=0, description="Seconds between signed lists of all events")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    base_url: str = Field(default="", description="What browsers call this server; default: http(s)://host:port")
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Addresses whose X-Forwarded-* headers count, comma separated"
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Origins besides our own that may open event streams, comma separated"
    )
    frame_ancestors: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Origins whose pages may show ours in a frame, comma separated"
    )

    sfu_url: str = Field(
        default="", description="Base address of a Calls API elsewhere; default: an SFU that `serve` keeps itself"
    )
    sfu_app_id: str = "shinsatsu"
    sfu_app_secret: SecretStr | None = None
    sfu_http_port: int = Field(default=8081, ge=1, le=65535, description="The kept SFU's Calls API, on loopback")
    sfu_udp_port: int = Field(default=8082, ge=1, le=65535, description="The kept SFU's one port of all media")
    sfu_bind: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Addresses the kept SFU receives media on, comma separated; default: loopback"
    )
    sfu_advertise: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="IP[:PORT] as browsers reach it, comma separated; default: as bound"
    )
    sfu_cut_timeout: float = Field(
        default=0.3, gt=0, le=5, description="Seconds one call that stops media may take; 0.8 for Cloudflare"
    )
    ice_servers: Annotated[tuple[dict[str, str | list[str]], ...], NoDecode] = Field(
        default=(), description="RTCIceServer[] as JSON"
    )

    link_ttl: float = Field(default=300, gt=0, description="Seconds a consultation link is good for")
    invitation_check: Literal["none", "birth_date", "code"] = Field(
        default="birth_date", description="What somebody with an invitation is asked before they get a link"
    )
    delivery_url: str = Field(default="", description="Where one-time codes are posted to, for phone or mail")
    delivery_secret: SecretStr | None = Field(
        default=None, description="Signs what is posted there (Standard Webhooks): whsec_ and base64 of ≥ 32 bytes"
    )
    webhook_allow_private: bool = Field(
        default=False, description="Whether webhooks may go to private addresses, and to loopback by plain HTTP"
    )
    presence_grace: float = Field(
        default=10, ge=0, description="Seconds without a stream before somebody counts as gone"
    )
    join_timeout: float = Field(default=300, gt=0, description="Seconds somebody waits alone before the session ends")
    idle_timeout: float = Field(default=900, gt=0, description="Seconds without anybody before an active session ends")
    max_duration: float = Field(default=3600, gt=0, description="Seconds an active session lasts, unless extended")
    identity_check: Literal["optional", "required"] = Field(
        default="optional", description="Whether patients are admitted before their identity was checked"
    )
    one_consultation_per_doctor: bool = Field(
        default=True, description="Whether a doctor is in one active consultation at a time"
    )
    console_links: bool = Field(
        default=False, description="Whether one-time links open the console, on loopback: for the demo"
    )
    second_factor: Literal["required", "optional"] = Field(
        default="required", description="Whether a password alone logs staff in"
    )
    login_idle: float = Field(default=900, ge=1, description="Seconds without input before a login ends, but in a call")
    setup_ttl: float = Field(default=86400, gt=0, description="Seconds a link to set one's password is good for")
    exchange_rate: str = Field(default="30/minute", description="Link exchanges allowed per address")
    login_rate: str = Field(default="60/minute", description="Steps of a login allowed per address")
    failure_rate: str = Field(default="60/minute", description="Refused credentials allowed per address")

    clinic_name: str = "診察室"
    clinic_phone: str | None = None
    clinic_booking_url: str | None = None
    clinic_after_text: str | None = None

    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator(
        "old_secrets",
        "trusted_proxies",
        "allowed_origins",
        "frame_ancestors",
        "sfu_bind",
        "sfu_advertise",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("ice_servers", mode="before")
    @classmethod
    def _decode(cls, value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _name_a_database(cls, value: str) -> str:
        if not value:
            return value
        try:
            url = engine.database_url(value)
        except ArgumentError:  # its sentence may quote the password
            raise ValueError("not a database's address: use sqlite:///path or postgresql://…") from None
        if url.get_backend_name() == "postgresql" and importlib.util.find_spec("asyncpg") is None:
            raise ValueError("PostgreSQL's driver is missing: pip install shinsatsu[postgresql]")
        return value

    @field_validator("exchange_rate", "failure_rate", "login_rate")
    @classmethod
    def _name_a_rate(cls, value: str) -> str:
        try:
            limits.parse(value)
        except ValueError:
            raise ValueError(f"{value} is not a rate: write it like 30/minute") from None
        return value

    @property
    def tls(self) -> bool:
        return self.tls_certificate is not None

    @property
    def public_url(self) -> str:
        """`base_url` without a trailing slash, or what `host` and `port` make of it."""
        if self.base_url:
            return self.base_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def origins(self) -> frozenset[str]:
        """Where event streams may be opened from: our own address and the listed ones."""
        return frozenset(origin_of(url) for url in (self.public_url, *self.allowed_origins))

    @property
    def clinic(self) -> dict[str, str]:
        """What `GET /api/clinic` says."""
        said = {
            "name": self.clinic_name,
            "phone": self.clinic_phone,
            "bookingUrl": self.clinic_booking_url,
            "afterText": self.clinic_after_text,
        }
        return {name: value for name, value in said.items() if value}

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'shinsatsu.db'}"

    @property
    def anchor(self) -> Path:
        """The anchor file: the named one, or one in the data folder."""
        return self.anchor_file or self.data_dir / "anchor.jsonl"

    @property
    def sqlite_file(self) -> Path | None:
        """The database's file, None where the database is a server."""
        scheme, _, path = self.database.partition(":///")
        return Path(path) if scheme.startswith("sqlite") and path else None


def origin_of(url: str) -> str:
    """The address's origin as browsers write it (RFC 6454 §6.2): lower case, without the scheme's own port."""
    scheme, _, rest = url.lower().partition("://")
    return f"{scheme}://{rest.partition('/')[0].removesuffix(':443' if scheme == 'https' else ':80')}"


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an IP address, stays on this machine; an empty host means all interfaces."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings(**given: Any) -> Settings:
    """The environment's settings under those `given`; raises `SettingsRefused` for the first that does not fit."""
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        sentence = first["msg"].removeprefix("Value error, ")
        raise SettingsRefused(f"SHINSATSU_{str(first['loc'][0]).upper()}: {sentence}") from None


def make_data_folder(folder: Path) -> None:
    """Makes the folder, for its owner alone, where it is missing; raises `SettingsRefused` when it cannot be used."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsRefused(f"SHINSATSU_DATA_DIR (--data): {folder} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsRefused(f"SHINSATSU_DATA_DIR (--data): {folder} cannot be written")


def signing_secrets(settings: Settings) -> tuple[str, ...]:
    """The server's own secrets, newest first: the settings', or the data folder's file. Raises `SecretFileError`."""
    if settings.secret is not None:
        return tuple(secret.get_secret_value() for secret in (settings.secret, *settings.old_secrets))
    return read_or_make_secrets(secret_file(settings))


def secret_file(settings: Settings) -> Path:
    """Where the secrets are that were not set."""
    return settings.data_dir / "secret"
