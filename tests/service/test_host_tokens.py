"""A portal's token becomes a grant once, for people of that appointment alone; as a Bearer token it acts by itself."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.access_errors import HostTokenExpired, HostTokenInvalid, HostTokenUsed
from shinsatsu.domain.appointment import AppointmentStatus
from shinsatsu.domain.errors import Forbidden, InvalidRequest, SessionEnded
from shinsatsu.domain.roles import AuthUser, UserType
from shinsatsu.identity.host_tokens import HostTrust, JwtVerifier
from shinsatsu.service.host_tokens import HostTokens
from tests.house import ADMIN, DOCTOR, KEY, KEYS, OTHER_DOCTOR, OTHER_PATIENT, PATIENT, WISH, House, details
from tests.identity.host import AUDIENCE, ISSUER, SHARED, signed

PROOF = "proof-of-the-page-01"
OTHER_PROOF = "proof-of-another-page"


class Clinic(House):
    """The house with a portal."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.portal = HostTokens(self.commands, KEYS, self.verifier(workers=False))
        self.for_staff = HostTokens(self.commands, KEYS, self.verifier(workers=True))

    def verifier(self, *, workers: bool) -> JwtVerifier:
        return JwtVerifier(HostTrust(ISSUER, AUDIENCE, ("HS256",), workers), SHARED, None)

    def token(self, user: AuthUser = PATIENT, **said: Any) -> str:
        whose = {"sub": str(user.user_id), "userType": user.user_type.value}
        return signed("HS256", now=self.clock.now(), **{**whose, **said})


@pytest.fixture
def clinic(engine: AsyncEngine) -> Clinic:
    return Clinic(engine)


async def test_a_token_becomes_a_grant_as_a_link_does(clinic: Clinic) -> None:
    session_id = await clinic.opened()
    grant, secret = await clinic.portal.exchange(clinic.token(), PROOF)
    assert grant.user == replace(PATIENT, appointment_id="a1")
    assert (grant.session_id, grant.appointment_id) == (session_id, "a1")
    assert (await clinic.access.grant(secret, grant.id)).user == grant.user
    assert (await clinic.story(session_id))[-1] == "link_exchanged"
    await clinic.sessions.join(grant.user, session_id, WISH)


async def test_one_use_and_the_same_answer_for_a_minute(clinic: Clinic) -> None:
    await clinic.opened()
    token = clinic.token()
    first = await clinic.portal.exchange(token, PROOF)
    clinic.clock.pass_time(seconds=60)
    assert await clinic.portal.exchange(token, PROOF) == first
    for proof in (OTHER_PROOF, PROOF + "x"):
        with pytest.raises(HostTokenUsed):
            await clinic.portal.exchange(token, proof)
    with pytest.raises(HostTokenUsed):  # the same id in another token
        await clinic.portal.exchange(clinic.token(more="claims"), PROOF)
    clinic.clock.pass_time(milliseconds=1)
    with pytest.raises(HostTokenUsed):
        await clinic.portal.exchange(token, PROOF)
    await clinic.portal.exchange(clinic.token(jti="token-2"), PROOF)


async def test_one_of_many_proofs_wins(clinic: Clinic) -> None:
    await clinic.opened()
    token = clinic.token()
    attempts = (clinic.portal.exchange(token, f"{PROOF}-{number}") for number in range(20))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert [type(one) for one in outcomes if isinstance(one, BaseException)] == [HostTokenUsed] * 19


async def test_what_was_used_is_remembered_until_it_expires_and_no_longer(clinic: Clinic) -> None:
    await clinic.opened()
    token = clinic.token()
    await clinic.portal.exchange(token, PROOF)
    clinic.clock.pass_time(minutes=6, milliseconds=-1)
    with pytest.raises(HostTokenUsed):
        await clinic.portal.exchange(token, OTHER_PROOF)
    clinic.clock.pass_time(milliseconds=1)
    with pytest.raises(HostTokenExpired):
        await clinic.portal.exchange(token, OTHER_PROOF)
    await clinic.portal.exchange(clinic.token(jti="token-2"), PROOF)
    async with clinic.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT * FROM spent_tokens"))).all()
    assert len(rows) == 1
    assert not any(secret in str(rows) for secret in (token, "token-1", "token-2", PROOF))


@pytest.mark.parametrize("user", [OTHER_PATIENT, AuthUser(UserType.PATIENT, 99, None, "nobody")])
async def test_only_people_of_the_appointment(clinic: Clinic, user: AuthUser) -> None:
    await clinic.opened()
    await clinic.book("a2", patient=_booked(OTHER_PATIENT))
    for token in (clinic.token(user), clinic.token(user, appointmentId="unknown")):
        for use in (clinic.portal.exchange(token, PROOF), clinic.portal.user_of(token)):
            with pytest.raises(HostTokenInvalid):
                await use


async def test_workers_only_where_the_clinic_says_so(clinic: Clinic) -> None:
    session_id = await clinic.opened()
    await clinic.book("a2", doctor=_booked(OTHER_DOCTOR))
    with pytest.raises(HostTokenInvalid):
        await clinic.portal.exchange(clinic.token(DOCTOR), PROOF)
    with pytest.raises(HostTokenInvalid):
        await clinic.for_staff.exchange(clinic.token(OTHER_DOCTOR), PROOF)
    grant, _ = await clinic.for_staff.exchange(clinic.token(DOCTOR), PROOF)
    assert grant.user == replace(DOCTOR, appointment_id="a1")
    admin, _ = await clinic.for_staff.exchange(clinic.token(ADMIN, jti="token-2"), PROOF)
    with pytest.raises(Forbidden) as raised:
        await clinic.keys.list(admin.user)
    assert raised.value.reason == "grant_may_not"
    await clinic.sessions.join(admin.user, session_id, WISH)


async def test_a_bearer_acts_as_that_user_in_that_appointment_until_it_expires(clinic: Clinic) -> None:
    session_id, other = await clinic.opened(), await clinic.opened("a2")
    token = clinic.token()
    proved = await clinic.portal.user_of(token)
    assert proved.user == replace(PATIENT, appointment_id="a1")
    assert [one.session.id for one in await clinic.sessions.find(proved.user)] == [session_id]
    assert other != session_id
    await clinic.portal.exchange(token, PROOF)
    clinic.clock.pass_time(minutes=6, milliseconds=-1)
    assert (await clinic.portal.user_of(token)).user == proved.user
    clinic.clock.pass_time(milliseconds=1)
    with pytest.raises(HostTokenExpired):
        await clinic.portal.user_of(token)


async def test_whoever_was_blocked_removed_or_cancelled_stays_out(clinic: Clinic) -> None:
    session_id = await clinic.opened()
    joined = await clinic.enter(PATIENT, session_id)
    await clinic.moderation.remove(ADMIN, session_id, joined.participant_id, "disturbs")
    with pytest.raises(Forbidden) as raised:
        await clinic.portal.exchange(clinic.token(), PROOF)
    assert raised.value.reason == "removed"
    await clinic.opened("a2")
    await clinic.appointments.put(KEY, "a2", details(status=AppointmentStatus.CANCELLED))
    with pytest.raises(SessionEnded):
        await clinic.portal.exchange(clinic.token(appointmentId="a2", jti="token-2"), PROOF)
    async with clinic.units_of_work.write() as unit:
        await unit.appointments.block(PATIENT.key, clinic.clock.now())
        await unit.commit()
    for use in (clinic.portal.exchange(clinic.token(jti="token-3"), PROOF), clinic.portal.user_of(clinic.token())):
        with pytest.raises(HostTokenInvalid):
            await use


async def test_a_refusal_uses_no_token_up(clinic: Clinic) -> None:
    session_id = await clinic.opened()
    joined = await clinic.enter(PATIENT, session_id)
    await clinic.moderation.remove(ADMIN, session_id, joined.participant_id, "disturbs")
    token = clinic.token()
    with pytest.raises(Forbidden):
        await clinic.portal.exchange(token, PROOF)
    await clinic.moderation.restore(ADMIN, session_id, joined.participant_id)
    await clinic.portal.exchange(token, PROOF)


@pytest.mark.parametrize("proof", ["", "short", "x" * 129])
async def test_a_proof_has_a_length(clinic: Clinic, proof: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await clinic.portal.exchange("whatever", proof)
    assert refused.value.field == "proof"


async def test_a_grant_lasts_as_a_links_does(clinic: Clinic) -> None:
    await clinic.opened()
    grant, _ = await clinic.portal.exchange(clinic.token(), PROOF)
    assert grant.expires_at == clinic.clock.now() + timedelta(hours=12)


def _booked(user: AuthUser) -> Any:
    from shinsatsu.service.appointments import PersonDetails

    return PersonDetails(user.user_id, user.display_name)
