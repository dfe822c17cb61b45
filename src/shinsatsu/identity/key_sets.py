"""Public keys of somebody who signs: a JWK Set (RFC 7517) at an address or in a file, remembered for a while.

An unknown key id has the set fetched again, at most once a minute: whoever makes ids up must not make us hammer others.
"""

import asyncio
import warnings
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey, import_key

from shinsatsu.domain.errors import Unavailable
from shinsatsu.identity.fetching import bounded_client

PublicKey = RSAKey | ECKey | OKPKey
FRESH_FOR = timedelta(hours=1)
ASK_AGAIN_AFTER = timedelta(minutes=1)
MOST_KEYS = 64
FEWEST_RSA_BITS = 2048
KINDS: dict[str, tuple[type[PublicKey], str | None]] = {
    "RS256": (RSAKey, None),
    "PS256": (RSAKey, None),
    "ES256": (ECKey, "P-256"),
    "EdDSA": (OKPKey, "Ed25519"),
    "Ed25519": (OKPKey, "Ed25519"),
}
"""The kind of key, and its curve, that an algorithm takes; a shared secret is never in a set."""


class KeysUnavailable(Unavailable):
    """The keys of whoever signs cannot be had, so that nothing signed by them can be believed just now."""

    code = "keys_unavailable"


class KeySet:
    """The keys at `source`, an https address or a file."""

    def __init__(self, source: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._source = source
        self._transport = transport
        self._keys: list[PublicKey] = []
        self._fetched_at: datetime | None = None
        self._asked_at: datetime | None = None
        self._turn = asyncio.Lock()

    async def find(self, algorithm: str, key_id: str | None, now: datetime) -> PublicKey | None:
        """The key for that algorithm under that id; without an id the only one that fits. Raises KeysUnavailable."""
        if self._fetched_at is None or now - self._fetched_at >= FRESH_FOR:
            await self._fetch(now)
        found = self._fitting(algorithm, key_id)
        if not found and await self._fetch(now):
            found = self._fitting(algorithm, key_id)
        return found[0] if len(found) == 1 else None

    def _fitting(self, algorithm: str, key_id: str | None) -> list[PublicKey]:
        return [key for key in self._keys if _fits(key, algorithm) and key_id in (None, key.kid)]

    async def _fetch(self, now: datetime) -> bool:
        """Whether the keys are newer than before; old ones stay in use where new ones cannot be had."""
        async with self._turn:
            if self._asked_at is not None and now - self._asked_at < ASK_AGAIN_AFTER:
                if self._fetched_at is None:
                    raise KeysUnavailable("The keys to verify this with cannot be had.")
                return self._fetched_at == self._asked_at
            self._asked_at = now
            try:
                self._keys = _keys_in(await self._document())
            except (httpx.HTTPError, OSError, ValueError, TypeError, KeyError, JoseError, RecursionError) as error:
                if self._fetched_at is None:
                    raise KeysUnavailable("The keys to verify this with cannot be had.") from error
                return False
            self._fetched_at = now
            return True

    async def _document(self) -> Any:
        if not self._source.startswith(("https://", "http://")):
            return httpx.Response(200, content=await asyncio.to_thread(Path(self._source).read_bytes)).json()
        async with bounded_client(self._transport) as client:
            answer = await client.get(self._source)
        answer.raise_for_status()
        return answer.json()


def _keys_in(document: Any) -> list[PublicKey]:
    """The public keys of a JWK Set that may verify; what cannot be read is left out (RFC 7517 §5)."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("error", SecurityWarning)  # the library only warns of weak keys
        for entry in document["keys"][:MOST_KEYS]:
            try:
                key = import_key(entry)
            except (JoseError, SecurityWarning, ValueError, TypeError, KeyError):
                continue
            if not isinstance(key, OctKey):
                found.append(key)
    return found


def _fits(key: PublicKey, algorithm: str) -> bool:
    kind, curve = KINDS[algorithm]
    said = key.as_dict(private=False)
    if not isinstance(key, kind) or (curve is not None and said.get("crv") != curve):
        return False
    if isinstance(key, RSAKey) and key.public_key.key_size < FEWEST_RSA_BITS:
        return False
    meant_for = said.get("use", "sig") == "sig" and "verify" in said.get("key_ops", ["verify"])
    return meant_for and said.get("alg", algorithm) == algorithm
