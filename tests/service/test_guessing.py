"""Guessing passwords and codes: one answer for every cause, one hash for every answer, and locks that grow."""

import asyncio
from datetime import timedelta

import argon2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.accounts import Factor
from shinsatsu.domain.errors import ShinsatsuError
from shinsatsu.domain.login_errors import (
    AccountLocked,
    ChallengeExpired,
    LoginRefused,
    SecondFactorRefused,
)
from shinsatsu.service import passwords
from shinsatsu.service.login_steps import Status
from shinsatsu.service.passwords import Passwords
from shinsatsu.service.people import COMMAND_LINE
from shinsatsu.service.second_factor import Answer
from tests.staff import BROWSER, NAME, PASSWORD, Staff, held


@pytest.fixture
def staff(engine: AsyncEngine) -> Staff:
    return Staff(engine)


async def test_unknown_names_wrong_passwords_and_disabled_accounts_look_the_same(staff: Staff) -> None:
    worker = await staff.enrolled()
    waiting, _ = await staff.hire("suzuki")
    disabled = await staff.enrolled("tanaka")
    await staff.accounts.disable(COMMAND_LINE, disabled.key)
    answers = set()
    for name, password in ((NAME, "wrong"), ("nobody", PASSWORD), ("suzuki", PASSWORD), ("tanaka", PASSWORD)):
        with pytest.raises(LoginRefused) as refused:
            await staff.passwords.begin(name, password, BROWSER)
        answers.add((refused.value.code, refused.value.detail))
    assert len(answers) == 1
    assert (await staff.noted())[-4:] == [
        "login_refused wrong_password",
        "login_refused unknown_name",
        "login_refused no_password",
        "login_refused account_blocked",
    ]
    async with staff.units_of_work.read() as unit:
        last = (await unit.security.after(0, 1000))[-4:]
    about = [one.event.metadata.get("forUserId") for one in last]
    assert about == [worker.key[1], None, waiting[1], disabled.key[1]]
    assert all(one.event.user_id is None for one in last)


async def test_every_refusal_hashes_once_with_the_same_parameters(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await staff.enrolled()
    await staff.hire("suzuki")
    hashed: list[argon2.Parameters] = []
    verify = argon2.PasswordHasher.verify

    def count(self: argon2.PasswordHasher, password_hash: str, password: str) -> bool:
        hashed.append(argon2.extract_parameters(password_hash))
        return bool(verify(self, password_hash, password))

    monkeypatch.setattr(argon2.PasswordHasher, "verify", count)
    for name in (worker.name, "nobody", "suzuki"):
        with pytest.raises(LoginRefused):
            await staff.passwords.begin(name, "wrong", BROWSER)
    assert len(hashed) == 3
    assert len(set(map(str, hashed))) == 1
    assert (hashed[0].memory_cost, hashed[0].time_cost, hashed[0].parallelism) == (19456, 2, 1)


async def test_five_wrong_passwords_lock_a_name_for_longer_each_time(staff: Staff) -> None:
    worker = await staff.enrolled()
    for name in (worker.name, "nobody at all"):  # a name that nobody has is locked as well: nothing tells them apart
        for _ in range(4):
            with pytest.raises(LoginRefused):
                await staff.passwords.begin(name, "wrong", BROWSER)
        waits = []
        for _ in range(8):
            with pytest.raises(LoginRefused):
                await staff.passwords.begin(name, "wrong", BROWSER)
            with pytest.raises(AccountLocked) as locked:
                await staff.passwords.begin(name, PASSWORD, BROWSER)
            waits.append(locked.value.retry_after)
            staff.clock.pass_time(seconds=waits[-1])
        assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    step = await staff.begin(worker)
    done = await staff.second.answer(held(step), Answer(Factor.TOTP, staff.code(worker.totp)), BROWSER)
    assert done.status is Status.DONE
    for _ in range(4):  # the count began anew
        with pytest.raises(LoginRefused):
            await staff.passwords.begin(worker.name, "wrong", BROWSER)
    assert (await staff.noted()).count("account_locked") == 16


async def test_wrong_passwords_are_forgotten_after_a_day_and_by_an_administrator(staff: Staff) -> None:
    worker = await staff.enrolled()

    async def five_wrong() -> None:
        for _ in range(5):
            with pytest.raises(LoginRefused):
                await staff.passwords.begin(worker.name, "wrong", BROWSER)
        with pytest.raises(AccountLocked):
            await staff.begin(worker)

    await five_wrong()
    (member,) = await staff.people.find(COMMAND_LINE)
    assert member.locked_until == staff.clock.now() + timedelta(minutes=1)
    await staff.people.unlock(COMMAND_LINE, worker.key)
    await five_wrong()
    staff.clock.pass_time(hours=25)
    await five_wrong()


async def test_parallel_guesses_do_not_outrun_the_lock(staff: Staff) -> None:
    worker = await staff.enrolled()

    async def guess(number: int) -> str:
        try:
            await staff.passwords.begin(worker.name, f"guess {number}", BROWSER)
        except ShinsatsuError as refused:
            return refused.code
        return "in"

    answers = await asyncio.gather(*(guess(number) for number in range(40)))
    assert answers.count("login_refused") == 5
    assert answers.count("account_locked") == 35


async def test_wrong_codes_lock_the_account_as_wrong_passwords_do(staff: Staff) -> None:
    worker = await staff.enrolled()
    step = await staff.begin(worker)
    for _ in range(5):
        with pytest.raises(SecondFactorRefused):
            await staff.second.answer(held(step), Answer(Factor.TOTP, staff.code(worker.totp, 100)), BROWSER)
    with pytest.raises(ChallengeExpired):
        await staff.second.answer(held(step), Answer(Factor.TOTP, staff.code(worker.totp)), BROWSER)
    with pytest.raises(AccountLocked):
        await staff.begin(worker)


async def test_a_password_is_hashed_anew_when_the_parameters_change(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "MEMORY_KIB", 8)
    old = Staff(staff.engine)
    worker = await old.enrolled()
    staff.clock.moment = old.clock.moment
    monkeypatch.undo()

    async def memory() -> int:
        async with staff.units_of_work.read() as unit:
            account = await unit.accounts.get(worker.key)
        assert account is not None
        assert account.password_hash is not None
        return argon2.extract_parameters(account.password_hash).memory_cost

    assert await memory() == 8
    with pytest.raises(LoginRefused):
        await Staff(staff.engine).passwords.begin(worker.name, "wrong", BROWSER)
    assert await memory() == 8
    fresh = Staff(staff.engine)
    fresh.clock.moment = staff.clock.moment
    await fresh.begin(worker)
    assert await memory() == 19456


async def test_the_loop_goes_on_while_passwords_are_hashed_and_few_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher, turns = Passwords(), 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await hasher.hash(PASSWORD)
    assert turns > 10
    monkeypatch.setattr(passwords, "MOST_WAITING", 3)
    tries = [asyncio.create_task(hasher.fits(PASSWORD, None)) for _ in range(10)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    counting.cancel()
    assert [one for one in answers if one is False] == [False] * 5
    assert {one.code for one in answers if isinstance(one, ShinsatsuError)} == {"too_busy"}
