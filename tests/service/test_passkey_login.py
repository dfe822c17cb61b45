"""Passkeys as a second factor: real signatures of a software authenticator, and everything wrong with them."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.accounts import Factor
from shinsatsu.domain.login_errors import (
    ChallengeExpired,
    SecondFactorRefused,
)
from shinsatsu.service.login_steps import Status
from shinsatsu.service.second_factor import Answer
from tests.authenticator import Authenticator
from tests.house import ORIGIN
from tests.staff import BROWSER, PASSWORD, Staff, held


@pytest.fixture
def staff(engine: AsyncEngine) -> Staff:
    return Staff(engine)


async def test_a_passkey_logs_in(staff: Staff) -> None:
    worker = await staff.with_passkey()
    step = await staff.begin(worker)
    assert step.methods == (Factor.PASSKEY, Factor.RECOVERY)
    assert step.passkey_options is not None
    assert step.passkey_options["rpId"] == "clinic.example"
    assert step.passkey_options["userVerification"] == "required"
    answer = Answer(Factor.PASSKEY, passkey=worker.passkey.sign(step.passkey_options))
    done = await staff.second.answer(held(step), answer, BROWSER)
    assert done.status is Status.DONE
    with pytest.raises(ChallengeExpired):
        await staff.second.answer(held(step), answer, BROWSER)
    again = await staff.begin(worker)
    with pytest.raises(SecondFactorRefused):  # replayed: signed for an earlier challenge
        await staff.second.answer(held(again), answer, BROWSER)


@pytest.mark.parametrize("wrong", ["origin", "rp", "unverified", "counter", "key", "unknown", "garbage", "challenge"])
async def test_a_passkey_that_proves_nothing_is_refused(staff: Staff, wrong: str) -> None:
    worker = await staff.with_passkey()
    first = await staff.begin(worker)
    assert first.passkey_options is not None
    good = Answer(Factor.PASSKEY, passkey=worker.passkey.sign(first.passkey_options))
    await staff.second.answer(held(first), good, BROWSER)
    step, mine = await staff.begin(worker), worker.passkey
    options = dict(step.passkey_options or {})
    stranger = Authenticator(ORIGIN)
    credential = {
        "origin": lambda: replace(mine, origin="https://evil.example").sign(options),
        "rp": lambda: mine.sign({**options, "rpId": "evil.example"}),
        "unverified": lambda: mine.sign(options, verified=False),
        "counter": lambda: mine.sign(options, counts=False),
        "key": lambda: replace(mine, key=stranger.key).sign(options),
        "unknown": lambda: stranger.sign(options),
        "garbage": lambda: {"id": mine.sign(options)["id"], "response": {"clientDataJSON": 7}, "x": ["\ud800"]},
        "challenge": lambda: mine.sign({**options, "challenge": "AAAA"}),
    }[wrong]()
    with pytest.raises(SecondFactorRefused):
        await staff.second.answer(held(step), Answer(Factor.PASSKEY, passkey=credential), BROWSER)
    with pytest.raises(SecondFactorRefused):  # and what was to be signed is not asked again
        await staff.second.answer(held(step), Answer(Factor.PASSKEY, passkey=mine.sign(options)), BROWSER)


@pytest.mark.parametrize("wrong", ["origin", "unverified", "challenge", "garbage"])
async def test_a_passkey_made_elsewhere_is_not_taken_in(staff: Staff, wrong: str) -> None:
    _, token = await staff.hire()
    step = await staff.passwords.set_up(token, PASSWORD, BROWSER)
    options = await staff.enrollment.offer_passkey(held(step))
    credential: dict[str, Any] = {
        "origin": Authenticator("https://evil.example").make(options),
        "unverified": Authenticator(ORIGIN).make(options, verified=False),
        "challenge": Authenticator(ORIGIN).make({**options, "challenge": "AAAA"}),
        "garbage": {"id": [], "response": None},
    }[wrong]
    with pytest.raises(SecondFactorRefused):
        await staff.enrollment.take_passkey(held(step), "phone", credential, BROWSER)
    assert "second_factor_added" not in await staff.noted()


async def test_a_passkey_that_does_not_count_is_taken_as_it_is(staff: Staff) -> None:
    worker = await staff.with_passkey()
    for _ in range(2):  # synchronised passkeys always say 0
        step = await staff.begin(worker)
        credential = worker.passkey.sign(step.passkey_options or {}, counts=False)
        done = await staff.second.answer(held(step), Answer(Factor.PASSKEY, passkey=credential), BROWSER)
        assert done.status is Status.DONE
