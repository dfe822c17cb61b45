"""Settings of who vouches for people: a host application that signs tokens, an OpenID Connect provider."""

import json
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

HostAlgorithm = Literal["RS256", "PS256", "ES256", "EdDSA", "HS256"]
OidcAlgorithm = Literal["RS256", "PS256", "ES256", "EdDSA"]
StaffRole = Literal["doctor", "operator", "admin"]


class AccessSettings(BaseSettings):
    """Nobody vouches for anybody unless it is set: `host_token_algorithms`, `oidc_issuer`."""

    host_token_algorithms: Annotated[tuple[HostAlgorithm, ...], NoDecode] = Field(
        default=(), description="How the host application signs its JWTs, comma separated; empty: it has none"
    )
    host_token_issuer: str = Field(default="", description="`iss` of the host application's JWTs")
    host_token_audience: str = Field(default="", description="`aud` of the host application's JWTs; default: base_url")
    host_token_jwks: str = Field(default="", description="https address or file of the host application's public keys")
    host_token_secret: SecretStr | None = Field(
        default=None, description="Shared with the host application, for HS256; ≥ 32 bytes"
    )
    host_token_workers: bool = Field(
        default=False, description="Whether the host application's JWTs are for workers too, not for patients alone"
    )

    oidc_issuer: str = Field(default="", description="OpenID Connect provider of staff; empty: there is none")
    oidc_name: str = Field(default="", description="What the provider is called on the page; default: its host")
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_scopes: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("openid", "profile"), description="Scopes asked for, comma separated"
    )
    oidc_algorithms: Annotated[tuple[OidcAlgorithm, ...], NoDecode] = Field(
        default=("RS256",), description="How the provider may sign its ID tokens, comma separated"
    )
    oidc_userinfo: bool = Field(default=False, description="Whether claims are asked of the UserInfo endpoint too")
    oidc_id_claim: str = Field(default="sub", description="Claim with the worker's number here; a.b for b inside a")
    oidc_name_claim: str = Field(default="name", description="Claim with the worker's name")
    oidc_role_claim: str = Field(default="roles", description="Claim with the worker's role or roles")
    oidc_roles: Annotated[dict[str, StaffRole], NoDecode] = Field(
        default={}, description='Value of the role claim → doctor, operator or admin, as JSON: {"clinician": "doctor"}'
    )

    @field_validator("host_token_algorithms", "oidc_scopes", "oidc_algorithms", mode="before")
    @classmethod
    def _list(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _mapping(cls, value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value
