"""A server for somebody who has read only its OpenAPI document, with everything that an address of it can name."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, get_args

from schemathesis.specs.openapi.schemas import OpenApiSchema

from shinsatsu.demo.clinic import ADMIN, OPERATOR
from shinsatsu.settings import Settings
from tests.api.clinic import PROOF, booking, running_clinic

Who = Literal["nobody", "key", "admin", "doctor"]
EVERYBODY: tuple[Who, ...] = get_args(Who)
Headers = Mapping[str, str]
Json = dict[str, Any]
ENDS_A_LOGIN = ("/api/console/login", "/api/logins/{loginId}")
GUEST = {"displayName": "Guest", "kind": "family"}
SESSION = "/api/video-sessions/{sessionId}"
MADE_AT: Mapping[str, tuple[str, Json]] = {
    "linkId": (SESSION + "/links", {"userType": "patient", "userId": 1}),
    "invitationId": (SESSION + "/invitations", {"userType": "patient", "userId": 1, "check": "none"}),
    "keyId": ("/api/keys", {"name": "portal", "scopes": ["links"]}),
    "webhookId": ("/api/webhooks", {"url": "https://hooks.example/"}),
}
"""Where what an address names is made, and of what."""


@dataclass
class Credentials:
    """What is held before the first request: a key with every scope, and logins of one admin."""

    key: Headers
    logins: list[Headers] = field(default_factory=list)


async def credentials(configured: Settings) -> Credentials:
    """Makes them in the data folder of a server that then ends."""
    async with running_clinic(configured) as clinic:
        made = Credentials(clinic.booking_system.headers)
        for _ in range(1 + len(ENDS_A_LOGIN)):
            link = await clinic.server.console_link(ADMIN.key, timedelta(minutes=5))
            body = {"token": link.partition("?token=")[2], "proof": PROOF}
            answer = await clinic.http.post("/api/console/exchange", json=body)
            assert answer.status_code == 200, answer.text
            login = answer.json()["loginId"]
            name = f"shinsatsu_login_{login}"
            made.logins.append({"shinsatsu-login": login, "cookie": f"{name}={answer.cookies[name]}"})
            clinic.http.cookies.clear()
        return made


class Stage:
    """Sets up, for each operation and caller, a consultation and what else the address names."""

    def __init__(self, schema: OpenApiSchema, held: Credentials) -> None:
        self.schema = schema
        self._held = held
        self._numbers = itertools.count(1)
        self._set: dict[tuple[str, Who], tuple[Headers, Json]] = {}

    def of(self, path: str, who: Who) -> tuple[Headers, Json]:
        """The caller's headers and the values of the address's places; the same ones for every request."""
        if (path, who) not in self._set:
            self._set[path, who] = self._make(path, who)
        return self._set[path, who]

    def _make(self, path: str, who: Who) -> tuple[Headers, Json]:
        login = self._held.logins[ENDS_A_LOGIN.index(path) + 1 if path in ENDS_A_LOGIN else 0]
        places: Json = {"appointmentId": f"a-{next(self._numbers)}"}
        session = self._send("PUT", "/api/appointments/{appointmentId}", places, booking())["session"]["id"]
        self._send("POST", "/api/video-sessions/create", {}, places)
        places["sessionId"] = session
        joined = self._send("POST", SESSION + "/join", places, {}, self._grant(session, "patient"))
        places["participantId"] = joined["participantId"]
        for place, (address, body) in MADE_AT.items():
            if f"{{{place}}}" in path:
                made = self._send("POST", address, places, body, self._held.logins[0])
                places[place] = made.get(place, made.get("id"))
        places |= {"loginId": login["shinsatsu-login"], "userType": "worker", "userId": OPERATOR.user_id}
        if "/guests/" in path:
            places["userId"] = self._send("POST", SESSION + "/guests", places, GUEST, self._held.logins[0])["userId"]
        match who:
            case "nobody":
                return {}, places
            case "key":
                return self._held.key, places
            case "admin":
                return login, places
            case "doctor":
                return self._grant(session, "worker"), places

    def _grant(self, session: str, user_type: str) -> Headers:
        url = self._send("POST", SESSION + "/links", {"sessionId": session}, {"userType": user_type, "userId": 1})[
            "url"
        ]
        body = {"token": url.partition("?token=")[2], "proof": PROOF}
        answer = self.schema["/api/links/exchange"]["POST"].Case(body=body).call()
        (cookie,) = answer.headers["set-cookie"]
        return {"shinsatsu-grant": answer.json()["grantId"], "cookie": cookie.partition(";")[0]}

    def _send(self, method: str, path: str, places: Json, body: Json, by: Headers | None = None) -> Any:
        case = self.schema[path][method].Case(path_parameters=places, body=body, media_type="application/json")
        answer = case.call(headers=dict(by or self._held.key))
        assert answer.status_code < 300, f"{method} {path}: {answer.text}"
        return answer.json()
