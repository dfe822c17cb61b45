"""The token in a consultation link: a JWT (RFC 7519) signed with HS256 that holds what spec §6.2 lists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from shinsatsu.domain.errors import LinkInvalid
from shinsatsu.domain.roles import UserType
from shinsatsu.domain.timestamps import to_text

ALGORITHM = "HS256"
AUDIENCE = "shinsatsu:link"


@dataclass(frozen=True, slots=True)
class LinkClaims:
    """What a genuine token says; whether it still opens anything is the `links` row's to say."""

    link_id: str
    session_id: str
    user_type: UserType
    user_id: int


class LinkTokens:
    """Signs and reads link tokens."""

    def __init__(self, secret: bytes) -> None:
        self._key = OctKey.import_key(secret)

    def mint(self, link_id: str, session_id: str, user_type: UserType, user_id: int, expires_at: datetime) -> str:
        """The signed token; `expiresAt` is the spec's, `exp` the same in JWT's words."""
        claims: dict[str, Any] = {
            "jti": link_id,
            "aud": AUDIENCE,
            "exp": int(expires_at.timestamp()),
            "sessionId": session_id,
            "userId": user_id,
            "userType": str(user_type),
            "expiresAt": to_text(expires_at),
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM])

    def read(self, token: str) -> LinkClaims:
        """Checks signature, algorithm and audience; raises LinkInvalid. Expiry is for the row to judge, in our time."""
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
            if claims["aud"] != AUDIENCE:
                raise LinkInvalid("This link is not ours.")
            return LinkClaims(
                str(claims["jti"]), str(claims["sessionId"]), UserType(claims["userType"]), int(claims["userId"])
            )
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise LinkInvalid("This link is not ours, or it is damaged.") from error
