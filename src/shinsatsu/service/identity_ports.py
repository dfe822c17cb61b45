"""What the use cases need from those who vouch for people: a host application, an OpenID Connect provider."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shinsatsu.domain.roles import UserKey


@dataclass(frozen=True, slots=True)
class HostClaims:
    """What a genuine token of the host application says; `token_id` is unique for the one who issued it."""

    token_id: str
    key: UserKey
    appointment_id: str
    believed_until: datetime


class HostTokenVerifier(Protocol):
    """Reads JWTs that the host application signed (`identity/host_tokens.py`)."""

    async def verify(self, token: str, now: datetime) -> HostClaims:
        """What it says; raises HostTokenInvalid, HostTokenExpired, Unavailable when its keys cannot be had."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login under way: what ties the provider's answer to this browser (RFC 6749 §10.12, OIDC Core §3.1.2.1)."""

    state: str
    nonce: str
    verifier: str


class IdentityProvider(Protocol):
    """An OpenID Connect provider (`identity/oidc_provider.py`)."""

    async def address(self, attempt: Attempt) -> str:
        """Where the browser is sent to log in; raises OidcUnavailable."""

    async def claims(self, attempt: Attempt, code: str, issuer: str | None, now: datetime) -> Mapping[str, Any]:
        """What it vouches for in exchange for a code; `issuer` is who the answer says it is from (RFC 9207).

        Raises OidcRefused, OidcUnavailable.
        """
