"""Somebody who answers in place of a provider, and says what a test wants said."""

from collections.abc import Mapping
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from shinsatsu.identity.oidc_provider import OidcProvider, Registration
from tests.house import START

ISSUER = "https://login.example/realms/clinic"
SIGNER = RSAKey.generate_key(2048, {"kid": "k1"})
OTHER = RSAKey.generate_key(2048, {"kid": "k2"})
GOOD = {"staff": 7, "name": "Doctor 7", "realm_access": {"roles": ["offline", "clinician"]}}


class FakeProvider(httpx.AsyncBaseTransport):
    """What it says can be changed before it says it; `asked` are the documents it was asked for."""

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = {
            "issuer": ISSUER,
            **{f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("authorization", "token", "userinfo")},
            "jwks_uri": f"{ISSUER}/keys",
        }
        self.keys: list[Any] = [SIGNER.as_dict(private=False)]
        self.userinfo: dict[str, Any] = {"sub": "s7"}
        self.token: Any = None
        self.status = 200
        self.body: bytes | None = None
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        self.asked.append(name)
        if self.body is not None:
            return httpx.Response(self.status, content=self.body)
        documents: Mapping[str, Any] = {
            "openid-configuration": self.metadata,
            "keys": {"keys": self.keys},
            "token": {"access_token": "at", "token_type": "Bearer", "id_token": self.token},
            "userinfo": self.userinfo,
        }
        return httpx.Response(self.status, json=documents[name])

    def party(self, *, userinfo: bool = False) -> OidcProvider:
        """The provider as our side sees it."""
        me = Registration(ISSUER, "us", "secret", "https://us.example/cb", ["openid"], ("RS256",), userinfo)
        return OidcProvider(me, self)


def id_token(nonce: str | None, key: Any = SIGNER, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
    """A good token with some claims changed, or left out where they are None."""
    now = int(START.timestamp())
    said = {"iss": ISSUER, "aud": "us", "sub": "s7", "iat": now, "exp": now + 300, "nonce": nonce, **GOOD, **claims}
    told = {"alg": "RS256", "kid": "k1", **(header or {})}
    present = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(told, present, key, algorithms=[told["alg"]])
