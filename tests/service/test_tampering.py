"""Whatever somebody does to the database is found, and what nobody touched is not."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.audit import event_id
from shinsatsu.domain.audit_evidence import FaultKind, Part
from tests.house import DOCTOR, PATIENT, House
from tests.proof import attacked, eventful, note, verdict_on
from tests.tampering import Attacker

EDITS = 60


@pytest.fixture
async def clinic(engine: AsyncEngine) -> House:
    """Consultations of which some are pruned, one is erased, one goes on; with signed lists and without."""
    house = House(engine)
    await eventful(house, 2)
    house.clock.pass_time(days=3)
    await house.proof.prune(house.clock.now() - timedelta(days=1))
    for number in range(3, 6):
        await one_more(house, f"a{number}")
    await house.proof.list_heads()
    await house.proof.erase(user=DOCTOR.key)
    await one_more(house, "a6")
    session_id = await house.opened("a7")
    await house.enter(PATIENT, session_id)
    return house


async def one_more(house: House, appointment_id: str) -> None:
    session_id = await house.opened(appointment_id)
    await house.enter(DOCTOR, session_id)
    patient = await house.enter(PATIENT, session_id)
    await house.moderation.remove(DOCTOR, session_id, patient.participant_id, "in the wrong room")
    await note(house, session_id)
    await house.sessions.end(DOCTOR, session_id)


async def test_every_one_of_many_edits_is_found(clinic: House) -> None:
    for seed in range(EDITS):
        async with attacked(clinic, seed, Attacker.attack) as (did, verdict):
            assert verdict.faults, f"seed {seed}: {did} was not found"
    async with attacked(clinic, 0, lambda _: "nothing") as (_, verdict):
        assert verdict.faults == []


CHAIN = "id-000015"


def change(attacker: Attacker, number: int, /, **values: object) -> None:
    changes = ", ".join(f"{name} = :{name}" for name in values)
    key = {"key": event_id(CHAIN, number)}
    attacker.run(f"UPDATE session_events SET {changes} WHERE id = :key", {**values, **key})  # noqa: S608


def events(attacker: Attacker) -> list[dict[str, object]]:
    return attacker.rows("SELECT * FROM session_events WHERE video_session_id = :key ORDER BY seq", {"key": CHAIN})


def changed(attacker: Attacker) -> str:
    change(attacker, 4, metadata=str(events(attacker)[3]["metadata"]).replace(":", ": ", 1))
    return "changed"


def removed(attacker: Attacker) -> str:
    attacker.run("DELETE FROM event_texts")
    attacker.run("DELETE FROM session_events WHERE id = :key", {"key": event_id(CHAIN, 4)})
    return "removed"


def cut_off(attacker: Attacker) -> str:
    before = events(attacker)
    attacker.shorten(CHAIN, before, 3)
    attacker.set_head(CHAIN, {"last_seq": 3, "last_hash": before[2]["hash"]})
    return "removed"


def renumbered(attacker: Attacker) -> str:
    before = events(attacker)
    attacker.remove("session_events", before[3])
    for row in before[4:]:
        attacker.remove("session_events", row)
        seq = int(str(row["seq"])) - 1
        attacker.add("session_events", {**row, "seq": seq, "id": event_id(CHAIN, seq)})
    return "removed"


def inserted(attacker: Attacker) -> str:
    before = events(attacker)
    for row in reversed(before[3:]):
        attacker.remove("session_events", row)
        seq = int(str(row["seq"])) + 1
        attacker.add("session_events", {**row, "seq": seq, "id": event_id(CHAIN, seq)})
    attacker.add("session_events", {**before[3], "hash": "0" * 64})
    return "inserted"


def added_at_the_end(attacker: Attacker) -> str:
    before = events(attacker)
    attacker.rebuild(CHAIN, before, [*before, {**before[-1], "user_id": 4711}])
    return "inserted"


def reordered(attacker: Attacker) -> str:
    for key, seq in ((4, -1), (6, 4), (4, 6)):
        change(attacker, key, seq=seq)
    return "reordered"


def rewritten(attacker: Attacker) -> str:
    before = events(attacker)
    attacker.rebuild(CHAIN, before, [*before[:3], {**before[3], "user_id": 4711}, *before[4:]])
    return "changed"


@pytest.mark.parametrize("act", [changed, removed, cut_off, renumbered, inserted, reordered, rewritten])
async def test_the_first_row_that_is_at_fault_is_named(clinic: House, act: Callable[[Attacker], str]) -> None:
    async with attacked(clinic, 0, act) as (expected, verdict):
        named = next(fault for fault in verdict.faults if fault.part is Part.EVENT)
    assert (named.chain, named.seq, named.kind.value) == (CHAIN, 4, expected)


async def test_what_is_added_at_the_end_is_named(clinic: House) -> None:
    async with attacked(clinic, 0, added_at_the_end) as (_, verdict):
        named = next(fault for fault in verdict.faults if fault.part is Part.EVENT)
    assert (named.chain, named.kind) == (CHAIN, FaultKind.INSERTED)


async def test_everything_before_the_fault_stays_proven(clinic: House) -> None:
    clinic.clock.pass_time(hours=1)
    await one_more(clinic, "later")
    until = "2026-11-26T06:30:14.000Z"
    async with attacked(clinic, 0, lambda _: "nothing") as (_, verdict):
        assert verdict.proven_until == until
    async with attacked(clinic, 0, changed) as (_, verdict):
        assert verdict.proven_until == "2026-11-23T05:30:14.000Z"


async def test_a_database_put_back_to_an_earlier_copy_is_found(clinic: House) -> None:
    """The anchor knows what the copy does not, and what was signed anew does not fit what was signed then."""
    lines = list(clinic.sealer.lines)
    await clinic.sessions.end(DOCTOR, "id-000021")
    assert (await verdict_on(clinic)).faults == []
    known = json.loads(next(line for line in reversed(clinic.sealer.lines) if '"chain":"id-000021"' in line))
    other = {**known["signed"], "hash": "1" * 64}
    forked = {**known, "signed": other, "hashes": ["1" * 64]}
    (fault, *_) = (await verdict_on(clinic, [*clinic.sealer.lines, json.dumps(forked)])).faults
    assert (fault.part, fault.chain) == (Part.ANCHOR, "id-000021")
    ahead = [*lines, json.dumps({**known, "signed": {**other, "seq": 900}, "hashes": ["1" * 64]})]
    (fault, *_) = (await verdict_on(clinic, ahead)).faults
    assert (fault.part, fault.kind) == (Part.EVENT, FaultKind.REMOVED)
