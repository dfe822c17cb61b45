"""One's own account, and people whom administrators manage, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest

from tests.api.clinic import BASE_URL, Clinic, running_clinic, settings
from tests.api.staff_browser import ADMIN, PASSWORD, an_admin, browser, post, set_up
from tests.api.test_bad_input import assert_problem
from tests.api.test_console import feed_of
from tests.authenticator import Authenticator
from tests.realtime.test_websocket import Live, closed

NEW_PASSWORD = "a longer walk by the sea"


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with running_clinic(settings(tmp_path, None, console_links=True)) as running:
        yield running


async def test_a_login_name_hides_nothing(clinic: Clinic) -> None:
    admin = await an_admin(clinic)
    for name in [
        "ya\nmada",
        "yamada\r\nSet-Cookie: x=y",
        "\x00",
        "a b",
        "ya\u202emada",
        "\u200b",
        "ya\u200bmada",
        "x" * 101,
    ]:
        answer = await admin.send("POST", "/api/users", {"displayName": "x", "role": "doctor", "loginName": name})
        assert_problem(answer, 422, "invalid_request", "loginName")
        refused = await post(clinic, "password", loginName=name, password=PASSWORD)
        assert_problem(refused, 401, "login_refused")
        assert "set-cookie" not in refused.headers


async def test_names_are_one_in_any_case_width_and_script_form(clinic: Clinic) -> None:
    admin = await an_admin(clinic)
    for first, same in (("Yamada", "ｙａｍａｄａ"), ("山田", "山田"), ("Straße", "STRASSE"), ("か\u3099", "が")):
        body = {"displayName": "x", "role": "doctor"}
        added = await admin.send("POST", "/api/users", {**body, "loginName": first})
        assert added.status_code == 201, added.text
        taken = await admin.send("POST", "/api/users", {**body, "loginName": same})
        assert_problem(taken, 409, "login_name_taken", "loginName")


async def test_changing_the_password_ends_every_other_login(clinic: Clinic) -> None:
    first, _ = await set_up(clinic)
    step = (await post(clinic, "password", loginName="yamada", password=PASSWORD)).json()
    code = {"recoveryCode": first["recoveryCodes"][0]}
    second = (await post(clinic, "second-factor", challengeId=step["challengeId"], **code)).json()
    old, new = browser(clinic, first), browser(clinic, second)
    wrong = await new.send("POST", "/api/account/password", {"current": "wrong", "new": NEW_PASSWORD})
    assert_problem(wrong, 403, "forbidden")
    assert wrong.json()["reason"] == "wrong_password"
    weak = await new.send("POST", "/api/account/password", {"current": PASSWORD, "new": "short"})
    assert_problem(weak, 422, "password_too_weak", "new")
    done = await new.send("POST", "/api/account/password", {"current": PASSWORD, "new": NEW_PASSWORD})
    assert done.status_code == 204
    assert_problem(await old.send("GET", "/api/account"), 401, "unauthenticated")
    assert (await new.send("GET", "/api/account")).status_code == 200
    assert_problem(await post(clinic, "password", loginName="yamada", password=PASSWORD), 401, "login_refused")
    assert (await post(clinic, "password", loginName="yamada", password=NEW_PASSWORD)).status_code == 200


async def test_second_factors_are_added_and_the_last_one_stays(clinic: Clinic) -> None:
    first, _ = await set_up(clinic)
    mine, current = browser(clinic, first), {"current": PASSWORD}
    assert_problem(await mine.send("DELETE", "/api/account/totp", current), 409, "second_factor_required")
    early = await mine.send("POST", "/api/account/passkeys/confirm", {"name": "key", "credential": {}})
    assert_problem(early, 410, "challenge_expired")
    options = (await mine.send("POST", "/api/account/passkeys", current)).json()
    made = {"name": "key", "credential": Authenticator(BASE_URL).make(options)}
    added = await mine.send("POST", "/api/account/passkeys/confirm", made)
    assert (added.status_code, added.json()["name"], "recoveryCodes" in added.json()) == (201, "key", False)
    twice = await mine.send("POST", "/api/account/passkeys/confirm", made)
    assert_problem(twice, 410, "challenge_expired")
    assert (await mine.send("DELETE", "/api/account/totp", current)).status_code == 204
    assert_problem(await mine.send("DELETE", "/api/account/totp", current), 404, "not_found")
    passkey = f"/api/account/passkeys/{added.json()['id']}"
    assert_problem(await mine.send("DELETE", passkey, current), 409, "second_factor_required")
    assert [one["name"] for one in (await mine.send("GET", "/api/account")).json()["passkeys"]] == ["key"]
    offer = (await mine.send("POST", "/api/account/totp", current)).json()
    wrong = await mine.send("POST", "/api/account/totp/confirm", {"code": "000000"})
    assert_problem(wrong, 401, "second_factor_refused")
    code = {"code": pyotp.TOTP(offer["secret"]).now()}
    assert (await mine.send("POST", "/api/account/totp/confirm", code)).json() == {}
    assert (await mine.send("DELETE", passkey, current)).status_code == 204
    fresh = (await mine.send("POST", "/api/account/recovery-codes", current)).json()["recoveryCodes"]
    assert not set(fresh) & set(first["recoveryCodes"])


async def test_one_ends_ones_own_logins_and_nobody_elses(clinic: Clinic) -> None:
    (first, _), (other, _) = await set_up(clinic), await set_up(clinic, "suzuki")
    mine, theirs = browser(clinic, first), browser(clinic, other)
    assert_problem(await mine.send("DELETE", f"/api/logins/{other['login']['loginId']}"), 404, "not_found")
    assert (await theirs.send("GET", "/api/account")).status_code == 200
    assert (await mine.send("DELETE", f"/api/logins/{first['login']['loginId']}")).status_code == 204
    assert_problem(await mine.send("GET", "/api/logins"), 401, "unauthenticated")


async def test_administrators_change_reset_unlock_and_disable(clinic: Clinic) -> None:
    first, _ = await set_up(clinic)
    admin, mine = await an_admin(clinic), browser(clinic, first)
    me = first["login"]["userId"]
    assert me >= 1_000_000
    changed = await admin.send("PATCH", f"/api/users/worker/{me}", {"role": "operator", "loginName": "Yamada-K"})
    assert (changed.json()["role"], changed.json()["loginName"]) == ("operator", "Yamada-K")
    assert (await mine.send("GET", "/api/account")).json()["role"] == "operator"
    own = await admin.send("PATCH", f"/api/users/worker/{ADMIN}", {"role": "doctor"})
    assert (own.status_code, own.json()["reason"]) == (403, "own_account")
    taken = await admin.send("POST", "/api/users", {"displayName": "x", "role": "doctor", "userId": me})
    assert_problem(taken, 409, "user_exists", "userId")
    for _ in range(5):
        await post(clinic, "password", loginName="yamada-k", password="wrong")
    (shown,) = (await admin.send("GET", "/api/users?q=yamada-K")).json()["users"]
    assert (shown["lockedUntil"] is not None, shown["totp"], shown["setupPending"]) == (True, True, False)
    assert shown["lastLoginAt"] is not None
    assert (await admin.send("POST", f"/api/users/worker/{me}/unlock")).status_code == 204
    assert (await post(clinic, "password", loginName="yamada-k", password=PASSWORD)).status_code == 200
    setup = (await admin.send("POST", f"/api/users/worker/{me}/reset")).json()
    assert setup["setupUrl"].startswith(f"{BASE_URL}/console/setup#token=")
    assert_problem(await mine.send("GET", "/api/account"), 401, "unauthenticated")
    assert (await admin.send("POST", f"/api/users/worker/{me}/block", {})).status_code == 204
    token = setup["setupUrl"].partition("#token=")[2]
    assert_problem(await post(clinic, "setup", token=token, password=PASSWORD), 401, "setup_invalid")
    reset = await admin.send("POST", f"/api/users/worker/{me}/reset")
    assert (reset.status_code, reset.json()["reason"]) == (403, "account_blocked")
    nobody = await admin.send("POST", "/api/users/worker/4/reset")
    assert_problem(nobody, 404, "not_found", "loginName")


async def test_disabling_closes_the_console_and_the_call_at_once(live: Live) -> None:
    clinic = live.clinic
    first, _ = await set_up(clinic)
    admin, mine = await an_admin(clinic), browser(clinic, first)
    async with feed_of(live, mine) as stream:
        await stream.recv()
        blocked = await admin.send("POST", f"/api/users/worker/{first['login']['userId']}/block", {"blocked": True})
        assert blocked.status_code == 204
        code, _ = await closed(stream)
        assert code == 4401
    assert_problem(await mine.send("GET", "/api/account"), 401, "unauthenticated")
