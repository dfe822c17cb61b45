"""A host application in a test: its keys, and tokens as it signs them or as somebody forges them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.house import PATIENT, START

ISSUER, AUDIENCE = "https://portal.example", "https://clinic.example"
SHARED = b"a secret of the portal and the clinic, 32 bytes or more"
KEYS: dict[str, Any] = {
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa"}),
    "PS256": RSAKey.generate_key(2048, {"kid": "pss", "alg": "PS256", "use": "sig"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "ec"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
    "HS256": OctKey.import_key(SHARED),
}
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa"})


def public_keys() -> dict[str, Any]:
    """The host's JWK Set."""
    return {"keys": [key.as_dict(private=False) for name, key in KEYS.items() if name != "HS256"]}


def claims(now: Any = START, **changes: Any) -> dict[str, Any]:
    """Those of a good token, with some changed, or left out where they are None."""
    issued = int(now.timestamp())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": issued,
        "exp": issued + 300,
        "jti": "token-1",
        "sub": str(PATIENT.user_id),
        "userType": "patient",
        "appointmentId": "a1",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(algorithm: str = "RS256", *, key: Any = None, header: Mapping[str, Any] | None = None, **said: Any) -> str:
    """A token of the host's; `header` changes its header."""
    key = key or KEYS[algorithm]
    told = {"alg": algorithm, "kid": getattr(key, "kid", None), **(header or {})}
    present = {name: value for name, value in told.items() if value is not None}
    # EdDSA by its new name, which the library signs without a warning; the old one is put in afterwards.
    if algorithm == "EdDSA":
        return _ed25519(present, claims(**said), key)
    return jwt.encode(present, claims(**said), key, algorithms=[algorithm])


def forged(header: Mapping[str, Any], said: Mapping[str, Any] | bytes, secret: bytes | None) -> str:
    """A token put together by hand: HMAC with any secret, or no signature."""
    payload = said if isinstance(said, bytes) else json.dumps(said).encode()
    text = f"{encoded(json.dumps(header).encode())}.{encoded(payload)}"
    signature = b"" if secret is None else hmac.digest(secret, text.encode(), hashlib.sha256)
    return f"{text}.{encoded(signature)}"


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _ed25519(header: Mapping[str, Any], said: Mapping[str, Any], key: Any) -> str:
    text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(said).encode())}"
    return f"{text}.{encoded(key.private_key.sign(text.encode()))}"


class KeyServer(httpx.AsyncBaseTransport):
    """Where the host's keys are; counts how often it is asked."""

    def __init__(self) -> None:
        self.document: Any = public_keys()
        self.status = 200
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.status == 0:
            raise httpx.ConnectError("nobody answers")
        body = self.document if isinstance(self.document, bytes) else json.dumps(self.document).encode()
        return httpx.Response(self.status, content=body, headers={"location": "https://evil.example/keys"})
