"""Every endpoint, asked by every role and relation in every state of the session, of the asker and of the one aimed at.

What is expected comes from the permission table (`gates.py`). Whatever is refused leaves everything as it was, but for
the record of the refusal.
"""

import itertools
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table

from shinsatsu.bootstrap.server import build as build_server
from shinsatsu.domain.roles import UserType
from shinsatsu.domain.session_status import OPEN, SessionStatus
from shinsatsu.domain.tracks import TrackType
from shinsatsu.store.engine import make_engine
from shinsatsu.store.proof_tables import security_events
from shinsatsu.store.tables import metadata
from tests.api.asgi import Answer, InProcess
from tests.api.clinic import settings
from tests.api.endpoints import ENDPOINTS, Endpoint
from tests.api.gates import Refusal
from tests.api.world_rows import write
from tests.api.worlds import (
    ADMIN,
    BOOKING,
    COLLEAGUE,
    DOCTOR,
    GUEST,
    NOBODY,
    OPERATOR,
    OTHER_DOCTOR,
    OTHER_PATIENT,
    PATIENT,
    SUPPORT,
    VISITOR,
    Credential,
    State,
    Stay,
    Strange,
    Switch,
    Who,
    World,
    build,
)
from tests.house import House
from tests.media_plane import PlaneSession, Pull

COMBINATIONS = 56_772
"""How many requests this makes; docs and changelog name the number."""
FRAMEWORK = {"/assets"}
"""Mounted files, which ask nobody who they are."""

CLOSE_CODES = {401: 4401, 403: 4403, 404: 4404}
CONFLICTS = {"stale_participant": 4409, "session_ended": 4410, "session_not_open": 4410}

INSIDERS = (PATIENT, GUEST, DOCTOR, SUPPORT, OPERATOR, ADMIN)
TARGETS = (PATIENT, GUEST, DOCTOR, SUPPORT, OPERATOR, ADMIN, COLLEAGUE)


def test_every_route_is_in_the_table(tmp_path: Path) -> None:
    known = {(one.method, one.path) for one in ENDPOINTS}
    assert set(routes(build_server(settings(tmp_path, None)).app)) == known


def routes(holder: Any) -> Iterator[tuple[str, str]]:
    """Method and path of everything that the application answers to; WS for a stream."""
    for route in holder.routes:
        if hasattr(route, "original_router"):
            yield from routes(route.original_router)
        elif route.path not in FRAMEWORK:
            methods = getattr(route, "methods", None) or {"WS"}
            yield from ((method, route.path) for method in methods - {"HEAD"})


def test_the_number_of_combinations_is_the_one_that_is_told() -> None:
    assert sum(len(states_of(one)) for one in ENDPOINTS) == COMBINATIONS


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.name)
async def test_every_role_and_state(endpoint: Endpoint, sqlite_path: Path) -> None:
    worlds = [World(number, state, endpoint.extra) for number, state in enumerate(states_of(endpoint), 1)]
    write(sqlite_path, worlds)
    before = rows_by_world(sqlite_path)
    surprises, refused = [], []
    async with application(sqlite_path, worlds) as app:
        for world in worlds:
            expected = endpoint.expected(world.state)
            answer = await ask(app, endpoint, world)
            if expected is not None:
                refused.append(world.number)
            if wrong := unexpected(endpoint, world, answer, expected):
                surprises.append(f"{world.state}: {wrong}")
    after = rows_by_world(sqlite_path)
    assert not surprises, f"{len(surprises)} of {len(worlds)}:\n" + "\n".join(surprises[:10])
    assert [number for number in refused if before[number] != after[number]] == []


def states_of(endpoint: Endpoint) -> list[State]:
    if endpoint.page:
        return [state for state in states_at_rest() if state.status is SessionStatus.SCHEDULED]
    if endpoint.aimed:
        return list(aimed_states())
    if endpoint.at_people:
        return list(states_about_people())
    return [*states_at_rest(), *switched_states()]


def states_at_rest() -> Iterator[State]:
    """Everybody, by each credential, as they can stand in a session of each status."""
    for status in SessionStatus:
        for who, credential in askers():
            yield from (State(status, who, credential, stay) for stay in stays(who, status))


def switched_states() -> Iterator[State]:
    """The same with what else the policy looks at: a session's switches, what a guest may not do, a blocked account."""
    for state in states_at_rest():
        if state.status is not SessionStatus.ACTIVE:
            continue
        if state.credential is not Credential.LOGIN:
            yield replace(state, switch=Switch.LOCKED)
            yield replace(state, switch=Switch.SCREEN_SHARE_OFF)
        if state.actor is GUEST:
            yield replace(state, switch=Switch.WITHHELD)
        if state.actor.user_type is not UserType.SYSTEM:
            yield replace(state, switch=Switch.BLOCKED)


def aimed_states() -> Iterator[State]:
    """Everybody against everybody, each as they can stand; and ids that name nobody of the session."""
    for state in states_at_rest():
        if state.credential is Credential.LOGIN or state.stay in (Stay.LEFT, Stay.GONE):
            continue  # the same rules for the same people; whoever has left is absent
        for target, target_stay in targets(state.status):
            if target is COLLEAGUE and state.actor is not ADMIN:  # only admins reach their own kind
                continue
            if target is not state.actor or target_stay is state.stay:
                yield replace(state, target=target, target_stay=target_stay)


def states_about_people() -> Iterator[State]:
    """Everybody about everybody, in the session or not, removed or not."""
    for state, target in itertools.product(states_at_rest(), TARGETS):
        if state.credential is Credential.LOGIN:
            continue
        for target_stay in (None, Stay.REMOVED):
            removable = target_stay is None or state.status in OPEN
            if removable and (target is not state.actor or target_stay is state.stay):
                yield replace(state, target=target, target_stay=target_stay)


def askers() -> Iterator[tuple[Who, Credential]]:
    yield from ((who, Credential.GRANT) for who in (*INSIDERS, OTHER_PATIENT, OTHER_DOCTOR, VISITOR))
    yield from ((who, Credential.LOGIN) for who in (*INSIDERS[2:], OTHER_DOCTOR))
    yield BOOKING, Credential.API_KEY
    yield BOOKING, Credential.NARROW_KEY
    yield NOBODY, Credential.NONE


def stays(who: Who, status: SessionStatus) -> Sequence[Stay | None]:
    """How somebody can stand in a session: workers never wait, nobody is in one that is not open."""
    if who not in (*INSIDERS, COLLEAGUE) or status is SessionStatus.SCHEDULED:
        return (None,)
    waits = {Stay.WAITING} if who.user_type is UserType.PATIENT else set()
    possible = [one for one in Stay if one in waits or one is not Stay.WAITING]
    return [None, *(one for one in possible if status in OPEN or not one.present)]


def targets(status: SessionStatus) -> Iterator[tuple[Who | Strange, Stay | None]]:
    yield from ((stranger, None) for stranger in Strange)
    for who in TARGETS:
        yield from ((who, stay) for stay in stays(who, status) if stay is not None)


@asynccontextmanager
async def application(file: Path, worlds: Sequence[World]) -> AsyncIterator[InProcess]:
    engine = make_engine(f"sqlite:///{file}")
    house = House(engine)
    for world in worlds:
        camera = world.track_of(world.other, TrackType.VIDEO)
        house.plane.sessions[world.publisher_id] = PlaneSession(published={camera: "0"})
        house.plane.sessions[world.receiver_id] = PlaneSession(received={"0": Pull(world.publisher_id, camera)})
    app = InProcess(house)
    yield app
    await app.stop()
    house.units_of_work.close()
    await engine.dispose()


async def ask(app: InProcess, endpoint: Endpoint, world: World) -> Answer:
    query = endpoint.query(world) if endpoint.query else ""
    headers = {}
    match world.state.credential:
        case Credential.GRANT:
            headers["authorization"] = f"Bearer {world.secret}"
        case Credential.API_KEY:
            headers["authorization"] = "Bearer sk_tests"
        case Credential.NARROW_KEY:
            headers["authorization"] = "Bearer sk_narrow"
        case Credential.LOGIN:
            login = f"l-{world.number:06}"
            headers |= {"shinsatsu-login": login, "cookie": f"shinsatsu_login_{login}={world.secret}"}
            query += f"&login={login}" if endpoint.method == "WS" else ""
    if endpoint.method == "WS":
        return await app.open(endpoint.address(world), query, headers)
    body = endpoint.body(world) if endpoint.body else None
    return await app.request(endpoint.method, endpoint.address(world), query, headers, body)


def unexpected(endpoint: Endpoint, world: World, answer: Answer, expected: Refusal | None) -> str | None:
    """What is wrong with an answer; None when nothing is."""
    if endpoint.method == "WS":
        wanted = {CLOSE_CODES.get(expected.status) or CONFLICTS[expected.code]} if expected else {101, 4410}
        reason = expected.reason if expected else None
        told = reason is None or answer.reason == reason
        return None if answer.status in wanted and told else f"{answer}, expected {wanted} {reason}"
    if expected is None:
        if answer.status not in endpoint.success:
            return f"{answer.status} {answer.text}, expected {endpoint.success}"
        return misseen(endpoint, world, answer)
    document = answer.json()
    got = Refusal(answer.status, document.get("code"), document.get("reason"))
    return None if got == expected else f"{got}, expected {expected}"


def misseen(endpoint: Endpoint, world: World, answer: Answer) -> str | None:
    """Whether an answer shows its viewer other people or tracks than they may know of."""
    match endpoint.method, endpoint.path.removeprefix("/api/video-sessions"):
        case "GET", "":
            listed = world.session_id in {one["id"] for one in answer.json()["sessions"]}
            known = world.state.actor.relation is not None and world.state.stay is not Stay.REMOVED
            known &= not (world.state.actor.grant_elsewhere and world.state.credential is Credential.GRANT)
            return None if listed is known else f"listed: {listed}"
        case "GET", "/{sessionId}":
            shown = {one["participantId"] for one in answer.json()["participants"]}
            return None if shown == seen(world) else f"shows {shown}, not {seen(world)}"
        case "GET", "/{sessionId}/tracks":
            shown = {one["participantId"] for one in answer.json()["tracks"]}
            return None if shown == {world.stay_of(world.other)} & published_to(world) else f"shows tracks of {shown}"
    return None


def seen(world: World) -> set[str]:
    """Staff see everybody, an admitted patient whoever is admitted, anybody else only themselves."""
    session, actor = build(world), world.state.actor
    own = world.stay_of(actor)
    if actor.user_type is not UserType.PATIENT:
        return {one.id for one in session.present}
    admitted = {one.id for one in session.present if one.admitted}
    return admitted if own in admitted else {one.id for one in session.present if one.id == own}


def published_to(world: World) -> set[str]:
    """Whose tracks there are for the viewer: of those who are admitted, if the viewer sees others at all."""
    waits = world.state.actor in (PATIENT, GUEST) and world.state.stay is not Stay.ADMITTED
    return set() if waits else {one.id for one in build(world).present if one.admitted}


def rows_by_world(file: Path) -> dict[int, int]:
    """A fingerprint of every row of every table, by the world that the rows belong to."""
    found: dict[int, int] = {}
    with sqlite3.connect(file) as database:
        for table in set(metadata.sorted_tables) - {security_events}:
            for owner, *row in database.execute(f"SELECT {owner_of(table)}, * FROM {table.name}"):  # noqa: S608
                number = number_of(owner)
                found[number] = found.get(number, 0) ^ hash((table.name, *row))
    database.close()
    return found


def owner_of(table: Table) -> str:
    """The column that says which session, appointment or person a row is about."""
    known = [name for name in ("appointment_id", "video_session_id", "user_id", "id") if name in table.columns]
    return known[0] if known else table.columns.keys()[0]


def number_of(owner: object) -> int:
    """The world's number; -1 for what was made since and belongs to none."""
    if isinstance(owner, int):
        return owner // 100
    number = str(owner).partition("-")[2]
    return int(number) if str(owner)[:2] in ("a-", "s-") and number.isdecimal() else -1
