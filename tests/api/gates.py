"""What an endpoint asks before it does anything: gates, each of which lets a request pass or says how it is refused.

What is expected is computed from the permission table through `decide`; beside it stands what docs/protocol.md says of
states that are nobody's right: an id that is stale, a session that is over.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from shinsatsu.domain.guests import WITHHOLDABLE
from shinsatsu.domain.permission_table import Column
from shinsatsu.domain.policy import Context, Decision, Target, decide, decide_media, must_say_why
from shinsatsu.domain.roles import Action, AuthUser, Relation, UserType, WorkerRole
from shinsatsu.domain.scopes import KeyScope
from shinsatsu.domain.session_status import OVER, SessionStatus
from shinsatsu.domain.tracks import TrackType
from tests.api.worlds import GUEST, PATIENT, Credential, State, Stay, Strange, Switch, Who


@dataclass(frozen=True)
class Refusal:
    """How a request is turned away; `reason` beside 403 alone."""

    status: int
    code: str
    reason: str | None = None


Gate = Callable[[State], Refusal | None]

UNAUTHENTICATED = Refusal(401, "unauthenticated")
NOT_FOUND = Refusal(404, "not_found")
STALE = Refusal(409, "stale_participant")
ENDED = Refusal(409, "session_ended")
NOT_OPEN = Refusal(409, "session_not_open")
BY_REASON = {"stranger": NOT_FOUND, "session_ended": ENDED, "session_not_open": NOT_OPEN}


def refusal_of(decision: Decision) -> Refusal | None:
    if decision.allowed:
        return None
    return BY_REASON.get(decision.reason, Refusal(403, "forbidden", decision.reason))


def actor_of(state: State) -> AuthUser:
    """Who asks, with what their credential narrows; whose grant it is, `context_of` says."""
    bound_to = "a1" if state.credential is Credential.GRANT else None
    scopes = {Credential.API_KEY: frozenset[str](KeyScope), Credential.NARROW_KEY: frozenset[str]()}
    actor = state.actor
    return AuthUser(actor.user_type, 1, actor.role, actor.name, bound_to, scopes.get(state.credential))


def context_of(state: State, target: Target | None = None) -> Context:
    """The state in the policy's words."""
    bound_elsewhere = state.actor.grant_elsewhere and state.credential is Credential.GRANT
    return Context(
        None if bound_elsewhere else state.actor.relation,
        state.status,
        state.stay.admission if state.stay else None,
        target,
        locked=state.switch is Switch.LOCKED,
        screen_share_off=state.switch is Switch.SCREEN_SHARE_OFF,
        withheld=WITHHOLDABLE if state.switch is Switch.WITHHELD else frozenset(),
    )


def may(action: Action) -> Gate:
    """The table's answer."""
    return lambda state: refusal_of(decide(actor_of(state), action, context_of(state)))


def may_list(state: State) -> Refusal | None:
    """People find what they may see; a program is told where it may see nothing."""
    if state.actor.user_type is not UserType.SYSTEM:
        return None
    return refusal_of(decide(actor_of(state), Action.VIEW, Context(Relation.SYSTEM)))


def may_somebody(action: Action) -> Gate:
    """Whether it may be done to anybody at all: asked first, so that nobody learns who is in the session."""
    return lambda state: refusal_of(decide(actor_of(state), action, context_of(state, Target(Column.PATIENT))))


def may_target(action: Action) -> Gate:
    """Whether it may be done to this one."""

    def gate(state: State) -> Refusal | None:
        assert isinstance(state.target, Who)
        assert state.target.column is not None
        target = Target(state.target.column, is_self=state.target is state.actor)
        return refusal_of(decide(actor_of(state), action, context_of(state, target)))

    return gate


def may_media(publishing: TrackType | None = None) -> Gate:
    """Publishing a track of that type, or subscribing."""
    return lambda state: refusal_of(decide_media(actor_of(state), context_of(state), publishing))


def may_create(state: State) -> Refusal | None:
    """A session that is over binds nobody: the next one is a new decision."""
    context = context_of(state)
    if state.status in OVER:
        context = Context(context.relation)
    return refusal_of(decide(actor_of(state), Action.CREATE, context))


def may_book(state: State) -> Refusal | None:
    """A booking names no guests: to it they are strangers."""
    relation = None if state.actor is GUEST else context_of(state).relation
    return refusal_of(decide(actor_of(state), Action.PUT_APPOINTMENT, replace(context_of(state), relation=relation)))


def open_and_own(state: State) -> Refusal | None:
    """One's own present stay in an open session."""
    if state.status in OVER:
        return ENDED
    if state.status is SessionStatus.SCHEDULED:
        return NOT_OPEN
    return None if is_present(state) else STALE


def is_present(state: State) -> bool:
    return state.stay is not None and state.stay.present


def known_target(state: State) -> Refusal | None:
    """An id that names nobody of this session, or a stay that is over."""
    if isinstance(state.target, Strange):
        return NOT_FOUND
    return STALE if state.target_stay in (Stay.LEFT, Stay.GONE) else None


def present_target(state: State) -> Refusal | None:
    """Who was removed is there for `restore` and `remove` alone."""
    return STALE if state.target_stay is Stay.REMOVED else None


def admitted_target(state: State) -> Refusal | None:
    """Of somebody who waits nothing flows."""
    return None if state.target_stay is Stay.ADMITTED else Refusal(403, "forbidden", "target_not_admitted")


def not_over(state: State) -> Refusal | None:
    return ENDED if state.status in OVER else None


def known_guest(state: State) -> Refusal | None:
    """Nobody else of the session is a guest of it."""
    return None if state.target is GUEST else NOT_FOUND


def not_removed(state: State) -> Refusal | None:
    return Refusal(403, "forbidden", "removed") if state.target_stay is Stay.REMOVED else None


def holder_not_blocked(state: State) -> Refusal | None:
    """The link is the patient's: a blocked one's opens nothing."""
    blocked = state.actor is PATIENT and state.switch is Switch.BLOCKED
    return Refusal(410, "link_revoked") if blocked else None


def invited(state: State) -> Refusal | None:
    """The patient's invitation is worth nothing while their account is blocked."""
    blocked = state.actor is PATIENT and state.switch is Switch.BLOCKED
    return Refusal(410, "invitation_revoked") if blocked else None


def invited_back(state: State) -> Refusal | None:
    """Nor is it after the patient was removed."""
    removed = state.actor is PATIENT and state.stay is Stay.REMOVED
    return Refusal(403, "forbidden", "removed") if removed else None


def own_switch(state: State) -> Refusal | None:
    return None if state.target is state.actor else Refusal(403, "forbidden", "not_own")


def active(state: State) -> Refusal | None:
    return None if state.status is SessionStatus.ACTIVE else NOT_OPEN


def said_why(state: State) -> Refusal | None:
    """Operators and admins, who are on no appointment; not again while they are in."""
    relation = state.actor.relation
    silent = relation is not None and must_say_why(relation) and not is_present(state)
    return Refusal(422, "reason_required") if silent else None


def by_login(state: State) -> Refusal | None:
    return None if state.credential is Credential.LOGIN else UNAUTHENTICATED


def by_grant(state: State) -> Refusal | None:
    return None if state.credential is Credential.GRANT else UNAUTHENTICATED


def by_user(state: State) -> Refusal | None:
    """Any credential there is, unless the account is blocked."""
    anonymous = state.credential is Credential.NONE or state.switch is Switch.BLOCKED
    return UNAUTHENTICATED if anonymous else None


def may_in_clinic(action: Action) -> Gate:
    """What belongs to no consultation: there is nothing to hide, so that nobody is a stranger to it."""

    def gate(state: State) -> Refusal | None:
        actor = actor_of(state)
        doctor = Relation.IN_CHARGE if actor.role is WorkerRole.DOCTOR else Relation.STAFF
        ties = {UserType.PATIENT: Relation.OWN, UserType.WORKER: doctor, UserType.SYSTEM: Relation.SYSTEM}
        refusal = refusal_of(decide(actor, action, Context(ties[actor.user_type])))
        assert refusal is None or refusal.status == 403
        return refusal

    return gate


may_manage_users = may_in_clinic(Action.MANAGE_USERS)
may_manage_keys = may_in_clinic(Action.MANAGE_KEYS)
may_read_audit = may_in_clinic(Action.READ_AUDIT)


def no_password(_: State) -> Refusal | None:
    """Nobody in these worlds has a local account, so that nothing of one can be changed."""
    return Refusal(403, "forbidden", "no_password")


def nothing_under_way(_: State) -> Refusal | None:
    """Nor has anybody begun to log in."""
    return Refusal(410, "challenge_expired")


def refused_as(status: int, code: str) -> Gate:
    """One answer for everybody."""
    return lambda _: Refusal(status, code)


def only_here(_: State) -> Refusal | None:
    """The console's door is shut where nobody gives out such links."""
    return NOT_FOUND
