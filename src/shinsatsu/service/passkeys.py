"""Passkeys (WebAuthn Level 3) for one origin; the foreign library's errors end here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, generate_challenge, options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from shinsatsu.domain.accounts import Account, Passkey

Options = dict[str, Any]
TIMEOUT_MS = 5 * 60 * 1000
TRANSPORTS = frozenset(one.value for one in AuthenticatorTransport)
VERIFIED = UserVerificationRequirement.REQUIRED


class PasskeyRefused(Exception):
    """What the browser sent proves nothing: another origin or challenge, no user verification, a bad signature."""


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What an authenticator registered."""

    credential_id: str
    public_key: str
    sign_count: int
    transports: tuple[str, ...]


class Passkeys:
    """Makes the browser's options and judges its answers; `origin` is what the page's address begins with."""

    def __init__(self, origin: str, name: str) -> None:
        self._origin = origin
        self._rp_id = urlsplit(origin).hostname or ""
        self._name = name

    def challenge(self) -> str:
        """64 random bytes, base64url."""
        return bytes_to_base64url(generate_challenge())

    def creation_options(self, account: Account, name: str, known: Sequence[Passkey], challenge: str) -> Options:
        """PublicKeyCredentialCreationOptionsJSON."""
        options = webauthn.generate_registration_options(
            rp_id=self._rp_id,
            rp_name=self._name,
            user_id=base64url_to_bytes(account.handle),
            user_name=account.login_name,
            user_display_name=name,
            challenge=base64url_to_bytes(challenge),
            timeout=TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=VERIFIED
            ),
            exclude_credentials=_descriptors(known),
        )
        return options_to_json_dict(options)

    def request_options(self, known: Sequence[Passkey], challenge: str) -> Options:
        """PublicKeyCredentialRequestOptionsJSON."""
        options = webauthn.generate_authentication_options(
            rp_id=self._rp_id,
            challenge=base64url_to_bytes(challenge),
            timeout=TIMEOUT_MS,
            allow_credentials=_descriptors(known),
            user_verification=VERIFIED,
        )
        return options_to_json_dict(options)

    def registered(self, credential: Mapping[str, Any], challenge: str) -> NewPasskey:
        """Judges a RegistrationResponseJSON; raises PasskeyRefused."""
        try:
            made = webauthn.verify_registration_response(
                credential=dict(credential),
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
            said = credential["response"].get("transports") or ()
            transports = tuple(sorted({one for one in said if one in TRANSPORTS}))
        except Exception as error:  # the library's parsers raise whatever they stumble over; all of it is a refusal
            raise PasskeyRefused(str(error)) from error
        credential_id, public_key = map(bytes_to_base64url, (made.credential_id, made.credential_public_key))
        return NewPasskey(credential_id, public_key, made.sign_count, transports)

    def sign_count_of(self, credential: Mapping[str, Any], challenge: str, passkey: Passkey) -> int:
        """Judges an AuthenticationResponseJSON by that passkey and returns its counter; raises PasskeyRefused."""
        try:
            verified = webauthn.verify_authentication_response(
                credential=dict(credential),
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=base64url_to_bytes(passkey.public_key),
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except Exception as error:  # as above
            raise PasskeyRefused(str(error)) from error
        return verified.new_sign_count


def _descriptors(known: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(one.credential_id),
            transports=[AuthenticatorTransport(transport) for transport in one.transports] or None,
        )
        for one in known
    ]
