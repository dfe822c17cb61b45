"""Guests, family or interpreters: staff invite them to one session, with the guest's column or less."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shinsatsu.domain.errors import InvalidRequest
from shinsatsu.domain.roles import Action, UserKey, UserType


class GuestKind(StrEnum):
    """What somebody accompanies the patient as."""

    FAMILY = "family"
    INTERPRETER = "interpreter"
    OTHER = "other"


WITHHOLDABLE = frozenset({Action.SHARE_SCREEN, Action.UNMUTE})
"""What staff may leave out: a guest without `unmute` sees and hears, and sends nothing."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A row of `session_guests`: a patient user with a number below zero, which no booking system gives out."""

    session_id: str
    user_id: int
    kind: GuestKind
    withheld: frozenset[Action]
    invited_by: UserKey
    invited_at: datetime
    revoked_at: datetime | None = None

    @property
    def key(self) -> UserKey:
        return (UserType.PATIENT, self.user_id)

    @property
    def welcome(self) -> bool:
        return self.revoked_at is None


def withheld_of(names: Iterable[str]) -> frozenset[Action]:
    """The actions that staff leave out; raises InvalidRequest for one that cannot be."""
    chosen = frozenset(names)
    for name in sorted(chosen):
        if name not in WITHHOLDABLE:
            raise InvalidRequest(f"{name} cannot be withheld from a guest.", field="withhold")
    return frozenset(Action(name) for name in chosen)
