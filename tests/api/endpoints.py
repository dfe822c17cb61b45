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
    by_grant,
    by_login,
    by_user,
    holder_not_blocked,
    invited,
    invited_back,
    known_guest,
    known_target,
    may,
    may_book,
    may_create,
    may_list,
    may_manage_keys,
    may_manage_users,
    may_media,
    may_read_audit,
    may_somebody,
    may_target,
    no_password,
    not_over,
    not_removed,
    nothing_under_way,
    only_here,
    open_and_own,
    own_switch,
    present_target,
    refused_as,
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
            "{userId}": str(self._user_id(world)),
            "{rest:path}": "sessions",
            "{webhookId}": world.session_id,
            "{linkId}": f"k-{world.number:06}",
            "{invitationId}": f"i-{world.number:06}",
            "{keyId}": str(world.key_id),
            "{loginId}": f"l-{world.number:06}",
            "{passkeyId}": world.session_id,
        }
        path = self.path
        for place, value in places.items():
            path = path.replace(place, value)
        return path

    def _user_id(self, world: World) -> int:
        """Of whom the address names: among guests the one aimed at, whose number is below zero in any case."""
        target = world.state.target
        if "/guests/" in self.path and isinstance(target, Who):
            return -abs(world.user_id(target))
        if self.path.startswith("/api/users/worker/"):
            return world.user_id(DOCTOR)
        return world.user_id(PATIENT)

    def expected(self, state: State) -> Refusal | None:
        """The refusal that the first gate speaks; None when the request is obeyed."""
        gates = self.gates if self.public else (by_user, *self.gates)
        return next((refusal for gate in gates if (refusal := gate(state)) is not None), None)


SESSION = "/api/video-sessions/{sessionId}"
PERSON = SESSION + "/participants/{participantId}"
INVITATIONS = SESSION + "/invitations"


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


def held(world: World) -> Json:
    return {"code": world.invitation_code}


def challenged(answer: Json) -> Callable[[World], Json]:
    """An answer to a challenge that nobody was given."""
    return lambda world: {"challengeId": world.session_id, **answer}


def asked_about(world: World) -> str:
    return f"userType=patient&userId={world.user_id(PATIENT)}"


LOGIN_STEPS: Sequence[tuple[str, Json]] = (
    ("second-factor", {"totp": "000000"}),
    ("enroll/totp", {}),
    ("enroll/totp/confirm", {"code": "000000"}),
    ("enroll/passkey", {}),
    ("enroll/passkey/confirm", {"name": "phone", "credential": {"id": "x"}}),
)
ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/video-sessions/create",
        (200, 201),
        [may_create],
        lambda world: {"appointmentId": world.appointment_id},
    ),
    Endpoint("GET", "/api/video-sessions", (200,), [may_list], query=lambda world: f"q={world.appointment_id}"),
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
        [may_media(TrackType.SCREEN), open_and_own],
        lambda world: {**own_id(world), "trackType": "screen"},
    ),
    Endpoint("GET", SESSION + "/tracks", (200,), [may(Action.VIEW)]),
    Endpoint(
        "POST", SESSION + "/tracks/publish", (200,), [may_media(), may_media(TrackType.VIDEO), open_and_own], offer
    ),
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
    Endpoint("GET", SESSION + "/fhir", (200,), [may(Action.READ_HISTORY)]),
    Endpoint("GET", "/api/audit/security-events", (200,), [may_read_audit]),
    Endpoint("PUT", "/api/appointments/{appointmentId}", (200,), [may_book], booking),
    Endpoint(
        "POST",
        SESSION + "/links",
        (201,),
        [may_somebody(Action.MINT_LINK), may_target(Action.MINT_LINK), not_removed],
        target_user,
        at_people=True,
    ),
    Endpoint("GET", SESSION + "/links", (200,), [may_somebody(Action.MINT_LINK)], extra=Extra.LINK),
    Endpoint("DELETE", SESSION + "/links/{linkId}", (204,), [may_somebody(Action.MINT_LINK)], extra=Extra.LINK),
    Endpoint(
        "POST",
        SESSION + "/invitations",
        (201,),
        [may_somebody(Action.MINT_LINK)],
        lambda world: {"userType": "patient", "userId": world.user_id(PATIENT), "check": "none"},
    ),
    *(
        Endpoint(method, INVITATIONS + more, success, [may_somebody(Action.MINT_LINK)], extra=Extra.INVITATION)
        for method, more, success in (
            ("GET", "", (200,)),
            ("DELETE", "/{invitationId}", (204,)),
            ("POST", "/{invitationId}/unlock", (204,)),
        )
    ),
    *(
        Endpoint("POST", f"/api/invitations/{verb}", (200,), gates, held, public=True, extra=Extra.INVITATION)
        for verb, gates in (
            ("look", [invited]),
            ("send-code", [invited, refused_as(422, "invalid_request")]),
            ("open", [invited, invited_back]),
        )
    ),
    Endpoint(
        "POST",
        SESSION + "/guests",
        (201,),
        [may(Action.INVITE_GUEST), not_over],
        lambda _: {"displayName": "Guest", "kind": "family"},
    ),
    Endpoint("GET", SESSION + "/guests", (200,), [may(Action.INVITE_GUEST)]),
    Endpoint(
        "PATCH",
        SESSION + "/guests/{userId}",
        (200,),
        [may(Action.INVITE_GUEST), not_over, known_guest],
        lambda _: {"withhold": ["share_screen"]},
        at_people=True,
    ),
    Endpoint(
        "DELETE",
        SESSION + "/guests/{userId}",
        (204,),
        [may(Action.INVITE_GUEST), not_over, known_guest],
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
    Endpoint("GET", "/api/webhooks", (200,), [by_login, may_manage_keys]),
    Endpoint(
        "POST",
        "/api/webhooks",
        (201,),
        [by_login, may_manage_keys],
        lambda _: {"url": "https://hooks.example/", "types": ["session.ended"]},
    ),
    *(
        Endpoint(method, "/api/webhooks/{webhookId}" + more, success, [by_login, may_manage_keys], extra=Extra.WEBHOOK)
        for method, more, success in (("POST", "/rotate", (200,)), ("DELETE", "", (204,)))
    ),
    Endpoint("GET", "/api/keys", (200,), [by_login, may_manage_keys]),
    Endpoint(
        "POST",
        "/api/keys",
        (201,),
        [by_login, may_manage_keys],
        lambda _: {"name": "portal", "scopes": ["links"]},
    ),
    *(
        Endpoint(method, "/api/keys/{keyId}" + more, success, [by_login, may_manage_keys], extra=Extra.KEY)
        for method, more, success in (("POST", "/rotate", (201,)), ("DELETE", "", (204,)))
    ),
    Endpoint("GET", "/api/users", (200,), [by_login, may_manage_users], query=lambda world: f"q={world.number}"),
    Endpoint(
        "POST",
        "/api/users",
        (201,),
        [by_login, may_manage_users],
        lambda world: {"displayName": "Somebody", "role": "operator", "loginName": f"somebody-{world.number}"},
    ),
    Endpoint(
        "PATCH",
        "/api/users/worker/{userId}",
        (200,),
        [by_login, may_manage_users],
        lambda _: {"displayName": "Somebody else"},
    ),
    *(
        Endpoint(
            "POST", "/api/users/worker/{userId}/" + verb, success, [by_login, may_manage_users], extra=Extra.ACCOUNT
        )
        for verb, success in (("reset", (200,)), ("unlock", (204,)))
    ),
    Endpoint("GET", "/api/logins", (200,), [by_login]),
    Endpoint("DELETE", "/api/logins/{loginId}", (204,), [by_login]),
    Endpoint("POST", "/api/logins/current/activity", (204,), [by_login]),
    Endpoint("GET", "/api/account", (200,), [by_login]),
    Endpoint(
        "POST",
        "/api/account/password",
        (204,),
        [by_login, no_password],
        lambda _: {"current": "a long walk home", "new": "a longer walk home"},
    ),
    *(
        Endpoint(method, "/api/account" + path, success, [by_login, no_password], lambda _: {"current": "a long walk"})
        for method, path, success in (
            ("POST", "/totp", (200,)),
            ("DELETE", "/totp", (204,)),
            ("POST", "/passkeys", (200,)),
            ("DELETE", "/passkeys/{passkeyId}", (204,)),
            ("POST", "/recovery-codes", (200,)),
        )
    ),
    Endpoint("POST", "/api/account/totp/confirm", (200,), [by_login, nothing_under_way], lambda _: {"code": "000000"}),
    Endpoint(
        "POST",
        "/api/account/passkeys/confirm",
        (201,),
        [by_login, nothing_under_way],
        lambda _: {"name": "phone", "credential": {"id": "x"}},
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
        [holder_not_blocked],
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
    Endpoint(
        "POST",
        "/api/host-tokens/exchange",
        (200,),
        [only_here],
        lambda _: {"token": "t", "proof": "p" * 16},
        public=True,
    ),
    *(Endpoint("GET", f"/api/login/oidc/{step}", (303,), [only_here], public=True) for step in ("start", "callback")),
    Endpoint("GET", "/api/login/methods", (200,), [], public=True, page=True),
    Endpoint(
        "POST",
        "/api/login/password",
        (200,),
        [refused_as(401, "login_refused")],
        lambda world: {"loginName": f"nobody {world.number}", "password": "a long walk"},
        public=True,
        page=True,
    ),
    Endpoint(
        "POST",
        "/api/login/setup",
        (200,),
        [refused_as(401, "setup_invalid")],
        lambda _: {"token": "t", "password": "a long walk"},
        public=True,
        page=True,
    ),
    *(
        Endpoint(
            "POST",
            "/api/login/" + path,
            (200,),
            [nothing_under_way],
            challenged(answer),
            public=True,
            page=True,
        )
        for path, answer in LOGIN_STEPS
    ),
    *(
        Endpoint("GET", path, (200,), [], public=True, page=True)
        for path in ("/api/clinic", "/healthz", "/docs", "/docs.css", "/openapi.json")
    ),
    *(
        Endpoint("GET", path, (200, 503), [], public=True, page=True)  # 503: the page is not built
        for path in ("/", "/consultation/{session_id}", "/i", "/i/{code}", "/enter", "/console", "/console/{rest:path}")
    ),
)
