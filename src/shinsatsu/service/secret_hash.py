"""How secrets are kept: links', grants', logins', keys' and invitations' alike."""

import hashlib


def hash_of(secret: str) -> str:
    """SHA-256 in hexadecimal; the secrets are random enough that nothing slower is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
