"""Accesses, refusals and settings on record, on each kind of database."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest

from shinsatsu.domain.errors import DatabaseUnavailable, Forbidden, NotFound, Stranger
from shinsatsu.domain.security_events import StoredSecurityEvent
from shinsatsu.service import access_log, denials
from shinsatsu.service.access_log import AccessLog, Proved
from shinsatsu.service.denials import Denial, Denials
from shinsatsu.service.repositories import UnitOfWork, UnitsOfWork
from shinsatsu.service.request import ADDRESS, REQUEST_ID
from tests.house import ADMIN, DOCTOR, KEY, OPERATOR, OTHER_DOCTOR, PATIENT, House

READER = Proved(DOCTOR, "login:l-1")
ROUTE = "/api/video-sessions/{sessionId}"
REFUSED = Denial("forbidden", "role_may_not", "POST", ROUTE + "/lock", "s-1", PATIENT, "grant:g-1")
STRANGE = Denial("unauthenticated", None, "GET", ROUTE)
TOO_FAST = Denial("rate_limited", None, "POST", "/api/links/exchange")


async def written(house: House) -> list[StoredSecurityEvent]:
    """The whole security log, with its numbers checked."""
    async with house.units_of_work.read() as unit:
        found = await unit.security.after(0, 1000)
    assert [one.seq for one in found] == list(range(1, len(found) + 1))
    return found


async def suppressed(house: House) -> list[tuple[str, int]]:
    return [(one.event.metadata["code"], one.event.metadata.get("suppressed", 0)) for one in await written(house)]


class Away(UnitsOfWork):
    """A database that takes nothing."""

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        raise DatabaseUnavailable

    def write(self) -> AbstractAsyncContextManager[UnitOfWork]:
        raise DatabaseUnavailable


async def test_an_access_says_who_what_and_from_where(house: House) -> None:
    ADDRESS.set("203.0.113.7")
    REQUEST_ID.set("request-1")
    await house.access_log.read(READER, "session", ROUTE, "s-1")
    (only,) = await written(house)
    event = only.event
    assert (event.event_type, event.user_type, event.user_id, event.role) == ("read", "worker", 3, "doctor")
    assert (event.session_id, only.address, only.request_id) == ("s-1", "203.0.113.7", "request-1")
    assert event.metadata == {"what": "session", "route": ROUTE, "credential": "login:l-1"}
    assert event.created_at == house.clock.now()


async def test_the_same_access_within_a_minute_is_one_event(house: House) -> None:
    log = house.access_log
    await asyncio.gather(*(log.read(READER, "session", ROUTE, "s-1") for _ in range(5)))
    house.clock.pass_time(seconds=59)
    await log.read(READER, "session", ROUTE, "s-1")
    assert len(await written(house)) == 1
    house.clock.pass_time(seconds=1)
    await log.read(READER, "session", ROUTE, "s-1")
    assert len(await written(house)) == 2


@pytest.mark.parametrize("other", ["user", "credential", "what", "session", "address"])
async def test_another_access_is_another_event(house: House, other: str) -> None:
    ADDRESS.set("203.0.113.7")
    await house.access_log.read(READER, "session", ROUTE, "s-1")
    if other == "address":
        ADDRESS.set("203.0.113.8")
    proved = {"user": replace(READER, user=OTHER_DOCTOR), "credential": replace(READER, credential="login:l-2")}
    await house.access_log.read(
        proved.get(other, READER),
        "history" if other == "what" else "session",
        ROUTE,
        "s-2" if other == "session" else "s-1",
    )
    assert len(await written(house)) == 2


async def test_an_access_that_cannot_be_noted_is_refused_and_noted_the_next_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(house.commands, "units_of_work", Away())
        with pytest.raises(DatabaseUnavailable):
            await house.access_log.read(READER, "session", ROUTE, "s-1")
    await house.access_log.read(READER, "session", ROUTE, "s-1")
    assert len(await written(house)) == 1


async def test_what_is_forgotten_for_want_of_room_is_noted_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "MOST_KEPT", 2)
    log = AccessLog(house.commands)
    for session_id in ("s-1", "s-2", "s-3", "s-3", "s-1"):
        await log.read(READER, "session", ROUTE, session_id)
    assert [one.event.session_id for one in await written(house)] == ["s-1", "s-2", "s-3", "s-1"]


async def test_a_denial_says_what_was_refused_to_whom(house: House) -> None:
    ADDRESS.set("203.0.113.7")
    REQUEST_ID.set("request-1")
    house.denials.note("203.0.113.7", REFUSED)
    house.denials.note("203.0.113.7", STRANGE)
    ADDRESS.set("203.0.113.9")  # what comes later on the same connection changes nothing
    await house.denials.flush()
    known, unknown = await written(house)
    assert (known.event.event_type, known.event.user_type, known.event.user_id) == ("denied", "patient", 7)
    assert (known.event.session_id, known.address, known.request_id) == ("s-1", "203.0.113.7", "request-1")
    assert known.event.metadata == {
        "code": "forbidden",
        "reason": "role_may_not",
        "method": "POST",
        "route": ROUTE + "/lock",
        "credential": "grant:g-1",
    }
    assert (unknown.event.user_type, unknown.event.user_id, unknown.event.session_id) == (None, None, None)
    assert unknown.event.metadata == {"code": "unauthenticated", "method": "GET", "route": ROUTE}


async def test_a_flood_costs_its_allowance_and_one_event_that_counts_the_rest(house: House) -> None:
    log = Denials(house.commands, each=5)
    for _ in range(1000):
        log.note("203.0.113.7", STRANGE)
    log.note("203.0.113.8", STRANGE)
    await log.flush()
    found = [(one.event.metadata.get("suppressed"), one.address) for one in await written(house)]
    assert [count for count, _ in found] == [None] * 6 + [994]


async def test_the_event_of_the_rest_is_its_newest_with_its_own_request(house: House) -> None:
    log = Denials(house.commands, each=1)
    for number in range(4):
        REQUEST_ID.set(f"request-{number}")
        log.note("203.0.113.7", STRANGE)
    REQUEST_ID.set(None)
    await log.flush()
    assert [one.request_id for one in await written(house)] == ["request-0", "request-3"]
    assert await suppressed(house) == [("unauthenticated", 0), ("unauthenticated", 2)]


async def test_being_too_fast_is_told_once_a_minute_and_the_next_refusal_counts_the_others(house: House) -> None:
    for _ in range(4):
        house.denials.note("203.0.113.7", TOO_FAST)
    house.denials.note("203.0.113.7", STRANGE)
    await house.denials.flush()
    assert await suppressed(house) == [("rate_limited", 0), ("unauthenticated", 2), ("rate_limited", 0)]


async def test_a_minute_ends_by_itself(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denials, "MINUTE", 0.01)
    log = Denials(house.commands, each=1)
    log.note("203.0.113.7", STRANGE)
    log.note("203.0.113.7", STRANGE)
    async with asyncio.timeout(5):
        while len(await written(house)) < 2:  # noqa: ASYNC110 - what is waited for is on disk
            await asyncio.sleep(0.01)
    log.note("203.0.113.7", STRANGE)
    await log.flush()
    assert await suppressed(house) == [("unauthenticated", 0)] * 3


async def test_many_addresses_together_are_bounded_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denials, "MOST_SOURCES", 10)
    log = Denials(house.commands, each=3, everybody=8)
    for number in range(100):
        for _ in range(2):
            log.note(f"203.0.113.{number}", STRANGE)
    await log.flush()
    counts = [count for _, count in await suppressed(house)]
    assert len(counts) + sum(counts) == 200
    assert len(counts) <= 8 + 10 + 1


async def test_a_refusal_without_a_database_is_logged_and_forgotten(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(house.commands, "units_of_work", Away())
        house.denials.note("203.0.113.7", REFUSED)
        await house.denials.flush()
    assert "a denial was not recorded" in capsys.readouterr().out
    assert await written(house) == []


async def test_only_administrators_read_the_security_log_in_pages(house: House) -> None:
    for number in range(5):
        await house.access_log.read(READER, "session", ROUTE, f"s-{number}")
    first = await house.audit.security_events(ADMIN, 0, 2)
    assert ([one.seq for one in first.events], first.next) == ([1, 2], 2)
    last = await house.audit.security_events(ADMIN, 2, 3)
    assert ([one.seq for one in last.events], last.next) == ([3, 4, 5], None)
    refused = {
        **dict.fromkeys((PATIENT, DOCTOR, OPERATOR), "role_may_not"),
        replace(KEY, scopes=frozenset()): "scope_missing",
        replace(ADMIN, appointment_id="a1"): "grant_may_not",
    }
    for other, reason in refused.items():
        with pytest.raises(Forbidden) as raised:
            await house.audit.security_events(other, 0, 2)
        assert raised.value.reason == reason


async def test_settings_are_on_record_when_they_differ_from_the_last_start(house: House) -> None:
    first: dict[str, Any] = {"link_ttl": "300.0", "trusted_proxies": ["10.0.0.1"], "console_links": False}
    assert await house.audit.note_settings(first)
    assert not await house.audit.note_settings(first)
    await house.access_log.read(READER, "session", ROUTE, "s-1")
    assert not await house.audit.note_settings(first)
    assert await house.audit.note_settings({**first, "console_links": True})
    types = [one.event.event_type for one in await written(house)]
    assert types == ["settings", "read", "settings"]


async def test_the_whole_record_of_a_session(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shinsatsu.service.audit.PAGE", 3)
    session_id = await house.opened()
    await house.enter(DOCTOR, session_id)
    await house.enter(PATIENT, session_id)
    record = await house.audit.session_record(DOCTOR, session_id)
    assert [one.seq for one in record.events] == list(range(1, record.consultation.session.last_seq + 1))
    with pytest.raises(Forbidden):
        await house.audit.session_record(PATIENT, session_id)
    with pytest.raises(Stranger):
        await house.audit.session_record(OTHER_DOCTOR, session_id)
    with pytest.raises(NotFound):
        await house.audit.session_record(KEY, "s-none")
