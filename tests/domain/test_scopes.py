"""What a credential narrows: a key's scopes, a worker's grant; and that it never gives what the table refuses."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinsatsu.domain.participant import Admission
from shinsatsu.domain.permission_table import COLUMNS, Column
from shinsatsu.domain.policy import Consent, Context, Decision, Target, decide, decide_media, permissions
from shinsatsu.domain.roles import Action, AuthUser, Relation, UserType, WorkerRole
from shinsatsu.domain.scopes import NOT_BY_GRANT, KeyScope
from shinsatsu.domain.session_status import SessionStatus
from shinsatsu.domain.tracks import TrackType

KEY = AuthUser(UserType.SYSTEM, 1, None, "booking", scopes=frozenset())
ALL = frozenset(KeyScope)
BEST = Context(
    Relation.SYSTEM, SessionStatus.ACTIVE, Admission.ADMITTED, Target(Column.PATIENT), Consent.GIVEN, True
)  # nothing but the column and the credential stands in the way
GRANTED = {
    KeyScope.APPOINTMENTS: {Action.PUT_APPOINTMENT, Action.CREATE, Action.END_SESSION},
    KeyScope.LINKS: {Action.MINT_LINK},
    KeyScope.WORKER_LINKS: set[Action](),
    KeyScope.SESSIONS_READ: {Action.VIEW},
    KeyScope.AUDIT_READ: {Action.READ_AUDIT},
}
PEOPLE = [Column.DOCTOR_IN_CHARGE, Column.SUPPORT_DOCTOR, Column.OPERATOR, Column.ADMIN]

contexts = st.builds(
    Context,
    relation=st.sampled_from([None, *Relation]),
    status=st.sampled_from([None, *SessionStatus]),
    admission=st.sampled_from([None, *Admission]),
    target=st.one_of(st.none(), st.builds(Target, st.sampled_from(Column), st.booleans())),
    consent=st.sampled_from(Consent),
    patients_may_play=st.booleans(),
    locked=st.booleans(),
    screen_share_off=st.booleans(),
    blocked=st.booleans(),
)
scopes = st.one_of(st.none(), st.frozensets(st.sampled_from([*KeyScope, "users", "*", "", "LINKS", "links:*"])))
workers = st.builds(
    AuthUser, st.just(UserType.WORKER), st.just(1), st.sampled_from(WorkerRole), st.just("somebody"), st.just("a1")
)
anybody = st.builds(
    AuthUser,
    st.sampled_from(UserType),
    st.just(1),
    st.sampled_from([None, *WorkerRole]),
    st.just("somebody"),
    st.sampled_from([None, "a1"]),
    scopes,
)


def with_scopes(*scopes: str) -> AuthUser:
    return replace(KEY, scopes=frozenset(scopes))


@pytest.mark.parametrize("scope", list(KeyScope))
def test_a_scope_gives_these_actions_and_no_others(scope: KeyScope) -> None:
    allowed = {action for action in Action if decide(with_scopes(scope), action, BEST).allowed}
    assert allowed == GRANTED[scope]
    for action in Action:
        if decide(with_scopes(*ALL), action, BEST).allowed and action not in allowed:
            assert decide(with_scopes(scope), action, BEST) == Decision(False, "scope_missing")


@pytest.mark.parametrize("target", PEOPLE)
def test_links_for_workers_take_a_scope_of_their_own(target: Column) -> None:
    at_worker = replace(BEST, target=Target(target))
    assert decide(with_scopes("links:worker"), Action.MINT_LINK, at_worker).allowed
    assert decide(with_scopes(*ALL - {"links:worker"}), Action.MINT_LINK, at_worker).reason == "scope_missing"
    for person in (Column.PATIENT, Column.GUEST):
        at_patient = replace(BEST, target=Target(person))
        assert decide(with_scopes("links"), Action.MINT_LINK, at_patient).allowed
        assert decide(with_scopes(*ALL - {"links"}), Action.MINT_LINK, at_patient).reason == "scope_missing"


@pytest.mark.parametrize("unknown", ["users", "*", "", "LINKS", "links ", "audit", "audit:read,links"])
def test_an_unknown_scope_grants_nothing(unknown: str) -> None:
    assert not any(decide(with_scopes(unknown), action, BEST).allowed for action in Action)


def test_a_key_that_reads_the_record_is_no_administrator() -> None:
    of_admins = {action for action in Action if decide(with_scopes(*ALL), action, BEST).allowed}
    assert Action.READ_AUDIT in of_admins
    assert not of_admins & {Action.MANAGE_KEYS, Action.MANAGE_USERS, Action.READ_HISTORY, Action.PLAY_RECORDING}


@given(actor=workers, action=st.sampled_from(Action), context=contexts)
def test_a_workers_grant_never_reaches_beside_its_consultation(
    actor: AuthUser, action: Action, context: Context
) -> None:
    decision = decide(actor, action, context)
    assert not (decision.allowed and action in NOT_BY_GRANT)
    by_login = decide(replace(actor, appointment_id=None), action, context)
    if by_login.allowed:
        assert decision == (Decision(False, "grant_may_not") if action in NOT_BY_GRANT else by_login)


def test_what_a_grant_is_not_good_for() -> None:
    admin = AuthUser(UserType.WORKER, 1, WorkerRole.ADMIN, "admin")
    context = replace(BEST, relation=Relation.STAFF)
    by_login = {action for action in Action if decide(admin, action, context).allowed}
    by_grant = {action for action in Action if decide(replace(admin, appointment_id="a1"), action, context).allowed}
    assert by_login - by_grant == NOT_BY_GRANT - {Action.PUT_APPOINTMENT}
    listed = {one.action for one in permissions(replace(admin, appointment_id="a1"), context) if one.allowed}
    assert not listed & NOT_BY_GRANT
    assert {Action.MANAGE_KEYS, Action.READ_AUDIT} <= {one.action for one in permissions(admin, context) if one.allowed}


def test_patients_have_nothing_but_grants() -> None:
    patient = AuthUser(UserType.PATIENT, 1, None, "patient", "a1")
    assert decide(patient, Action.PLAY_RECORDING, replace(BEST, relation=Relation.OWN)).allowed


@given(actor=anybody, action=st.sampled_from(Action), context=contexts)
def test_a_credential_only_narrows(actor: AuthUser, action: Action, context: Context) -> None:
    unbound = replace(actor, appointment_id=None, scopes=None)
    decision, free = decide(actor, action, context), decide(unbound, action, context)
    assert free.allowed or not decision.allowed
    if decision != free:
        assert decision.reason in ("scope_missing", "grant_may_not")
    for kind in (None, *TrackType):
        assert decide_media(unbound, context, kind).allowed or not decide_media(actor, context, kind).allowed


@given(actor=anybody, context=contexts)
def test_the_list_of_permissions_says_what_decide_says(actor: AuthUser, context: Context) -> None:
    at_patient = replace(context, target=Target(Column.PATIENT))
    assert all(one.allowed == decide(actor, one.action, at_patient).allowed for one in permissions(actor, context))


def test_every_column_that_a_key_could_stand_in_is_the_systems() -> None:
    assert [key for key in COLUMNS if key[0] is UserType.SYSTEM] == [(UserType.SYSTEM, None, Relation.SYSTEM)]
