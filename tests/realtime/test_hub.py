"""Who hears of a commit here: each viewer as much as they may, and nobody's slowness or departure is another's loss."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.websockets import WebSocket

from shinsatsu.domain.credentials import Login
from shinsatsu.domain.session_status import Outcome
from shinsatsu.realtime.console_feed import ConsoleFeed
from shinsatsu.realtime.hub import QUEUE_LENGTH, Hub, Viewer
from shinsatsu.realtime.local_bus import LocalBus
from shinsatsu.realtime.session import CloseCode
from shinsatsu.service.views import Snapshot
from shinsatsu.store.engine import make_engine
from tests.house import ADMIN, DOCTOR, OPERATOR, OTHER_DOCTOR, PATIENT, START, WISH, House


@pytest.fixture
async def house(sqlite_path: Path) -> AsyncIterator[House]:
    engine = make_engine(f"sqlite:///{sqlite_path}")
    house = House(engine)
    house.commands.bus = LocalBus()
    yield house
    house.units_of_work.close()
    await engine.dispose()


def listening(house: House, listener: Any) -> None:
    assert isinstance(house.commands.bus, LocalBus)
    house.commands.bus.subscribe(listener)


async def heard(viewer: Viewer, count: int) -> list[dict[str, Any]]:
    """What arrived so far, once there are that many."""
    async with asyncio.timeout(5):
        while len(viewer.arrived) < count:
            viewer.news.clear()
            await viewer.news.wait()
    return [{"seq": seq, **(json.loads(text) if text else {})} for seq, text in viewer.arrived]


async def test_rights_are_told_when_they_change_and_not_again(house: House) -> None:
    session_id = await house.opened()
    hub = Hub(house.sessions.snapshot)
    listening(house, hub.on_events)
    doctor, operator = hub.enter(session_id, DOCTOR, None), hub.enter(session_id, OPERATOR, None)
    await house.sessions.join(DOCTOR, session_id)
    assert [one["type"] for one in await heard(doctor, 2)] == ["participant_joined", "permissions"]
    before = len(await heard(operator, 2))
    await house.sessions.set_outcome(DOCTOR, session_id, Outcome.COMPLETED)
    told = (await heard(operator, before + 1))[before:]
    assert [one["type"] for one in told] == ["session_updated"]
    await house.moderation.lock(DOCTOR, session_id, True)
    told = (await heard(operator, before + 3))[before + 1 :]
    assert [one["type"] for one in told] == ["session_updated", "permissions"]


async def test_whoever_is_out_again_before_their_snapshot_costs_the_others_nothing(house: House) -> None:
    session_id = await house.opened()
    patient = await house.sessions.join(PATIENT, session_id)
    loading, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*whose: Any) -> Snapshot:
        loading.set()
        await go_on.wait()
        return await house.sessions.snapshot(*whose)

    hub = Hub(slow)
    listening(house, hub.on_events)
    viewers = [hub.enter(session_id, user, None) for user in (PATIENT, DOCTOR, ADMIN)]
    await house.moderation.admit(DOCTOR, session_id, patient.participant_id)
    await loading.wait()
    await house.moderation.remove(DOCTOR, session_id, patient.participant_id, "wrong person")
    go_on.set()
    for viewer in viewers[1:]:
        types = [one.get("type") for one in await heard(viewer, 4)]
        assert types == ["participant_updated", "permissions", "participant_left", "permissions"]
    own = await heard(viewers[0], 2)
    assert [one.get("type") for one in own if one["seq"] is not None] == [None, "participant_left"]
    assert viewers[0].closing is not None
    assert (viewers[0].closing.code, viewers[0].closing.reason) == (CloseCode.MAY_NOT_VIEW, "removed")


async def test_a_viewer_who_does_not_read_is_sent_away_and_holds_nobody_up(house: House) -> None:
    session_id = await house.opened()
    hub = Hub(house.sessions.snapshot)
    listening(house, hub.on_events)
    deaf, reading = hub.enter(session_id, ADMIN, None), hub.enter(session_id, OPERATOR, None)
    seen = 0
    for number in range(QUEUE_LENGTH + 10):
        await house.moderation.lock(DOCTOR, session_id, number % 2 == 0)
        await heard(reading, 1)
        seen += sum(seq is not None for seq, _ in reading.arrived)
        reading.arrived.clear()
    assert deaf.closing is not None
    assert deaf.closing.code is CloseCode.RESYNC_REQUIRED
    assert len(deaf.arrived) == QUEUE_LENGTH
    assert reading.closing is None
    assert seen >= QUEUE_LENGTH


class Line:
    """A console's WebSocket whose client takes nothing while `taking` is not set."""

    def __init__(self) -> None:
        self.taking, self.sent = asyncio.Event(), list[dict[str, Any]]()
        self.gone, self.arrived = asyncio.Event(), asyncio.Event()
        self._opening = iter([{"type": "websocket.connect"}])
        scope = {"type": "websocket", "headers": [(b"host", b"x")], "path": "/", "query_string": b"", "scheme": "ws"}
        self.websocket = WebSocket({**scope, "server": ("x", 80)}, self._receive, self._send)

    @property
    def sessions(self) -> list[dict[str, Any]]:
        told = [json.loads(one["text"]) for one in self.sent if "text" in one]
        return [one["session"] for one in told if one["type"] == "session"]

    async def _receive(self) -> dict[str, Any]:
        for message in self._opening:
            return message
        await self.gone.wait()
        return {"type": "websocket.disconnect", "code": 1000}

    async def _send(self, message: Any) -> None:
        if "text" in message:
            self.arrived.set()
            await self.taking.wait()
        self.sent.append(message)


async def test_a_slow_console_gets_the_newest_state_and_no_backlog(house: House) -> None:
    sessions = [await house.opened("a1"), await house.opened("a2")]

    async def login(_: WebSocket) -> Login:
        return Login("l1", OPERATOR, START, START)

    feed = ConsoleFeed(login, [])
    listening(house, feed.on_events)
    slow, quick = Line(), Line()
    quick.taking.set()
    serving = [asyncio.create_task(feed.serve(line.websocket)) for line in (slow, quick)]
    await slow.arrived.wait()  # it hangs on its first heartbeat
    for number in range(50):
        for session_id in sessions:
            await house.moderation.lock(DOCTOR, session_id, number % 2 == 0)
        await asyncio.sleep(0)
    assert slow.sessions == []
    slow.taking.set()
    async with asyncio.timeout(5):
        while len(slow.sessions) < 2:  # noqa: ASYNC110 - the line is the thing under test, and knows no events
            await asyncio.sleep(0)
    for line in (slow, quick):
        line.gone.set()
    await asyncio.gather(*serving)
    newest = {session_id: (await house.sessions.get(OPERATOR, session_id)).session.version for session_id in sessions}
    assert {one["id"]: one["version"] for one in slow.sessions} == newest
    assert len(slow.sessions) == 2
    assert {one["id"]: one["version"] for one in quick.sessions} == newest


async def test_a_console_hears_nothing_of_consultations_it_may_not_see(house: House) -> None:
    session_id = await house.opened()

    async def login(_: WebSocket) -> Login:
        return Login("l1", OTHER_DOCTOR, START, START)

    feed = ConsoleFeed(login, [])
    listening(house, feed.on_events)
    line = Line()
    line.taking.set()
    serving = asyncio.create_task(feed.serve(line.websocket))
    await line.arrived.wait()
    await house.sessions.join(OPERATOR, session_id, WISH)
    await asyncio.sleep(0)
    line.gone.set()
    await serving
    assert line.sessions == []
