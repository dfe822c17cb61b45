"""The shapes of answers about API keys."""

from typing_extensions import TypedDict


class KeyJson(TypedDict):
    """A key, never its secret; `replacedBy` is the id of the key that was made in its place."""

    id: int
    name: str
    scopes: list[str]
    createdAt: str
    expiresAt: str | None
    lastUsedAt: str | None
    revokedAt: str | None
    replacedBy: int | None


class NewKeyJson(KeyJson):
    """The same with its secret, shown this once."""

    secret: str


class KeysJson(TypedDict):
    """Every key, those that are over too; the oldest first."""

    keys: list[KeyJson]
