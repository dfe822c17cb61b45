"""The shapes of answers about logins and accounts."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from shinsatsu.api.answers import LoginJson


class OidcJson(TypedDict):
    """The clinic's identity provider."""

    name: str


class LoginMethodsJson(TypedDict):
    """How staff may log in here."""

    password: bool
    oidc: OidcJson | None
    consoleLinks: bool
    secondFactorRequired: bool


class LoginStepJson(TypedDict):
    """Where a login stands: `second_factor`, `enroll` or `done`."""

    status: str
    challengeId: NotRequired[str]
    methods: NotRequired[list[str]]
    passkeyOptions: NotRequired[dict[str, Any]]
    login: NotRequired[LoginJson]
    recoveryCodes: NotRequired[list[str]]
    recoveryCodesLeft: NotRequired[int]


class TotpOfferJson(TypedDict):
    """A fresh secret for an authenticator app, shown this once; `qr` is SVG."""

    secret: str
    uri: str
    qr: str


class RecoveryCodesJson(TypedDict):
    """Recovery codes, shown this once."""

    recoveryCodes: NotRequired[list[str]]


class OwnLoginJson(TypedDict):
    """One of one's own logins."""

    loginId: str
    method: str
    createdAt: str
    lastSeenAt: str
    address: str | None
    browser: str
    current: bool


class OwnLoginsJson(TypedDict):
    """One's own live logins."""

    logins: list[OwnLoginJson]


class PasskeyJson(TypedDict):
    """A passkey of one's account."""

    id: str
    name: str
    createdAt: str
    lastUsedAt: str | None


class NewPasskeyJson(PasskeyJson):
    """A passkey just added."""

    recoveryCodes: NotRequired[list[str]]


class AccountJson(TypedDict):
    """One's own account."""

    userType: str
    userId: int
    role: str | None
    displayName: str
    loginName: str | None
    totp: bool
    passkeys: list[PasskeyJson]
    recoveryCodesLeft: int
    secondFactorRequired: bool


class UserJson(TypedDict):
    """A worker as administrators see them."""

    userType: str
    userId: int
    displayName: str
    role: str | None
    loginName: str | None
    blocked: bool
    totp: bool
    passkeys: int
    lockedUntil: str | None
    lastLoginAt: str | None
    setupPending: bool


class UsersJson(TypedDict):
    """The clinic's workers."""

    users: list[UserJson]


class SetupJson(TypedDict):
    """A one-time link to set a password, shown this once."""

    setupUrl: str
    setupExpiresAt: str


class NewUserJson(UserJson):
    """A worker just added."""

    setupUrl: NotRequired[str]
    setupExpiresAt: NotRequired[str]
