"""One stay of a program in a consultation: publishes a clip, receives what the others publish and lets it go."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import httpx
import structlog
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from shinsatsu.media.clip import Clip
from shinsatsu.media.consultation_client import ApiError, ConsultationClient, EventStream, Joined
from shinsatsu.media.peer import Peer
from shinsatsu.media.peer_description import NegotiationError
from shinsatsu.media.playback import Playback
from shinsatsu.media.player import play
from shinsatsu.media.room_news import AttendanceOver, ConnectionLost, RoomNews
from shinsatsu.rtc.dtls import Certificate

log = structlog.get_logger(__name__)

_HEARTBEAT_SECONDS = 10.0
_AGAIN_SECONDS = 1.0
_LEAVE_SECONDS = 0.5
_FINAL_CLOSE_CODES = frozenset({4401, 4403, 4404, 4409, 4410})
_SUBSCRIBE_AGAIN = frozenset({"negotiation_in_progress", "track_not_found"})


class Attendance:
    """Joins in `run` and stays until that raises AttendanceOver, ConnectionLost or ApiError, or is cancelled.

    It waits until staff let it in, and again when they send it back; it keeps silent once they have muted it.
    """

    def __init__(self, client: ConsultationClient, clip: Clip, certificate: Certificate) -> None:
        self._client = client
        self._clip = clip
        self._certificate = certificate

    async def run(self) -> None:
        """Joins and takes part; when cancelled, leaves first, within half a second."""
        with _lost_connections():
            joined = await self._join()
            log.info("joined", admission=joined.admission)
            news = RoomNews(joined.participant_id, admitted=joined.admission == "admitted")
            try:
                await _until_first(self._follow(news), self._take_part(news, joined))
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

    async def _follow(self, news: RoomNews) -> None:
        async with self._client.events(news.participant_id) as stream:
            await _until_first(_read(stream, news), _beat(stream))

    # Media

    async def _take_part(self, news: RoomNews, joined: Joined) -> None:
        while True:
            await news.until(lambda: news.admitted)
            before = news.times_sent_back
            if not joined.track_names:  # they are granted with the admission, and new ones with each
                joined = await self._client.join(news.participant_id)
            sent_back = news.until(partial(_more_than, news, before))
            if joined.admission == "admitted":
                await _until_first(self._in_the_room(news, joined), sent_back)
            else:
                await sent_back
            log.info("sent back to wait")
            joined = joined._replace(track_names={})

    async def _in_the_room(self, news: RoomNews, joined: Joined) -> None:
        news.own_tracks = frozenset(joined.track_names.values())
        playback = Playback(self._clip, silent=lambda: "audio" in news.muted_by_staff)
        publisher = Peer(on_key_frame_request=lambda _: playback.request_key_frame(), certificate=self._certificate)
        with closing(publisher), closing(Peer(certificate=self._certificate)) as receiver:
            mids = await self._publish(publisher, joined)
            await _until_first(
                play(publisher, playback, audio_mid=mids["audio"], video_mid=mids["video"]),
                self._receive(receiver, news),
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

    async def _receive(self, peer: Peer, news: RoomNews) -> None:
        news.asked.clear()
        while True:
            await news.until(lambda: bool(news.wanted))
            names = news.wanted
            news.asked.update(names)  # before asking: whoever opens their microphone meanwhile is asked for once more
            failed = await self._subscribe(peer, news.participant_id, names)
            news.asked -= failed
            if failed:
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _subscribe(self, peer: Peer, participant_id: str, names: list[str]) -> set[str]:
        """Subscribes and answers; the names to try again."""
        try:
            done = await self._client.subscribe(participant_id, names)
            if done.fresh:
                raise ConnectionLost("the media plane moved us to a fresh connection")
            if done.offer is not None:
                await self._client.renegotiate(participant_id, await peer.answer(done.offer))
        except ApiError as error:
            if error.status == 403 and error.reason not in ("not_admitted", "removed"):
                return set() if len(names) == 1 else await self._one_by_one(peer, participant_id, names)
            if not error.passing and error.code not in _SUBSCRIBE_AGAIN:
                raise
            return set(names)
        log.info("subscribed", tracks=len(names) - len(done.failed), failed=len(done.failed))
        return set(done.failed)

    async def _one_by_one(self, peer: Peer, participant_id: str, names: list[str]) -> set[str]:
        """One that is not for us, as that of somebody muted, must not cost the others."""
        failed: set[str] = set()
        for name in names:
            failed |= await self._subscribe(peer, participant_id, [name])
        return failed


def _more_than(news: RoomNews, times: int) -> bool:
    return news.times_sent_back > times


async def _read(stream: EventStream, news: RoomNews) -> None:
    async for message in stream:
        news.heed(message)
    raise ConnectionLost("the event stream ended")


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
