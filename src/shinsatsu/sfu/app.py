"""The Calls API over HTTP: who asks, what for, and the answer as JSON. What it means is `session` and `registry`."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from shinsatsu.sfu.errors import (
    BodyTimeout,
    CallsError,
    ClientLeft,
    InvalidParams,
    PayloadTooLarge,
    Unauthorized,
    UnknownApp,
)
from shinsatsu.sfu.registry import Pulled, Registry
from shinsatsu.sfu.requests import (
    Body,
    TracksRequest,
    close_request,
    description_of,
    pause_request,
    read_body,
    tracks_request,
    update_request,
)
from shinsatsu.sfu.session import Session

_log = logging.getLogger(__name__)

_MOST_BODY = 1 << 20
_MOST_BODY_WITHOUT_SDP = 64 << 10
_EXTENSIONS = {"tracks.pause": 1, "sessions.delete": 1}

Answer = dict[str, object]
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The one app this SFU serves."""

    app_id: str
    secret: str

    def check(self, app_id: str, authorization: str) -> None:
        """Raises Unauthorized without the app's Bearer secret, UnknownApp for another app's path."""
        scheme, _, token = authorization.partition(" ")
        right = hmac.compare_digest(token.strip().encode(), self.secret.encode())
        if scheme.lower() != "bearer" or not right:
            raise Unauthorized("Authorization: Bearer <app secret> is missing or wrong")
        if not hmac.compare_digest(app_id.encode(), self.app_id.encode()):
            raise UnknownApp("appId: no such app here")


class CallsApi:
    """The handlers of one app; `clock` is the registry's, `body_seconds` how long a request's body may take."""

    def __init__(
        self,
        registry: Registry,
        credentials: Credentials,
        clock: Callable[[], float],
        *,
        extensions: bool = True,
        body_seconds: float = 10.0,
    ) -> None:
        self._registry = registry
        self._credentials = credentials
        self._clock = clock
        self._extensions = extensions
        self._body_seconds = body_seconds

    def asgi(self) -> Starlette:
        """The ASGI application, under `/v1/apps/{appId}` and `/apps/{appId}`; `GET /healthz` needs no secret."""
        routes: list[BaseRoute] = [
            Mount(f"{prefix}/apps/{{app_id}}", routes=self._app_routes()) for prefix in ("/v1", "")
        ]
        cors = Middleware(
            CORSMiddleware,
            allow_origins=["*"],
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["authorization", "content-type"],
            max_age=7200,
        )
        return Starlette(
            routes=[Route("/healthz", self._health), *routes],
            middleware=[cors],
            exception_handlers={HTTPException: _http_error, Exception: _unexpected},
        )

    def _app_routes(self) -> list[BaseRoute]:
        session = "/sessions/{session_id}"
        routes: list[BaseRoute] = [
            self._route("/sessions/new", "POST", self._new_session),
            self._route(f"{session}/tracks/new", "POST", self._new_tracks),
            self._route(f"{session}/renegotiate", "PUT", self._renegotiate),
            self._route(f"{session}/tracks/close", "PUT", self._close_tracks),
            self._route(f"{session}/tracks/update", "PUT", self._update_tracks),
            self._route(session, "GET", self._describe),
            *(
                self._route(path, method, _not_offered)
                for path in (f"{session}/datachannels/{{rest:path}}", "/adapters/{rest:path}")
                for method in ("POST", "PUT", "GET")
            ),
        ]
        if self._extensions:
            routes += [
                self._route("/capabilities", "GET", self._capabilities),
                self._route(f"{session}/tracks/pause", "PUT", self._pause_tracks),
                self._route(session, "DELETE", self._delete),
            ]
        return routes

    def _route(self, path: str, method: str, call: Callable[[Request], Awaitable[tuple[int, Answer]]]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                self._credentials.check(request.path_params["app_id"], request.headers.get("authorization", ""))
                status, answer = await call(request)
            except CallsError as error:
                return _error(error.status, error.code, error.description)
            return JSONResponse(answer, status)

        return Route(path, endpoint, methods=[method])

    async def _health(self, _: Request) -> Response:
        return JSONResponse(self._registry.health())

    def _session(self, request: Request, *, counted: bool = True) -> Session:
        session = self._registry.get(request.path_params["session_id"])
        if counted:
            session.admit(self._clock())
        return session

    async def _new_session(self, request: Request) -> tuple[int, Answer]:
        if request.query_params.get("thirdparty", "false").lower() not in ("false", "0", ""):
            raise InvalidParams("thirdparty is not offered here")
        session, sdp = self._registry.create(description_of(await self._body(request), "offer"))
        return 201, {"sessionId": session.id} | _described("answer", sdp)

    async def _new_tracks(self, request: Request) -> tuple[int, Answer]:
        session = self._session(request)
        asked = tracks_request(await self._body(request))
        if asked.location == "remote":
            sdp, offered, items = await self._pull(request, session, asked)
        else:
            sdp, items = session.publish(
                asked.offer or "", asked.tracks, self._clock(), auto_discover=asked.auto_discover
            )
            offered = False
        answer: Answer = {"requiresImmediateRenegotiation": offered, "tracks": items}
        return 200, answer | _described("offer" if offered else "answer", sdp)

    async def _pull(self, request: Request, session: Session, asked: TracksRequest) -> Pulled:
        """A client that left would not answer our offer, and its session would be blocked until that expires."""
        pulling = asyncio.create_task(self._registry.pull(session, asked))
        leaving = asyncio.create_task(_left(request))
        try:
            await asyncio.wait((pulling, leaving), return_when=asyncio.FIRST_COMPLETED)
            left = leaving.done()
        finally:
            pulling.cancel()
            leaving.cancel()
            await asyncio.gather(pulling, leaving, return_exceptions=True)
        if not left:
            return pulling.result()
        if not pulling.cancelled() and pulling.exception() is None and pulling.result()[1]:
            session.close_forced(str(item["mid"]) for item in pulling.result()[2] if item["mid"])
        raise ClientLeft("the client left before its answer")

    async def _renegotiate(self, request: Request) -> tuple[int, Answer]:
        session = self._session(request)
        sdp = description_of(await self._body(request), "answer")
        if sdp is None:
            raise InvalidParams("sessionDescription is missing: the answer to the offer of this session")
        refused = session.accept(sdp, self._clock())
        return 200, {"tracks": refused} if refused else {}

    async def _close_tracks(self, request: Request) -> tuple[int, Answer]:
        session = self._session(request, counted=False)
        asked = close_request(await self._body(request))
        if asked.force or asked.offer is None:
            return 200, {"requiresImmediateRenegotiation": False, "tracks": session.close_forced(asked.mids)}
        session.admit(self._clock())
        sdp, items = session.close_negotiated(asked.offer, asked.mids, self._clock())
        return 200, {"requiresImmediateRenegotiation": False, "tracks": items} | _described("answer", sdp)

    async def _update_tracks(self, request: Request) -> tuple[int, Answer]:
        session = self._session(request)
        asked = update_request(await self._body(request, _MOST_BODY_WITHOUT_SDP))
        return 200, {"requiresImmediateRenegotiation": False, "tracks": session.update(asked)}

    async def _pause_tracks(self, request: Request) -> tuple[int, Answer]:
        session = self._session(request, counted=False)
        asked = pause_request(await self._body(request, _MOST_BODY_WITHOUT_SDP))
        return 200, {"tracks": session.pause(asked)}

    async def _describe(self, request: Request) -> tuple[int, Answer]:
        return 200, {"tracks": self._session(request).describe(), "dataChannels": []}

    async def _delete(self, request: Request) -> tuple[int, Answer]:
        self._registry.delete(request.path_params["session_id"])
        return 200, {}

    async def _capabilities(self, _: Request) -> tuple[int, Answer]:
        return 200, {"extensions": _EXTENSIONS}

    async def _body(self, request: Request, most: int = _MOST_BODY) -> Body:
        # The length a client declares proves nothing, and it may send slowly: both ends are bounded as the bytes come.
        raw = bytearray()
        try:
            async with asyncio.timeout(self._body_seconds):
                async for chunk in request.stream():
                    raw += chunk
                    if len(raw) > most:
                        raise PayloadTooLarge(f"the body is longer than {most} bytes")
        except TimeoutError:
            raise BodyTimeout(f"the body did not arrive within {self._body_seconds:g} s") from None
        except ClientDisconnect:
            raise ClientLeft("the client left before its body arrived") from None
        return read_body(bytes(raw))


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _not_offered(_: Request) -> tuple[int, Answer]:
    raise InvalidParams("data channels and adapters are not offered here")


def _described(type_: str, sdp: str | None) -> Answer:
    return {"sessionDescription": {"type": type_, "sdp": sdp}} if sdp is not None else {}


def _error(status: int, code: str, description: str) -> JSONResponse:
    headers = {"Retry-After": "1"} if status in (429, 503) else None
    return JSONResponse({"errorCode": code, "errorDescription": description}, status, headers)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = "not_found" if status == 404 else "invalid_params"
    return _error(status, code, f"no {request.method} at this path")


async def _unexpected(request: Request, error: Exception) -> Response:
    # The route's name, not the path or the body: neither ids nor SDP belong in logs.
    _log.error("unexpected %s in %s", type(error).__name__, request.method, exc_info=error)
    return _error(500, "internal_error", "the SFU failed on this call; its log says where")
