"""Every endpoint, what is asked before it does anything, and with what it is called.

What is expected is computed from the permission table through `decide`; beside it stands what docs/protocol.md says of
states that are nobody's right: an id that is stale, a session that is over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shinsatsu.domain.policy import Column, Context, Decision, Target, decide, decide_media, must_say_why
from shinsatsu.domain.roles import Action, AuthUser, Relation
from shinsatsu.domain.session_status import OVER, SessionStatus
from shinsatsu.domain.timestamps import to_text
from shinsatsu.domain.tracks import TrackType
from tests.api.test_consultation import OFFER
from tests.api.worlds import (
    DOCTOR,
    GUEST,
    PATIENT,
    SUPPORT,
    Credential,
    Extra,
    State,
    Stay,
    Strange,
    Switch,
    Who,
    World,
)
from tests.house import START

Json = dict[str, Any]


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


@dataclass(frozen=True)
class Endpoint:
    """A route as the application names it, how it answers, and its gates in order: the first that refuses speaks."""

    method: str
    path: str
    success: tuple[int, ...]
    gates: Sequence[Gate]
    body: Callable[[World], Json] | None = None
    query: Callable[[World], str] | None = None
    variant: str = ""
    aimed: bool = False
    at_people: bool = False
    public: bool = False
    page: bool = False
    extra: Extra | None = None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}{f' ({self.variant})' if self.variant else ''}"

    def address(self, world: World) -> str:
        places = {
            "{sessionId}": world.session_id,
            "{session_id}": world.session_id,
            "{appointmentId}": world.appointment_id,
            "{participantId}": world.target_id,
            "{userType}": PATIENT.user_type.value,
            "{userId}": str(world.user_id(PATIENT)),
            "{rest:path}": "sessions",
        }
        path = self.path
        for place, value in places.items():
            path = path.replace(place, value)
        return path

    def expected(self, state: State) -> Refusal | None:
        """The refusal that the first gate speaks; None when the request is obeyed."""
        gates = self.gates if self.public else (by_user, *self.gates)
        return next((refusal for gate in gates if (refusal := gate(state)) is not None), None)


SESSION = "/api/video-sessions/{sessionId}"
PERSON = SESSION + "/participants/{participantId}"


def on_person(action: Action, *more: Gate, also_removed: bool = False) -> Sequence[Gate]:
    known = (known_target,) if also_removed else (known_target, present_target)
    return (may_somebody(action), *known, may_target(action), *more)


def aimed(method_path: str, action: Action, body: Json | None, *more: Gate, **options: Any) -> Endpoint:
    success = (204,) if method_path == "unmute-request" else (200,)
    gates = on_person(action, *more, **options)
    return Endpoint("POST", f"{PERSON}/{method_path}", success, gates, lambda _: body or {}, aimed=True)


def own_id(world: World) -> Json:
    return {"participantId": world.stay_of(world.state.actor)}


def own_track(world: World) -> Json:
    return {**own_id(world), "tracks": [{"trackName": world.track_of(world.state.actor, TrackType.VIDEO)}]}


def others_track(world: World) -> Json:
    return {**own_id(world), "tracks": [{"trackName": world.track_of(world.other, TrackType.VIDEO)}]}


def offer(world: World) -> Json:
    track = {"mid": "0", "trackName": world.track_of(world.state.actor, TrackType.VIDEO)}
    return {**own_id(world), "sessionDescription": {"type": "offer", "sdp": OFFER}, "tracks": [track]}


def answer(world: World) -> Json:
    return {**own_id(world), "sessionDescription": {"type": "answer", "sdp": "v=0"}}


def booking(world: World) -> Json:
    """The world's own booking, said again."""
    named: Mapping[str, Who] = {"patient": PATIENT, "doctor": DOCTOR}
    people = {field: {"userId": world.user_id(who), "displayName": who.name} for field, who in named.items()}
    support = [{"userId": world.user_id(SUPPORT), "displayName": SUPPORT.name}]
    return {**people, "supportDoctors": support, "startsAt": to_text(START), "scheduledDuration": 15}


def target_user(world: World) -> Json:
    assert isinstance(world.state.target, Who)
    return {"userType": world.state.target.user_type, "userId": world.user_id(world.state.target)}


def asked_about(world: World) -> str:
    return f"userType=patient&userId={world.user_id(PATIENT)}"


ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/video-sessions/create",
        (200, 201),
        [may_create],
        lambda world: {"appointmentId": world.appointment_id},
    ),
    Endpoint("GET", "/api/video-sessions", (200,), [], query=lambda world: f"q={world.appointment_id}"),
    Endpoint("GET", SESSION, (200,), [may(Action.VIEW)]),
    Endpoint("POST", SESSION + "/join", (200,), [may(Action.JOIN)], lambda _: {"reason": "to help"}),
    Endpoint("POST", SESSION + "/join", (200,), [may(Action.JOIN), said_why], variant="saying nothing"),
    Endpoint("POST", SESSION + "/join", (200,), [may(Action.JOIN), open_and_own], own_id, variant="as one's stay"),
    Endpoint("POST", SESSION + "/leave", (204,), [may(Action.LEAVE), open_and_own], own_id),
    Endpoint("POST", SESSION + "/end", (200,), [may(Action.END_SESSION)]),
    Endpoint(
        "POST",
        SESSION + "/tracks",
        (201,),
        [may_media(screen=True), open_and_own],
        lambda world: {**own_id(world), "trackType": "screen"},
    ),
    Endpoint("GET", SESSION + "/tracks", (200,), [may(Action.VIEW)]),
    Endpoint("POST", SESSION + "/tracks/publish", (200,), [may_media(), open_and_own], offer),
    Endpoint("POST", SESSION + "/tracks/subscribe", (200,), [may_media(), open_and_own], others_track),
    Endpoint("PUT", SESSION + "/renegotiate", (204,), [may_media(), open_and_own], answer, extra=Extra.OFFER),
    Endpoint("POST", SESSION + "/tracks/close", (200,), [may_media(), open_and_own], own_track),
    aimed("admit", Action.ADMIT, None),
    aimed("restore", Action.ADMIT, None, also_removed=True),
    aimed("send-back", Action.SEND_BACK, None),
    aimed("remove", Action.REMOVE, {"reason": "disturbs"}, also_removed=True),
    aimed("mute", Action.MUTE_OTHERS, {"kinds": ["audio", "video", "screen"]}, admitted_target),
    aimed("unmute", Action.UNMUTE, {"kinds": ["audio"]}, own_switch),
    aimed("unmute-request", Action.MUTE_OTHERS, {"kinds": ["audio"]}, admitted_target),
    aimed("identity-check", Action.CHECK_IDENTITY, {"method": "passport"}),
    Endpoint("POST", SESSION + "/mute-all", (200,), [may(Action.MUTE_OTHERS)]),
    Endpoint("POST", SESSION + "/lock", (200,), [may(Action.LOCK)]),
    Endpoint("POST", SESSION + "/screen-share", (200,), [may(Action.MUTE_OTHERS)], lambda _: {"allowed": False}),
    Endpoint("POST", SESSION + "/extend", (200,), [may(Action.EXTEND), active]),
    Endpoint("PUT", SESSION + "/outcome", (200,), [may(Action.SET_OUTCOME)], lambda _: {"outcome": "completed"}),
    Endpoint("GET", SESSION + "/permissions", (200,), [may(Action.EXPLAIN_PERMISSIONS)], query=asked_about),
    Endpoint("GET", SESSION + "/events/history", (200,), [may(Action.READ_HISTORY)]),
    Endpoint("GET", SESSION + "/waiting-room", (200,), [may(Action.VIEW)]),
    Endpoint("PUT", "/api/appointments/{appointmentId}", (200,), [may(Action.PUT_APPOINTMENT)], booking),
    Endpoint(
        "POST",
        SESSION + "/links",
        (201,),
        [may_somebody(Action.MINT_LINK), bookable, may_target(Action.MINT_LINK), not_removed],
        target_user,
        at_people=True,
    ),
    Endpoint("POST", SESSION + "/grants", (201,), [by_login, may(Action.VIEW)]),
    Endpoint("DELETE", "/api/console/login", (204,), [by_login]),
    Endpoint(
        "POST",
        "/api/users/{userType}/{userId}/block",
        (204,),
        [by_login, may_manage_users],
        lambda _: {"blocked": True},
    ),
    Endpoint("WS", SESSION.replace("sessionId", "session_id") + "/events", (101,), [by_grant, may(Action.VIEW)]),
    Endpoint(
        "WS",
        SESSION.replace("sessionId", "session_id") + "/events",
        (101,),
        [by_grant, may(Action.VIEW), may(Action.JOIN), open_and_own],
        query=lambda world: f"participantId={world.stay_of(world.state.actor)}",
        variant="as one's stay",
    ),
    Endpoint("WS", "/api/console/events", (101,), [by_login]),
    Endpoint(
        "POST",
        "/api/links/exchange",
        (200,),
        [],
        lambda world: {"token": world.link_token(), "proof": "p" * 16},
        public=True,
        extra=Extra.LINK,
    ),
    Endpoint("GET", "/api/grants", (200,), [], query=lambda world: f"sessionId={world.session_id}", public=True),
    Endpoint(
        "POST",
        "/api/console/exchange",
        (200,),
        [only_here],
        lambda _: {"token": "t", "proof": "p" * 16},
        public=True,
    ),
    Endpoint("GET", "/api/console/logins", (200,), [], public=True),
    *(
        Endpoint("GET", path, (200,), [], public=True, page=True)
        for path in ("/api/clinic", "/healthz", "/docs", "/docs.css", "/openapi.json")
    ),
    *(
        Endpoint("GET", path, (200, 503), [], public=True, page=True)  # 503: the page is not built
        for path in ("/", "/consultation/{session_id}", "/console", "/console/{rest:path}")
    ),
)
