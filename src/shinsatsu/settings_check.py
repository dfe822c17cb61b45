"""What `serve` refuses before it starts: settings that together would be insecure, or that cannot work."""

import ipaddress
import re
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from shinsatsu.service.standard_webhooks import is_secret as is_webhook_secret
from shinsatsu.settings import Settings, SettingsRefused, is_loopback
from shinsatsu.settings_access_check import access_problems

MINIMUM_SECRET_BYTES = 32
WIDEST_PROXY_NETWORK = 7
"""Bits of fc00::/7, the widest network that can be one's own; anything wider takes in strangers."""
_ORIGIN = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?", re.ASCII)


def checked(settings: Settings) -> Settings:
    """The settings as they are; raises `SettingsRefused` for the first combination unsafe in production."""
    for problem in _problems(settings):
        raise SettingsRefused(problem)
    return settings


def _problems(settings: Settings) -> Iterator[str]:
    yield from _transport_problems(settings)
    yield from _certificate_problems(settings)
    yield from _proxy_problems(settings)
    yield from _address_problems(settings)
    yield from _origin_problems(settings)
    yield from _secret_problems(settings)
    yield from _delivery_problems(settings)
    yield from access_problems(settings)
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


def _certificate_problems(settings: Settings) -> Iterator[str]:
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None or key is None:
        return
    try:
        x509.load_pem_x509_certificates(certificate.read_bytes())
    except OSError as error:
        yield f"SHINSATSU_TLS_CERTIFICATE={certificate}: {error.strerror}"
    except ValueError:
        yield f"SHINSATSU_TLS_CERTIFICATE={certificate} holds no certificate in PEM"
    try:
        key.read_bytes()
        # An empty password: an encrypted key is refused here, not asked about in the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except ssl.SSLError:
        yield f"SHINSATSU_TLS_KEY={key} is not the certificate's key in PEM, without a password"
    except OSError as error:
        yield f"SHINSATSU_TLS_KEY={key}: {error.strerror}"


def _proxy_problems(settings: Settings) -> Iterator[str]:
    for entry in settings.trusted_proxies:
        try:
            network = ipaddress.ip_network(entry)
        except ValueError:
            yield f"SHINSATSU_TRUSTED_PROXIES has {entry}: list the proxy's IP addresses or networks (10.1.0.0/16)"
            continue
        if network.prefixlen < WIDEST_PROXY_NETWORK:
            yield f"SHINSATSU_TRUSTED_PROXIES={entry} would believe strangers: list the proxy's addresses"


def _address_problems(settings: Settings) -> Iterator[str]:
    if not settings.base_url and _is_everywhere(settings.host):
        yield f"SHINSATSU_BASE_URL is missing: links would name {settings.host or 'no host'}, which nobody can open"
        return
    address = f"SHINSATSU_BASE_URL={settings.public_url}"
    if not _is_origin(settings.public_url):
        yield f"{address} is not like https://clinic.example: no path, no query, the page and the API are at the root"
        return
    url = urlsplit(settings.public_url)
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        yield f"{address} would put plain HTTP into links: use https"


def _origin_problems(settings: Settings) -> Iterator[str]:
    for name, origins in (("ALLOWED_ORIGINS", settings.allowed_origins), ("FRAME_ANCESTORS", settings.frame_ancestors)):
        for origin in origins:
            if not _is_origin(origin):
                yield f"SHINSATSU_{name} has {origin}: list whole origins such as https://portal.example"


def _secret_problems(settings: Settings) -> Iterator[str]:
    if settings.secret is None:
        if settings.sqlite_file is None:
            yield "SHINSATSU_SECRET is missing: servers that share a database must share it, at least 32 bytes"
        if settings.old_secrets:
            yield "SHINSATSU_OLD_SECRETS goes with SHINSATSU_SECRET: the file in the data folder keeps its own"
        return
    named = [("SHINSATSU_SECRET", settings.secret), *(("SHINSATSU_OLD_SECRETS", old) for old in settings.old_secrets)]
    for name, value in named:
        secret = value.get_secret_value()
        if len(secret.encode()) < MINIMUM_SECRET_BYTES:
            yield f"{name} is shorter than 32 bytes: make one with `openssl rand -base64 48`"
        if settings.sfu_app_secret and secret == settings.sfu_app_secret.get_secret_value():
            yield f"{name} is SHINSATSU_SFU_APP_SECRET too: whoever runs the SFU could sign links; make another"


def _delivery_problems(settings: Settings) -> Iterator[str]:
    if not settings.delivery_url:
        if settings.invitation_check == "code":
            yield "SHINSATSU_INVITATION_CHECK=code needs SHINSATSU_DELIVERY_URL, where the codes are posted to"
        return
    if not settings.delivery_url.startswith("https://") and not settings.webhook_allow_private:
        yield f"SHINSATSU_DELIVERY_URL={settings.delivery_url} would send codes unprotected: use https"
    if settings.delivery_secret is None:
        yield "SHINSATSU_DELIVERY_SECRET is missing: whoever receives the codes must know that they are ours"
    elif not is_webhook_secret(settings.delivery_secret.get_secret_value()):
        yield (
            "SHINSATSU_DELIVERY_SECRET is not whsec_ and base64 of at least 32 bytes: make one with "
            '`echo "whsec_$(openssl rand -base64 32)"`'
        )


def _storage_problems(settings: Settings) -> Iterator[str]:
    folder = settings.sqlite_file.parent if settings.sqlite_file else settings.data_dir
    if _is_open_to_all(folder):
        yield f"{folder} is open to every user of this machine and holds patients' data: chmod o-rwx it"


def _media_problems(settings: Settings) -> Iterator[str]:
    if not settings.sfu_url:
        yield from _kept_sfu_problems(settings)
        return
    secret = settings.sfu_app_secret.get_secret_value() if settings.sfu_app_secret else ""
    if len(secret.encode()) < MINIMUM_SECRET_BYTES:
        yield "SHINSATSU_SFU_APP_SECRET is missing or shorter than 32 bytes: give the SFU one of its own"
    try:
        url = urlsplit(settings.sfu_url)
    except ValueError:
        yield f"SHINSATSU_SFU_URL={settings.sfu_url} is not an address"
        return
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


def _is_origin(url: str) -> bool:
    """Whether it is a scheme, a host and perhaps a port, and nothing more."""
    return _ORIGIN.fullmatch(url) is not None


def _is_everywhere(host: str) -> bool:
    try:
        return not host or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _is_open_to_all(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & (stat.S_IROTH | stat.S_IXOTH))
    except OSError:  # missing, or not ours to look at: making it says so
        return False
