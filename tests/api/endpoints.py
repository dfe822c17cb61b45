"""Every endpoint: what is asked before it does anything, and with what it is called."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shinsatsu.domain.roles import Action
from shinsatsu.domain.timestamps import to_text
from shinsatsu.domain.tracks import TrackType
from tests.api.gates import (
    Gate,
    Refusal,
    active,
    admitted_target,
    bookable,
    by_grant,
    by_login,
    by_user,
    known_target,
    may,
    may_create,
    may_manage_users,
    may_media,
    may_somebody,
    may_target,
    not_removed,
    only_here,
    open_and_own,
    own_switch,
    present_target,
    said_why,
)
from tests.api.test_consultation import OFFER
from tests.api.worlds import DOCTOR, PATIENT, SUPPORT, Extra, State, Who, World
from tests.house import START

Json = dict[str, Any]


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
