"""What an endpoint asks before it does anything: gates, each of which lets a request pass or says how it is refused.

What is expected is computed from the permission table through `decide`; beside it stands what docs/protocol.md says of
states that are nobody's right: an id that is stale, a session that is over.
"""

from collections.abc import Callable
from dataclasses import dataclass

from shinsatsu.domain.policy import Column, Context, Decision, Target, decide, decide_media, must_say_why
from shinsatsu.domain.roles import Action, AuthUser, Relation
from shinsatsu.domain.session_status import OVER, SessionStatus
from tests.api.worlds import GUEST, Credential, State, Stay, Strange, Switch, Who


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
    return AuthUser(state.actor.user_type, 1, state.actor.role, state.actor.name)


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
    )


def may(action: Action) -> Gate:
    """The table's answer."""
    return lambda state: refusal_of(decide(actor_of(state), action, context_of(state)))


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


def may_media(*, screen: bool = False) -> Gate:
    """Publishing and subscribing."""
    return lambda state: refusal_of(decide_media(actor_of(state), context_of(state), screen=screen))


def may_create(state: State) -> Refusal | None:
    """A session that is over binds nobody: the next one is a new decision."""
    context = context_of(state)
    if state.status in OVER:
        context = Context(context.relation)
    return refusal_of(decide(actor_of(state), Action.CREATE, context))


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


def bookable(state: State) -> Refusal | None:
    """Guests cannot be named in a booking yet: no link leads them in."""
    return Refusal(422, "invalid_request") if state.target is GUEST else None


def not_removed(state: State) -> Refusal | None:
    return Refusal(403, "forbidden", "removed") if state.target_stay is Stay.REMOVED else None


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


def may_manage_users(state: State) -> Refusal | None:
    """An account belongs to no session: every worker counts as the clinic's staff here, or as a stranger to it."""
    return refusal_of(decide(actor_of(state), Action.MANAGE_USERS, Context(Relation.STAFF)))


def only_here(_: State) -> Refusal | None:
    """The console's door is shut where nobody gives out such links."""
    return NOT_FOUND
