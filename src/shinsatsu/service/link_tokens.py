"""The token in a consultation link: a JWT (RFC 7519) signed with HS256 that holds what spec §6.2 lists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OctKey

from shinsatsu.domain.errors import LinkInvalid
from shinsatsu.domain.roles import UserType
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.signing_keys import SigningKeys

ALGORITHM = "HS256"
AUDIENCE = "shinsatsu:link"


@dataclass(frozen=True, slots=True)
class LinkClaims:
    """What a genuine token says, and which secret signed it; whether it opens anything is the `links` row's to say."""

    link_id: str
    session_id: str
    user_type: UserType
    user_id: int
    key_id: str


class LinkTokens:
    """Signs link tokens with the newest secret, whose id is their `kid`, and reads those of every secret in use."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

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
        header = {"alg": ALGORITHM, "kid": self._keys.newest_id}
        return jwt.encode(header, claims, OctKey.import_key(self._keys.newest), algorithms=[ALGORITHM])

    def read(self, token: str) -> LinkClaims:
        """Checks signature, algorithm and audience; raises LinkInvalid. Expiry is for the row to judge, in our time."""
        try:
            genuine = jwt.decode(token, self._key_of, algorithms=[ALGORITHM])
            claims = genuine.claims
            if claims["aud"] != AUDIENCE:
                raise LinkInvalid("This link is not ours.")
            user_type, user_id = UserType(claims["userType"]), int(claims["userId"])
            key_id = genuine.header["kid"]
            return LinkClaims(str(claims["jti"]), str(claims["sessionId"]), user_type, user_id, key_id)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise LinkInvalid("This link is not ours, or it is damaged.") from error

    def _key_of(self, token: GuestProtocol) -> OctKey:
        secret = self._keys.secret(token.headers().get("kid"))
        if secret is None:
            raise LinkInvalid("This link is not ours, or it is older than the secrets in use.")
        return OctKey.import_key(secret)
