"""Staff log in over HTTP: cookies, codes and shapes, bad input that is refused, and what people do to their account."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest

from shinsatsu.store.engine import make_engine
from tests.api.asgi import InProcess
from tests.api.clinic import BASE_URL, Clinic, Json, running_clinic, settings
from tests.api.staff_browser import PASSWORD, browser, hire, post, set_up
from tests.api.test_bad_input import assert_problem
from tests.api.test_console import feed_of
from tests.authenticator import Authenticator
from tests.realtime.test_websocket import serving
from tests.staff import Staff


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with running_clinic(settings(tmp_path, None, console_links=True)) as running:
        yield running


async def test_from_the_setup_link_to_the_console(clinic: Clinic) -> None:
    assert (await clinic.http.get("/api/login/methods")).json() == {
        "password": True,
        "oidc": None,
        "consoleLinks": True,
        "secondFactorRequired": True,
    }
    added = await hire(clinic, licenceYear=2008, specialty="内科", userId=77)
    assert (added["userId"], added["setupPending"], added["totp"], added["passkeys"]) == (77, True, False, 0)
    assert added["setupUrl"].startswith(f"{BASE_URL}/console/setup#token=")
    token = added["setupUrl"].partition("#token=")[2]
    weak = await post(clinic, "setup", token=token, password="password1234")
    assert_problem(weak, 422, "password_too_weak", "password")
    step = await post(clinic, "setup", token=token, password=PASSWORD)
    assert step.json().keys() == {"status", "challengeId"}
    challenge = step.json()["challengeId"]
    cookie = {part.strip() for part in step.headers["set-cookie"].split(";")}
    assert {"HttpOnly", "SameSite=strict", "Path=/api/login", "Max-Age=300"} <= cookie
    assert any(part.startswith(f"shinsatsu_challenge_{challenge}=") for part in cookie)
    offer = (await post(clinic, "enroll/totp", challengeId=challenge)).json()
    assert offer.keys() == {"secret", "uri", "qr"}
    wrong = await post(clinic, "enroll/totp/confirm", challengeId=challenge, code="000000")
    assert_problem(wrong, 401, "second_factor_refused")
    done = await post(clinic, "enroll/totp/confirm", challengeId=challenge, code=pyotp.TOTP(offer["secret"]).now())
    assert done.json()["status"] == "done"
    assert len(done.json()["recoveryCodes"]) == 10
    login = done.json()["login"]
    assert (login["method"], login["idleTimeout"], login["displayName"]) == ("password", 900, "Dr yamada")
    assert f'shinsatsu_challenge_{challenge}=""' in done.headers["set-cookie"]
    mine = browser(clinic, done.json())
    assert (await mine.send("GET", "/api/video-sessions")).json() == {"sessions": []}
    listed = (await mine.send("GET", "/api/logins")).json()["logins"]
    assert [(one["browser"], one["address"], one["current"]) for one in listed] == [
        ("Firefox · Linux", "127.0.0.1", True)
    ]
    gone = await post(clinic, "setup", token=token, password=PASSWORD)
    assert_problem(gone, 401, "setup_invalid")


async def test_password_then_code_or_recovery_code(clinic: Clinic) -> None:
    first, secret = await set_up(clinic)
    step = (await post(clinic, "password", loginName="ＹＡＭＡＤＡ", password=PASSWORD)).json()
    assert (step["status"], step["methods"]) == ("second_factor", ["totp", "recovery"])
    reused = await post(clinic, "second-factor", challengeId=step["challengeId"], totp=pyotp.TOTP(secret).now())
    assert_problem(reused, 401, "second_factor_refused")
    code = first["recoveryCodes"][0]
    done = await post(clinic, "second-factor", challengeId=step["challengeId"], recoveryCode=code)
    assert (done.json()["status"], done.json()["recoveryCodesLeft"]) == ("done", 9)
    assert done.json()["login"]["loginId"] != first["login"]["loginId"]
    again = await post(clinic, "second-factor", challengeId=step["challengeId"], recoveryCode=code)
    assert_problem(again, 410, "challenge_expired")


async def test_a_challenge_opens_nothing_without_its_cookie(clinic: Clinic) -> None:
    first, _ = await set_up(clinic)
    step = (await post(clinic, "password", loginName="yamada", password=PASSWORD)).json()
    body = {"challengeId": step["challengeId"], "recoveryCode": first["recoveryCodes"][0]}
    name = f"shinsatsu_challenge_{step['challengeId']}"
    clinic.http.cookies.delete(name)
    for cookie in ({}, {"cookie": f"{name}=stolen"}, {"cookie": f"shinsatsu_challenge_x={'x' * 43}"}):
        answer = await clinic.http.post("/api/login/second-factor", json=body, headers=cookie)
        assert_problem(answer, 410, "challenge_expired")


async def test_a_passkey_from_enrolling_to_logging_in(clinic: Clinic) -> None:
    token = (await hire(clinic))["setupUrl"].partition("#token=")[2]
    challenge = (await post(clinic, "setup", token=token, password=PASSWORD)).json()["challengeId"]
    options = (await post(clinic, "enroll/passkey", challengeId=challenge)).json()
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["user"]["name"] == "yamada"
    foreign = Authenticator("https://evil.example").make(options)
    refused = await post(clinic, "enroll/passkey/confirm", challengeId=challenge, name="phone", credential=foreign)
    assert_problem(refused, 401, "second_factor_refused")
    options = (await post(clinic, "enroll/passkey", challengeId=challenge)).json()
    phone = Authenticator(BASE_URL)
    made = {"challengeId": challenge, "name": "my phone", "credential": phone.make(options)}
    done = (await post(clinic, "enroll/passkey/confirm", **made)).json()
    assert done["status"] == "done"
    account = (await browser(clinic, done).send("GET", "/api/account")).json()
    assert [one["name"] for one in account["passkeys"]] == ["my phone"]
    assert (account["totp"], account["recoveryCodesLeft"], account["loginName"]) == (False, 10, "yamada")
    step = (await post(clinic, "password", loginName="yamada", password=PASSWORD)).json()
    assert step["methods"] == ["passkey", "recovery"]
    evil = Authenticator("https://evil.example", phone.key, phone.credential_id, 5)
    forged = evil.sign(step["passkeyOptions"])
    answer = await post(clinic, "second-factor", challengeId=step["challengeId"], passkey=forged)
    assert_problem(answer, 401, "second_factor_refused")
    step = (await post(clinic, "password", loginName="yamada", password=PASSWORD)).json()
    signed = phone.sign(step["passkeyOptions"])
    done = (await post(clinic, "second-factor", challengeId=step["challengeId"], passkey=signed)).json()
    assert done["status"] == "done"


async def test_refusals_say_the_same_and_locks_say_how_long(clinic: Clinic) -> None:
    await set_up(clinic)
    said = set()
    for name in ("yamada", "nobody"):
        answer = await post(clinic, "password", loginName=name, password="a wrong password")
        assert_problem(answer, 401, "login_refused")
        problem = answer.json()
        said.add(json.dumps({key: value for key, value in problem.items() if key != "requestId"}))
    assert len(said) == 1
    for name in ("yamada", "nobody"):
        for _ in range(4):
            await post(clinic, "password", loginName=name, password="a wrong password")
        answer = await post(clinic, "password", loginName=name, password=PASSWORD)
        assert_problem(answer, 429, "account_locked")
        assert 1 <= int(answer.headers["retry-after"]) <= 60


async def test_ten_thousand_random_passwords_and_codes_get_nowhere(sqlite_path: Path) -> None:
    engine = make_engine(f"sqlite:///{sqlite_path}")
    staff = Staff(engine)
    step, seen = await staff.begin(await staff.enrolled()), Counter[tuple[int, str]]()
    assert step.challenge is not None
    cookie = {"cookie": f"shinsatsu_challenge_{step.challenge.id}={step.challenge_secret}"}
    app, dice = InProcess(staff, login_rate="60/minute"), random.Random(4)
    for number in range(10_000):
        if number % 2:
            body = {"challengeId": step.challenge.id, "totp": f"{dice.randrange(10**6):06}"}
            answer = await app.request("POST", "/api/login/second-factor", "", cookie, body)
        else:
            body = {"loginName": f"name {number % 7}", "password": f"{dice.getrandbits(96):x}"}
            answer = await app.request("POST", "/api/login/password", "", {}, body)
        seen[answer.status, answer.json().get("code", "in")] += 1
    await app.stop()
    await engine.dispose()
    assert set(seen) <= {
        (401, "login_refused"),
        (401, "second_factor_refused"),
        (410, "challenge_expired"),
        (429, "account_locked"),
        (429, "rate_limited"),
    }
    assert sum(count for (_, code), count in seen.items() if code != "rate_limited") <= 240  # a few minutes' worth
    assert seen[401, "second_factor_refused"] <= 5


UNFIT: list[tuple[str, Json, str | None]] = [
    ("password", {"loginName": "x" * 201, "password": "x"}, "loginName"),
    ("password", {"loginName": "x", "password": "x" * 1025}, "password"),
    ("password", {"loginName": "", "password": "x"}, "loginName"),
    ("password", {"loginName": 7, "password": "x"}, "loginName"),
    ("password", {"loginName": "\ud800", "password": "x"}, "loginName"),
    ("password", {"loginName": "x", "password": "\udfff"}, "password"),
    ("setup", {"token": "x" * 257, "password": "x"}, "token"),
    ("second-factor", {"challengeId": "../x", "totp": "000000"}, "challengeId"),
    ("second-factor", {"challengeId": "x", "totp": "１２３４５６"}, "totp"),
    ("second-factor", {"challengeId": "x", "totp": "12345"}, "totp"),
    ("second-factor", {"challengeId": "x"}, None),
    ("second-factor", {"challengeId": "x", "totp": "123456", "recoveryCode": "y"}, None),
    ("second-factor", {"challengeId": "x", "recoveryCode": "y" * 65}, "recoveryCode"),
    ("enroll/passkey/confirm", {"challengeId": "x", "name": "a\nb", "credential": {}}, "name"),
    ("enroll/passkey/confirm", {"challengeId": "x", "name": "a", "credential": []}, "credential"),
]


async def test_what_does_not_fit_is_named(clinic: Clinic) -> None:
    for path, body, field in UNFIT:
        headers = {"content-type": "application/json"}
        answer = await clinic.http.post(f"/api/login/{path}", content=json.dumps(body), headers=headers)
        assert_problem(answer, 422, "invalid_request", field)


async def test_a_login_left_alone_ends_and_its_console_hears_why(tmp_path: Path) -> None:
    configured = settings(tmp_path, None, console_links=True, login_idle=1.5)
    async with serving(configured) as live:
        first, _ = await set_up(live.clinic)
        mine = browser(live.clinic, first)
        async with feed_of(live, mine) as stream:
            await stream.recv()
            for _ in range(4):
                await asyncio.sleep(0.5)  # real time: a second and more, as the server itself counts it
                assert (await mine.send("POST", "/api/logins/current/activity")).status_code == 204
            async with asyncio.timeout(10):
                await stream.wait_closed()
            assert (stream.close_code, stream.close_reason) == (4401, "idle")
        answer = await mine.send("GET", "/api/account")
        assert_problem(answer, 401, "login_expired")
        assert answer.json()["reason"] == "idle"


async def test_what_a_page_asks_by_itself_keeps_no_login_alive(tmp_path: Path) -> None:
    async with running_clinic(settings(tmp_path, None, console_links=True)) as clinic:
        first, _ = await set_up(clinic)
        mine = browser(clinic, first)

        async def seen() -> str:
            return str((await mine.send("GET", "/api/logins")).json()["logins"][0]["lastSeenAt"])

        headers = {**mine.headers, "Shinsatsu-Background": "1"}
        before = await seen()
        assert (await clinic.http.get("/api/logins", headers=headers)).status_code == 200
        assert await seen() == before


async def test_every_answer_is_documented(clinic: Clinic) -> None:
    paths = (await clinic.http.get("/openapi.json")).json()["paths"]
    for path, statuses in (
        ("/api/login/password", {"200", "401", "422", "429", "503"}),
        ("/api/login/setup", {"200", "401", "410", "422", "429", "503"}),
        ("/api/login/second-factor", {"200", "401", "410", "422", "429"}),
        ("/api/login/enroll/totp/confirm", {"200", "401", "410", "422", "429"}),
        ("/api/account/password", {"204", "401", "403", "422", "429"}),
        ("/api/account/passkeys/confirm", {"201", "401", "410", "422", "429"}),
        ("/api/users", {"201", "401", "403", "409", "422"}),
    ):
        missing = statuses - paths[path]["post"]["responses"].keys()
        assert not missing, f"{path}: {missing}"
