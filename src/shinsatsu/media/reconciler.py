"""Makes what flows equal what is permitted: after commits, every second, and at start (media-control.md).

The database says what is permitted and what was asked of the media plane; nothing is kept here that a crash could lose.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakValueDictionary

from shinsatsu.domain.errors import DatabaseUnavailable, MediaPlaneError, MediaSessionGone
from shinsatsu.domain.subscriptions import MediaSession, Subscription, SubscriptionState
from shinsatsu.media.edge_plan import Flow, Plan, by_receiver, plan
from shinsatsu.service.ports import Clock, MediaPlane
from shinsatsu.service.repositories import UnitOfWork, UnitsOfWork

logger = logging.getLogger(__name__)

CUT_TIMEOUT = 0.3
"""Seconds for one call that cuts, on the embedded SFU; Cloudflare needs 0.8."""
SWEEP_EVERY = 1.0


class Reconciler:
    """Implements `EdgeKeeper`; `run` is its life."""

    def __init__(
        self, units_of_work: UnitsOfWork, plane: MediaPlane, clock: Clock, cut_timeout: float = CUT_TIMEOUT
    ) -> None:
        self._units_of_work = units_of_work
        self._plane = plane
        self._clock = clock
        self._cut_timeout = cut_timeout
        self._settled: dict[str, int] = {}
        self._changed: set[str] = set()
        self._wake = asyncio.Event()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def session_changed(self, session_id: str) -> None:
        """Has `run` look at the session at once."""
        self._changed.add(session_id)
        self._wake.set()

    async def run(self) -> None:
        """Reconciles until cancelled. A failure of the database or the plane is tried again a second later."""
        while True:
            self._wake.clear()
            await self._attempt_changed()
            await self._attempt_sweep()
            deadline = asyncio.get_running_loop().time() + SWEEP_EVERY
            while (left := deadline - asyncio.get_running_loop().time()) > 0:
                try:
                    await asyncio.wait_for(self._wake.wait(), left)
                except TimeoutError:
                    break
                self._wake.clear()
                await self._attempt_changed()

    async def sweep(self) -> None:
        """Looks at every consultation that changed since it was last found in order, and at whatever is unconfirmed."""
        async with self._units_of_work.read() as unit:
            watched = await unit.media.watched()
            unsettled = await unit.media.unsettled()
        self._settled = {key: version for key, version in self._settled.items() if key in watched}
        due = {key for key, version in watched.items() if self._settled.get(key) != version} | unsettled
        await self._settle_all(due)

    async def settle(self, session_id: str) -> None:
        """Tells the plane what is to be cut and abandoned in one consultation, and records what it confirmed."""
        async with self._locks.setdefault(session_id, asyncio.Lock()):
            await self._settle(session_id)

    async def _attempt_changed(self) -> None:
        changed, self._changed = self._changed, set()
        await self._settle_all(changed)

    async def _attempt_sweep(self) -> None:
        try:
            await self.sweep()
        except DatabaseUnavailable:
            logger.warning("sweep put off: the database is unavailable")

    async def _settle_all(self, session_ids: set[str]) -> None:
        outcomes = await asyncio.gather(*map(self.settle, session_ids), return_exceptions=True)
        for session_id, outcome in zip(session_ids, outcomes, strict=True):
            if isinstance(outcome, DatabaseUnavailable):
                logger.warning("edges of %s unconfirmed: the database is unavailable", session_id)
            elif isinstance(outcome, BaseException):
                logger.error("edges of %s unconfirmed", session_id, exc_info=outcome)

    async def _settle(self, session_id: str) -> None:
        async with self._units_of_work.read() as unit:
            flow = await _flow(unit, session_id)
        if flow is None:
            return
        todo = plan(flow, self._clock.now())
        if todo.settled:
            self._settled[session_id] = flow.session.version
            return
        await self._mark(todo)
        unconfirmed_cuts = await self._cut(todo)
        await self._silence(flow, unconfirmed_cuts)
        abandoned = await self._abandon(todo.abandon)
        await self._record(todo, unconfirmed_cuts, abandoned)

    async def _mark(self, todo: Plan) -> None:
        """Commits the intent first: a pull that comes back now finds that it lost its right."""
        if not todo.mark and not todo.give_up:
            return
        async with self._units_of_work.write() as unit:
            now = self._clock.now()
            for pull in todo.mark:
                await unit.media.settle(pull, pull.state, SubscriptionState.CUTTING, pull.mid, now)
            for pull in todo.give_up:
                await unit.media.settle(pull, pull.state, SubscriptionState.CLOSED, None, now)
            await unit.commit()

    async def _cut(self, todo: Plan) -> list[Subscription]:
        """Force-closes edges, all receivers in parallel; returns those that the plane did not confirm."""
        groups = by_receiver(todo.cut)
        confirmed = await asyncio.gather(
            *(self._close(rcv, [pull.mid or "" for pull in pulls]) for rcv, pulls in groups.items())
        )
        return [pull for pulls, done in zip(groups.values(), confirmed, strict=True) if not done for pull in pulls]

    async def _silence(self, flow: Flow, unconfirmed: Sequence[Subscription]) -> None:
        """Where an edge could not be cut, closes its publication at the source, which stops it for everybody."""
        names = {pull.publication for pull in unconfirmed}
        sources = [track for track in flow.tracks if track.track_name in names]
        await asyncio.gather(
            *(
                self._close(track.media_session_id, [track.mid])
                for track in sources
                if track.media_session_id and track.mid
            )
        )

    async def _close(self, media_id: str, mids: Sequence[str]) -> bool:
        try:
            results = await self._plane.close_tracks(media_id, mids, self._cut_timeout)
        except MediaSessionGone:
            return True
        except MediaPlaneError:
            return False
        return all(result.error_code is None for result in results)

    async def _abandon(self, media: Sequence[MediaSession]) -> list[MediaSession]:
        """Closes what was published on them, then drops them; returns those that the plane confirmed."""
        confirmed = await asyncio.gather(*map(self._abandon_one, media))
        return [one for one, done in zip(media, confirmed, strict=True) if done]

    async def _abandon_one(self, media: MediaSession) -> bool:
        async with self._units_of_work.read() as unit:
            mids = await unit.tracks.mids_on(media.id)
        closed = not mids or await self._close(media.id, mids)
        try:
            await self._plane.abandon(media.id)
        except MediaSessionGone:
            return True
        except MediaPlaneError:
            return False
        return closed

    async def _record(self, todo: Plan, unconfirmed: Sequence[Subscription], abandoned: Sequence[MediaSession]) -> None:
        done = [pull for pull in todo.cut if pull not in unconfirmed]
        if not done and not abandoned:
            return
        async with self._units_of_work.write() as unit:
            now = self._clock.now()
            for pull in done:
                cutting = replace(pull, state=SubscriptionState.CUTTING)
                await unit.media.settle(cutting, cutting.state, SubscriptionState.CLOSED, pull.mid, now)
            for media in abandoned:
                await unit.media.abandoned(media.id, now)
            await unit.commit()


async def _flow(unit: UnitOfWork, session_id: str) -> Flow | None:
    """What is known of the consultation; None when the plane was never asked for anything."""
    media = await unit.media.of_session(session_id)
    consultation = await unit.sessions.get(session_id) if media else None
    if consultation is None:
        return None
    tracks = await unit.tracks.of_session(session_id)
    return Flow(consultation.session, tracks, media, await unit.media.subscriptions(session_id))
