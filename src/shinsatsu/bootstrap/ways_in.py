"""Those who vouch for people, put together from the settings: the host application, the OpenID Connect provider."""

from urllib.parse import urlsplit

from shinsatsu.api.oidc import CALLBACK_PATH
from shinsatsu.domain.roles import WorkerRole
from shinsatsu.domain.staff_claims import StaffClaims
from shinsatsu.identity.host_tokens import HostTrust, JwtVerifier
from shinsatsu.identity.key_sets import KeySet
from shinsatsu.identity.oidc_provider import OidcProvider, Registration
from shinsatsu.service.commands import Commands
from shinsatsu.service.host_tokens import HostTokens
from shinsatsu.service.logins import Logins
from shinsatsu.service.oidc_logins import OidcLogins
from shinsatsu.service.signing_keys import SigningKeys
from shinsatsu.settings import Settings


def host_tokens(settings: Settings, commands: Commands, keys: SigningKeys) -> HostTokens | None:
    """The host application's JWTs; None where none are believed."""
    if not settings.host_token_algorithms:
        return None
    trust = HostTrust(
        settings.host_token_issuer,
        settings.host_token_audience or settings.public_url,
        settings.host_token_algorithms,
        settings.host_token_workers,
    )
    secret = settings.host_token_secret.get_secret_value().encode() if settings.host_token_secret else None
    key_set = KeySet(settings.host_token_jwks) if settings.host_token_jwks else None
    return HostTokens(commands, keys, JwtVerifier(trust, secret, key_set))


def oidc_logins(settings: Settings, commands: Commands, logins: Logins, keys: SigningKeys) -> OidcLogins | None:
    """The provider of staff; None where there is none."""
    if not settings.oidc_issuer:
        return None
    registration = Registration(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else None,
        settings.public_url + CALLBACK_PATH,
        settings.oidc_scopes,
        settings.oidc_algorithms,
        settings.oidc_userinfo,
    )
    roles = {value: WorkerRole(role) for value, role in settings.oidc_roles.items()}
    staff = StaffClaims(settings.oidc_id_claim, settings.oidc_name_claim, settings.oidc_role_claim, roles)
    return OidcLogins(commands, logins, keys, OidcProvider(registration), staff)


def provider_name(settings: Settings) -> str | None:
    """What the page calls the provider; None where there is none."""
    return (settings.oidc_name or urlsplit(settings.oidc_issuer).hostname) if settings.oidc_issuer else None
