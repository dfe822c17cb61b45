"""The key that signs the proof: Ed25519 in a file of its owner's, its public halves in a list beside it."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shinsatsu.domain.audit import Kind, Sealed, canonical, statement
from shinsatsu.secret_file import SecretFileError, read_or_make_secret, rotate_secret

KEY_FILE = "audit.key"
PUBLIC_FILE = "audit-keys.jsonl"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key and its name: the SHA-256 thumbprint of its JWK (RFC 7638, RFC 8037 §2)."""

    private: Ed25519PrivateKey
    kid: str

    @classmethod
    def of(cls, seed: bytes) -> "SigningKey":
        """The key of 32 secret bytes."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(private, thumbprint(private.public_key().public_bytes_raw()))

    @property
    def public_hex(self) -> str:
        return self.private.public_key().public_bytes_raw().hex()

    def seal(self, kind: Kind, at: str, **members: Any) -> Sealed:
        """A signed statement."""
        return self.sign(statement(kind, at, self.kid, members), at)

    def sign(self, text: str, at: str) -> Sealed:
        """Signs a statement that names this key and that moment."""
        return Sealed(text, self.private.sign(text.encode()).hex(), at, self.kid)

    def introduce(self, by: "SigningKey", at: str) -> Sealed:
        """The statement that this key is one of ours, signed by an earlier one or, for the first, by itself."""
        return by.seal(Kind.KEY, at, publicKey=self.public_hex, introduces=self.kid)


class PublicKeys:
    """Keys by their names; knows one only from a statement of a key it knows, or because it was told to trust it."""

    def __init__(self) -> None:
        self._known: dict[str, Ed25519PublicKey] = {}

    def __contains__(self, kid: object) -> bool:
        return kid in self._known

    def trust(self, kid: str, public_hex: str) -> None:
        """Believes in a key from now on, if that is its name."""
        raw = bytes.fromhex(public_hex)
        if thumbprint(raw) == kid:
            self._known[kid] = Ed25519PublicKey.from_public_bytes(raw)

    def follow(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Takes in the keys of a file's `key` statements: trusts the first one, and whom a known one introduces."""
        for number, line in enumerate(line for line in lines if line["signed"].get("kind") == Kind.KEY):
            signed = line["signed"]
            if number == 0 or self.signed(canonical(signed), line.get("signature"), signed["kid"]):
                self.trust(signed["introduces"], signed["publicKey"])

    def signed(self, text: str, signature: Any, kid: Any) -> bool:
        """Whether a key known by that name signed the text; `signature` in the one form that we write."""
        key = self._known.get(kid)
        if key is None or not isinstance(signature, str):
            return False
        try:
            raw = bytes.fromhex(signature)
            if raw.hex() != signature:
                return False
            key.verify(raw, text.encode())
        except (ValueError, InvalidSignature):
            return False
        return True


def thumbprint(public: bytes) -> str:
    """RFC 7638 of the key as a JWK of type OKP."""
    x = base64.urlsafe_b64encode(public).rstrip(b"=").decode()
    jwk = canonical({"crv": "Ed25519", "kty": "OKP", "x": x})
    return base64.urlsafe_b64encode(hashlib.sha256(jwk.encode()).digest()).rstrip(b"=").decode()


def read_or_make_key(folder: Path, at: str) -> SigningKey:
    """The folder's key; one is made there (0600), and introduced in the list beside it, where it is missing.

    Raises `SecretFileError` when others may read the file or it holds something else.
    """
    key = _key_of(read_or_make_secret(folder / KEY_FILE), folder)
    if not (folder / PUBLIC_FILE).exists():
        _list(folder, key.introduce(key, at))
    return key


def rotate_key(folder: Path, at: str) -> tuple[SigningKey, SigningKey, Sealed]:
    """Puts a new key in the place of the folder's: the old one, the new one, and the statement that introduces it."""
    old = read_or_make_key(folder, at)
    new = _key_of(rotate_secret(folder / KEY_FILE, keep=0)[0], folder)
    introduction = new.introduce(old, at)
    _list(folder, introduction)
    return old, new, introduction


def listed_keys(folder: Path) -> list[str]:
    """The lines that introduce the folder's keys, the oldest first."""
    try:
        return (folder / PUBLIC_FILE).read_text().splitlines()
    except FileNotFoundError:
        return []


def own_keys(folder: Path) -> PublicKeys:
    """The keys of a server's own folder: the present one, and those that its list introduces from the first one on."""
    keys = PublicKeys()
    if (folder / KEY_FILE).exists():
        own = _key_of(read_or_make_secret(folder / KEY_FILE), folder)
        keys.trust(own.kid, own.public_hex)
    keys.follow(map(json.loads, listed_keys(folder)))
    return keys


def _key_of(secret: str, folder: Path) -> SigningKey:
    try:
        return SigningKey.of(base64.urlsafe_b64decode(secret + "="))
    except ValueError:
        raise SecretFileError(f"{folder / KEY_FILE} holds no signing key: put back the one that was there") from None


def _list(folder: Path, introduction: Sealed) -> None:
    with (folder / PUBLIC_FILE).open("a") as out:
        out.write(introduction.line() + "\n")
