"""Rights that change in any order on a plane that is slow, loses calls, loses answers and acts late: seeded storms.

Two reconcilers, as two processes have them, work on one database while staff mute, people open their microphones, are
sent back and admitted, and receivers ask, answer or forget to. When the storm is over nothing flows that may not, and
once everybody has asked again, all that may.
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from shinsatsu.domain.edges import permitted_edges
from shinsatsu.domain.errors import MediaPlaneError, ShinsatsuError
from shinsatsu.domain.offers import ClaimedTrack
from shinsatsu.domain.participant import Participant
from shinsatsu.domain.roles import AuthUser
from shinsatsu.domain.subscriptions import Direction, SubscriptionState
from shinsatsu.domain.tracks import TrackType
from shinsatsu.media.edge_plan import PULL_LOST_AFTER
from shinsatsu.media.reconciler import Reconciler
from shinsatsu.service.ports import TrackResult
from shinsatsu.store.engine import make_engine
from tests.house import DOCTOR, PATIENT, SUPPORT, House
from tests.media_plane import InMemoryMediaPlane
from tests.service.test_track_manager import offer, publish

ROUNDS, STEPS = 3, 14
KINDS = (TrackType.AUDIO, TrackType.VIDEO)
PEOPLE = (PATIENT, DOCTOR, SUPPORT)


class StormyPlane(InMemoryMediaPlane):
    """A plane behind a bad network: a call may wait, be lost, lose its answer, or act when its caller has given up."""

    def __init__(self, chance: random.Random, *, extensions: bool) -> None:
        super().__init__(extensions=extensions)
        self.chance = chance
        self.storm = False
        self.late: list[asyncio.Task[object]] = []

    async def close_tracks(
        self, session_id: str, mids: Sequence[str], timeout: float | None = None
    ) -> tuple[TrackResult, ...]:
        await self._maybe_late(lambda: super(StormyPlane, self).close_tracks(session_id, mids))
        return await super().close_tracks(session_id, mids, timeout)

    async def set_paused(
        self, session_id: str, mids: Sequence[str], paused: bool, timeout: float | None = None
    ) -> bool:
        if self.extensions:
            await self._maybe_late(lambda: super(StormyPlane, self).set_paused(session_id, mids, paused))
        return await super().set_paused(session_id, mids, paused, timeout)

    async def weather(self, call_name: str, media_id: str) -> None:
        """Waits a while; loses the call or its answer in some of the cases."""
        if not self.storm:
            return
        await pause(self.chance.randrange(6))
        if self.chance.random() < 0.15:
            raise MediaPlaneError(f"{call_name} was lost")

    async def calm(self) -> None:
        """The storm is over, and whatever was on its way has arrived."""
        self.storm = False
        await asyncio.gather(*self.late, return_exceptions=True)
        self.late.clear()

    async def _maybe_late(self, call: Callable[[], Awaitable[object]]) -> None:
        if self.storm and self.chance.random() < 0.15:
            self.late.append(asyncio.create_task(_after(self.chance.randrange(5, 60), call)))
            raise MediaPlaneError("no answer in time")


class Storm:
    """One seeded run: what people and processes do at the same time."""

    def __init__(self, house: House, plane: StormyPlane, session_id: str) -> None:
        self.house, self.plane, self.session_id = house, plane, session_id
        self.chance = plane.chance
        self.other = Reconciler(house.units_of_work, plane, house.clock)
        self.other.on_silenced = house.tracks.silenced
        self.mids = itertools.count(1)

    async def blow(self) -> None:
        """People and processes do things at once, and each goes on whatever comes of it."""
        self.plane.storm = True
        work = [self._steps(self._act), self._steps(self._act), self._steps(self._ask), self._steps(self._sweep)]
        await asyncio.gather(*work)
        await self.plane.calm()

    async def settle(self) -> None:
        """What the reconcilers do in the seconds after, with the offers and calls that nobody will finish given up."""
        self.house.clock.pass_time(seconds=PULL_LOST_AFTER.total_seconds() + 1)
        self.plane.expire_offers()
        for reconciler in (self.house.reconciler, self.other) * 3:
            await reconciler.sweep()

    async def everybody_asks(self) -> None:
        """What pages do on the news: whoever has no track publishes, and everybody asks for what may flow to them."""
        for actor in PEOPLE:
            own = await self._own(actor)
            if own is None:
                continue
            if not own.admitted:
                await self.house.moderation.admit(DOCTOR, self.session_id, own.id)
            if actor is PATIENT:
                await self.house.moderation.unmute(actor, self.session_id, own.id, KINDS)
            await self._publish(actor, own.id)
        for actor in PEOPLE:
            await self._receive(actor, await self._names(actor))

    async def permitted(self) -> set[tuple[str, str]]:
        """Publication and present receiving session of every edge that may flow."""
        async with self.house.units_of_work.read() as unit:
            consultation = await unit.sessions.get(self.session_id)
            assert consultation is not None
            edges = permitted_edges(consultation.session, await unit.tracks.of_session(self.session_id))
            sessions = await unit.media.of_session(self.session_id)
        receiving = [one for one in sessions if one.direction is Direction.RECEIVE and not one.retired]
        media = {one.participant_id: one.id for one in receiving}
        return {(edge.publication, media[edge.receiver]) for edge in edges if edge.receiver in media}

    async def unfinished(self) -> list[SubscriptionState]:
        async with self.house.units_of_work.read() as unit:
            pulls = await unit.media.subscriptions(self.session_id)
        return [pull.state for pull in pulls if pull.state not in (SubscriptionState.FLOWING, SubscriptionState.PAUSED)]

    async def _steps(self, act: Callable[[], Awaitable[None]]) -> None:
        for _ in range(STEPS):
            await pause(self.chance.randrange(8))
            try:
                await act()
            except ShinsatsuError:  # refused, or lost on the way: the next step is another one
                continue

    async def _act(self) -> None:
        own = await self._own(PATIENT)
        if own is None:
            return
        kinds = [kind for kind in KINDS if self.chance.random() < 0.6]
        chosen = self.chance.random()
        if not own.admitted:
            await self.house.moderation.admit(DOCTOR, self.session_id, own.id)
            await self._publish(PATIENT, own.id)
        elif chosen < 0.04:
            await self.house.moderation.send_back(DOCTOR, self.session_id, own.id)
        elif chosen < 0.5:
            await self.house.moderation.mute(DOCTOR, self.session_id, own.id, kinds)
        else:
            await self.house.moderation.unmute(PATIENT, self.session_id, own.id, kinds)

    async def _ask(self) -> None:
        actor = self.chance.choice(PEOPLE)
        names = await self._names(actor)
        if names:
            await self._receive(actor, self.chance.sample(names, self.chance.randint(1, len(names))), forget=0.2)

    async def _sweep(self) -> None:
        await self.chance.choice([self.house.reconciler, self.other]).sweep()

    async def _receive(self, actor: AuthUser, names: Sequence[str], forget: float = 0.0) -> None:
        own = await self._own(actor)
        if own is None or not names:
            return
        answer = await self.house.tracks.subscribe(actor, self.session_id, own.id, names)
        if answer.sdp is not None and self.chance.random() >= forget:
            await self.house.tracks.renegotiate(actor, self.session_id, own.id, "answer")

    async def _publish(self, actor: AuthUser, participant_id: str) -> None:
        """Publishes what is not published, under names of its own and on m-lines that never were there before."""
        async with self.house.units_of_work.read() as unit:
            tracks = await unit.tracks.of_session(self.session_id)
        published = {one.track_type for one in tracks if one.participant_id == participant_id and one.mid is not None}
        missing = [kind for kind in KINDS if kind not in published]
        names = [await self.house.tracks.grant(actor, self.session_id, participant_id, kind) for kind in missing]
        first = next(self.mids) * len(KINDS)
        claims = [ClaimedTrack(str(mid), track.track_name) for mid, track in enumerate(names, first)]
        sdp = offer(*missing, first_mid=first)
        if claims:
            await self.house.tracks.publish(actor, self.session_id, participant_id, sdp, claims)

    async def _own(self, actor: AuthUser) -> Participant | None:
        view = await self.house.sessions.get(DOCTOR, self.session_id)
        return next((one for one in view.participants if one.key == actor.key), None)

    async def _names(self, actor: AuthUser) -> list[str]:
        own = await self._own(actor)
        async with self.house.units_of_work.read() as unit:
            consultation = await unit.sessions.get(self.session_id)
            assert consultation is not None
            edges = permitted_edges(consultation.session, await unit.tracks.of_session(self.session_id))
        return sorted(edge.publication for edge in edges if own is not None and edge.receiver == own.id)


@pytest.mark.parametrize("extensions", [True, False], ids=["extended", "plain"])
@pytest.mark.parametrize("seed", range(12))
async def test_after_any_storm_what_flows_is_what_may(
    sqlite_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, extensions: bool
) -> None:
    engine = make_engine(f"sqlite:///{sqlite_path}")
    chance = random.Random(seed)
    plane = StormyPlane(chance, extensions=extensions)

    async def commit_here(commit: Callable[[str], object], sql: str) -> object:
        await pause(chance.randrange(4))
        return commit(sql)

    monkeypatch.setattr(asyncio, "to_thread", commit_here)  # a thread would make each run another one
    house = House(engine, plane=plane)
    session_id = await house.opened()
    for actor in PEOPLE:
        await publish(house, actor, session_id)
    plane.before = plane.after = plane.weather
    storm = Storm(house, plane, session_id)
    for _ in range(ROUNDS):
        await storm.everybody_asks()
        await storm.settle()
        assert plane.flowing() == await storm.permitted()
        await storm.blow()
        await storm.settle()
        assert await storm.unfinished() == []
        assert plane.flowing() <= await storm.permitted()
    await engine.dispose()


async def pause(turns: int) -> None:
    """Lets others go first so many times."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def _after(turns: int, call: Callable[[], Awaitable[object]]) -> object:
    await pause(turns)
    return await call()
