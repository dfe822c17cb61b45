"""Compact JWS (RFC 7515) as others send them: nothing in one is believed before its signature fits."""

import warnings
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OctKey

from shinsatsu.identity.key_sets import PublicKey


class DoesNotHold(Exception):
    """Not a signed token, or not signed with that key."""


def algorithm_and_key_id(token: str) -> tuple[str, str | None]:
    """What the token claims to be signed with, to choose the key by; raises DoesNotHold."""
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise DoesNotHold from error
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not isinstance(key_id, str | None):
        raise DoesNotHold
    return algorithm, key_id


def claims_of(token: str, key: OctKey | PublicKey, algorithm: str) -> dict[str, Any]:
    """The claims, once the signature fits that key under that algorithm; raises DoesNotHold."""
    with warnings.catch_warnings():  # others sign with EdDSA under the name it had before RFC 9864
        warnings.simplefilter("ignore", SecurityWarning)
        try:
            return jwt.decode(token, key, algorithms=[algorithm]).claims
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise DoesNotHold from error


def with_new_names(algorithms: tuple[str, ...]) -> frozenset[str]:
    """The algorithms, with the name that RFC 9864 gave to EdDSA on Ed25519."""
    return frozenset(algorithms) | (frozenset({"Ed25519"}) if "EdDSA" in algorithms else frozenset())
