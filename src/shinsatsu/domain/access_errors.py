"""What can be refused to programs, to host applications' users, and to staff who come from an identity provider.

ShinsatsuError
├── Unauthenticated
│   └── HostTokenInvalid          host_token_invalid
├── HostTokenGone                 it was good once
│   ├── HostTokenUsed             host_token_used
│   └── HostTokenExpired          host_token_expired
├── Conflict
│   └── KeyOver                   key_over
└── OidcFailure                   each with the code that the page is told
    ├── OidcRefused               oidc_refused
    ├── OidcStateInvalid          oidc_state
    ├── OidcClaimsRefused         oidc_claims
    ├── OidcUnavailable           oidc_unavailable
    └── OidcAccountBlocked        account_blocked
"""

from shinsatsu.domain.errors import Conflict, ShinsatsuError, Unauthenticated


class HostTokenInvalid(Unauthenticated):
    """Not the host application's, not for us, or for somebody who has no business in that appointment."""

    code = "host_token_invalid"


class HostTokenGone(ShinsatsuError):
    """A genuine token that opens nothing any more."""


class HostTokenUsed(HostTokenGone):
    """It began a browser session already."""

    code = "host_token_used"

    def __init__(self) -> None:
        super().__init__("This token was used already: open the consultation from the portal again.")


class HostTokenExpired(HostTokenGone):
    """Its time is over."""

    code = "host_token_expired"

    def __init__(self) -> None:
        super().__init__("This token's time is over: open the consultation from the portal again.")


class KeyOver(Conflict):
    """The key was revoked, has expired, or was replaced before."""

    code = "key_over"


class OidcFailure(ShinsatsuError):
    """Nobody was logged in by the identity provider."""

    code = "oidc_refused"


class OidcRefused(OidcFailure):
    """The provider said no, or said something that proves nothing."""


class OidcStateInvalid(OidcFailure):
    """This browser did not begin this login, or it took too long, or finished it before."""

    code = "oidc_state"


class OidcClaimsRefused(OidcFailure):
    """The provider knows them, but does not say that they work here, or as what."""

    code = "oidc_claims"


class OidcUnavailable(OidcFailure):
    """The provider does not answer, or not as one."""

    code = "oidc_unavailable"


class OidcAccountBlocked(OidcFailure):
    """Their account here is blocked."""

    code = "account_blocked"
