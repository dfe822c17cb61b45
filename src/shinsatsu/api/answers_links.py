"""The shapes of answers about links and invitations, for the API's description and the type checker."""

from typing_extensions import TypedDict

from shinsatsu.wire_shapes import UserJson


class LinkJson(TypedDict):
    """A consultation link, shown this once."""

    linkId: str
    url: str
    expiresAt: str


class ListedLinkJson(TypedDict):
    """A link as staff see it; `state`: open, used, expired, revoked."""

    linkId: str
    userType: str
    userId: int
    displayName: str
    createdAt: str
    createdBy: UserJson
    expiresAt: str
    usedAt: str | None
    revokedAt: str | None
    state: str


class LinksJson(TypedDict):
    """Every link of the session's appointment, newest first."""

    links: list[ListedLinkJson]


class InvitationJson(TypedDict):
    """An invitation, its address shown this once."""

    invitationId: str
    url: str
    expiresAt: str
    check: str


class ListedInvitationJson(TypedDict):
    """An invitation as staff see it; `state`: open, locked, revoked, expired. `sentTo` has most of it hidden."""

    invitationId: str
    userType: str
    userId: int
    displayName: str
    check: str
    createdAt: str
    expiresAt: str
    openedAt: str | None
    revokedAt: str | None
    lockedAt: str | None
    wrongTries: int
    sentTo: str | None
    state: str


class InvitationsJson(TypedDict):
    """Every invitation of the session's appointment, newest first."""

    invitations: list[ListedInvitationJson]


class InvitingDoctorJson(TypedDict):
    """Whom the appointment is with."""

    displayName: str


class InvitationLookJson(TypedDict):
    """What whoever holds an invitation is told, before they showed that it is theirs."""

    check: str
    startsAt: str
    doctor: InvitingDoctorJson | None
    sentTo: str | None
    locked: bool


class CodeSentJson(TypedDict):
    """Where a one-time code went, and for how many seconds it is good."""

    sentTo: str
    validFor: int


class InvitationOpenedJson(TypedDict):
    """A fresh consultation link."""

    url: str
