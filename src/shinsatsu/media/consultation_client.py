"""A program as a participant: what `docs/protocol.md` lets a holder of a consultation link say to the server.

Neither link token nor grant nor SDP is ever logged.
"""

import json
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect

from shinsatsu.media.peer_description import NegotiationError

_TIMEOUT = 20.0
_MOST_MESSAGE = 1 << 20


class ApiError(Exception):
    """The server refused: HTTP status, the problem's stable code and, for `forbidden`, its reason."""

    def __init__(self, status: int, code: str, reason: str = "") -> None:
        super().__init__(f"{status} {code} {reason}".rstrip())
        self.status = status
        self.code = code
        self.reason = reason

    @property
    def passing(self) -> bool:
        """Whether trying again later can help."""
        return self.status in (408, 429) or self.status >= 500


@dataclass(frozen=True, slots=True)
class ConsultationLink:
    """`{baseUrl}/consultation/{sessionId}?token=…`."""

    base_url: str
    session_id: str
    token: str = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> "ConsultationLink":
        """Reads a link; raises ValueError for anything else, without quoting it."""
        parts = urlsplit(url)
        prefix, found, session_id = parts.path.rpartition("/consultation/")
        tokens = parse_qs(parts.query).get("token", [])
        named = found and session_id and "/" not in session_id
        if parts.scheme not in ("http", "https") or not parts.netloc or not named or len(tokens) != 1:
            raise ValueError("not a consultation link")
        return cls(f"{parts.scheme}://{parts.netloc}{prefix}", session_id, tokens[0])


class Joined(NamedTuple):
    """A participant of ours, and the name each kind of track (audio, video) is published under."""

    participant_id: str
    admission: str
    track_names: Mapping[str, str]


class Subscribed(NamedTuple):
    """The server's offer, if it added anything, and the tracks that failed, with their codes.

    `fresh`: the offer is of a new connection, which the present one cannot become.
    """

    offer: str | None
    failed: Mapping[str, str]
    fresh: bool = False


class ConsultationClient:
    """One person's way into one consultation; close it with `close`.

    `trusted` is a certificate file to trust beside the system's, for a server that made its own.
    """

    def __init__(
        self, link: ConsultationLink, *, trusted: Path | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._link = link
        self._proof = secrets.token_urlsafe(24)
        self._grant = ""
        self._appointment_id = ""
        self._session_id = link.session_id
        self._tls = ssl.create_default_context()
        if trusted is not None:
            self._tls.load_verify_locations(trusted)
        self._http = httpx.AsyncClient(
            base_url=link.base_url,
            timeout=_TIMEOUT,
            verify=self._tls,
            transport=transport,
            trust_env=False,
        )

    async def close(self) -> None:
        """Closes the connections to the server."""
        await self._http.aclose()

    @property
    def has_grant(self) -> bool:
        """Whether the link was exchanged."""
        return bool(self._grant)

    async def exchange(self) -> None:
        """Turns the link into a grant; safe to repeat, as the proof stays the same."""
        response = await self._http.post("/api/links/exchange", json={"token": self._link.token, "proof": self._proof})
        answer = _answer(response)
        self._grant = response.cookies.get(f"shinsatsu_grant_{text(answer, 'grantId')}") or ""
        # The grant travels as Bearer from here on, see docs/protocol.md: programs have no cookies.
        self._http.cookies.clear()
        if not self._grant:
            raise ApiError(response.status_code, "no_grant")
        self._appointment_id = text(answer, "appointmentId")
        self._session_id = text(answer, "sessionId")
        self._http.headers["Authorization"] = f"Bearer {self._grant}"

    async def create(self) -> None:
        """Opens the appointment's session, or finds it open."""
        answer = await self._call("POST", "/api/video-sessions/create", {"appointmentId": self._appointment_id})
        self._session_id = text(answer, "id")

    async def join(self, participant_id: str | None = None) -> Joined:
        """Becomes a participant; an earlier one of the same person is superseded, unless it is named and goes on."""
        answer = await self._call(
            "POST", self._path("join"), {"participantId": participant_id} if participant_id else {}
        )
        tracks = items(answer, "tracks")
        names = {text(track, "trackType"): text(track, "trackName") for track in tracks}
        return Joined(text(answer, "participantId"), text(answer, "admission"), names)

    async def leave(self, participant_id: str) -> None:
        """Leaves; others are told."""
        await self._call("POST", self._path("leave"), {"participantId": participant_id})

    async def publish(self, participant_id: str, offer: str, tracks: Mapping[str, str]) -> str:
        """Publishes the offer's m-lines (`tracks`: mid → name) and gives the answer."""
        body = {
            "participantId": participant_id,
            "sessionDescription": {"type": "offer", "sdp": offer},
            "tracks": [{"mid": mid, "trackName": name} for mid, name in tracks.items()],
        }
        sdp = _sdp(await self._call("POST", self._path("tracks/publish"), body))
        if sdp is None:
            raise NegotiationError("the server published without an answer")
        return sdp

    async def subscribe(self, participant_id: str, track_names: Sequence[str]) -> Subscribed:
        """Asks for others' tracks; an offer has to be answered with `renegotiate`."""
        body = {"participantId": participant_id, "tracks": [{"trackName": name} for name in track_names]}
        answer = await self._call("POST", self._path("tracks/subscribe"), body)
        failed = {
            text(item, "trackName"): text(item, "errorCode")
            for item in items(answer, "tracks")
            if item.get("errorCode")
        }
        return Subscribed(_sdp(answer), failed, answer.get("fresh") is True)

    async def renegotiate(self, participant_id: str, answer: str) -> None:
        """Answers the last offer."""
        body = {"participantId": participant_id, "sessionDescription": {"type": "answer", "sdp": answer}}
        await self._call("PUT", self._path("renegotiate"), body)

    @asynccontextmanager
    async def events(self, participant_id: str) -> AsyncIterator["EventStream"]:
        """The event stream from its snapshot on; raises what `websockets` raises."""
        base = self._link.base_url
        address = f"ws{base.removeprefix('http')}{self._path('events')}?participantId={participant_id}"
        parts = urlsplit(base)
        async with connect(
            address,
            origin=f"{parts.scheme}://{parts.netloc}",  # type: ignore[arg-type]  # a NewType of str
            additional_headers={"Authorization": f"Bearer {self._grant}"},
            ssl=self._tls if parts.scheme == "https" else None,
            open_timeout=5,
            close_timeout=0.3,
            max_size=_MOST_MESSAGE,
            proxy=None,
        ) as socket:
            yield EventStream(socket)

    def _path(self, operation: str) -> str:
        return f"/api/video-sessions/{self._session_id}/{operation}"

    async def _call(self, method: str, path: str, body: Mapping[str, object]) -> Mapping[str, object]:
        return _answer(await self._http.request(method, path, json=body))


class EventStream:
    """Messages of the server as objects, and ours to it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def __aiter__(self) -> AsyncIterator[Mapping[str, object]]:
        async for text in self._socket:
            message = json.loads(text)
            if isinstance(message, dict):
                yield message

    async def send(self, message: Mapping[str, object]) -> None:
        """Says something to the server."""
        await self._socket.send(json.dumps(message))


def _answer(response: httpx.Response) -> Mapping[str, object]:
    try:
        body = response.json() if response.content else {}
    except ValueError:
        body = None
    if response.is_success and isinstance(body, dict):
        return body
    problem = body if isinstance(body, dict) else {}
    raise ApiError(response.status_code, str(problem.get("code", "no_problem")), str(problem.get("reason", "")))


def text(body: Mapping[str, object], key: str) -> str:
    """A text of the server's; raises ApiError "malformed_answer" if it is not there."""
    value = body.get(key)
    if not isinstance(value, str):
        raise ApiError(200, "malformed_answer", key)
    return value


def items(body: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """The objects of a list of the server's."""
    value = body.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _sdp(body: Mapping[str, object]) -> str | None:
    description = body.get("sessionDescription")
    return text(description, "sdp") if isinstance(description, dict) else None
