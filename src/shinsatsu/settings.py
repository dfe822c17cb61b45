"""The server's settings, from the environment (`SHINSATSU_…`) and `.env`; the only reader of both."""

import ipaddress
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shinsatsu.secret_file import read_or_make_secret

MINIMUM_SECRET_BYTES = 32
WELL_KNOWN_SECRETS = frozenset({"secret", "changeme", "change-me", "password", "shinsatsu", "shinsatsu-sfu"})


class SettingsRefused(Exception):
    """Settings that cannot be read, or that `serve` finds insecure; the sentence names the setting and the way out."""


class Settings(BaseSettings):
    """What the person running the server decides; every field has the value for one machine behind a proxy."""

    model_config = SettingsConfigDict(env_prefix="SHINSATSU_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(default=Path(".shinsatsu"), description="Folder of the SQLite file and of generated secrets")
    database_url: str = Field(default="", description="SQLAlchemy URL; default: a SQLite file in the data folder")
    secret: SecretStr | None = Field(
        default=None, description="Signs links and grants; ≥ 32 bytes; default: a 0600 file"
    )

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
    ice_servers: Annotated[tuple[dict[str, str | list[str]], ...], NoDecode] = Field(
        default=(), description="RTCIceServer[] as JSON"
    )

    link_ttl: float = Field(default=300, gt=0, description="Seconds a consultation link is good for")
    presence_grace: float = Field(
        default=10, ge=0, description="Seconds without a stream before somebody counts as gone"
    )
    exchange_rate: str = Field(default="30/minute", description="Link exchanges allowed per address")
    failure_rate: str = Field(default="60/minute", description="Refused credentials allowed per address")

    clinic_name: str = "診察室"
    clinic_phone: str | None = None
    clinic_booking_url: str | None = None
    clinic_after_text: str | None = None

    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("trusted_proxies", "allowed_origins", "sfu_bind", "sfu_advertise", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("ice_servers", mode="before")
    @classmethod
    def _decode(cls, value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value

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
        own = urlsplit(self.public_url)
        return frozenset({f"{own.scheme}://{own.netloc}", *(origin.rstrip("/") for origin in self.allowed_origins)})

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
    def sqlite_file(self) -> Path | None:
        """The database's file, None where the database is a server."""
        scheme, _, path = self.database.partition(":///")
        return Path(path) if scheme.startswith("sqlite") and path else None


def read_settings(data_dir: Path | None = None) -> Settings:
    """The environment's settings; raises `SettingsRefused` for the first that does not fit, without its value."""
    try:
        return Settings(data_dir=data_dir) if data_dir else Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise SettingsRefused(f"SHINSATSU_{str(first['loc'][0]).upper()}: {first['msg']}") from None


def check(settings: Settings) -> None:
    """Raises `SettingsRefused` with one sentence for the first combination that would be unsafe in production."""
    for problem in _problems(settings):
        raise SettingsRefused(problem)


def _problems(settings: Settings) -> Iterator[str]:
    yield from _transport_problems(settings)
    yield from _origin_problems(settings)
    yield from _secret_problems(settings)
    yield from _storage_problems(settings)
    yield from _media_problems(settings)


def _transport_problems(settings: Settings) -> Iterator[str]:
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        yield "SHINSATSU_TLS_CERTIFICATE and SHINSATSU_TLS_KEY go together: set both or neither"
    if not settings.tls and not is_loopback(settings.host) and not settings.trusted_proxies:
        yield (
            f"SHINSATSU_HOST={settings.host} would serve plain HTTP beyond this machine: set "
            "SHINSATSU_TLS_CERTIFICATE and SHINSATSU_TLS_KEY, or SHINSATSU_TRUSTED_PROXIES to the address of "
            "the proxy that speaks HTTPS"
        )
    if "*" in settings.trusted_proxies:
        yield "SHINSATSU_TRUSTED_PROXIES=* would believe any caller's X-Forwarded-For: list the proxy's addresses"
    url = urlsplit(settings.public_url)
    if url.scheme not in {"http", "https"} or not url.hostname:
        yield f"SHINSATSU_BASE_URL={settings.base_url} is not an http(s) address"
    elif url.scheme == "http" and not is_loopback(url.hostname):
        yield f"SHINSATSU_BASE_URL={settings.base_url} would put plain HTTP into links: use https"


def _origin_problems(settings: Settings) -> Iterator[str]:
    for origin in settings.allowed_origins:
        url = urlsplit(origin)
        if "*" in origin or url.scheme not in {"http", "https"} or not url.netloc or url.path not in {"", "/"}:
            yield f"SHINSATSU_ALLOWED_ORIGINS has {origin}: list whole origins such as https://portal.example"


def _secret_problems(settings: Settings) -> Iterator[str]:
    if settings.secret is None:
        if settings.sqlite_file is None:
            yield "SHINSATSU_SECRET is missing: servers that share a database must share it, at least 32 bytes"
    elif len(settings.secret.get_secret_value().encode()) < MINIMUM_SECRET_BYTES:
        yield "SHINSATSU_SECRET is shorter than 32 bytes: make one with `openssl rand -base64 48`"


def _storage_problems(settings: Settings) -> Iterator[str]:
    folder = settings.sqlite_file.parent if settings.sqlite_file else settings.data_dir
    if folder.exists() and folder.stat().st_mode & (stat.S_IROTH | stat.S_IXOTH):
        yield f"{folder} is open to every user of this machine and holds patients' data: chmod o-rwx it"


def _media_problems(settings: Settings) -> Iterator[str]:
    if not settings.sfu_url:
        yield from _kept_sfu_problems(settings)
        return
    secret = settings.sfu_app_secret.get_secret_value() if settings.sfu_app_secret else ""
    if secret in WELL_KNOWN_SECRETS or len(secret.encode()) < MINIMUM_SECRET_BYTES:
        yield "SHINSATSU_SFU_APP_SECRET is missing, well known or shorter than 32 bytes: give the SFU one of its own"
    url = urlsplit(settings.sfu_url)
    if url.scheme != "https" and not is_loopback(url.hostname or ""):
        yield f"SHINSATSU_SFU_URL={settings.sfu_url} would send its secret over plain HTTP: use https"


def _kept_sfu_problems(settings: Settings) -> Iterator[str]:
    beyond = not is_loopback(urlsplit(settings.public_url).hostname or "")
    if beyond and not settings.sfu_bind and not settings.sfu_advertise:
        yield (
            "SHINSATSU_SFU_BIND is missing: browsers elsewhere cannot send media to this machine's loopback; set it "
            "to the machine's address (and SHINSATSU_SFU_ADVERTISE to the public one behind NAT), or set "
            "SHINSATSU_SFU_URL to an SFU elsewhere"
        )


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an IP address, stays on this machine; an empty host means all interfaces."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def signing_secret(settings: Settings) -> str:
    """The key of links and grants: the setting, or the data folder's file. Raises `SecretFileError`."""
    if settings.secret is not None:
        return settings.secret.get_secret_value()
    return read_or_make_secret(settings.data_dir / "secret")
