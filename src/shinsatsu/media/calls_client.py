"""The media plane over the Calls API (`/apps/{appId}/sessions/…`), as the port `MediaPlane` asks for it.

The same client speaks to the embedded SFU and to Cloudflare Realtime; which extensions there are is asked once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote

import httpx

from shinsatsu.domain.errors import MediaNegotiationRefused, MediaPlaneError, MediaSessionGone, MediaSessionNotReady
from shinsatsu.media.calls_http import CallsHttp, JsonObject, error_of
from shinsatsu.service.ports import LocalTrack, Negotiated, RemoteTrack, TrackResult

_TIMEOUT = 10.0
# A pull waits for the publisher's transport and first packet, 13 s together, before it fails.
_PULL_TIMEOUT = 20.0
_HEALTH_TIMEOUT = 1.0
_CLOSED_ALREADY = "close_track_error"
_NO_RESULT = "no_result"

_T = TypeVar("_T")


class CallsClient:
    """Sessions and tracks of one app; failures are the `MediaPlaneError` family. `close` it at the end."""

    def __init__(
        self,
        base_url: str,
        app_id: str,
        app_secret: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = CallsHttp(base_url, app_id, app_secret, transport=transport, sleep=sleep)
        # Connections of their own: however many pulls hang, what stops media never waits for a free one.
        self._stopping = CallsHttp(base_url, app_id, app_secret, transport=transport, sleep=sleep)
        self._extensions: frozenset[str] | None = None
        self._asking = asyncio.Lock()

    async def close(self) -> None:
        """Closes the connections to the plane."""
        await self._http.close()
        await self._stopping.close()

    async def healthy(self) -> bool:
        """Whether the plane answers at all, with our credentials, within a second."""
        try:
            async with asyncio.timeout(_HEALTH_TIMEOUT):
                reply = await self._http.request("GET", "capabilities", timeout=_HEALTH_TIMEOUT)
        except (TimeoutError, MediaPlaneError):
            return False
        return reply.status < 500 and reply.status not in (401, 403)

    async def extensions(self) -> frozenset[str]:
        """Names of the extensions to plain Calls that the plane has; asked once, none where it answers 404."""
        async with self._asking:
            if self._extensions is None:
                self._extensions = await self._ask_extensions()
            return self._extensions

    async def _ask_extensions(self) -> frozenset[str]:
        reply = await self._stopping.request("GET", "capabilities", timeout=_TIMEOUT)
        if reply.status in (404, 405):
            return frozenset()
        if reply.code or reply.status >= 400:
            raise error_of(reply)
        named = reply.body.get("extensions")
        return frozenset(name for name, version in named.items() if version) if isinstance(named, dict) else frozenset()

    async def new_session(self) -> str:
        body = await self._http.call("POST", "sessions/new", timeout=_TIMEOUT)
        session_id = body.get("sessionId")
        if not isinstance(session_id, str) or not session_id.isprintable() or not session_id:
            raise MediaPlaneError("the media plane made a session without an id")
        return session_id

    async def publish(self, session_id: str, offer_sdp: str, tracks: Sequence[LocalTrack]) -> Negotiated:
        asked = [{"location": "local", "mid": track.mid, "trackName": track.track_name} for track in tracks]
        body = {"sessionDescription": {"type": "offer", "sdp": offer_sdp}, "tracks": asked}
        reply = await self._http.call("POST", _path(session_id, "tracks/new"), body, timeout=_TIMEOUT)
        items = _by(reply, "trackName")
        results = tuple(_result(track.track_name, track.mid, items.get(track.track_name)) for track in tracks)
        sdp = _sdp(reply, "answer")
        if sdp is None and any(result.error_code is None for result in results):
            raise MediaNegotiationRefused("the media plane took a track but sent no answer")
        return Negotiated(sdp, results)

    async def pull(self, session_id: str, tracks: Sequence[RemoteTrack]) -> Negotiated:
        asked = [
            {"location": "remote", "sessionId": track.session_id, "trackName": track.track_name} for track in tracks
        ]
        path = _path(session_id, "tracks/new")
        reply = await self._http.call("POST", path, {"tracks": asked}, timeout=_PULL_TIMEOUT)
        items = _by(reply, "trackName")
        return Negotiated(
            _sdp(reply, "offer"),
            tuple(_result(track.track_name, "", items.get(track.track_name)) for track in tracks),
        )

    async def renegotiate(self, session_id: str, answer_sdp: str) -> None:
        body = {"sessionDescription": {"type": "answer", "sdp": answer_sdp}}
        await self._http.call("PUT", _path(session_id, "renegotiate"), body, timeout=_TIMEOUT)

    async def close_tracks(
        self, session_id: str, mids: Sequence[str], timeout: float | None = None
    ) -> tuple[TrackResult, ...]:
        body = {"tracks": [{"mid": mid} for mid in mids], "force": True}
        path = _path(session_id, "tracks/close")
        items = _by(await self._within(timeout, self._stopping.call("PUT", path, body, timeout=_TIMEOUT)), "mid")
        results = (_result("", mid, items.get(mid)) for mid in mids)
        return tuple(TrackResult("", each.mid) if each.error_code == _CLOSED_ALREADY else each for each in results)

    async def set_paused(
        self, session_id: str, mids: Sequence[str], paused: bool, timeout: float | None = None
    ) -> bool:
        return await self._within(timeout, self._set_paused(session_id, mids, paused))

    async def _set_paused(self, session_id: str, mids: Sequence[str], paused: bool) -> bool:
        if "tracks.pause" not in await self.extensions():
            return False
        body = {"tracks": [{"mid": mid, "paused": paused} for mid in mids]}
        reply = await self._stopping.call("PUT", _path(session_id, "tracks/pause"), body, timeout=_TIMEOUT)
        items = _by(reply, "mid")
        for mid in mids:
            code = _result("", mid, items.get(mid)).error_code
            # What is closed is shut already; opening it again takes a new pull, which this is not.
            if code is not None and not (paused and code == _CLOSED_ALREADY):
                raise MediaPlaneError(f"the media plane did not pause or open an m-line: {code}")
        return True

    async def abandon(self, session_id: str) -> None:
        try:
            if "sessions.delete" in await self.extensions():
                await self._stopping.call("DELETE", _path(session_id), timeout=_TIMEOUT)
            else:
                await self._close_everything(session_id)
        except (MediaSessionGone, MediaSessionNotReady):  # what never connected carries nothing, and expires
            return

    async def alive(self, session_id: str) -> bool:
        try:
            await self._http.call("GET", _path(session_id), timeout=_TIMEOUT)
        except MediaSessionGone:
            return False
        except MediaSessionNotReady:
            pass
        return True

    async def _close_everything(self, session_id: str) -> None:
        described = await self._stopping.call("GET", _path(session_id), timeout=_TIMEOUT)
        mids = list(_by(described, "mid"))
        results = await self.close_tracks(session_id, mids) if mids else ()
        for result in results:
            if result.error_code is not None:
                raise MediaPlaneError(f"the media plane did not close an m-line: {result.error_code}")

    async def _within(self, timeout: float | None, work: Awaitable[_T]) -> _T:
        try:
            async with asyncio.timeout(timeout):
                return await work
        except TimeoutError:
            raise MediaPlaneError(f"the media plane did not answer within {timeout} s") from None


def _path(session_id: str, operation: str = "") -> str:
    return f"sessions/{quote(session_id, safe='')}/{operation}".rstrip("/")


def _sdp(body: JsonObject, kind: str) -> str | None:
    description = body.get("sessionDescription")
    if description is None:
        return None
    if not isinstance(description, Mapping) or description.get("type") != kind:
        raise MediaNegotiationRefused(f"the media plane sent something else than an {kind}")
    sdp = description.get("sdp")
    if not isinstance(sdp, str) or not sdp:
        raise MediaNegotiationRefused(f"the media plane sent an {kind} without SDP")
    return sdp


def _by(body: JsonObject, key: str) -> dict[str, JsonObject]:
    """The items of `tracks` by one of their texts; anything else in there is left out."""
    items = body.get("tracks")
    listed: Iterable[object] = items if isinstance(items, list) else ()
    known: dict[str, JsonObject] = {}
    for item in listed:
        if isinstance(item, dict) and isinstance(item.get(key), str):
            known[item[key]] = item
    return known


def _result(track_name: str, mid: str, item: JsonObject | None) -> TrackResult:
    """One track's outcome; a track the answer says nothing of has failed."""
    if item is None:
        return TrackResult(track_name, mid, _NO_RESULT, "the media plane's answer does not name this track")
    code, description, chosen = item.get("errorCode"), item.get("errorDescription"), item.get("mid")
    if isinstance(chosen, str):
        mid = chosen
    if code is None or code == "":
        return TrackResult(track_name, mid) if mid else TrackResult(track_name, "", _NO_RESULT, "no mid was given")
    sentence = description[:200] if isinstance(description, str) else None
    return TrackResult(track_name, mid, str(code)[:64], sentence)
