"""How much of the table a credential lets through: a key's scopes, and what a grant is never good for.

A credential only narrows: what the table refuses stays refused. A scope that is none of these grants nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from shinsatsu.domain.permission_table import Column
from shinsatsu.domain.roles import Action, AuthUser, UserType


class KeyScope(StrEnum):
    """What an API key may be made for."""

    APPOINTMENTS = "appointments"
    LINKS = "links"
    WORKER_LINKS = "links:worker"
    SESSIONS_READ = "sessions:read"
    AUDIT_READ = "audit:read"


SCOPE_FOR: Mapping[Action, KeyScope] = MappingProxyType(
    {
        Action.PUT_APPOINTMENT: KeyScope.APPOINTMENTS,
        Action.CREATE: KeyScope.APPOINTMENTS,
        Action.END_SESSION: KeyScope.APPOINTMENTS,
        Action.MINT_LINK: KeyScope.LINKS,
        Action.VIEW: KeyScope.SESSIONS_READ,
        Action.READ_AUDIT: KeyScope.AUDIT_READ,
    }
)
"""What a key needs for an action; for any other no scope will do."""
NOT_BY_GRANT = frozenset(
    {Action.MANAGE_USERS, Action.MANAGE_KEYS, Action.READ_AUDIT, Action.PLAY_RECORDING, Action.PUT_APPOINTMENT}
)
"""What takes a login: a worker's grant acts in its one consultation, and in nothing beside it (spec §8)."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What narrows: a worker's grant, or a key's scopes. Patients have nothing but grants, which narrow nothing."""

    by_grant: bool
    scopes: frozenset[str] | None

    def refuses(self, action: Action, aimed_at: Column | None) -> str | None:
        """The reason's code for what is out of reach, None for anything else.

        `links:worker` is for links to anybody but patients and guests.
        """
        if self.by_grant and action in NOT_BY_GRANT:
            return "grant_may_not"
        if self.scopes is not None and _scope_for(action, aimed_at) not in self.scopes:
            return "scope_missing"
        return None


def credential_of(actor: AuthUser) -> Credential:
    """What the actor's credential narrows."""
    return Credential(actor.appointment_id is not None and actor.user_type is not UserType.PATIENT, actor.scopes)


def _scope_for(action: Action, aimed_at: Column | None) -> KeyScope | None:
    if action is Action.MINT_LINK and aimed_at not in (Column.PATIENT, Column.GUEST):
        return KeyScope.WORKER_LINKS
    return SCOPE_FOR.get(action)
