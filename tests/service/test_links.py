"""Consultation links: one winner whatever the race, sent again, listed, taken back, and what is no link of ours."""

import asyncio
import base64
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from shinsatsu.domain.credentials import Grant, LinkState
from shinsatsu.domain.errors import (
    Forbidden,
    LinkExpired,
    LinkInvalid,
    LinkRevoked,
    LinkUsed,
    NotFound,
    Unauthenticated,
)
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.roles import AuthUser, UserType
from shinsatsu.service.appointments import PersonDetails
from shinsatsu.service.links import Links, MintedLink
from shinsatsu.service.signing_keys import SigningKeys
from tests.house import (
    ADMIN,
    DOCTOR,
    KEY,
    KEYS,
    OTHER_DOCTOR,
    PATIENT,
    SECRET,
    SUPPORT,
    House,
    details,
)

PROOF = "proof-of-the-page-01"
ROUNDS = 5
ATTEMPTS = 100


async def mint(house: House, session_id: str, user: AuthUser = PATIENT) -> MintedLink:
    return await house.links.mint(KEY, session_id, user.user_type, user.user_id)


async def revocations(house: House, session_id: str) -> list[StoredEvent]:
    async with house.units_of_work.read() as unit:
        events = await unit.sessions.events_after(session_id, 0, 1000)
    return [event for event in events if event.event_type is EventType.LINK_REVOKED]


async def lives(house: House, secret: str) -> bool:
    try:
        await house.access.grant(secret)
    except Unauthenticated:
        return False
    return True


async def test_of_a_hundred_proofs_at_once_one_wins(house: House) -> None:
    session_id = await house.opened()
    for number in range(ROUNDS):
        token = (await mint(house, session_id)).token
        attempts = [house.links.exchange(token, f"{PROOF}-{number}-{one}") for one in range(ATTEMPTS)]
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
        won = [one for one in outcomes if not isinstance(one, BaseException)]
        assert [type(one) for one in outcomes if isinstance(one, BaseException)] == [LinkUsed] * (ATTEMPTS - 1)
        ((_, secret),) = won
        assert await lives(house, secret)


async def test_two_servers_have_one_winner(house: House) -> None:
    """Another process on the same database."""
    other, session_id = House(house.engine), await house.opened()
    for number in range(ROUNDS):
        token = (await mint(house, session_id)).token
        both = (house, other) * 4
        attempts = [one.links.exchange(token, f"{PROOF}-{number}-{place}") for place, one in enumerate(both)]
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
        assert sum(not isinstance(one, BaseException) for one in outcomes) == 1


async def test_a_link_sent_again_takes_back_the_one_before(house: House) -> None:
    session_id = await house.opened()
    theirs = await mint(house, session_id, SUPPORT)
    used = await mint(house, session_id)
    _, secret = await house.links.exchange(used.token, PROOF)
    first = await mint(house, session_id)
    second = await mint(house, session_id)
    with pytest.raises(LinkRevoked):
        await house.links.exchange(first.token, PROOF)
    assert await lives(house, secret)  # what was used is used; the grant is not the link
    await house.links.exchange(second.token, PROOF)
    await house.links.exchange(theirs.token, PROOF)
    (told,) = await revocations(house, session_id)
    assert told.metadata == {
        "linkId": first.id,
        "grantId": None,
        "forUserType": "patient",
        "forUserId": PATIENT.user_id,
        "reason": "resent",
    }
    assert (told.user_type, told.user_id) == KEY.key


async def test_what_ran_out_by_itself_is_not_taken_back(house: House) -> None:
    session_id = await house.opened()
    await mint(house, session_id)
    house.clock.pass_time(minutes=5)
    await mint(house, session_id)
    assert await revocations(house, session_id) == []


async def test_staff_see_how_each_link_stands(house: House) -> None:
    session_id = await house.opened()
    late = await mint(house, session_id)
    house.clock.pass_time(minutes=5)
    resent = await mint(house, session_id)
    house.clock.pass_time(seconds=1)
    used = await mint(house, session_id)
    await house.links.exchange(used.token, PROOF)
    house.clock.pass_time(seconds=1)
    fresh = await mint(house, session_id, DOCTOR)
    listed = await house.links.list(DOCTOR, session_id)
    states = [LinkState.OPEN, LinkState.USED, LinkState.REVOKED, LinkState.EXPIRED]
    assert [(one.link.id, one.state) for one in listed] == list(
        zip([fresh.id, used.id, resent.id, late.id], states, strict=True)
    )
    assert [one.display_name for one in listed] == [DOCTOR.display_name, *[PATIENT.display_name] * 3]
    for actor, refusal in ((PATIENT, Forbidden), (OTHER_DOCTOR, NotFound)):
        with pytest.raises(refusal):
            await house.links.list(actor, session_id)


async def test_taking_a_link_back_takes_its_grant_and_stay(house: House) -> None:
    session_id = await house.opened()
    link = await mint(house, session_id)
    grant, secret = await house.links.exchange(link.token, PROOF)
    await house.enter(PATIENT, session_id)
    for _ in range(2):
        await house.links.revoke(DOCTOR, session_id, link.id)
    assert not await lives(house, secret)
    with pytest.raises(LinkRevoked):
        await house.links.exchange(link.token, PROOF)
    (told,) = await revocations(house, session_id)
    assert (told.metadata["grantId"], told.metadata["reason"]) == (grant.id, "revoked")
    async with house.units_of_work.read() as unit:
        consultation = await unit.sessions.get(session_id)
    assert consultation is not None
    assert consultation.session.present == []
    left = [event for event in house.bus.events if event.event_type is EventType.LEFT]
    assert [event.metadata["reason"] for event in left][-1] == "withdrawn"
    fresh = await mint(house, session_id)  # who was not removed may be let in again
    await house.links.exchange(fresh.token, PROOF)


async def test_a_stay_that_another_grant_carries_goes_on(house: House) -> None:
    session_id = await house.opened()
    first = await mint(house, session_id)
    await house.links.exchange(first.token, PROOF)
    second = await mint(house, session_id)
    _, secret = await house.links.exchange(second.token, PROOF)
    joined = await house.enter(PATIENT, session_id)
    await house.links.revoke(DOCTOR, session_id, first.id)
    assert await lives(house, secret)
    async with house.units_of_work.read() as unit:
        consultation = await unit.sessions.get(session_id)
    assert consultation is not None
    assert [one.id for one in consultation.session.present] == [joined.participant_id]


async def test_who_may_take_back_whose_link(house: House) -> None:
    session_id, other = await house.opened(), await house.opened("a2")
    workers, elsewhere = await mint(house, session_id, DOCTOR), await mint(house, other)
    with pytest.raises(Forbidden) as refused:
        await house.links.revoke(ADMIN, session_id, workers.id)
    assert refused.value.reason == "target_out_of_reach"
    with pytest.raises(Forbidden):
        await house.links.revoke(PATIENT, session_id, workers.id)
    for link_id in (elsewhere.id, "unknown"):
        with pytest.raises(NotFound):
            await house.links.revoke(KEY, session_id, link_id)
    for actor, place in ((OTHER_DOCTOR, session_id), (KEY, "unknown")):
        with pytest.raises(NotFound):
            await house.links.revoke(actor, place, workers.id)
    await house.links.revoke(KEY, session_id, workers.id)
    with pytest.raises(LinkRevoked):
        await house.links.exchange(workers.token, PROOF)


async def test_whoever_left_the_booking_still_has_a_link_that_can_be_taken_back(house: House) -> None:
    session_id = await house.opened()
    link = await mint(house, session_id)
    await house.appointments.put(KEY, "a1", details(patient=PersonDetails(8, "Patient 8")))
    await house.links.revoke(DOCTOR, session_id, link.id)
    with pytest.raises(LinkRevoked):
        await house.links.exchange(link.token, PROOF)


async def test_an_old_sessions_link_is_taken_back_where_its_grant_is_at_work(house: House) -> None:
    first = await house.opened()
    link = await mint(house, first)
    await house.links.exchange(link.token, PROOF)
    await house.sessions.end(DOCTOR, first)
    view, _ = await house.sessions.create(PATIENT, "a1")
    await house.enter(PATIENT, view.session.id)
    await house.links.revoke(DOCTOR, first, link.id)
    assert await revocations(house, first) == []
    assert len(await revocations(house, view.session.id)) == 1
    async with house.units_of_work.read() as unit:
        consultation = await unit.sessions.get(view.session.id)
    assert consultation is not None
    assert consultation.session.present == []


@pytest.mark.parametrize("first", ["exchange", "revoke"])
async def test_taken_back_while_it_is_exchanged(house: House, first: str) -> None:
    """Whoever is faster: afterwards nothing of it opens anything."""
    session_id = await house.opened()
    for number in range(10):
        link = await mint(house, session_id)
        exchange = house.links.exchange(link.token, f"{PROOF}-{number}")
        revoke = house.links.revoke(DOCTOR, session_id, link.id)
        both = (exchange, revoke) if first == "exchange" else (revoke, exchange)
        outcomes = await asyncio.gather(*both, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, tuple):
                assert not await lives(house, outcome[1])
            else:
                assert outcome is None or isinstance(outcome, LinkRevoked)


async def test_a_link_is_for_the_consultation_that_it_names(house: House) -> None:
    session_id, other = await house.opened(), await house.opened("a2")
    link = await mint(house, session_id)
    with pytest.raises(LinkInvalid):
        await house.links.exchange(link.token, PROOF, other)
    grant, _ = await house.links.exchange(link.token, PROOF, session_id)  # it was not used up by that
    assert grant.session_id == session_id


def resigned(token: str, **changes: Any) -> str:
    """The token with other claims under our own key, as nobody but us could make it."""
    claims = jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"]).claims
    header = {"alg": "HS256", "kid": KEYS.newest_id}
    return jwt.encode(header, {**claims, **changes}, OctKey.import_key(SECRET))


async def test_even_our_own_key_makes_no_second_token_of_a_link(house: House) -> None:
    session_id, other = await house.opened(), await house.opened("a2")
    link = await mint(house, session_id)
    for changes in (
        {"sessionId": other},
        {"userId": 8},
        {"userType": "worker"},
        {"exp": 4_000_000_000},
        {"expiresAt": "2200-01-01T00:00:00.000Z"},
    ):
        with pytest.raises(LinkInvalid):
            await house.links.exchange(resigned(link.token, **changes), PROOF)
    house.clock.pass_time(minutes=5)
    with pytest.raises(LinkInvalid):
        await house.links.exchange(resigned(link.token, exp=4_000_000_000), PROOF)
    with pytest.raises(LinkExpired):
        await house.links.exchange(link.token, PROOF)


def garbage(chance: random.Random, genuine: str) -> str:
    """Random text, random tokens, and genuine ones with one character changed, cut or doubled."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    def text(length: int) -> str:
        return "".join(chance.choices(letters, k=length))

    def changed() -> str:
        place = chance.randrange(len(genuine) - 1)  # the last character's spare bits are no part of the signature
        return genuine[:place] + chance.choice(letters.replace(genuine[place], "")) + genuine[place + 1 :]

    kinds: list[Callable[[], str]] = [
        lambda: text(chance.randrange(1, 300)),
        lambda: f"{text(60)}.{text(200)}.{text(43)}",
        lambda: genuine[: chance.randrange(len(genuine))],
        changed,
        lambda: ".".join(chance.sample(genuine.split("."), 3)[:2]),
        lambda: base64.urlsafe_b64encode(chance.randbytes(100)).decode(),
        lambda: "".join(map(chr, (chance.randrange(1, 0xD7FF) for _ in range(20)))),
        lambda: "\udc80" + text(20),
    ]
    return chance.choice(kinds)()


async def test_ten_thousand_tokens_that_nobody_minted(house: House) -> None:
    if house.engine.dialect.name != "sqlite":
        return  # none of them gets as far as the database
    session_id = await house.opened()
    genuine = (await mint(house, session_id)).token
    chance = random.Random(4)
    for _ in range(10_000):
        token = garbage(chance, genuine)
        with pytest.raises(LinkInvalid) as refused:
            await house.links.exchange(token, PROOF)
        assert refused.value.code == "link_invalid"
    await house.links.exchange(genuine, PROOF)


async def test_clocks_that_differ_between_servers(house: House) -> None:
    """Each server judges by its own clock and by the row, never by what a token or a browser says."""
    session_id = await house.opened()
    behind, ahead = House(house.engine), House(house.engine)
    behind.clock.moment = house.clock.moment - timedelta(minutes=2)
    ahead.clock.moment = house.clock.moment + timedelta(minutes=6)
    link = await mint(house, session_id)
    with pytest.raises(LinkExpired):
        await ahead.links.exchange(link.token, PROOF)
    first = await house.links.exchange(link.token, PROOF)
    assert await behind.links.exchange(link.token, PROOF) == first  # used "in the future" is used
    with pytest.raises(LinkUsed):
        await behind.links.exchange(link.token, f"{PROOF}-other")
    with pytest.raises(LinkUsed):
        await ahead.links.exchange(link.token, PROOF)


async def test_a_new_secret_ends_no_link_and_no_grant(house: House) -> None:
    session_id = await house.opened()
    old, used = await mint(house, session_id, DOCTOR), await mint(house, session_id)
    granted = await house.links.exchange(used.token, PROOF)
    newer = b"another secret of thirty-two byte"
    rotated = Links(house.commands, SigningKeys([newer, SECRET]))
    assert await rotated.exchange(used.token, PROOF) == granted  # the same answer for a minute
    assert await lives(house, granted[1])
    await rotated.exchange(old.token, PROOF)
    fresh = await rotated.mint(KEY, session_id, UserType.PATIENT, PATIENT.user_id)
    with pytest.raises(LinkInvalid):
        await house.links.exchange(fresh.token, PROOF)  # a server that was not started anew
    grant, _ = await rotated.exchange(fresh.token, PROOF)
    assert isinstance(grant, Grant)
    alone = Links(house.commands, SigningKeys([newer]))
    last = await mint(house, session_id, SUPPORT)
    with pytest.raises(LinkInvalid):
        await alone.exchange(last.token, PROOF)
    assert await lives(house, granted[1])


async def test_a_key_id_that_is_not_ours(house: House) -> None:
    link = await mint(house, await house.opened())
    claims = jwt.decode(link.token, OctKey.import_key(SECRET), algorithms=["HS256"]).claims
    key = OctKey.import_key(SECRET)
    for header in ({}, {"kid": "0" * 16}, {"kid": ""}, {"kid": "../../secret"}):
        with pytest.raises(LinkInvalid):
            await house.links.exchange(jwt.encode({"alg": "HS256", **header}, claims, key), PROOF)


async def test_a_grant_is_for_one_appointment(house: House) -> None:
    session_id, other = await house.opened(), await house.opened("a2")
    grant, _ = await house.links.exchange((await mint(house, session_id)).token, PROOF)
    assert grant.user == replace(PATIENT, appointment_id="a1")
    with pytest.raises(NotFound):
        await house.sessions.get(grant.user, other)
