"""What an OpenID Connect provider says of a worker, read as who they are here; whatever is not plain is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shinsatsu.domain.access_errors import OidcClaimsRefused
from shinsatsu.domain.roles import Person, UserType, WorkerRole

MAX_USER_ID = 2**31 - 1
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class StaffClaims:
    """Which claims hold a worker's number, name and role, and which value of the last means what.

    A claim's name with dots looks inside objects: `realm_access.roles`; one that is there as it stands goes first.
    """

    id_claim: str
    name_claim: str
    role_claim: str
    roles: Mapping[str, WorkerRole]

    def person(self, claims: Mapping[str, Any]) -> Person:
        """The worker; raises OidcClaimsRefused with the field that is missing, unknown or ambiguous."""
        return Person(UserType.WORKER, self._id(claims), self._role(claims), self._name(claims))

    def _id(self, claims: Mapping[str, Any]) -> int:
        """A positive number, or text that is nothing but one."""
        value = _claim(claims, self.id_claim)
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= len(str(MAX_USER_ID)):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_USER_ID:
            raise OidcClaimsRefused("The provider names no number of a worker.", field="id")
        return value

    def _role(self, claims: Mapping[str, Any]) -> WorkerRole:
        """The one role that what is said maps to; nobody is two things, and nobody is what is not in the map."""
        value = _claim(claims, self.role_claim)
        said = value if isinstance(value, list) else [value]
        found = {self.roles[one] for one in said if isinstance(one, str) and one in self.roles}
        if len(found) != 1:
            raise OidcClaimsRefused("The provider names no role, or several, that mean something here.", field="role")
        return found.pop()

    def _name(self, claims: Mapping[str, Any]) -> str:
        value = _claim(claims, self.name_claim)
        name = value.strip() if isinstance(value, str) else ""
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise OidcClaimsRefused("The provider names no name that can be shown.", field="name")
        return name


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
