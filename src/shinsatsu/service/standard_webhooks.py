"""Signatures of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA-256 under a `whsec_` secret."""

import base64
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

SECRET_PREFIX, SECRET_BYTES = "whsec_", 32


def new_secret() -> str:
    """256 random bits, as the receiver is given them."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether it is a secret of this kind, of 256 bits or more."""
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        return False
    return text.startswith(SECRET_PREFIX) and len(key) >= SECRET_BYTES


def signed(message_id: str, now: datetime, body: bytes, known: Sequence[str]) -> dict[str, str]:
    """The headers that prove the message: its id, the moment of this attempt, a `v1` signature for each secret."""
    timestamp = str(int(now.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = " ".join("v1," + base64.b64encode(hmac.digest(_key(one), content, "sha256")).decode() for one in known)
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signatures}


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX))
