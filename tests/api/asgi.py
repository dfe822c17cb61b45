"""The application in this process, over the clinic of a test: one request or one stream's opening at a time."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.websockets import WebSocket

from shinsatsu.api.app import create_app
from shinsatsu.api.auth import GRANT_QUERY, LOGIN_QUERY, bearer_token, grant_of, login_of
from shinsatsu.api.context import ApiContext, Health
from shinsatsu.api.rate_limits import RateLimits
from shinsatsu.domain.credentials import Grant, Login
from shinsatsu.realtime.console_feed import ConsoleFeed
from shinsatsu.realtime.hub import Hub
from shinsatsu.realtime.websocket import Streams
from tests.house import House

UNLIMITED = "1000000/minute"
NEVER = 3600.0


@dataclass(frozen=True)
class Answer:
    """A status, or a stream's close code (101: it stays open), and what was said."""

    status: int
    text: str
    reason: str = ""
    media_type: str = ""

    def json(self) -> Any:
        return json.loads(self.text)


class InProcess:
    """Speaks ASGI to the application without a server or a client between them."""

    def __init__(self, house: House, login_rate: str = UNLIMITED) -> None:
        self._context = _context(house, login_rate)
        hub = Hub(house.sessions.snapshot)
        self._streams = Streams(
            house.sessions, house.presence, hub, self._grant, origins=[], presence_grace=NEVER, server_id="server-1"
        )
        feed = ConsoleFeed(self._login, [])
        self.app: FastAPI = create_app(self._context, [self._streams.router(), feed.router()])
        self._documented = self.app.openapi()["paths"]

    async def request(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: object = None
    ) -> Answer:
        content = b"" if body is None else json.dumps(body).encode()
        told = {**headers, **({"content-type": "application/json"} if content else {})}
        scope = {**_scope("http", path, query, told), "method": method}
        if content:
            scope["headers"].append((b"content-length", str(len(content)).encode()))
        over, sent = asyncio.Event(), list[dict[str, Any]]()
        arriving = iter([{"type": "http.request", "body": content, "more_body": False}])

        async def receive() -> dict[str, Any]:
            for message in arriving:
                return message
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                over.set()

        await self.app(scope, receive, send)
        self._check_documented(scope, sent[0]["status"])
        text = b"".join(one.get("body", b"") for one in sent[1:]).decode()
        media_type = dict(sent[0]["headers"]).get(b"content-type", b"").decode()
        return Answer(sent[0]["status"], text, media_type=media_type)

    def _check_documented(self, scope: Mapping[str, Any], status: int) -> None:
        """Every answer of every test is one that the OpenAPI document has."""
        operations = self._documented.get(getattr(scope.get("route"), "path", None), {})
        operation = operations.get(scope["method"].lower())
        assert operation is None or str(status) in operation["responses"], f"{scope['path']}: {status}"

    async def open(self, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        """Opens a stream and hangs up after what it says at once."""
        spoken, sent = asyncio.Event(), list[dict[str, Any]]()
        arriving = iter([{"type": "websocket.connect"}])

        async def receive() -> dict[str, Any]:
            for message in arriving:
                return message
            await spoken.wait()
            return {"type": "websocket.disconnect", "code": 1000}

        async def send(message: Any) -> None:
            sent.append(message)
            if message["type"] != "websocket.accept":
                spoken.set()

        await self.app(_scope("websocket", path, query, headers), receive, send)
        closed: dict[str, Any] = sent[-1] if sent[-1]["type"] == "websocket.close" else {"code": 101}
        said = next((one["text"] for one in sent if one["type"] == "websocket.send"), "")
        return Answer(closed["code"], said, closed.get("reason", ""))

    async def stop(self) -> None:
        await self._streams.stop()
        await self._context.denials.flush()

    async def _grant(self, websocket: WebSocket) -> Grant:
        selector = websocket.query_params.get(GRANT_QUERY)
        return await grant_of(self._context, websocket, bearer_token(websocket), selector)

    async def _login(self, websocket: WebSocket) -> Login:
        return await login_of(self._context, websocket, websocket.query_params.get(LOGIN_QUERY))


def _context(house: House, login_rate: str) -> ApiContext:
    async def answers() -> bool:
        return True

    async def nobody(_: WebSocket) -> Login:
        raise NotImplementedError

    return ApiContext(
        sessions=house.sessions,
        tracks=house.tracks,
        appointments=house.appointments,
        access=house.access,
        keys=house.keys,
        links=house.links,
        invitations=house.invitations,
        invitation_door=house.invitation_door,
        moderation=house.moderation,
        inquiries=house.inquiries,
        access_log=house.access_log,
        denials=house.denials,
        audit=house.audit,
        guests=house.guests,
        logins=house.logins,
        staff=house.staff_access,
        webhooks=house.webhooks,
        console_feed=ConsoleFeed(nobody, []),
        cut_off=[],
        rate_limits=RateLimits(UNLIMITED, UNLIMITED, login_rate),
        health=Health(answers, answers),
        public_url="http://127.0.0.1:8000",
        ice_servers=(),
        clinic={"name": "clinic"},
    )


def _scope(kind: str, path: str, query: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "subprotocols": [],
    }
