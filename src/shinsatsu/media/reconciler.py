"""Makes what flows equal what is permitted: after commits, every second, and at start (media-control.md).

The database says what is permitted and what was asked of the media plane; nothing is kept here that a crash could lose.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from weakref import WeakValueDictionary

from shinsatsu.domain.edges import permitted_edges
from shinsatsu.domain.errors import DatabaseUnavailable
from shinsatsu.domain.subscriptions import MediaSession, Subscription, SubscriptionState
from shinsatsu.domain.tracks import Track
from shinsatsu.media.edge_plan import Flow, Plan, plan
from shinsatsu.media.gates import Gates, Outcome
from shinsatsu.service.ports import Clock, MediaPlane
from shinsatsu.service.repositories import UnitOfWork, UnitsOfWork

logger = logging.getLogger(__name__)

CUT_TIMEOUT = 0.3
"""Seconds for one call that cuts, on the embedded SFU; Cloudflare needs 0.8."""
SWEEP_EVERY = 1.0
MOST_ROUNDS = 4
"""How often rights that change while gates move are followed at once; beyond it the next change or sweep goes on."""


class Reconciler:
    """Implements `EdgeKeeper`; `run` is its life. `on_silenced` hears of publications that had to be closed at their
    source: `TrackManager.silenced`.
    """

    def __init__(
        self, units_of_work: UnitsOfWork, plane: MediaPlane, clock: Clock, cut_timeout: float = CUT_TIMEOUT
    ) -> None:
        self._units_of_work = units_of_work
        self._gates = Gates(plane, cut_timeout)
        self._clock = clock
        self.on_silenced: Callable[[str, Sequence[Track]], Awaitable[None]] = _nobody
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
        async with asyncio.TaskGroup() as work:
            work.create_task(self._sweep_every_second())
            while True:
                await self._wake.wait()
                self._wake.clear()
                changed, self._changed = self._changed, set()
                for session_id in changed:  # each by itself: one whose plane hangs holds up no other
                    work.create_task(self._attempt(session_id))

    async def sweep(self) -> None:
        """Looks at every consultation that changed since it was last found in order, and at whatever is unconfirmed."""
        async with self._units_of_work.read() as unit:
            watched = await unit.media.watched()
            unsettled = await unit.media.unsettled()
        self._settled = {key: version for key, version in self._settled.items() if key in watched}
        due = {key for key, version in watched.items() if self._settled.get(key) != version} | unsettled
        await asyncio.gather(*map(self._attempt, due))

    async def settle(self, session_id: str) -> None:
        """Tells the plane what is to stop and to go on in one consultation, and records what it confirmed."""
        async with self._locks.setdefault(session_id, asyncio.Lock()):
            for _ in range(MOST_ROUNDS):
                if not await self._round(session_id):
                    return

    async def _sweep_every_second(self) -> None:
        while True:
            try:
                await self.sweep()
            except DatabaseUnavailable:
                logger.warning("sweep put off: the database is unavailable")
            await asyncio.sleep(SWEEP_EVERY)

    async def _attempt(self, session_id: str) -> None:
        try:
            await self.settle(session_id)
        except DatabaseUnavailable:
            logger.warning("edges of %s unconfirmed: the database is unavailable", session_id)
        except Exception:  # whatever is wrong with one consultation, the others go on being kept
            logger.exception("edges of %s unconfirmed", session_id)

    async def _round(self, session_id: str) -> bool:
        """One comparison and what follows from it; whether rights may have changed while gates were moved."""
        async with self._units_of_work.read() as unit:
            flow = await _flow(unit, session_id)
        if flow is None:
            return False
        todo = plan(flow, self._clock.now())
        if todo.nothing_to_do:
            if not todo.pending:
                self._settled[session_id] = flow.session.version
            return False
        self._settled.pop(session_id, None)
        todo = await self._intend(session_id)
        outcome = await self._gates.obey(todo)
        await self._silence(session_id, [pull for pull, state in outcome.items() if state is SubscriptionState.CUTTING])
        await self._record(outcome, await self._abandon(todo.abandon))
        return todo.switches

    async def _intend(self, session_id: str) -> Plan:
        """Commits what is to be done, under the rights of this very moment: a pull that comes back now finds that it
        lost its right, and no other reconciler moves the same gate.
        """
        async with self._units_of_work.write() as unit:
            flow, now = await _flow(unit, session_id, for_update=True), self._clock.now()
            if flow is None:
                return Plan()
            todo = plan(flow, now)
            await _move(unit, todo.give_up, SubscriptionState.CLOSED, now)
            todo = replace(
                todo,
                cut=await _move(unit, todo.cut, SubscriptionState.CUTTING, now),
                shut=await _move(unit, todo.shut, SubscriptionState.SWITCHING, now),
                open=await _move(unit, todo.open, SubscriptionState.SWITCHING, now),
            )
            await unit.commit()
        return todo

    async def _silence(self, session_id: str, unconfirmed: Sequence[Subscription]) -> None:
        """Where a right is gone and its edge could not be cut, closes the publication at its source: that stops it for
        everybody, and its owner is told.
        """
        if not unconfirmed:
            return
        async with self._units_of_work.read() as unit:
            flow = await _flow(unit, session_id)
            permitted = permitted_edges(flow.session, flow.tracks) if flow else frozenset()
            names = {pull.publication for pull in unconfirmed if pull.edge not in permitted}
            sources = await unit.tracks.publications(session_id, names)
        if sources:
            await self._gates.silence(sources)
            await self.on_silenced(session_id, sources)  # confirmed or not: it may be closed, so nobody counts on it

    async def _abandon(self, media: Sequence[MediaSession]) -> list[MediaSession]:
        """Drops sessions with all that was published on them; returns those that the plane confirmed."""
        confirmed = await asyncio.gather(*map(self._abandon_one, media))
        return [one for one, done in zip(media, confirmed, strict=True) if done]

    async def _abandon_one(self, media: MediaSession) -> bool:
        async with self._units_of_work.read() as unit:
            mids = await unit.tracks.mids_on(media.id)
        return await self._gates.abandon(media.id, mids)

    async def _record(self, outcome: Outcome, abandoned: Sequence[MediaSession]) -> None:
        settled = [(pull, state) for pull, state in outcome.items() if state is not pull.state]
        if not settled and not abandoned:
            return
        async with self._units_of_work.write() as unit:
            now = self._clock.now()
            for pull, state in settled:
                await unit.media.settle(pull, pull.state, state, pull.mid, now)
            for media in abandoned:
                await unit.media.abandoned(media.id, now)
            await unit.commit()


async def _nobody(session_id: str, tracks: Sequence[Track]) -> None:
    """Where nobody is to be told."""


async def _move(
    unit: UnitOfWork, pulls: Sequence[Subscription], state: SubscriptionState, now: datetime
) -> list[Subscription]:
    """Moves those on that are not there yet; the ones that stand there now."""
    moved = []
    for pull in pulls:
        if pull.state is state or await unit.media.settle(pull, pull.state, state, pull.mid, now):
            moved.append(replace(pull, state=state))
    return moved


async def _flow(unit: UnitOfWork, session_id: str, *, for_update: bool = False) -> Flow | None:
    """What is known of the consultation; None when the plane was never asked for anything."""
    media = await unit.media.of_session(session_id)
    if not media:
        return None
    consultation = await unit.sessions.get(session_id, for_update=for_update)
    if consultation is None:
        return None
    if for_update:  # as it stands now that nobody else moves anything
        media = await unit.media.of_session(session_id)
    tracks = await unit.tracks.of_session(session_id)
    return Flow(consultation.session, tracks, media, await unit.media.subscriptions(session_id))
