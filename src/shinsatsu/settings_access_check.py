"""What `serve` refuses of the settings of who vouches for people: what would be insecure, or cannot work."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from shinsatsu.settings import Settings, is_loopback

MINIMUM_SECRET_BYTES = 32
SHARED = "HS256"


def access_problems(settings: Settings) -> Iterator[str]:
    """A sentence for each problem, which names the setting and the way out."""
    yield from _host_problems(settings)
    if settings.oidc_issuer:
        yield from _oidc_problems(settings)


def is_private(url: str) -> bool:
    """Whether what is fetched there comes by https, or from this very machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def _host_problems(settings: Settings) -> Iterator[str]:
    if not settings.host_token_algorithms:
        if settings.host_token_jwks or settings.host_token_secret:
            yield "SHINSATSU_HOST_TOKEN_ALGORITHMS is missing: name how the host application signs, such as RS256"
        return
    if not settings.host_token_issuer:
        yield "SHINSATSU_HOST_TOKEN_ISSUER is missing: `iss` of the host application's tokens"
    shared = SHARED in settings.host_token_algorithms
    secret = settings.host_token_secret.get_secret_value() if settings.host_token_secret else ""
    if shared and len(secret.encode()) < MINIMUM_SECRET_BYTES:
        yield "SHINSATSU_HOST_TOKEN_SECRET is missing or shorter than 32 bytes: make one with `openssl rand -base64 48`"
    if secret and not shared:
        yield "SHINSATSU_HOST_TOKEN_SECRET is for HS256, which SHINSATSU_HOST_TOKEN_ALGORITHMS does not name"
    if set(settings.host_token_algorithms) - {SHARED}:
        yield from _key_set_problems(settings.host_token_jwks)


def _key_set_problems(source: str) -> Iterator[str]:
    if not source:
        yield "SHINSATSU_HOST_TOKEN_JWKS is missing: the address or file of the host application's public keys"
    elif "://" in source:
        if not is_private(source):
            yield f"SHINSATSU_HOST_TOKEN_JWKS={source} could be changed on the way: use https"
    elif not Path(source).is_file():
        yield f"SHINSATSU_HOST_TOKEN_JWKS={source} is no file"


def _oidc_problems(settings: Settings) -> Iterator[str]:
    if not is_private(settings.oidc_issuer) or urlsplit(settings.oidc_issuer).query:
        yield f"SHINSATSU_OIDC_ISSUER={settings.oidc_issuer} is no https address without a query"
    if not settings.oidc_client_id:
        yield "SHINSATSU_OIDC_CLIENT_ID is missing: the provider gives it when this server is registered there"
    if "openid" not in settings.oidc_scopes:
        yield "SHINSATSU_OIDC_SCOPES lacks openid"
    if not settings.oidc_algorithms:
        yield "SHINSATSU_OIDC_ALGORITHMS is empty: name how the provider signs, such as RS256"
    if not settings.oidc_roles:
        yield 'SHINSATSU_OIDC_ROLES is missing, so that nobody could log in: write it like {"clinician": "doctor"}'
