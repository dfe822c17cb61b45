"""What the tests of the proof share: an eventful clinic, and a verification as the command does it."""

import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection

from shinsatsu.domain.audit_evidence import Anchored, Verdict
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.proof.keys import PublicKeys
from shinsatsu.service.proof import examine
from shinsatsu.store.chains import Chains
from shinsatsu.store.proof import SqlProof
from shinsatsu.store.sqlite import DirectConnection
from shinsatsu.store.statements import Statements
from tests.house import ADMIN, DOCTOR, OPERATOR, PATIENT, House
from tests.tampering import Attacker


async def verdict_on(house: House, lines: Sequence[str] | None = None, *, lenient: bool = False) -> Verdict:
    """Verifies the house's database with its anchor, or with other lines."""
    keys, anchored = PublicKeys(), Anchored()
    given = [json.loads(line) for line in (house.sealer.lines if lines is None else lines)]
    keys.follow(given)
    anchored.take(given)
    return await house.proof.verify(anchored, keys.signed, lenient)


async def eventful(house: House, appointments: int = 3) -> list[str]:
    """Some consultations, with what people wrote, refusals beside them, and a signed list in between."""
    sessions = []
    for number in range(1, appointments + 1):
        session_id = await house.opened(f"a{number}")
        await house.enter(DOCTOR, session_id)
        await house.enter(OPERATOR, session_id)
        patient = await house.enter(PATIENT, session_id)
        await house.moderation.remove(OPERATOR, session_id, patient.participant_id, "in the wrong room")
        house.clock.pass_time(seconds=7)
        await note(house, session_id)
        await house.sessions.end(DOCTOR, session_id)
        if number == 2:
            await house.proof.list_heads()
        sessions.append(session_id)
    return sessions


async def note(house: House, session_id: str) -> None:
    """One security event."""
    async with house.units_of_work.write() as unit:
        kind = SecurityEventType.DENIED
        unit.security.record(kind, ADMIN, house.clock.now(), session_id=session_id, action="view", name="試験\n\u2028")
        await unit.commit()


@asynccontextmanager
async def attacked(house: House, seed: int, act: Callable[[Attacker], str]) -> AsyncIterator[tuple[str, Verdict]]:
    """What the attacker did and what the verification says of it; then everything is put back."""
    lines = [json.loads(line) for line in house.sealer.lines]
    heads = [{**one["signed"], "signature": one["signature"]} for one in lines if one["signed"]["kind"] == "head"]

    def go(connection: Connection) -> str:
        attacker = Attacker(connection, random.Random(seed), heads)
        attacker.disarm()
        return act(attacker)

    async with house.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        sqlite = driver if isinstance(driver, DirectConnection) else None
        if sqlite is not None:
            sqlite.run("PRAGMA foreign_keys = OFF", ())
            await sqlite.begin_immediate(1)
        try:
            did = await connection.run_sync(go)
            chains = Chains(house.sealer)
            yield did, await verdict_of(SqlProof(Statements(sqlite or connection), chains, house.sealer), lines)
        finally:
            if sqlite is not None:
                sqlite.undo()
                sqlite.run("PRAGMA foreign_keys = ON", ())
            await connection.rollback()
            await connection.invalidate()


async def verdict_of(rows: SqlProof, lines: list[dict[str, Any]]) -> Verdict:
    keys, anchored = PublicKeys(), Anchored()
    keys.follow(lines)
    anchored.take(lines)
    return await examine(rows, anchored, keys.signed, lenient=True)
