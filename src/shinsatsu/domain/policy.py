"""The one permission table (spec §8) and the one judge over it; nothing else compares roles.

Deny by default: whatever is unknown to the tables here is refused. Every decision carries a stable reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from shinsatsu.domain.participant import Admission
from shinsatsu.domain.roles import Action, AuthUser, Relation, UserType, WorkerRole
from shinsatsu.domain.session_status import OPEN, OVER, SessionStatus


class Column(StrEnum):
    """The table's columns, left to right; the system's own stands outside the spec's table."""

    PATIENT = "patient"
    GUEST = "guest"
    DOCTOR_IN_CHARGE = "doctor_in_charge"
    SUPPORT_DOCTOR = "support_doctor"
    OPERATOR = "operator"
    ADMIN = "admin"
    SYSTEM = "system"


COLUMNS: Mapping[tuple[UserType, WorkerRole | None, Relation], Column] = MappingProxyType(
    {
        (UserType.PATIENT, None, Relation.OWN): Column.PATIENT,
        (UserType.PATIENT, None, Relation.GUEST): Column.GUEST,
        (UserType.WORKER, WorkerRole.DOCTOR, Relation.IN_CHARGE): Column.DOCTOR_IN_CHARGE,
        (UserType.WORKER, WorkerRole.DOCTOR, Relation.SUPPORT): Column.SUPPORT_DOCTOR,
        (UserType.WORKER, WorkerRole.OPERATOR, Relation.STAFF): Column.OPERATOR,
        (UserType.WORKER, WorkerRole.ADMIN, Relation.STAFF): Column.ADMIN,
        (UserType.SYSTEM, None, Relation.SYSTEM): Column.SYSTEM,
    }
)

# y yes · - no · c with the patient's consent · < only people further left · * anybody else
# p patients and guests of the session · b people of the booking, operators and admins · o one's own, by clinic setting
#                       patient guest in charge support operator admin system
_ROWS = {
    Action.VIEW:              "y  y  y  y  y  y  y",
    Action.JOIN:              "y  y  y  y  y  y  -",
    Action.LEAVE:             "y  y  y  y  y  y  -",
    Action.MUTE:              "y  y  y  y  y  y  -",
    Action.UNMUTE:            "y  y  y  y  y  y  -",
    Action.SHARE_SCREEN:      "y  y  y  y  y  y  -",
    Action.CREATE:            "y  -  y  -  y  y  y",
    Action.END_SESSION:       "-  -  y  y  y  y  y",
    Action.MUTE_OTHERS:       "-  -  y  y  y  y  -",
    Action.ADMIT:             "-  -  y  y  y  y  -",
    Action.LOCK:              "-  -  y  y  y  y  -",
    Action.EXTEND:            "-  -  y  y  y  y  -",
    Action.SEND_BACK:         "-  -  <  <  <  *  -",
    Action.REMOVE:            "-  -  <  <  <  *  -",
    Action.REQUEST_RECORDING: "-  -  y  y  y  y  -",
    Action.RECORD:            "-  -  c  c  c  y  -",
    Action.MINT_LINK:         "-  -  p  p  p  p  b",
    Action.CHECK_IDENTITY:    "-  -  y  y  y  y  -",
    Action.SET_OUTCOME:       "-  -  y  y  y  y  -",
    Action.READ_HISTORY:      "-  -  y  y  y  y  -",
    Action.PLAY_RECORDING:    "o  -  y  -  -  y  -",
    Action.MANAGE_USERS:      "-  -  -  -  -  y  -",
    Action.MANAGE_KEYS:       "-  -  -  -  -  y  -",
    Action.READ_AUDIT:        "-  -  -  -  -  y  -",
    Action.PUT_APPOINTMENT:   "-  -  -  -  -  -  y",
    Action.EXPLAIN_PERMISSIONS: "-  -  -  -  y  y  -",
}  # fmt: skip
TABLE: Mapping[Action, Mapping[Column, str]] = MappingProxyType(
    {action: MappingProxyType(dict(zip(Column, row.split(), strict=True))) for action, row in _ROWS.items()}
)

NEEDS_OPEN_SESSION = frozenset(
    {
        Action.JOIN, Action.MUTE, Action.UNMUTE, Action.SHARE_SCREEN, Action.MUTE_OTHERS, Action.ADMIT, Action.LOCK,
        Action.EXTEND, Action.SEND_BACK, Action.REMOVE, Action.REQUEST_RECORDING, Action.RECORD,
    }
)  # fmt: skip
NEEDS_ADMISSION = frozenset({Action.SHARE_SCREEN})
PAST_A_LOCK = frozenset({Column.PATIENT, Column.DOCTOR_IN_CHARGE})
AT_OTHERS = frozenset({Action.ADMIT, Action.MUTE_OTHERS})
NOT_WHILE_SENT_BACK = frozenset(
    {Action.MUTE_OTHERS, Action.ADMIT, Action.LOCK, Action.EXTEND, Action.SEND_BACK, Action.REMOVE, Action.END_SESSION}
)
"""Staff who were sent back run the session no more until they are let in."""
SPEC_ACTIONS = (
    Action.JOIN, Action.LEAVE, Action.MUTE, Action.UNMUTE, Action.SHARE_SCREEN, Action.RECORD, Action.END_SESSION,
)  # fmt: skip
"""The seven of spec §1, first in every list of permissions."""
OUTSIDE_A_CONSULTATION = frozenset({Action.PUT_APPOINTMENT, Action.EXPLAIN_PERMISSIONS})
"""In no list of permissions: what they are about is not what happens in a call."""


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
    `screen_share_off` are switches of the session, `blocked` one of the actor's account.
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
ADMISSIONS, STATUSES = frozenset({None, *Admission}), frozenset({None, *SessionStatus})
ORDER = {column: place for place, column in enumerate(Column)}


def column_of(actor: AuthUser, relation: Relation | None) -> Column | None:
    """The actor's column of the table; None for a stranger and for any combination the table doesn't know."""
    return None if relation is None else COLUMNS.get((actor.user_type, actor.role, relation))


def decide(actor: AuthUser, action: Action, context: Context) -> Decision:
    """May the actor do this, here and now? The only judge: API guards, media operations and the page derive from it."""
    return _judge(column_of(actor, context.relation), action, context)


def _judge(column: Column | None, action: Action, context: Context) -> Decision:
    if column is None:
        return _deny("stranger")
    row = TABLE.get(action)
    if row is None:
        return _deny("unknown_action")
    cell = row.get(column, "-")
    if cell == "-":
        return _deny(_why_not(row, column))
    state = _refused_by_state(action, context) or _refused_by_switch(action, column, context)
    return _judge_cell(cell, column, context) if state is None else _deny(state)


def must_say_why(relation: Relation) -> bool:
    """Whether somebody of that relation gives a reason for coming in: operators and admins are on no appointment."""
    return relation is Relation.STAFF


def rule_of(actor: AuthUser, action: Action, relation: Relation | None) -> Rule:
    """The cell of the table that a decision about this rests on, for those who ask why."""
    column = column_of(actor, relation)
    row = TABLE.get(action)
    return Rule(column, row.get(column) if row is not None and column is not None else None)


def decide_media(actor: AuthUser, context: Context, *, screen: bool = False) -> Decision:
    """May the actor publish or subscribe? Whoever may join, once admitted; a screen needs its own right besides."""
    decision = decide(actor, Action.SHARE_SCREEN if screen else Action.JOIN, context)
    if decision.allowed and context.admission is not Admission.ADMITTED:
        return _deny("not_admitted")
    return decision


def permissions(actor: AuthUser, context: Context) -> tuple[Permission, ...]:
    """Every action of a consultation with yes or no at this moment, the spec's seven first.

    Actions aimed at people are answered as if aimed at the patient.
    """
    return _permissions(column_of(actor, context.relation), replace(context, target=Target(Column.PATIENT)))


@lru_cache(maxsize=512)  # a join and each event of somebody's stay ask the same 24 questions again
def _permissions(column: Column | None, context: Context) -> tuple[Permission, ...]:
    others = (action for action in TABLE if action not in (*SPEC_ACTIONS, *OUTSIDE_A_CONSULTATION))
    return tuple(Permission(action, _judge(column, action, context).allowed) for action in (*SPEC_ACTIONS, *others))


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
    """A locked session lets nobody new in but the booked patient, who waits, and the doctor in charge.

    Nobody lets themselves in, or mutes themselves as staff do.
    """
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
