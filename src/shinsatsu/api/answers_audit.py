"""The shapes of answers about the record."""

from typing import Any, NotRequired

from typing_extensions import TypedDict


class SecurityEventJson(TypedDict):
    """One security event; the user is None where nobody proved who they are."""

    seq: int
    type: str
    userType: str | None
    userId: int | None
    role: str | None
    address: str | None
    requestId: str | None
    sessionId: NotRequired[str]
    metadata: dict[str, Any]
    createdAt: str


class SecurityEventsJson(TypedDict):
    """A page of them; `next` goes into `after` for the following one, None on the last page."""

    events: list[SecurityEventJson]
    next: int | None
