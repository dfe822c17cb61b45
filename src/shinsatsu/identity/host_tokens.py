"""JWTs that a host application signs for its user (RFC 7519, RFC 8725): who, for which appointment, for minutes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc.jwk import OctKey

from shinsatsu.domain.access_errors import HostTokenExpired, HostTokenInvalid
from shinsatsu.domain.roles import UserType
from shinsatsu.identity.key_sets import KeySet, PublicKey
from shinsatsu.identity.signed import DoesNotHold, algorithm_and_key_id, claims_of, with_new_names
from shinsatsu.service.identity_ports import HostClaims

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "HS256")
SHARED = "HS256"
SKEW = timedelta(seconds=60)
LONGEST_LIFE = timedelta(minutes=5)
LONGEST_TOKEN = 8192
LONGEST_ID = 255
MAX_USER_ID = 2**31 - 1
CLAIMS = ("iss", "aud", "exp", "iat", "jti", "sub", "userType", "appointmentId")


@dataclass(frozen=True, slots=True)
class HostTrust:
    """Whose tokens are believed, for whom, signed how; `workers`: for staff too."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    workers: bool = False


class JwtVerifier:
    """Implements `HostTokenVerifier`. The secret verifies HS256 alone, and a set's keys never do."""

    def __init__(self, trust: HostTrust, secret: bytes | None, key_set: KeySet | None) -> None:
        self._trust = trust
        self._secret = OctKey.import_key(secret) if secret else None
        self._key_set = key_set
        self._algorithms = with_new_names(trust.algorithms)

    async def verify(self, token: str, now: datetime) -> HostClaims:
        """As the port says."""
        if len(token) > LONGEST_TOKEN or token.count(".") != 2:
            raise _invalid()
        try:
            algorithm, key_id = algorithm_and_key_id(token)
            key = await self._key_for(algorithm, key_id, now)
            if key is None:
                raise _invalid()
            claims = claims_of(token, key, algorithm)
        except DoesNotHold as error:
            raise _invalid() from error
        return self._judge(claims, now)

    async def _key_for(self, algorithm: str, key_id: str | None, now: datetime) -> OctKey | PublicKey | None:
        if algorithm not in self._algorithms:
            return None
        if algorithm == SHARED:
            return self._secret
        return await self._key_set.find(algorithm, key_id, now) if self._key_set else None

    def _judge(self, claims: dict[str, Any], now: datetime) -> HostClaims:
        if any(name not in claims for name in CLAIMS):
            raise _invalid()
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if claims["iss"] != self._trust.issuer or self._trust.audience not in audiences:
            raise _invalid()
        until = _in_time(claims, now)
        key = (self._user_type(claims["userType"]), _user_id(claims["sub"]))
        return HostClaims(_text(claims["jti"], LONGEST_ID), key, _text(claims["appointmentId"], 64), until)

    def _user_type(self, said: object) -> UserType:
        if said == UserType.PATIENT or (said == UserType.WORKER and self._trust.workers):
            return UserType(str(said))
        raise _invalid()


def _in_time(claims: dict[str, Any], now: datetime) -> datetime:
    """Until when the token is believed; raises HostTokenExpired, HostTokenInvalid."""
    issued, expires = _moment(claims["iat"]), _moment(claims["exp"])
    if not timedelta(0) < expires - issued <= LONGEST_LIFE or issued > now + SKEW:
        raise _invalid()
    if "nbf" in claims and _moment(claims["nbf"]) > now + SKEW:
        raise _invalid()
    if now >= expires + SKEW:
        raise HostTokenExpired
    return expires + SKEW


def _moment(value: object) -> datetime:
    """A NumericDate (RFC 7519 §2)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _invalid()
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise _invalid() from None


def _user_id(value: object) -> int:
    """`sub` is text in a JWT; a number is taken for what it says."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= len(str(MAX_USER_ID)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_USER_ID:
        raise _invalid()
    return value


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise _invalid()
    return value


def _invalid() -> HostTokenInvalid:
    return HostTokenInvalid("This token is not the host application's, or not for this clinic.")
