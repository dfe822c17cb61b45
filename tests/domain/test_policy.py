"""Every cell of the permission table against a copy of the spec's (§8), and everything unknown denied."""

import itertools
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinsatsu.domain.participant import Admission
from shinsatsu.domain.permission_table import COLUMNS, NEEDS_OPEN_SESSION, OUTSIDE_A_CONSULTATION, TABLE, Column
from shinsatsu.domain.policy import Consent, Context, Decision, Target, decide, decide_media, permissions
from shinsatsu.domain.roles import Action, AuthUser, Relation, UserType, WorkerRole
from shinsatsu.domain.session_status import SessionStatus
from shinsatsu.domain.tracks import TrackType

SPEC = """
| action | patient | guest | doctor in charge | support doctor | operator | admin |
|---|---|---|---|---|---|---|
| `view`, `join`, `leave`, `mute`, `unmute` (own), `share_screen` | y | y | y | y | y | y |
| `create` | y | – | y | – | y | y |
| `end_session`, `mute_others`, `admit`, `lock`, `extend` | – | – | y | y | y | y |
| `send_back`, `remove` (only people further left in this table; an admin: anybody else) | – | – | y | y | y | y |
| `request_recording` | – | – | y | y | y | y |
| `record` (start, pause, stop) | – | – | c | c | c | y |
| `mint_link` (patients and guests of the session), `check_identity`, `set_outcome` | – | – | y | y | y | y |
| `read_history` of a session | – | – | y | y | y | y |
| `play_recording` | s | – | y | – | – | y |
| `manage_users`, `manage_keys`, `read_audit` | – | – | – | – | – | y |
"""
SPEC_COLUMNS: list[Column] = [column for column in Column if column is not Column.SYSTEM]
ACTORS = {
    column: (AuthUser(user_type, 1, role, "somebody"), relation)
    for (user_type, role, relation), column in COLUMNS.items()
}
BEST = Context(None, SessionStatus.ACTIVE, Admission.ADMITTED, Target(Column.PATIENT), Consent.GIVEN, True)


def spec_cells() -> dict[tuple[Action, Column], str]:
    """The spec's table as (action, column) → y, –, c or s."""
    cells: dict[tuple[Action, Column], str] = {}
    for line in SPEC.strip().splitlines()[2:]:
        names, *values = (part.strip() for part in line.strip("|").split("|"))
        for name in names.split("`")[1::2]:
            cells.update({(Action(name), column): value for column, value in zip(SPEC_COLUMNS, values, strict=True)})
    return cells


def asked(column: Column, action: Action, **context: Any) -> tuple[bool, str]:
    actor, relation = ACTORS[column]
    decision = decide(actor, action, replace(BEST, relation=relation, **context))
    return decision.allowed, decision.reason


def test_the_copy_covers_every_action_of_the_spec() -> None:
    assert {action for action, _ in spec_cells()} == set(Action) - OUTSIDE_A_CONSULTATION - {Action.INVITE_GUEST}
    assert set(TABLE) == set(Action)


@pytest.mark.parametrize(("cell", "expected"), list(spec_cells().items()), ids=str)
def test_every_cell(cell: tuple[Action, Column], expected: str) -> None:
    action, column = cell
    assert asked(column, action)[0] is (expected != "–")
    assert asked(column, action, consent=Consent.UNASKED)[0] is (expected not in "–c")
    assert asked(column, action, consent=Consent.REFUSED)[0] is (expected not in "–c")
    assert asked(column, action, patients_may_play=False)[0] is (expected not in "–s")


def test_the_system_may_book_view_open_end_mint_and_read_the_record() -> None:
    allowed = {action for action in Action if asked(Column.SYSTEM, action)[0]}
    in_consultations = {Action.VIEW, Action.CREATE, Action.END_SESSION, Action.MINT_LINK}
    assert allowed == in_consultations | {Action.PUT_APPOINTMENT, Action.READ_AUDIT}
    for column in SPEC_COLUMNS:
        assert asked(column, Action.PUT_APPOINTMENT) == (False, "role_may_not")


def test_operators_and_admins_may_ask_why() -> None:
    may = {column for column in Column if asked(column, Action.EXPLAIN_PERMISSIONS)[0]}
    assert may == {Column.OPERATOR, Column.ADMIN}


@pytest.mark.parametrize("action", [Action.SEND_BACK, Action.REMOVE])
@pytest.mark.parametrize(("actor", "target"), list(itertools.product(SPEC_COLUMNS, SPEC_COLUMNS)))
@pytest.mark.parametrize("is_self", [True, False])
def test_only_people_further_left(action: Action, actor: Column, target: Column, is_self: bool) -> None:
    order = SPEC_COLUMNS.index
    may_at_all = actor not in (Column.PATIENT, Column.GUEST)
    in_reach = not is_self if actor is Column.ADMIN else order(target) < order(actor)
    assert asked(actor, action, target=Target(target, is_self))[0] is (may_at_all and in_reach)
    assert asked(actor, action, target=None)[0] is False


@pytest.mark.parametrize("target", list(Column))
def test_staff_mint_for_patients_and_guests_the_system_for_people(target: Column) -> None:
    of_the_session = target in (Column.PATIENT, Column.GUEST)
    for column in (Column.DOCTOR_IN_CHARGE, Column.SUPPORT_DOCTOR, Column.OPERATOR, Column.ADMIN):
        assert asked(column, Action.MINT_LINK, target=Target(target))[0] is of_the_session
    assert asked(Column.SYSTEM, Action.MINT_LINK, target=Target(target))[0] is (target is not Column.SYSTEM)


@pytest.mark.parametrize(
    ("column", "action", "context", "reason"),
    [
        (Column.PATIENT, Action.END_SESSION, {}, "role_may_not"),
        (Column.SUPPORT_DOCTOR, Action.CREATE, {}, "not_in_charge"),
        (Column.GUEST, Action.CREATE, {}, "not_for_relation"),
        (Column.OPERATOR, Action.RECORD, {"consent": Consent.UNASKED}, "consent_missing"),
        (Column.PATIENT, Action.SHARE_SCREEN, {"admission": Admission.WAITING}, "not_admitted"),
        (Column.PATIENT, Action.JOIN, {"admission": Admission.REMOVED}, "removed"),
        (Column.PATIENT, Action.VIEW, {"admission": Admission.REMOVED}, "removed"),
        (Column.DOCTOR_IN_CHARGE, Action.JOIN, {"status": SessionStatus.ENDED}, "session_ended"),
        (Column.DOCTOR_IN_CHARGE, Action.JOIN, {"status": SessionStatus.FAILED}, "session_ended"),
        (Column.DOCTOR_IN_CHARGE, Action.JOIN, {"status": SessionStatus.SCHEDULED}, "session_not_open"),
        (Column.PATIENT, Action.PLAY_RECORDING, {"patients_may_play": False}, "clinic_setting"),
        (Column.OPERATOR, Action.REMOVE, {"target": Target(Column.ADMIN)}, "target_out_of_reach"),
        (Column.OPERATOR, Action.REMOVE, {"target": None}, "target_missing"),
        (Column.OPERATOR, Action.ADMIT, {"target": Target(Column.OPERATOR, is_self=True)}, "own_admission"),
        (Column.SUPPORT_DOCTOR, Action.JOIN, {"locked": True, "admission": None}, "locked"),
        (Column.GUEST, Action.JOIN, {"locked": True, "admission": None}, "locked"),
        (Column.OPERATOR, Action.ADMIT, {"admission": Admission.SENT_BACK}, "sent_back"),
        (
            Column.DOCTOR_IN_CHARGE,
            Action.MUTE_OTHERS,
            {"target": Target(Column.PATIENT, is_self=True)},
            "target_is_self",
        ),
        (Column.GUEST, Action.SHARE_SCREEN, {"screen_share_off": True}, "screen_share_off"),
        (Column.ADMIN, Action.VIEW, {"blocked": True}, "account_blocked"),
    ],
)
def test_reasons(column: Column, action: Action, context: dict[str, Any], reason: str) -> None:
    assert asked(column, action, **context) == (False, reason)


def test_a_locked_session_stays_open_to_those_in_it_and_to_the_doctor_in_charge() -> None:
    for column in SPEC_COLUMNS:
        for admission in (Admission.WAITING, Admission.ADMITTED, Admission.SENT_BACK):
            assert asked(column, Action.JOIN, locked=True, admission=admission)[0]
    assert asked(Column.DOCTOR_IN_CHARGE, Action.JOIN, locked=True, admission=None)[0]


def test_no_screen_sharing_is_for_patients_and_guests_alone() -> None:
    may = {column for column in SPEC_COLUMNS if asked(column, Action.SHARE_SCREEN, screen_share_off=True)[0]}
    assert may == set(SPEC_COLUMNS) - {Column.PATIENT, Column.GUEST}


def test_a_blocked_account_may_nothing_at_all() -> None:
    assert not any(asked(column, action, blocked=True)[0] for column in Column for action in Action)


@pytest.mark.parametrize("role", [None, *WorkerRole, "nurse"])
@pytest.mark.parametrize("user_type", [*UserType, "robot"])
def test_only_the_tables_columns_may_anything(user_type: str, role: str | None) -> None:
    actor = AuthUser(cast("UserType", user_type), 1, cast("WorkerRole | None", role), "somebody")
    for relation, action in itertools.product([*Relation, "cousin"], [*Action, "delete_everything"]):
        decision = decide(actor, cast("Action", action), replace(BEST, relation=cast("Relation", relation)))
        if (user_type, role, relation) not in COLUMNS:
            assert decision == Decision(False, "stranger")
        elif action not in set(Action):
            assert decision == Decision(False, "unknown_action")


def test_a_new_column_is_granted_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    nurse: dict[Any, Any] = {(UserType.WORKER, "nurse", Relation.STAFF): "nurse"}
    monkeypatch.setattr("shinsatsu.domain.policy.COLUMNS", {**COLUMNS, **nurse})
    actor = AuthUser(UserType.WORKER, 1, cast("WorkerRole", "nurse"), "somebody")
    context = replace(BEST, relation=Relation.STAFF)
    assert {decide(actor, action, context) for action in Action} == {Decision(False, "role_may_not")}
    assert not any(one.allowed for one in permissions(actor, context))


def test_every_row_has_a_cell_of_a_known_kind_for_every_column() -> None:
    for row in TABLE.values():
        assert set(row) == set(Column)
        assert set(row.values()) <= set("y-c<*pbo")


@given(
    user_type=st.sampled_from([*UserType, "robot", ""]),
    role=st.sampled_from([None, *WorkerRole, "surgeon"]),
    relation=st.sampled_from([None, *Relation, "cousin"]),
    action=st.sampled_from([*Action, "delete_everything"]),
    status=st.sampled_from([None, *SessionStatus, "paused"]),
    admission=st.sampled_from([None, *Admission, "half"]),
)
def test_what_is_unknown_is_denied(
    user_type: str, role: str | None, relation: str | None, action: str, status: str | None, admission: str | None
) -> None:
    actor = AuthUser(cast("UserType", user_type), 1, cast("WorkerRole | None", role), "somebody")
    context = cast("Any", Context)(relation, status, admission, Target(Column.PATIENT), Consent.GIVEN, True)
    decision = decide(actor, cast("Action", action), context)
    known = (user_type, role, relation) in COLUMNS and action in set(Action)
    known = known and admission in {None, *Admission} and status in {None, *SessionStatus}
    if not known or (action in NEEDS_OPEN_SESSION and status not in ("waiting", "active")):
        assert not decision.allowed
    if decision.allowed:
        column = COLUMNS[actor.user_type, actor.role, context.relation]
        assert TABLE[Action(action)][column] != "-"


def test_guests_are_invited_by_whoever_may_admit_them() -> None:
    assert TABLE[Action.INVITE_GUEST] == TABLE[Action.ADMIT]


@pytest.mark.parametrize("action", [Action.SHARE_SCREEN, Action.UNMUTE])
def test_what_staff_leave_out_binds_guests_alone(action: Action) -> None:
    for column in SPEC_COLUMNS:
        expected = (False, "withheld") if column is Column.GUEST else (True, "allowed")
        assert asked(column, action, withheld=frozenset({action})) == expected


@pytest.mark.parametrize("admission", [None, *Admission])
@pytest.mark.parametrize("column", SPEC_COLUMNS)
def test_media_only_for_the_admitted(column: Column, admission: Admission | None) -> None:
    actor, relation = ACTORS[column]
    for track_type in (None, *TrackType):
        decision = decide_media(actor, replace(BEST, relation=relation, admission=admission), track_type)
        assert decision.allowed is (admission is Admission.ADMITTED)


def test_a_list_of_permissions_begins_with_the_specs_seven() -> None:
    actor, relation = ACTORS[Column.DOCTOR_IN_CHARGE]
    listed = permissions(actor, replace(BEST, relation=relation, target=None))
    names = [permission.action.value for permission in listed]
    assert names[:7] == ["join", "leave", "mute", "unmute", "share_screen", "record", "end_session"]
    assert sorted(names) == sorted(action.value for action in Action if action not in OUTSIDE_A_CONSULTATION)
    assert {one.action: one.allowed for one in listed}[Action.REMOVE]
