"""Settings of who vouches for people: what is read, and what `serve` refuses."""

from pathlib import Path
from typing import Any

import pytest

from shinsatsu.settings import Settings, SettingsRefused, read_settings
from shinsatsu.settings_check import checked
from shinsatsu.settings_record import on_record

HOST = {"host_token_algorithms": "RS256,EdDSA", "host_token_issuer": "https://portal.example"}
KEYS = {"host_token_jwks": "https://portal.example/keys"}
SHARED = {**HOST, "host_token_algorithms": "HS256", "host_token_secret": "s" * 32}
OIDC = {
    "oidc_issuer": "https://login.example/realms/clinic",
    "oidc_client_id": "shinsatsu",
    "oidc_client_secret": "a secret",
    "oidc_roles": '{"clinician": "doctor", "it": "admin"}',
}


def read(folder: Path, **given: Any) -> Settings:
    return read_settings(data_dir=folder, **given)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.mark.parametrize(
    "given",
    [{}, {**HOST, **KEYS}, {**HOST, "host_token_jwks": "http://127.0.0.1:9/keys"}, SHARED, OIDC],
    ids=["nobody", "keys", "keys here", "shared", "oidc"],
)
def test_what_is_fine(folder: Path, given: dict[str, Any]) -> None:
    checked(read(folder, **given))


def test_a_file_of_keys(folder: Path) -> None:
    (folder / "keys.json").write_text("{}")
    checked(read(folder, **HOST, host_token_jwks=str(folder / "keys.json")))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({**HOST}, "HOST_TOKEN_JWKS"),
        ({**HOST, "host_token_jwks": "http://portal.example/keys"}, "HOST_TOKEN_JWKS"),
        ({**HOST, "host_token_jwks": "ftp://127.0.0.1/keys"}, "HOST_TOKEN_JWKS"),
        ({**HOST, "host_token_jwks": "https://[bad"}, "HOST_TOKEN_JWKS"),
        ({**HOST, "host_token_jwks": "no/such/file.json"}, "HOST_TOKEN_JWKS"),
        ({**HOST, **KEYS, "host_token_issuer": ""}, "HOST_TOKEN_ISSUER"),
        ({**KEYS}, "HOST_TOKEN_ALGORITHMS"),
        ({**HOST, **KEYS, "host_token_secret": "s" * 32}, "HOST_TOKEN_SECRET"),
        ({**SHARED, "host_token_secret": "s" * 31}, "HOST_TOKEN_SECRET"),
        ({**SHARED, "host_token_secret": None}, "HOST_TOKEN_SECRET"),
        ({**OIDC, "oidc_issuer": "http://login.example"}, "OIDC_ISSUER"),
        ({**OIDC, "oidc_issuer": "login.example"}, "OIDC_ISSUER"),
        ({**OIDC, "oidc_issuer": "https://login.example/?a=b"}, "OIDC_ISSUER"),
        ({**OIDC, "oidc_client_id": ""}, "OIDC_CLIENT_ID"),
        ({**OIDC, "oidc_scopes": "profile"}, "OIDC_SCOPES"),
        ({**OIDC, "oidc_algorithms": ""}, "OIDC_ALGORITHMS"),
        ({**OIDC, "oidc_roles": "{}"}, "OIDC_ROLES"),
    ],
    ids=str,
)
def test_what_is_refused(folder: Path, given: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsRefused, match=f"^SHINSATSU_{named}"):
        checked(read(folder, **given))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"host_token_algorithms": "none"}, "HOST_TOKEN_ALGORITHMS"),
        ({"host_token_algorithms": "RS256,HS512"}, "HOST_TOKEN_ALGORITHMS"),
        ({"oidc_algorithms": "HS256"}, "OIDC_ALGORITHMS"),
        ({"oidc_roles": '{"it": "superuser"}'}, "OIDC_ROLES"),
        ({"oidc_roles": "it=admin"}, "OIDC_ROLES"),
    ],
    ids=str,
)
def test_what_cannot_be_read(folder: Path, given: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsRefused, match=f"^SHINSATSU_{named}"):
        read(folder, **given)


def test_the_record_knows_no_secret(folder: Path) -> None:
    told = str(on_record(read(folder, **SHARED, **OIDC), "kid"))
    assert "s" * 32 not in told
    assert "a secret" not in told
    assert "https://login.example" in told
