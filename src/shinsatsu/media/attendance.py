"""One stay of a program in a consultation: publishes a clip, receives what the others publish and lets it go."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import closing
from typing import Any

import httpx
import structlog
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from shinsatsu.media.clip import Clip
from shinsatsu.media.consultation_client import ApiError, ConsultationClient, EventStream, Joined, items, text
from shinsatsu.media.peer import Peer
from shinsatsu.media.peer_description import NegotiationError
from shinsatsu.media.playback import Playback
from shinsatsu.media.player import play
from shinsatsu.rtc.dtls import Certificate

log = structlog.get_logger(__name__)

_HEARTBEAT_SECONDS = 10.0
_AGAIN_SECONDS = 1.0
_LEAVE_SECONDS = 0.5
_FINAL_CLOSE_CODES = frozenset({4401, 4403, 4404, 4409, 4410})
_SUBSCRIBE_AGAIN = frozenset({"negotiation_in_progress", "track_not_found"})


class AttendanceOver(Exception):
    """There is no way back in: the consultation has ended, or the place was taken from us."""


class ConnectionLost(Exception):
    """The server or the media plane is not reached any more; joining again may help."""


class Attendance:
    """Joins in `run` and stays until that raises AttendanceOver, ConnectionLost or ApiError, or is cancelled."""

    def __init__(self, client: ConsultationClient, clip: Clip, certificate: Certificate) -> None:
        self._client = client
        self._clip = clip
        self._certificate = certificate
        self._admitted = asyncio.Event()
        self._published_by_others: dict[str, None] = {}
        self._settled: set[str] = set()
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Joins and takes part; when cancelled, leaves first, within half a second."""
        with _lost_connections():
            joined = await self._join()
            log.info("joined", admission=joined.admission)
            if joined.admission == "admitted":
                self._admitted.set()
            try:
                await _until_first(self._follow(joined), self._take_part(joined))
            except asyncio.CancelledError:
                await self._leave(joined)
                raise

    async def _join(self) -> Joined:
        try:
            return await self._client.join()
        except ApiError as error:
            if error.code != "session_not_open":
                raise
        # Only then: creating after an end would begin another consultation.
        await self._client.create()
        return await self._client.join()

    async def _leave(self, joined: Joined) -> None:
        with contextlib.suppress(TimeoutError, ApiError, httpx.TransportError):  # gone anyway, the server will notice
            async with asyncio.timeout(_LEAVE_SECONDS):
                await self._client.leave(joined.participant_id)

    # What happens in the consultation

    async def _follow(self, joined: Joined) -> None:
        async with self._client.events(joined.participant_id) as stream:
            await _until_first(self._read(stream, joined), _beat(stream))

    async def _read(self, stream: EventStream, joined: Joined) -> None:
        async for message in stream:
            self._heed(message, joined.participant_id)
        raise ConnectionLost("the event stream ended")

    def _heed(self, message: Mapping[str, Any], participant_id: str) -> None:
        kind = message.get("type")
        if kind == "snapshot":
            self._published_by_others.clear()
            for track in items(message, "tracks"):
                self._note_track(track, participant_id)
        elif kind == "track_published":
            self._note_track(message.get("track"), participant_id)
        elif kind == "track_closed":
            self._published_by_others.pop(text(message, "trackName"), None)
            self._settled.discard(text(message, "trackName"))
        elif kind == "session_status" and message.get("status") in ("ended", "failed"):
            raise AttendanceOver("the consultation has ended")
        elif kind == "participant_updated":
            self._note_participant(message.get("participant"), participant_id)
        elif kind == "participant_left" and message.get("participantId") == participant_id:
            if message.get("reason") == "superseded":
                raise AttendanceOver("somebody else joined with this person's link")
            raise ConnectionLost("the server has let us go")

    def _note_track(self, track: object, participant_id: str) -> None:
        if isinstance(track, dict) and track.get("participantId") != participant_id:
            self._published_by_others[text(track, "trackName")] = None
            self._changed.set()

    def _note_participant(self, participant: object, participant_id: str) -> None:
        if not isinstance(participant, dict) or participant.get("participantId") != participant_id:
            return
        admission = participant.get("admission")
        if admission == "admitted":
            self._admitted.set()
        elif admission == "removed":
            raise AttendanceOver("removed from the consultation")
        elif self._admitted.is_set():
            raise ConnectionLost("sent back to wait")

    # Media

    async def _take_part(self, joined: Joined) -> None:
        await self._admitted.wait()
        playback = Playback(self._clip)
        publisher = Peer(on_key_frame_request=lambda _: playback.request_key_frame(), certificate=self._certificate)
        with closing(publisher), closing(Peer(certificate=self._certificate)) as receiver:
            mids = await self._publish(publisher, joined)
            await _until_first(
                play(publisher, playback, audio_mid=mids["audio"], video_mid=mids["video"]),
                self._receive(receiver, joined),
                _watch(publisher),
                _watch(receiver),
            )

    async def _publish(self, peer: Peer, joined: Joined) -> dict[str, str]:
        offer = peer.offer(["audio", "video"])
        mids = {"audio": "0", "video": "1"}
        names = {mid: joined.track_names[kind] for kind, mid in mids.items() if kind in joined.track_names}
        await peer.accept(await self._client.publish(joined.participant_id, offer, names))
        log.info("published", tracks=len(names))
        return mids

    async def _receive(self, peer: Peer, joined: Joined) -> None:
        while True:
            self._changed.clear()
            names = [name for name in self._published_by_others if name not in self._settled]
            if not names:
                await self._changed.wait()
                continue
            failed = await self._subscribe(peer, joined.participant_id, names)
            self._settled.update(name for name in names if name not in failed)
            if failed:
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _subscribe(self, peer: Peer, participant_id: str, names: list[str]) -> set[str]:
        """Subscribes and answers; the names to try again."""
        try:
            done = await self._client.subscribe(participant_id, names)
            if done.offer is not None:
                await self._client.renegotiate(participant_id, await peer.answer(done.offer))
        except ApiError as error:
            if error.status == 403 and error.reason not in ("not_admitted", "removed"):
                return set()  # not for us: nothing to try again
            if not error.passing and error.code not in _SUBSCRIBE_AGAIN:
                raise
            return set(names)
        log.info("subscribed", tracks=len(names) - len(done.failed), failed=len(done.failed))
        return set(done.failed)


async def _beat(stream: EventStream) -> None:
    await stream.send({"type": "media_state", "audioMuted": False, "videoMuted": False})
    while True:
        await stream.send({"type": "heartbeat"})
        await asyncio.sleep(_HEARTBEAT_SECONDS)


async def _watch(peer: Peer) -> None:
    state = await peer.wait_for("disconnected", "failed", "closed")
    raise ConnectionLost(f"a peer connection is {state} {peer.failure}".rstrip())


@contextlib.contextmanager
def _lost_connections() -> Iterator[None]:
    """Tells what the network and its libraries raise as ConnectionLost."""
    try:
        yield
    except InvalidStatus as error:
        raise ApiError(error.response.status_code, "stream_refused") from error
    except ConnectionClosed as error:
        code = error.rcvd.code if error.rcvd is not None else None
        if code in _FINAL_CLOSE_CODES:
            raise AttendanceOver(f"the server closed the event stream with {code}") from error
        raise ConnectionLost(f"the event stream was closed with {code}") from error
    except (httpx.TransportError, WebSocketException, OSError, NegotiationError) as error:
        raise ConnectionLost(type(error).__name__) from error


async def _until_first(*work: Coroutine[Any, Any, None]) -> None:
    """Runs all until one ends; its exception is raised, the others are cancelled."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
