"""Links, grants and keys: one exchange, one winner, the same answer for a repetition, refusals with stable codes."""

import asyncio
import base64
import json
from dataclasses import replace

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from shinsatsu.domain.appointment import AppointmentStatus
from shinsatsu.domain.errors import (
    Forbidden,
    InvalidRequest,
    LinkExpired,
    LinkInvalid,
    LinkRevoked,
    LinkUsed,
    NotFound,
    Unauthenticated,
)
from shinsatsu.domain.roles import AuthUser, UserType
from tests.house import (
    ADMIN,
    DOCTOR,
    KEY,
    KEYS,
    OTHER_DOCTOR,
    PATIENT,
    SECRET,
    START,
    SUPPORT,
    House,
    details,
)

PROOF = "proof-of-the-page-01"
OTHER_PROOF = "proof-of-another-page"


async def token_for(house: House, user: AuthUser = PATIENT) -> str:
    session_id = await house.opened()
    return (await house.links.mint(KEY, session_id, user.user_type, user.user_id)).token


@pytest.mark.parametrize("user", [PATIENT, DOCTOR, SUPPORT, ADMIN])
async def test_a_link_becomes_a_grant_for_user_and_appointment(house: House, user: AuthUser) -> None:
    grant, secret = await house.links.exchange(await token_for(house, user), PROOF)
    assert grant.user == replace(user, appointment_id="a1")
    assert (await house.access.grant(secret, grant.id)).user == grant.user
    assert (await house.story(grant.session_id))[-2:] == ["link_minted", "link_exchanged"]
    with pytest.raises(Unauthenticated):
        await house.access.grant(secret, "another-id")
    with pytest.raises(Unauthenticated):
        await house.access.grant(secret + "x")


async def test_the_same_token_and_proof_get_the_same_answer_for_a_minute(house: House) -> None:
    token = await token_for(house)
    first = await house.links.exchange(token, PROOF)
    house.clock.pass_time(seconds=60)
    assert await house.links.exchange(token, PROOF) == first
    with pytest.raises(LinkUsed):
        await house.links.exchange(token, OTHER_PROOF)
    house.clock.pass_time(milliseconds=1)
    with pytest.raises(LinkUsed):
        await house.links.exchange(token, PROOF)


async def test_one_of_many_proofs_wins(house: House) -> None:
    token = await token_for(house)
    attempts = (house.links.exchange(token, f"{PROOF}-{number}") for number in range(20))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert [type(one) for one in outcomes if isinstance(one, BaseException)] == [LinkUsed] * 19


async def test_a_link_lives_five_minutes(house: House) -> None:
    token = await token_for(house)
    house.clock.pass_time(minutes=5)
    with pytest.raises(LinkExpired):
        await house.links.exchange(token, PROOF)


async def test_a_cancelled_appointment_takes_links_and_grants_back(house: House) -> None:
    session_id = await house.opened()
    unused = (await house.links.mint(KEY, session_id, PATIENT.user_type, PATIENT.user_id)).token
    used = (await house.links.mint(KEY, session_id, DOCTOR.user_type, DOCTOR.user_id)).token
    _, secret = await house.links.exchange(used, PROOF)
    await house.appointments.put(KEY, "a1", details(status=AppointmentStatus.CANCELLED))
    for token in (unused, used):
        with pytest.raises(LinkRevoked):
            await house.links.exchange(token, PROOF)
    with pytest.raises(Unauthenticated):
        await house.access.grant(secret)


async def test_tokens_that_are_not_ours(house: House) -> None:
    token = await token_for(house)
    header, payload, signature = token.split(".")
    claims = jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"]).claims
    foreign = OctKey.import_key(b"another secret of thirty-two byte")
    known, named = OctKey.import_key(SECRET), {"alg": "HS256", "kid": KEYS.newest_id}
    unsigned = base64.urlsafe_b64encode(json.dumps({**named, "alg": "none"}).encode()).rstrip(b"=").decode()
    forged = [
        "",
        "not a token",
        token[:-4],
        f"{header}.{payload}.",
        f"eyJhbGciOiJub25lIn0.{payload}.",
        f"{unsigned}.{payload}.",
        f"{unsigned}.{payload}.{signature}",
        f"{header}.{payload}x.{signature}",
        jwt.encode(named, claims, foreign),
        jwt.encode(named, {**claims, "aud": "elsewhere"}, known),
        jwt.encode(named, {**claims, "jti": "unknown"}, known),
        jwt.encode(named, {**claims, "userId": 999}, known),
        jwt.encode(named, {"jti": claims["jti"]}, known),
        jwt.encode({**named, "alg": "HS512"}, claims, known, algorithms=["HS512"]),
    ]
    for one in forged:
        with pytest.raises(LinkInvalid):
            await house.links.exchange(one, PROOF)
    await house.links.exchange(token, PROOF)


@pytest.mark.parametrize("proof", ["", "short", "x" * 129])
async def test_a_proof_has_a_length(house: House, proof: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await house.links.exchange("whatever", proof)
    assert refused.value.field == "proof"


async def test_who_may_mint_for_whom(house: House) -> None:
    session_id = await house.opened()
    await house.links.mint(DOCTOR, session_id, UserType.PATIENT, PATIENT.user_id)
    with pytest.raises(Forbidden) as refused:
        await house.links.mint(ADMIN, session_id, UserType.WORKER, DOCTOR.user_id)
    assert refused.value.reason == "target_out_of_reach"
    with pytest.raises(Forbidden) as refused:
        await house.links.mint(PATIENT, session_id, UserType.PATIENT, PATIENT.user_id)
    assert refused.value.reason == "role_may_not"
    with pytest.raises(NotFound):
        await house.links.mint(OTHER_DOCTOR, session_id, UserType.PATIENT, PATIENT.user_id)
    for user_type, user_id in ((UserType.PATIENT, 99), (UserType.WORKER, OTHER_DOCTOR.user_id), (UserType.SYSTEM, 1)):
        with pytest.raises(InvalidRequest) as invalid:
            await house.links.mint(KEY, session_id, user_type, user_id)
        assert invalid.value.field == "userId"


async def test_a_stranger_cannot_ask_who_belongs_to_an_appointment(house: House) -> None:
    session_id = await house.opened()
    with pytest.raises(NotFound):
        await house.links.mint(OTHER_DOCTOR, session_id, UserType.PATIENT, 99)


async def test_a_browser_learns_which_of_its_grants_live(house: House) -> None:
    session_id = await house.opened()
    held = {}
    for user in (PATIENT, DOCTOR):
        link = await house.links.mint(KEY, session_id, user.user_type, user.user_id)
        grant, secret = await house.links.exchange(link.token, PROOF)
        held[grant.id] = secret
    found = await house.access.grants_for(session_id, {**held, "unknown": "secret"})
    assert {grant.id for grant in found} == set(held)
    other = await house.opened("a2")
    assert await house.access.grants_for(other, held) == []
    assert await house.access.grants_for("unknown", held) == []
    assert await house.access.grants_for(session_id, {}) == []


async def test_a_grant_ends(house: House) -> None:
    _, secret = await house.links.exchange(await token_for(house), PROOF)
    house.clock.moment = START
    house.clock.pass_time(hours=12)
    with pytest.raises(Unauthenticated):
        await house.access.grant(secret)
