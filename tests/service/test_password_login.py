"""Logging in by name: every way that leads in, every one that does not, and what is written of it."""

import asyncio
import logging
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.accounts import Factor, LoginRules
from shinsatsu.domain.credentials import LoginMethod
from shinsatsu.domain.errors import Unauthenticated
from shinsatsu.domain.login_errors import (
    ChallengeExpired,
    LoginRefused,
    PasswordTooWeak,
    SecondFactorRefused,
    SetupExpired,
    SetupInvalid,
)
from shinsatsu.service.login_steps import Status
from shinsatsu.service.people import COMMAND_LINE
from shinsatsu.service.second_factor import Answer
from tests.staff import BROWSER, NAME, PASSWORD, Staff, held


@pytest.fixture
def staff(engine: AsyncEngine) -> Staff:
    return Staff(engine)


async def test_a_setup_link_leads_to_a_password_an_app_and_a_login(staff: Staff) -> None:
    key, token = await staff.hire()
    step = await staff.passwords.set_up(token, PASSWORD, BROWSER)
    assert (step.status, step.opened) == (Status.ENROLL, None)
    offer = await staff.enrollment.offer_totp(held(step))
    assert offer.uri.startswith("otpauth://totp/clinic:yamada?secret=")
    assert offer.qr.startswith("<svg")
    with pytest.raises(SecondFactorRefused):
        await staff.enrollment.take_totp(held(step), staff.code(offer.secret, 5), BROWSER)
    done = await staff.enrollment.take_totp(held(step), staff.code(offer.secret), BROWSER)
    assert done.opened is not None
    assert (done.status, len(set(done.recovery_codes))) == (Status.DONE, 10)
    login = await staff.logins.login(done.opened.secret, done.opened.login.id)
    assert (login.user.key, login.method, login.browser) == (key, LoginMethod.PASSWORD, BROWSER)
    with pytest.raises(ChallengeExpired):
        await staff.enrollment.take_totp(held(step), staff.code(offer.secret, 1), BROWSER)
    assert await staff.noted() == [
        "user_added",
        "password_set",
        "second_factor_refused not_enrolled",
        "second_factor_added",
        "recovery_codes_made",
        "login_succeeded",
        "second_factor_refused unknown_challenge",
    ]


@pytest.mark.parametrize(
    ("weak", "why"),
    [
        ("elevenchars", "12 to 128"),
        ("x" * 129, "12 to 128"),
        ("PassWord1234", "first that anybody tries"),
        ("abababababab", "first that anybody tries"),
        ("ｐａｓｓｗｏｒｄ１２３４", "first that anybody tries"),
        ("my name is YAMADA", "login name"),
        ("my name is ＹＡＭＡＤＡ", "login name"),
    ],
)
async def test_a_weak_password_is_refused_and_the_link_stays_good(staff: Staff, weak: str, why: str) -> None:
    _, token = await staff.hire()
    with pytest.raises(PasswordTooWeak, match=why) as refused:
        await staff.passwords.set_up(token, weak, BROWSER)
    assert refused.value.field == "password"
    assert (await staff.passwords.set_up(token, "ひらがなだけでも十二文字なら", BROWSER)).status is Status.ENROLL


async def test_a_setup_link_opens_once_in_its_time_and_not_for_a_disabled_account(staff: Staff) -> None:
    key, token = await staff.hire()
    await staff.passwords.set_up(token, PASSWORD, BROWSER)
    for wrong in (token, token[:-1], "", "x" * 256):
        with pytest.raises(SetupInvalid):
            await staff.passwords.set_up(wrong, PASSWORD, BROWSER)
    fresh = await staff.people.reset(COMMAND_LINE, key)
    staff.clock.moment = fresh.expires_at
    with pytest.raises(SetupExpired):
        await staff.passwords.set_up(fresh.token, PASSWORD, BROWSER)
    fresh = await staff.people.reset(COMMAND_LINE, key)
    await staff.accounts.disable(COMMAND_LINE, key)
    with pytest.raises(SetupInvalid):
        await staff.passwords.set_up(fresh.token, PASSWORD, BROWSER)
    await staff.accounts.enable(COMMAND_LINE, key)
    with pytest.raises(SetupInvalid):
        await staff.passwords.set_up(fresh.token, PASSWORD, BROWSER)


@pytest.mark.parametrize("typed", ["yamada", "YAMADA", "ｙａｍａｄａ", " Yamada "])
async def test_a_name_is_the_same_in_any_case_and_width(staff: Staff, typed: str) -> None:
    worker = await staff.enrolled()
    step = await staff.begin(replace(worker, name=typed))
    assert (step.status, step.methods) == (Status.SECOND_FACTOR, (Factor.TOTP, Factor.RECOVERY))


async def test_a_password_fits_however_it_is_composed(staff: Staff) -> None:
    _, token = await staff.hire()
    await staff.passwords.set_up(token, "がぎぐげごﾊﾟｽﾜｰﾄﾞです", BROWSER)
    for typed in ("か\u3099き\u3099く\u3099け\u3099こ\u3099パスワードです", "がぎぐげごパスワードです"):
        assert (await staff.passwords.begin(NAME, typed, BROWSER)).status is Status.ENROLL


async def test_a_code_counts_once_and_one_step_beside_at_most(staff: Staff) -> None:
    worker = await staff.enrolled()
    code = staff.code(worker.totp)
    step = await staff.begin(worker)
    for wrong in (staff.code(worker.totp, 2), staff.code(worker.totp, -2)):
        with pytest.raises(SecondFactorRefused):
            await staff.second.answer(held(step), Answer(Factor.TOTP, wrong), BROWSER)
    await staff.second.answer(held(step), Answer(Factor.TOTP, code), BROWSER)
    again = await staff.begin(worker)
    with pytest.raises(SecondFactorRefused):
        await staff.second.answer(held(again), Answer(Factor.TOTP, code), BROWSER)
    with pytest.raises(SecondFactorRefused):  # older than the one that was used, although near enough
        await staff.second.answer(held(again), Answer(Factor.TOTP, staff.code(worker.totp, -1)), BROWSER)
    done = await staff.second.answer(held(again), Answer(Factor.TOTP, staff.code(worker.totp, 1)), BROWSER)
    assert done.status is Status.DONE


async def test_a_recovery_code_opens_once_and_only_its_own_account(staff: Staff) -> None:
    worker, other = await staff.enrolled(), await staff.enrolled("suzuki")
    step = await staff.begin(worker)
    with pytest.raises(SecondFactorRefused):
        await staff.second.answer(held(step), Answer(Factor.RECOVERY, other.codes[0]), BROWSER)
    typed = worker.codes[3].upper().replace("-", " ")
    done = await staff.second.answer(held(step), Answer(Factor.RECOVERY, typed), BROWSER)
    assert (done.status, done.recovery_codes_left) == (Status.DONE, 9)
    again = await staff.begin(worker)
    with pytest.raises(SecondFactorRefused):
        await staff.second.answer(held(again), Answer(Factor.RECOVERY, worker.codes[3]), BROWSER)


async def test_a_challenge_belongs_to_one_browser_for_five_minutes(staff: Staff) -> None:
    worker, other = await staff.enrolled(), await staff.enrolled("suzuki")
    step, others = await staff.begin(worker), await staff.begin(other)
    good = Answer(Factor.TOTP, staff.code(worker.totp))
    mine = held(step)
    for stolen in (replace(mine, secret=""), replace(mine, secret="x"), replace(mine, secret=held(others).secret)):
        with pytest.raises(ChallengeExpired):
            await staff.second.answer(stolen, good, BROWSER)
    with pytest.raises(ChallengeExpired):
        await staff.enrollment.offer_totp(mine)
    staff.clock.pass_time(minutes=5)
    with pytest.raises(ChallengeExpired):
        await staff.second.answer(mine, Answer(Factor.TOTP, staff.code(worker.totp)), BROWSER)


async def test_a_disabled_accounts_challenge_is_dead(staff: Staff) -> None:
    worker = await staff.enrolled()
    step = await staff.begin(worker)
    await staff.accounts.disable(COMMAND_LINE, worker.key)
    with pytest.raises(ChallengeExpired):
        await staff.second.answer(held(step), Answer(Factor.TOTP, staff.code(worker.totp)), BROWSER)
    await staff.accounts.enable(COMMAND_LINE, worker.key)
    with pytest.raises(ChallengeExpired):
        await staff.second.answer(held(step), Answer(Factor.TOTP, staff.code(worker.totp)), BROWSER)


async def test_two_answers_at_once_make_one_login(staff: Staff) -> None:
    worker = await staff.enrolled()
    step = await staff.begin(worker)
    codes = [staff.code(worker.totp), staff.code(worker.totp, 1)]
    answers = await asyncio.gather(
        *(staff.second.answer(held(step), Answer(Factor.TOTP, code), BROWSER) for code in codes),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in answers) == ["ChallengeExpired", "Step"]


async def test_each_login_has_an_id_and_a_secret_of_its_own(staff: Staff) -> None:
    worker = await staff.enrolled()
    opened = [(await staff.log_in(worker)).opened for _ in range(3)]
    assert len({one.login.id for one in opened if one}) == 3
    assert len({one.secret for one in opened if one}) == 3
    assert all(one is not None and len(one.secret) >= 43 for one in opened)


async def test_where_no_second_factor_is_required_a_password_is_enough(engine: AsyncEngine) -> None:
    staff = Staff(engine, LoginRules(second_factor_required=False))
    _, token = await staff.hire()
    assert (await staff.passwords.set_up(token, PASSWORD, BROWSER)).status is Status.DONE
    step = await staff.passwords.begin(NAME, PASSWORD, BROWSER)
    assert step.opened is not None
    assert (await staff.logins.login(step.opened.secret, step.opened.login.id)).user.display_name == "Dr yamada"


async def test_nothing_secret_is_in_the_database_or_the_log(
    staff: Staff, engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "shinsatsu")
    worker = await staff.enrolled()
    step = await staff.begin(worker)
    done = await staff.second.answer(held(step), Answer(Factor.RECOVERY, worker.codes[0]), BROWSER)
    assert done.opened is not None
    with pytest.raises(LoginRefused):
        await staff.passwords.begin("my password typed here", "wrong", BROWSER)
    tables = ("accounts", "passkeys", "recovery_codes", "login_challenges", "login_attempts", "logins")
    async with engine.connect() as connection:
        rows = [
            str(row)
            for table in (*tables, "security_events")
            for row in await connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - names above
        ]
    secrets = (worker.password, worker.totp, *worker.codes, step.challenge_secret, done.opened.secret, "my password")
    for secret in secrets:
        assert not any(secret in row for row in rows), secret
        assert secret not in caplog.text


async def test_a_sealed_secret_opens_nothing_in_anothers_row(staff: Staff, engine: AsyncEngine) -> None:
    worker, thief = await staff.enrolled(), await staff.enrolled("suzuki")
    async with engine.begin() as connection:
        theirs = "(SELECT totp_sealed FROM accounts WHERE user_id = :thief)"
        moved = text(f"UPDATE accounts SET totp_sealed = {theirs} WHERE user_id = :victim")  # noqa: S608
        await connection.execute(moved, {"thief": thief.key[1], "victim": worker.key[1]})
    step = await staff.begin(worker)
    with pytest.raises(SecondFactorRefused):
        await staff.second.answer(held(step), Answer(Factor.TOTP, staff.code(thief.totp)), BROWSER)


async def test_an_old_login_is_no_way_around_a_reset(staff: Staff) -> None:
    worker = await staff.enrolled()
    opened = (await staff.log_in(worker)).opened
    step = await staff.begin(worker)
    assert opened is not None
    await staff.people.reset(COMMAND_LINE, worker.key)
    with pytest.raises(Unauthenticated):
        await staff.logins.login(opened.secret, opened.login.id)
    with pytest.raises(ChallengeExpired):
        await staff.second.answer(held(step), Answer(Factor.RECOVERY, worker.codes[0]), BROWSER)
    with pytest.raises(LoginRefused):
        await staff.begin(worker)
