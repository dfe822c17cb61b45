"""The proof is kept: events are chained and signed as they are written, listed, pruned and erased without a break."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shinsatsu.domain.audit_evidence import FaultKind, Part
from shinsatsu.domain.events import EventType
from shinsatsu.domain.roles import Person, UserType
from shinsatsu.service.proof import Erased
from shinsatsu.service.request import ADDRESS, REQUEST_ID
from tests.house import DOCTOR, OPERATOR, PATIENT, SUPPORT, House, MemorySealer
from tests.proof import eventful, note, verdict_on


async def test_what_was_written_is_found_as_written(house: House) -> None:
    sessions = await eventful(house)
    verdict = await verdict_on(house)
    assert verdict.faults == []
    assert verdict.chains == len(sessions) + 1
    assert verdict.events > 30
    assert verdict.proven_until == "2026-11-23T05:30:21.000Z"


async def test_an_empty_database_is_sound(house: House) -> None:
    verdict = await verdict_on(house, [])
    assert (verdict.faults, verdict.events, verdict.proven_until) == ([], 0, None)


async def test_events_say_who_as_what_and_from_where(house: House) -> None:
    address, request = ADDRESS.set("203.0.113.9"), REQUEST_ID.set("request-1")
    try:
        session_id = await house.opened()
        await house.enter(OPERATOR, session_id)
    finally:
        ADDRESS.reset(address)
        REQUEST_ID.reset(request)
    story = await house.inquiries.history(DOCTOR, session_id, 0, 100)
    joined = next(event for event in story.events if event.event_type is EventType.JOINED)
    assert (joined.role, joined.address, joined.request_id) == (OPERATOR.role, "203.0.113.9", "request-1")
    assert (await verdict_on(house)).faults == []


async def test_the_anchor_has_a_line_for_every_commit(house: House) -> None:
    session_id = await house.opened()
    heads = [json.loads(line)["signed"] for line in house.sealer.lines]
    heads = [head for head in heads if head.get("chain") == session_id]
    assert [head["seq"] for head in heads] == [1, 2]
    async with house.units_of_work.write() as unit:
        consultation = await unit.sessions.get(session_id, for_update=True)
        assert consultation is not None
        consultation.session.end(DOCTOR, house.clock.now())
        await unit.sessions.save(consultation.session)  # and no commit
    assert len(house.sealer.lines) == len(heads) + 1
    assert (await verdict_on(house)).faults == []


@pytest.mark.parametrize("table", ["session_events", "security_events", "proof_checkpoints", "proof_tombstones"])
async def test_the_database_refuses_to_change_what_happened(house: House, table: str) -> None:
    await eventful(house, 2)
    house.clock.pass_time(days=2)
    await house.proof.prune(house.clock.now() - timedelta(days=1))
    await eventful(house, 1)
    column = {"proof_tombstones": "signature", "proof_checkpoints": "statement"}.get(table, "created_at")
    attempts = [f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"]  # noqa: S608
    if house.engine.dialect.name == "postgresql":
        attempts.append(f"TRUNCATE {table} CASCADE")
    else:
        attempts.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")  # noqa: S608
    for attempt in attempts:
        async with house.engine.connect() as connection:
            with pytest.raises(DBAPIError, match="kept as they were written"):
                await connection.execute(text(attempt))
    assert (await verdict_on(house)).faults == []


async def test_what_is_over_can_be_pruned_and_the_rest_stays_proven(house: House) -> None:
    old = await eventful(house)
    house.clock.pass_time(days=400)
    await note(house, old[0])
    fresh = await house.opened("fresh")
    before = (await verdict_on(house)).events
    pruned = await house.proof.prune(house.clock.now() - timedelta(days=365))
    assert pruned.sessions == len(old)
    assert pruned.security_events == 3
    after = await verdict_on(house)
    assert after.faults == []
    assert after.events == before - pruned.session_events - pruned.security_events + 1
    assert (await house.inquiries.history(DOCTOR, old[0], 0, 100)).words == {}
    assert await house.story(fresh) == ["created", "opened"]
    again = await house.proof.prune(house.clock.now() - timedelta(days=365))
    assert (again.sessions, again.session_events, again.security_events) == (0, 0, 0)
    house.clock.pass_time(days=400)
    await house.proof.list_heads()
    assert (await house.proof.prune(house.clock.now())).security_events > 0
    assert (await verdict_on(house)).faults == []


async def test_a_session_that_is_not_over_keeps_its_events(house: House) -> None:
    session_id = await house.opened()
    house.clock.pass_time(days=400)
    assert (await house.proof.prune(house.clock.now())).sessions == 0
    assert await house.story(session_id) == ["created", "opened"]


async def test_what_people_wrote_is_erased_and_the_chain_holds(house: House) -> None:
    (session_id,) = await eventful(house, 1)
    story = await house.inquiries.history(DOCTOR, session_id, 0, 100)
    assert {words.removal_note for words in story.words.values()} == {"in the wrong room", None}
    assert await house.proof.erase(user=PATIENT.key) == Erased(
        2, name=True
    )  # why they came in, and why they were removed
    story = await house.inquiries.history(DOCTOR, session_id, 0, 100)
    assert {words.removal_note for words in story.words.values()} == {None}
    assert {words.join_reason for words in story.words.values()} == {"to help"}
    assert (await verdict_on(house)).faults == []
    assert await house.proof.erase(user=PATIENT.key) == Erased(0, name=False)
    (stay, *_) = story.words
    assert await house.proof.erase(participant_id=stay) == Erased(1, name=False)
    assert (await verdict_on(house)).faults == []
    async with house.units_of_work.read() as unit:
        erasures = [one for one in await unit.security.after(0, 100) if one.event.event_type == "texts_erased"]
    assert len(erasures) == 2
    assert erasures[0].event.metadata["userId"] == PATIENT.user_id


async def test_a_name_is_erased_on_record_until_it_is_given_again(house: House) -> None:
    guest = Person(UserType.PATIENT, -2, None, "Aunt of patient 7")
    await house.opened()
    async with house.units_of_work.write() as unit:
        await unit.appointments.put_people([guest])
        await unit.commit()
    keys = [PATIENT.key, DOCTOR.key, guest.key]
    nobody = (UserType.PATIENT, 4711)
    erased = [(await house.proof.erase(user=key)).name for key in (*keys, nobody, PATIENT.key)]
    assert erased == [True, True, True, False, False]
    async with house.units_of_work.read() as unit:
        people = await unit.appointments.people([*keys, SUPPORT.key])
        events = [one.event for one in await unit.security.after(0, 100)]
    assert {people[key].display_name for key in keys} == {"—"}
    assert (people[DOCTOR.key].role, people[SUPPORT.key].display_name) == (DOCTOR.role, SUPPORT.display_name)
    erasures = [one.metadata for one in events if one.event_type == "name_erased"]
    assert [(one["userType"], one["userId"]) for one in erasures] == keys
    await house.opened("again")
    async with house.units_of_work.read() as unit:
        assert (await unit.appointments.people([PATIENT.key]))[PATIENT.key].display_name == PATIENT.display_name
    assert (await verdict_on(house)).faults == []


async def test_a_text_that_vanished_without_its_erasure_is_found(house: House) -> None:
    await eventful(house, 1)
    async with house.engine.begin() as connection:
        await connection.execute(text("UPDATE event_texts SET text = NULL, salt = NULL WHERE field = 'note'"))
    (fault,) = (await verdict_on(house)).faults
    assert (fault.part, fault.kind) == (Part.TEXT, FaultKind.REMOVED)


async def test_heads_are_listed_when_they_changed(house: House) -> None:
    sessions = await eventful(house, 1)
    assert await house.proof.list_heads() == len(sessions) + 1
    assert await house.proof.list_heads() == 0
    await note(house, sessions[0])
    assert await house.proof.list_heads() == 1
    assert (await verdict_on(house)).faults == []
    async with house.units_of_work.read() as unit:
        assert [one.number for one in await unit.proof.checkpoints()] == [1, 2]


async def test_without_an_anchor_nothing_counts_as_proven(house: House) -> None:
    await eventful(house, 1)
    verdict = await verdict_on(house, [])
    assert (Part.ANCHOR, FaultKind.REMOVED) in {(fault.part, fault.kind) for fault in verdict.faults}
    assert verdict.proven_until is None


async def test_a_key_that_is_not_known_signed_nothing(house: House) -> None:
    await eventful(house, 1)
    stranger = MemorySealer(house.clock, b"-" * 32)
    faults = (await verdict_on(house, [*stranger.lines, *house.sealer.lines[1:]])).faults
    assert {fault.kind for fault in faults} == {FaultKind.UNSIGNED}
    assert {fault.chain for fault in faults} > {"security"}


async def test_a_key_that_the_old_one_introduced_signs_on(house: House) -> None:
    await eventful(house, 1)
    old, house.sealer.key = house.sealer.key, MemorySealer(house.clock, b"-" * 32).key
    house.sealer.anchor([house.sealer.key.introduce(old, "2026-11-23T05:30:00.000Z").line()])
    await eventful(house, 2)
    assert (await verdict_on(house)).faults == []
