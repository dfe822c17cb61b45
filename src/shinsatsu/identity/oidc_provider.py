"""An OpenID Connect provider as a relying party sees it: authorization code flow with PKCE (OIDC Core §3.1, RFC 7636).

Authlib makes and judges what is said; what goes over the wire is bounded and goes to https or to this machine alone.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError

from shinsatsu.domain.access_errors import OidcRefused, OidcUnavailable
from shinsatsu.domain.errors import Unavailable
from shinsatsu.identity.fetching import bounded_client
from shinsatsu.identity.key_sets import KeySet
from shinsatsu.identity.signed import DoesNotHold, algorithm_and_key_id, claims_of, with_new_names
from shinsatsu.service.identity_ports import Attempt

SKEW_SECONDS = 60
FRESH_FOR = timedelta(hours=1)
FORM = "application/x-www-form-urlencoded"
LONGEST_TOKEN = 32 * 1024
SAYS_NO = (400, 401, 403)


@dataclass(frozen=True, slots=True)
class Registration:
    """How this server is known to the provider, and what it believes of it."""

    issuer: str
    client_id: str
    client_secret: str | None
    redirect_uri: str
    scopes: Collection[str]
    algorithms: tuple[str, ...]
    userinfo: bool = False


@dataclass(frozen=True, slots=True)
class Metadata:
    """As much of the provider's description (OIDC Discovery §3) as the flow needs."""

    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str | None
    auth_methods: Collection[str]
    key_set: KeySet


class OidcProvider:
    """Implements `IdentityProvider`."""

    def __init__(self, registration: Registration, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._me = registration
        self._transport = transport
        self._metadata: Metadata | None = None
        self._known_since: float = 0.0
        self._turn = asyncio.Lock()

    async def address(self, attempt: Attempt) -> str:
        """As the port says."""
        metadata = await self._described()
        return str(
            prepare_grant_uri(
                metadata.authorization_endpoint,
                self._me.client_id,
                "code",
                self._me.redirect_uri,
                list(self._me.scopes),
                attempt.state,
                nonce=attempt.nonce,
                code_challenge=create_s256_code_challenge(attempt.verifier),
                code_challenge_method="S256",
            )
        )

    async def claims(self, attempt: Attempt, code: str, issuer: str | None, now: datetime) -> Mapping[str, Any]:
        """As the port says: the ID token's claims, with those of UserInfo under them where they are asked for."""
        if issuer is not None and issuer != self._me.issuer:
            raise OidcRefused("This answer is from another provider.")
        metadata = await self._described()
        answer = await self._exchange(metadata, attempt, code)
        token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
            raise OidcRefused("The provider gave no ID token.")
        claims = await self._verified(metadata, token, attempt, access_token, now)
        if not self._me.userinfo:
            return claims
        return {**await self._userinfo(metadata, access_token, claims["sub"]), **claims}

    async def _exchange(self, metadata: Metadata, attempt: Attempt, code: str) -> dict[str, Any]:
        """The code for tokens (RFC 6749 §4.1.3)."""
        body = prepare_token_request(
            "authorization_code",
            redirect_uri=self._me.redirect_uri,
            code=code,
            code_verifier=attempt.verifier,
        )
        url, headers, body = self._client_auth(metadata).prepare(
            "POST", metadata.token_endpoint, {"Content-Type": FORM, "Accept": "application/json"}, body
        )
        return await self._ask("POST", url, headers=headers, content=body)

    def _client_auth(self, metadata: Metadata) -> ClientAuth:
        """By Basic unless the provider takes the secret in the body alone; both as RFC 6749 §2.3.1 writes them."""
        client_id, secret = self._me.client_id, self._me.client_secret
        if secret is None:
            return ClientAuth(client_id, "", "none")
        if "client_secret_basic" not in metadata.auth_methods and "client_secret_post" in metadata.auth_methods:
            return ClientAuth(client_id, secret, "client_secret_post")
        return ClientAuth(quote_plus(client_id), quote_plus(secret), "client_secret_basic")

    async def _verified(
        self, metadata: Metadata, token: str, attempt: Attempt, access_token: object, now: datetime
    ) -> dict[str, Any]:
        """OIDC Core §3.1.3.7."""
        try:
            algorithm, key_id = algorithm_and_key_id(token)
            if algorithm not in with_new_names(self._me.algorithms):
                raise OidcRefused("The provider's ID token is signed in a way that is not believed.")
            key = await metadata.key_set.find(algorithm, key_id, now)
            if key is None:
                raise OidcRefused("The provider's ID token is signed with a key that is not the provider's.")
            claims = claims_of(token, key, algorithm)
            CodeIDToken(
                claims,
                {"alg": algorithm},
                options={
                    "iss": {"essential": True, "value": self._me.issuer},
                    "aud": {"essential": True, "value": self._me.client_id},
                },
                params={"nonce": attempt.nonce, "client_id": self._me.client_id, "access_token": access_token},
            ).validate(now=int(now.timestamp()), leeway=SKEW_SECONDS)
        except Unavailable as error:
            raise OidcUnavailable("The provider's keys cannot be had.") from error
        except (DoesNotHold, JoseError, ValueError, TypeError, KeyError) as error:
            raise OidcRefused("The provider's ID token does not hold.") from error
        if not isinstance(claims.get("sub"), str):
            raise OidcRefused("The provider's ID token names nobody.")
        return claims

    async def _userinfo(self, metadata: Metadata, access_token: object, subject: str) -> dict[str, Any]:
        """OIDC Core §5.3; about the same one as the ID token."""
        if metadata.userinfo_endpoint is None or not isinstance(access_token, str):
            raise OidcRefused("The provider has no UserInfo.")
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        said = await self._ask("GET", metadata.userinfo_endpoint, headers=headers)
        if said.get("sub") != subject:
            raise OidcRefused("The provider's UserInfo is about somebody else.")
        return said

    async def _described(self) -> Metadata:
        """What the provider says of itself, an hour old at most; an older one where it does not answer."""
        async with self._turn:
            now = asyncio.get_running_loop().time()
            if self._metadata is None or now - self._known_since >= FRESH_FOR.total_seconds():
                try:
                    self._metadata = self._read(await self._ask("GET", get_well_known_url(self._me.issuer, True)))
                    self._known_since = now
                except (OidcRefused, OidcUnavailable) as error:
                    if self._metadata is None:
                        raise OidcUnavailable("The provider does not describe itself.") from error
            return self._metadata

    def _read(self, document: dict[str, Any]) -> Metadata:
        if document.get("issuer") != self._me.issuer:
            raise OidcUnavailable("Another provider answers there.")
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        userinfo = document.get("userinfo_endpoint")
        return Metadata(
            self._address(document.get("authorization_endpoint")),
            self._address(document.get("token_endpoint")),
            self._address(userinfo) if userinfo else None,
            methods if isinstance(methods, list) else [],
            KeySet(self._address(document.get("jwks_uri")), self._transport),
        )

    def _address(self, url: object) -> str:
        """An endpoint as reachable as the issuer itself: by https, or where the issuer is on this machine, as it is."""
        try:
            said, issuer = urlsplit(str(url)), urlsplit(self._me.issuer)
            safe = said.scheme == "https" or (said.scheme, said.hostname) == (issuer.scheme, issuer.hostname)
        except ValueError:
            raise OidcUnavailable("The provider's description names no address.") from None
        if not safe or not said.hostname:
            raise OidcUnavailable("The provider's description names an address that is not safe.")
        return str(url)

    async def _ask(self, method: str, url: str, **request: Any) -> dict[str, Any]:
        """A JSON object; raises OidcRefused where the provider says no, OidcUnavailable where it says nothing."""
        try:
            async with bounded_client(self._transport) as client:
                answer = await client.request(method, url, **request)
            if answer.status_code in SAYS_NO:
                raise OidcRefused("The provider refused.")
            document = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            raise OidcUnavailable("The provider does not answer.") from error
        if not answer.is_success or not isinstance(document, dict):
            raise OidcUnavailable("The provider does not answer as one.")
        return document
