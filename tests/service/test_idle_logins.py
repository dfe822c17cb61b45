"""Logins that are left alone, that last their time, or whose account is disabled elsewhere; calls keep them alive."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.accounts import LoginRules
from shinsatsu.domain.credentials import Login
from shinsatsu.domain.errors import ShinsatsuError, Unauthenticated
from shinsatsu.domain.login_errors import LoginExpired
from shinsatsu.domain.roles import AuthUser, UserKey
from shinsatsu.service.login_keeper import LoginKeeper
from shinsatsu.service.people import COMMAND_LINE
from tests.house import ADMIN, DOCTOR, OPERATOR, PATIENT
from tests.staff import Staff

IDLE = timedelta(minutes=15)
PROOF = "a proof that nobody can guess"


class Watched(Staff):
    """The house with its keeper, and what it told the streams."""

    def __init__(self, engine: AsyncEngine, rules: LoginRules | None = None) -> None:
        super().__init__(engine, rules)
        self.ended: list[tuple[str, str]] = []
        self.cut: list[UserKey] = []
        self.logins.on_ended = lambda login_id, reason: self.ended.append((login_id, reason))
        self.keeper = LoginKeeper(self.commands, self.logins, self.accounts, self.cut.append)

    async def at_console(self, user: AuthUser) -> tuple[Login, str]:
        return await self.logins.open(await self.logins.mint_link(user.key, timedelta(minutes=5)), PROOF)

    async def minutes(self, count: int) -> None:
        """Time that passes while the keeper looks."""
        for _ in range(count * 2):
            self.clock.pass_time(seconds=30)
            await self.keeper.look()


@pytest.fixture
def clinic(engine: AsyncEngine) -> Watched:
    return Watched(engine)


async def test_a_login_left_alone_ends_by_itself(clinic: Watched) -> None:
    await clinic.opened()
    login, secret = await clinic.at_console(OPERATOR)
    await clinic.minutes(14)
    assert clinic.ended == []
    await clinic.minutes(1)
    assert clinic.ended == [(login.id, "idle")]
    with pytest.raises(LoginExpired) as over:
        await clinic.logins.login(secret, login.id)
    assert over.value.reason == "idle"
    assert (await clinic.noted())[-1] == "login_ended idle"


async def test_it_ends_when_it_is_used_too_late_even_before_the_keeper_looked(clinic: Watched) -> None:
    await clinic.opened()
    login, secret = await clinic.at_console(OPERATOR)
    clinic.clock.moment += IDLE - timedelta(milliseconds=1)
    assert await clinic.logins.login(secret, login.id, sign_of_life=False)
    clinic.clock.pass_time(milliseconds=1)
    for _ in range(2):
        with pytest.raises(LoginExpired):
            await clinic.logins.login(secret, login.id)
    assert clinic.ended == [(login.id, "idle")]
    assert (await clinic.noted()).count("login_ended idle") == 1


async def test_signs_of_life_keep_it_and_what_a_page_asks_by_itself_does_not(clinic: Watched) -> None:
    await clinic.opened()
    used, left = await clinic.at_console(OPERATOR), await clinic.at_console(ADMIN)
    for _ in range(20):
        await clinic.minutes(1)
        await clinic.logins.login(used[1], used[0].id)
        if not clinic.ended:
            await clinic.logins.login(left[1], left[0].id, sign_of_life=False)
    assert clinic.ended == [(left[0].id, "idle")]


async def test_nobody_is_logged_off_in_a_call_and_the_time_begins_when_it_ends(clinic: Watched) -> None:
    session_id = await clinic.opened()
    await clinic.enter(PATIENT, session_id)
    login, _ = await clinic.at_console(DOCTOR)
    joined = await clinic.enter(DOCTOR, session_id)
    await clinic.presence.connected(DOCTOR, session_id, joined.participant_id, "server-1:c1")
    await clinic.minutes(40)
    assert clinic.ended == []
    await clinic.sessions.end(DOCTOR, session_id)
    await clinic.minutes(14)
    assert clinic.ended == []
    await clinic.minutes(2)
    assert clinic.ended == [(login.id, "idle")]


async def test_a_doctor_in_a_call_uses_the_console_after_long_even_if_nobody_looked(clinic: Watched) -> None:
    session_id = await clinic.opened()
    login, secret = await clinic.at_console(DOCTOR)
    joined = await clinic.enter(DOCTOR, session_id)
    await clinic.presence.connected(DOCTOR, session_id, joined.participant_id, "server-1:c1")
    clinic.clock.pass_time(minutes=50)
    assert (await clinic.logins.login(secret, login.id)).id == login.id


async def test_a_login_lasts_half_a_day_however_busy(clinic: Watched) -> None:
    await clinic.opened()
    login, secret = await clinic.at_console(OPERATOR)
    for _ in range(12 * 6):
        clinic.clock.pass_time(minutes=10)
        if not clinic.ended:
            await clinic.keeper.look()
        if not clinic.ended:
            await clinic.logins.login(secret, login.id)
    assert clinic.ended == [(login.id, "expired")]
    with pytest.raises(LoginExpired) as over:
        await clinic.logins.login(secret, login.id)
    assert over.value.reason == "expired"


async def test_an_account_disabled_elsewhere_is_cut_off_and_put_out(clinic: Watched, engine: AsyncEngine) -> None:
    session_id = await clinic.opened()
    joined = await clinic.enter(OPERATOR, session_id)
    login, secret = await clinic.at_console(OPERATOR)
    command_line = Staff(engine)
    await command_line.accounts.disable(COMMAND_LINE, OPERATOR.key)
    with pytest.raises(Unauthenticated):
        await clinic.logins.login(secret, login.id)
    clinic.bus.events.clear()
    await clinic.keeper.look()
    assert clinic.cut == [OPERATOR.key]
    left = clinic.bus.events[-1]
    assert (left.event_type, left.metadata["participantId"], left.metadata["reason"]) == (
        "left",
        joined.participant_id,
        "blocked",
    )
    clinic.clock.pass_time(minutes=2)
    clinic.cut.clear()
    clinic.bus.events.clear()
    await clinic.keeper.look()
    assert (clinic.cut, clinic.bus.events) == ([], [])


async def test_disabling_ends_logins_and_calls_at_once(clinic: Watched) -> None:
    session_id = await clinic.opened()
    await clinic.enter(OPERATOR, session_id)
    logins = [await clinic.at_console(OPERATOR) for _ in range(2)]
    unopened = await clinic.logins.mint_link(OPERATOR.key, timedelta(minutes=5))
    await clinic.accounts.block(ADMIN, OPERATOR.key)
    assert sorted(clinic.ended) == sorted((login.id, "blocked") for login, _ in logins)
    assert "left" in await clinic.story(session_id)
    with pytest.raises(ShinsatsuError):
        await clinic.logins.open(unopened, PROOF)
    assert [one for one in await clinic.noted() if one.startswith(("user", "login_ended"))] == [
        "user_blocked",
        "login_ended blocked",
        "login_ended blocked",
    ]


async def test_one_sees_ones_own_logins_and_ends_them(clinic: Watched) -> None:
    await clinic.opened()
    first, second = await clinic.at_console(OPERATOR), await clinic.at_console(OPERATOR)
    await clinic.at_console(ADMIN)
    assert {one.id for one in await clinic.logins.own(first[0])} == {first[0].id, second[0].id}
    await clinic.logins.end_own(first[0], second[0].id)
    assert clinic.ended == [(second[0].id, "ended")]
    assert [one.id for one in await clinic.logins.own(first[0])] == [first[0].id]
    with pytest.raises(Unauthenticated):
        await clinic.logins.login(second[1], second[0].id)


async def test_what_is_over_is_tidied_away(clinic: Watched) -> None:
    worker = await clinic.enrolled()
    await clinic.begin(worker)
    await clinic.keeper.look()
    async with clinic.units_of_work.read() as unit:
        before = await unit.challenges.attempts_under([clinic.attempt_key(worker.name)])
    assert before == {} or all(one.failures == 0 for one in before.values())
    clinic.clock.pass_time(hours=25)
    await clinic.keeper.look()
    async with clinic.units_of_work.read() as unit:
        assert await unit.challenges.attempts_under([clinic.attempt_key(worker.name)]) == {}
