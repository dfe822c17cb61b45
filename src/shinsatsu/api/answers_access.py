"""The shapes of answers about who gets in, for the API's description and the type checker."""

from typing_extensions import TypedDict

from shinsatsu.wire_shapes import UserJson


class GuestJson(TypedDict):
    """A guest of one session; `userId` is below zero."""

    userType: str
    userId: int
    displayName: str
    kind: str
    withhold: list[str]
    invitedBy: UserJson
    invitedAt: str
    revokedAt: str | None


class GuestsJson(TypedDict):
    """Everybody invited to a session."""

    guests: list[GuestJson]
