"""Asks the policy and turns a refusal into the error that the caller is to get."""

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import Forbidden, NotFound, SessionEnded, SessionNotOpen, Stranger
from shinsatsu.domain.policy import Context, Decision, Target, decide, decide_for_clinic, decide_media
from shinsatsu.domain.roles import Action, AuthUser, Relation, UserKey
from shinsatsu.domain.tracks import TrackType


def context_of(
    key: UserKey, consultation: Consultation, relation: Relation | None, target: Target | None = None
) -> Context:
    """What the policy needs to know about that user in this consultation."""
    session = consultation.session
    participant, person, guest = session.find(key), consultation.people.get(key), consultation.guest(key)
    return Context(
        relation,
        session.status,
        admission=participant.admission if participant else None,
        target=target,
        locked=session.locked,
        screen_share_off=not session.screen_share_allowed,
        blocked=person is not None and person.blocked,
        withheld=guest.withheld if guest is not None else frozenset(),
    )


def authorize(actor: AuthUser, action: Action, consultation: Consultation, target: Target | None = None) -> Relation:
    """Returns the actor's relation, or raises NotFound (strangers), SessionEnded, SessionNotOpen or Forbidden."""
    relation = consultation.relation_of(actor)
    return _accept(decide(actor, action, context_of(actor.key, consultation, relation, target)), relation)


def authorize_media(actor: AuthUser, consultation: Consultation, track_type: TrackType | None = None) -> None:
    """The same for publishing (a track of that type) and subscribing (None)."""
    relation = consultation.relation_of(actor)
    context = context_of(actor.key, consultation, relation)
    _accept(decide_media(actor, context, track_type), relation)


def authorize_clinic(actor: AuthUser, action: Action) -> None:
    """The same for the clinic's people, keys and record; Forbidden, as no consultation is there to be hidden."""
    refuse(decide_for_clinic(actor, action))


def refuse(decision: Decision) -> None:
    """Raises what a denial means to the caller; an allowed decision passes."""
    if decision.allowed:
        return
    match decision.reason:
        case "stranger":
            raise Stranger
        case "session_ended":
            raise SessionEnded("The session is over.")
        case "session_not_open":
            raise SessionNotOpen("The session is only scheduled: create it first.")
        case reason:
            raise Forbidden(reason)


def _accept(decision: Decision, relation: Relation | None) -> Relation:
    refuse(decision)
    if relation is None:  # the policy lets no stranger pass; this tells the type checker, and holds if it ever did
        raise NotFound("There is no such consultation.")
    return relation
