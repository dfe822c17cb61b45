"""The server's own secrets, newest first: the newest signs and seals, older ones are believed until they are taken out.

Each use has a key of its own, derived with HMAC-SHA-256 from the secret and the use's name.
"""

import base64
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SigningKeys:
    """Secrets (at least 32 bytes each) under ids that tell nothing of them: a token's `kid` (RFC 7515 §4.1.4)."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets:
            raise ValueError("a server has a secret")
        self._secrets = {_id_of(secret): secret for secret in secrets}
        self.newest_id, self.newest = next(iter(self._secrets.items()))

    def secret(self, key_id: object) -> bytes | None:
        """The secret of that id; None for one that was taken out, or never was ours."""
        return self._secrets.get(key_id) if isinstance(key_id, str) else None

    def digest(self, use: str, value: str) -> str:
        """What can be compared with `fits` later, and tells nothing of `value` to whoever has no secret of ours."""
        return f"{self.newest_id}.{_derived(self.newest, use, value).hex()}"

    def fits(self, digest: str, use: str, value: str) -> bool:
        """Whether `digest` was made of that value; in constant time."""
        key_id, _, found = digest.partition(".")
        secret = self.secret(key_id)
        return secret is not None and hmac.compare_digest(_derived(secret, use, value).hex(), found)

    def knows(self, digest: str) -> bool:
        """Whether the secret that `digest` was made with is still in use."""
        return self.secret(digest.partition(".")[0]) is not None

    def seal(self, use: str, text: str) -> str:
        """The text encrypted and authenticated (Fernet: AES-128-CBC, HMAC-SHA-256)."""
        return self._fernet(use).encrypt(text.encode()).decode()

    def unseal(self, use: str, sealed: str) -> str | None:
        """What `seal` was given; None when its secret was taken out, or somebody changed it."""
        try:
            return self._fernet(use).decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None

    def _fernet(self, use: str) -> MultiFernet:
        keys = (_derived(secret, "seal", use) for secret in self._secrets.values())
        return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def _id_of(secret: bytes) -> str:
    return _derived(secret, "kid", "").hex()[:16]


def _derived(secret: bytes, use: str, value: str) -> bytes:
    return hmac.digest(secret, f"{use}\n{value}".encode(), "sha256")
