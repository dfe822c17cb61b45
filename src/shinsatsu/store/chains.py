"""One transaction's links of hash chains: made as events are written, told to the anchor once they are committed."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from shinsatsu.domain.audit import SALT_LENGTH, SECURITY, Kind, Sealed, digest, event_body, event_id, text_hash
from shinsatsu.service.ports import Sealer

Values = dict[str, Any]


class Chains:
    """Adds to chains. Whoever does holds the chain's row, so that nobody else adds to it meanwhile."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._lines: list[str] = []

    def extend(self, chain: str, last_hash: str, rows: Sequence[Values]) -> Values:
        """Completes the rows, in order, with `prev_hash` and `hash`; returns the columns of the chain's new head."""
        hashes = []
        for row in rows:
            row["prev_hash"], row["hash"] = last_hash, _hash_of(chain, row, last_hash)
            last_hash = row["hash"]
            hashes.append(last_hash)
        sealed = self._sealer.head(chain, rows[-1]["seq"], last_hash)
        self._lines.append(sealed.line(hashes))
        return head_values(last_hash, sealed)

    def seal(self, kind: Kind, **members: Any) -> Sealed:
        """A signed statement that is anchored when the transaction is committed."""
        sealed = self._sealer.seal(kind, **members)
        self._lines.append(sealed.line())
        return sealed

    def anchor(self) -> None:
        """To be called after the commit."""
        if self._lines:
            self._sealer.anchor(self._lines)
            self._lines = []


def head_values(last_hash: str, sealed: Sealed) -> Values:
    """The columns of a head that no checkpoint lists yet."""
    return {
        "last_hash": last_hash,
        "head_signature": sealed.signature,
        "head_kid": sealed.kid,
        "head_signed_at": sealed.at,
        "head_checkpoint": None,
    }


def salted(texts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What an event's metadata keep of texts that lie apart, and the salts by field."""
    salts = {field: secrets.token_hex(SALT_LENGTH // 2) for field in texts}
    return {f"{field}Hash": text_hash(salts[field], text) for field, text in texts.items()}, salts


def _hash_of(chain: str, row: Values, prev_hash: str) -> str:
    return digest(
        event_body(
            chain,
            row["seq"],
            event_id(chain, row["seq"]),
            row["event_type"],
            row["user_type"],
            row["user_id"],
            row["role"],
            row["address"],
            row["request_id"],
            row["video_session_id"] if chain == SECURITY else None,
            row["metadata"],
            row["created_at"],
            prev_hash,
        )
    )
