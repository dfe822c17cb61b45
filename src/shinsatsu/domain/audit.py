"""The proof's forms: an event as canonical JSON, the hash that chains it to the one before, statements that are signed.

A chain is a session's events under the session's id, or the security events under `security`. An event's hash is the
SHA-256 of its canonical form, in which the hash of the event before it stands; the first one has `GENESIS` there.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from json import JSONEncoder
from json.encoder import encode_basestring
from typing import Any

GENESIS = "0" * 64
SECURITY = "security"
SALT_LENGTH = 64
"""Hexadecimal digits of a text's salt."""
LARGEST_INTEGER = 2**53 - 1
_encode = JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Kind(StrEnum):
    """What a signed statement says."""

    HEAD = "head"
    CHECKPOINT = "checkpoint"
    TOMBSTONE = "tombstone"
    ERASURE = "erasure"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signed statement: canonical JSON with `kind`, `at` and `kid`, and its Ed25519 signature (RFC 8032) in hex."""

    statement: str
    signature: str
    at: str
    kid: str

    def line(self, hashes: Sequence[str] = ()) -> str:
        """It as one line of an anchor file; `hashes` are those of the events that a head was signed for, in order."""
        known = '"hashes":["' + '","'.join(hashes) + '"],' if hashes else ""
        return f'{{{known}"signature":"{self.signature}","signed":{self.statement}}}'


def canonical(value: Any) -> str:
    """The value as JSON in the one form of RFC 8785, for what events hold.

    Raises ValueError for what has no such form here: floats, integers beyond 2**53, keys that are not ASCII.
    """
    _require_plain(value)
    return _encode(value)


def event_body(
    chain: str,
    seq: int,
    event_id: str,
    event_type: str,
    user_type: str | None,
    user_id: int | None,
    role: str | None,
    address: str | None,
    request_id: str | None,
    session_id: str | None,
    metadata: str,
    created_at: str,
    prev_hash: str,
) -> str:
    """An event's canonical form. `metadata` is canonical JSON already, so that a change of its text changes this."""
    text, null = encode_basestring, "null"
    return (
        f'{{"address":{null if address is None else text(address)},"chain":{text(chain)},'
        f'"createdAt":{text(created_at)},"id":{text(event_id)},"metadata":{metadata},"prevHash":{text(prev_hash)},'
        f'"requestId":{null if request_id is None else text(request_id)},"role":{null if role is None else text(role)},'
        f'"seq":{seq},"sessionId":{null if session_id is None else text(session_id)},"type":{text(event_type)},'
        f'"userId":{null if user_id is None else user_id},'
        f'"userType":{null if user_type is None else text(user_type)}}}'
    )


def digest(body: str) -> str:
    """SHA-256 of the text in UTF-8, in hex."""
    return hashlib.sha256(body.encode()).hexdigest()


def text_hash(salt: str, text: str) -> str:
    """What an event keeps of a text that can be erased; whoever has the hash alone learns nothing of the text."""
    return digest(salt + text)


def event_id(chain: str, seq: int) -> str:
    """The event's name, unique among all chains."""
    return f"{chain}:{seq}"


def statement(kind: Kind, at: str, kid: str, members: Mapping[str, Any]) -> str:
    """The text that is signed."""
    return canonical({**members, "kind": kind.value, "at": at, "kid": kid})


def head_statement(chain: str, seq: int, last_hash: str, at: str, kid: str) -> str:
    """What is signed of a chain's newest event; the same text as `statement` makes."""
    text = encode_basestring
    return (
        f'{{"at":{text(at)},"chain":{text(chain)},"hash":{text(last_hash)},"kid":{text(kid)},'
        f'"kind":"head","seq":{seq}}}'
    )


def _require_plain(value: Any) -> None:
    if isinstance(value, str) or value is None or value is True or value is False:
        return
    if isinstance(value, int) and abs(value) <= LARGEST_INTEGER:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"{key!r} is no key of canonical JSON here")
            _require_plain(inner)
        return
    if isinstance(value, list | tuple):
        for inner in value:
            _require_plain(inner)
        return
    raise ValueError(f"{type(value).__name__} has no canonical form here")
