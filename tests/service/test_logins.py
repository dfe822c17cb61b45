"""The console's logins: who gets one, how long it lasts, what ends it, and the grant it gives itself."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.credentials import LOGIN_LIFETIME, Login
from shinsatsu.domain.errors import Forbidden, LinkInvalid, NotFound, Unauthenticated
from shinsatsu.domain.login_errors import LoginExpired
from shinsatsu.domain.roles import AuthUser, UserType
from shinsatsu.service.appointments import PersonDetails
from tests.house import ADMIN, DOCTOR, KEY, OPERATOR, OTHER_DOCTOR, PATIENT, START, House, details

PROOF = "a proof that nobody can guess"


class Clinic(House):
    """The house with the console's door."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)

    async def log_in(self, user: AuthUser, proof: str = PROOF) -> tuple[Login, str]:
        return await self.logins.open(await self.logins.mint_link(user.key, timedelta(minutes=5)), proof)


@pytest.fixture
def clinic(engine: AsyncEngine) -> Clinic:
    return Clinic(engine)


@pytest.mark.parametrize("user", [DOCTOR, OPERATOR, ADMIN])
async def test_a_worker_acts_wherever_role_and_relations_reach(clinic: Clinic, user: AuthUser) -> None:
    session_id = await clinic.opened()
    login, secret = await clinic.log_in(user)
    assert login.user == user
    assert (await clinic.logins.login(secret, login.id)).user == user
    assert (await clinic.sessions.get(login.user, session_id)).session.id == session_id


@pytest.mark.parametrize("key", [PATIENT.key, KEY.key, (UserType.WORKER, 99)])
async def test_there_is_no_link_for_anybody_but_a_known_worker(clinic: Clinic, key: tuple[UserType, int]) -> None:
    await clinic.opened()
    with pytest.raises(NotFound):
        await clinic.logins.mint_link(key, timedelta(minutes=5))


async def test_a_login_lasts_half_a_day_from_its_opening(clinic: Clinic) -> None:
    await clinic.opened()
    login, secret = await clinic.log_in(OPERATOR)
    for _ in range(12 * 6 - 1):
        clinic.clock.pass_time(minutes=10)
        await clinic.logins.login(secret, login.id)
    clinic.clock.moment = START + LOGIN_LIFETIME - timedelta(milliseconds=1)
    assert (await clinic.logins.login(secret, login.id)).id == login.id
    clinic.clock.pass_time(milliseconds=1)
    with pytest.raises(LoginExpired) as over:
        await clinic.logins.login(secret, login.id)
    assert over.value.reason == "expired"


async def test_a_link_that_was_never_opened_ends_in_time(clinic: Clinic) -> None:
    await clinic.opened()
    token = await clinic.logins.mint_link(OPERATOR.key, timedelta(minutes=5))
    clinic.clock.pass_time(minutes=5)
    with pytest.raises(LinkInvalid):
        await clinic.logins.open(token, PROOF)


async def test_a_blocked_account_has_no_login_any_more_and_gets_none(clinic: Clinic) -> None:
    await clinic.opened()
    login, secret = await clinic.log_in(OPERATOR)
    unopened = await clinic.logins.mint_link(OPERATOR.key, timedelta(minutes=5))
    await clinic.accounts.block(ADMIN, OPERATOR.key)
    with pytest.raises(Unauthenticated):
        await clinic.logins.login(secret, login.id)
    with pytest.raises(LinkInvalid):
        await clinic.logins.open(unopened, PROOF)
    await clinic.accounts.unblock(ADMIN, OPERATOR.key)
    with pytest.raises(Unauthenticated):  # what was ended stays ended
        await clinic.logins.login(secret, login.id)
    with pytest.raises(LinkInvalid):
        await clinic.logins.open(unopened, PROOF)
    again, fresh = await clinic.log_in(OPERATOR)
    assert (await clinic.logins.login(fresh, again.id)).user == OPERATOR


async def test_a_browser_learns_which_of_its_logins_live(clinic: Clinic) -> None:
    await clinic.opened()
    held, ended = await clinic.log_in(DOCTOR), await clinic.log_in(ADMIN)
    await clinic.logins.end(ended[0])
    await clinic.logins.end(ended[0])  # twice is as good as once
    secrets = {held[0].id: held[1], ended[0].id: ended[1], "unknown": held[1]}
    assert [login.id for login in await clinic.logins.held(secrets)] == [held[0].id]


async def test_a_login_gives_itself_a_grant_where_it_may_look(clinic: Clinic) -> None:
    session_id = await clinic.opened()
    login, _ = await clinic.log_in(OPERATOR)
    grant, secret = await clinic.logins.grant(login, session_id)
    assert (grant.appointment_id, grant.user.appointment_id, grant.user.key) == ("a1", "a1", OPERATOR.key)
    assert (await clinic.access.grant(secret, grant.id)).user == grant.user
    with pytest.raises(NotFound):
        await clinic.logins.grant(login, "unknown")
    await clinic.appointments.put(
        KEY, "a2", details(doctor=PersonDetails(OTHER_DOCTOR.user_id, OTHER_DOCTOR.display_name))
    )
    stranger, _ = await clinic.log_in(OTHER_DOCTOR)
    with pytest.raises(NotFound):
        await clinic.logins.grant(stranger, session_id)


async def test_a_grant_ends_with_the_login_that_gave_it_and_no_other(clinic: Clinic) -> None:
    session_id = await clinic.opened()
    (first, _), (second, _) = await clinic.log_in(OPERATOR), await clinic.log_in(OPERATOR)
    _, ends = await clinic.logins.grant(first, session_id)
    _, stays = await clinic.logins.grant(second, session_id)
    await clinic.logins.end(first)
    with pytest.raises(Unauthenticated):
        await clinic.access.grant(ends)
    assert (await clinic.access.grant(stays)).user.key == OPERATOR.key


async def test_whoever_was_removed_gives_themselves_no_grant(clinic: Clinic) -> None:
    session_id = await clinic.opened()
    login, _ = await clinic.log_in(OPERATOR)
    _, secret = await clinic.logins.grant(login, session_id)
    joined = await clinic.enter(OPERATOR, session_id)
    await clinic.moderation.remove(ADMIN, session_id, joined.participant_id, "not needed here")
    with pytest.raises(Unauthenticated):
        await clinic.access.grant(secret)
    with pytest.raises(Forbidden) as refused:
        await clinic.logins.grant(login, session_id)
    assert refused.value.reason == "removed"


async def test_a_consultations_secret_is_no_login_and_a_logins_no_grant(clinic: Clinic) -> None:
    session_id = await clinic.opened()
    login, secret = await clinic.log_in(OPERATOR)
    grant, grant_secret = await clinic.logins.grant(login, session_id)
    with pytest.raises(Unauthenticated):
        await clinic.logins.login(grant_secret, grant.id)
    with pytest.raises(Unauthenticated):
        await clinic.access.grant(secret)
    minted = await clinic.links.mint(KEY, session_id, UserType.WORKER, OPERATOR.user_id)
    with pytest.raises(LinkInvalid):
        await clinic.logins.open(minted.token, PROOF)
