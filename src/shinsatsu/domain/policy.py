"""The one judge over the permission table (`permission_table.py`, spec §8); nothing else compares roles.

Deny by default: whatever is unknown to the tables here is refused. Every decision carries a stable reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from shinsatsu.domain.participant import Admission
from shinsatsu.domain.permission_table import (
    AT_OTHERS,
    COLUMNS,
    MEDIA_ACTIONS,
    NEEDS_ADMISSION,
    NEEDS_OPEN_SESSION,
    NOT_WHILE_SENT_BACK,
    OUTSIDE_A_CONSULTATION,
    PAST_A_LOCK,
    SPEC_ACTIONS,
    TABLE,
    Column,
)
from shinsatsu.domain.roles import Action, AuthUser, Relation, UserType, WorkerRole
from shinsatsu.domain.scopes import Credential, credential_of
from shinsatsu.domain.session_status import OPEN, OVER, SessionStatus
from shinsatsu.domain.tracks import TrackType


class Consent(StrEnum):
    """The patient's answer to being recorded."""

    UNASKED = "unasked"
    GIVEN = "given"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom an action is aimed at: their column, and whether they are the actor."""

    column: Column
    is_self: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision depends on beside who acts: None means that there is none of it.

    `admission` is that of the actor's stay, None for somebody who is not in the session. `locked` and
    `screen_share_off` are switches of the session, `blocked` one of the actor's account, `withheld`
    what staff left out for this guest.
    """

    relation: Relation | None
    status: SessionStatus | None = None
    admission: Admission | None = None
    target: Target | None = None
    consent: Consent = Consent.UNASKED
    patients_may_play: bool = False
    locked: bool = False
    screen_share_off: bool = False
    blocked: bool = False
    withheld: frozenset[Action] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer and its reason's stable code (`allowed`, `stranger`, `role_may_not`, …)."""

    allowed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What in the table decided: the actor's column and its cell, None where there is neither."""

    column: Column | None
    cell: str | None


@dataclass(frozen=True, slots=True)
class Permission:
    """One line of the `permissions` a client is told."""

    action: Action
    allowed: bool


ALLOWED = Decision(True, "allowed")
TIES_TO_THE_CLINIC: Mapping[tuple[UserType, WorkerRole | None], Relation] = MappingProxyType(
    {
        (UserType.PATIENT, None): Relation.OWN,
        (UserType.WORKER, WorkerRole.DOCTOR): Relation.IN_CHARGE,
        (UserType.WORKER, WorkerRole.OPERATOR): Relation.STAFF,
        (UserType.WORKER, WorkerRole.ADMIN): Relation.STAFF,
        (UserType.SYSTEM, None): Relation.SYSTEM,
    }
)
"""As what somebody counts where no consultation is involved: nobody is a stranger to the clinic."""
OF_THE_CLINIC = frozenset({Action.MANAGE_USERS, Action.MANAGE_KEYS, Action.READ_AUDIT})
ADMISSIONS, STATUSES = frozenset({None, *Admission}), frozenset({None, *SessionStatus})
ORDER = {column: place for place, column in enumerate(Column)}


def column_of(actor: AuthUser, relation: Relation | None) -> Column | None:
    """The actor's column of the table; None for a stranger and for any combination the table doesn't know."""
    return None if relation is None else COLUMNS.get((actor.user_type, actor.role, relation))


def decide(actor: AuthUser, action: Action, context: Context) -> Decision:
    """May the actor do this, here and now? The only judge: API guards, media operations and the page derive from it."""
    return _judge(column_of(actor, context.relation), credential_of(actor), action, context)


def decide_for_clinic(actor: AuthUser, action: Action) -> Decision:
    """The same for what belongs to the whole clinic: its people, keys and record, and nothing of a consultation."""
    if action not in OF_THE_CLINIC:
        return _deny("unknown_action")
    return decide(actor, action, Context(TIES_TO_THE_CLINIC.get((actor.user_type, actor.role))))


def _judge(column: Column | None, credential: Credential, action: Action, context: Context) -> Decision:
    if column is None:
        return _deny("stranger")
    row = TABLE.get(action)
    if row is None:
        return _deny("unknown_action")
    cell = row.get(column, "-")
    if cell == "-":
        return _deny(_why_not(row, column))
    refused = (
        credential.refuses(action, context.target.column if context.target else None)
        or _refused_by_state(action, context)
        or _refused_by_switch(action, column, context)
    )
    return _judge_cell(cell, column, context) if refused is None else _deny(refused)


def must_say_why(relation: Relation) -> bool:
    """Whether somebody of that relation gives a reason for coming in: operators and admins are on no appointment."""
    return relation is Relation.STAFF


def rule_of(actor: AuthUser, action: Action, relation: Relation | None) -> Rule:
    """The cell of the table that a decision about this rests on, for those who ask why."""
    column = column_of(actor, relation)
    row = TABLE.get(action)
    return Rule(column, row.get(column) if row is not None and column is not None else None)


def decide_media(actor: AuthUser, context: Context, publishing: TrackType | None = None) -> Decision:
    """May the actor publish a track of that type, or subscribe (None)? Only once admitted.

    Subscribing is part of having joined; a microphone or camera needs the right to open it, a screen that to share it.
    """
    decision = decide(actor, MEDIA_ACTIONS.get(publishing, Action.JOIN) if publishing else Action.JOIN, context)
    if decision.allowed and context.admission is not Admission.ADMITTED:
        return _deny("not_admitted")
    return decision


def permissions(actor: AuthUser, context: Context) -> tuple[Permission, ...]:
    """Every action of a consultation with yes or no at this moment, the spec's seven first.

    Actions aimed at people are answered as if aimed at the patient.
    """
    aimed = replace(context, target=Target(Column.PATIENT))
    return _permissions(column_of(actor, context.relation), credential_of(actor), aimed)


@lru_cache(maxsize=512)  # a join and each event of somebody's stay ask the same 24 questions again
def _permissions(column: Column | None, credential: Credential, context: Context) -> tuple[Permission, ...]:
    others = (action for action in TABLE if action not in (*SPEC_ACTIONS, *OUTSIDE_A_CONSULTATION))
    return tuple(
        Permission(action, _judge(column, credential, action, context).allowed) for action in (*SPEC_ACTIONS, *others)
    )


def _refused_by_state(action: Action, context: Context) -> str | None:
    if context.admission not in ADMISSIONS or context.status not in STATUSES:
        return "unknown_state"
    if context.blocked:
        return "account_blocked"
    if context.admission is Admission.REMOVED:
        return "removed"
    if action in NEEDS_OPEN_SESSION and context.status not in OPEN:
        if context.status in OVER:
            return "session_ended"
        return "session_not_open" if context.status is SessionStatus.SCHEDULED else "unknown_state"
    if action in NOT_WHILE_SENT_BACK and context.admission is Admission.SENT_BACK:
        return "sent_back"
    if action in NEEDS_ADMISSION and context.admission is not Admission.ADMITTED:
        return "not_admitted"
    return None


def _refused_by_switch(action: Action, column: Column, context: Context) -> str | None:
    """A guest does nothing that staff left out. Nobody new comes into a locked session but the booked patient, who
    waits, and the doctor in charge. Nobody lets themselves in, or mutes themselves as staff do.
    """
    if column is Column.GUEST and action in context.withheld:
        return "withheld"
    if action is Action.JOIN and context.locked and context.admission is None and column not in PAST_A_LOCK:
        return "locked"
    if action in AT_OTHERS and context.target is not None and context.target.is_self:
        return "own_admission" if action is Action.ADMIT else "target_is_self"
    if action is Action.SHARE_SCREEN and context.screen_share_off and column in (Column.PATIENT, Column.GUEST):
        return "screen_share_off"
    return None


def _judge_cell(cell: str, column: Column, context: Context) -> Decision:
    match cell:
        case "y":
            return ALLOWED
        case "c":
            return ALLOWED if context.consent is Consent.GIVEN else _deny("consent_missing")
        case "o":
            return ALLOWED if context.patients_may_play else _deny("clinic_setting")
        case "<" | "*" | "p" | "b":
            return _judge_target(cell, column, context.target)
    return _deny("unknown_rule")


def _judge_target(cell: str, column: Column, target: Target | None) -> Decision:
    if target is None or target.column not in ORDER:
        return _deny("target_missing")
    fits = {
        "<": ORDER[target.column] < ORDER[column],
        "*": target.column is not Column.SYSTEM and not target.is_self,
        "p": target.column in (Column.PATIENT, Column.GUEST),
        "b": target.column is not Column.SYSTEM,
    }
    return ALLOWED if fits[cell] else _deny("target_out_of_reach")


def _why_not(row: Mapping[Column, str], column: Column) -> str:
    if column is Column.SUPPORT_DOCTOR and row[Column.DOCTOR_IN_CHARGE] != "-":
        return "not_in_charge"
    if column is Column.GUEST and row[Column.PATIENT] != "-":
        return "not_for_relation"
    return "role_may_not"


def _deny(reason: str) -> Decision:
    return Decision(False, reason)
