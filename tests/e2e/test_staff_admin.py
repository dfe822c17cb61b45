"""Administrators manage people, keys and webhooks at the console; everybody their own ways in."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from shinsatsu.domain.roles import WorkerRole
from tests.e2e.browser import Person
from tests.e2e.staff import (
    PASSWORD,
    expect_trouble,
    give_password,
    keep_codes,
    log_in_again,
    new_staff,
    open_console,
    virtual_authenticator,
)
from tests.e2e.timed_clinic import TimedClinic

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

NewPerson = Callable[..., Person]


@pytest.fixture
def clinic(staff_clinic: TimedClinic) -> TimedClinic:
    return staff_clinic


def test_an_administrator_adds_somebody_and_disables_them(clinic: TimedClinic, person: NewPerson) -> None:
    admin, page = new_staff(clinic, WorkerRole.ADMIN), person().page
    open_console(page, admin)
    page.get_by_test_id("account-menu").click()
    page.get_by_test_id("menu-people").click()
    page.get_by_test_id("add-user").click()
    page.get_by_test_id("save-user").click()
    expect(page.get_by_test_id("user-name")).to_be_focused()
    page.get_by_test_id("user-name").fill("新人 さくら")
    page.get_by_test_id("user-role").locator("[value=operator]").check()
    page.get_by_test_id("user-login-name").fill(admin.login_name)
    page.get_by_test_id("save-user").click()
    expect(page.get_by_test_id("user-login-name")).to_be_focused()
    page.get_by_test_id("user-login-name").fill("sakura")
    page.get_by_test_id("save-user").click()
    added = new_staff(clinic)
    added.login_name, added.setup_url = "sakura", page.get_by_test_id("user-setup-url").inner_text()
    page.get_by_test_id("secret-kept").click()
    row = page.get_by_test_id("user-row").filter(has_text="新人 さくら")
    expect(row).to_contain_text("設定待ち")

    other = person().page
    open_console(other, added)
    other.goto(f"{clinic.url}/console/people")
    expect(other.get_by_text("このページは管理者だけが開けます")).to_be_visible()
    page.get_by_test_id("people-search").fill("sakura")
    expect(page.get_by_test_id("user-row")).to_have_count(1)
    row.get_by_test_id("user-block").click()
    page.get_by_test_id("confirm").click()
    expect(row).to_contain_text("停止中")
    expect(other.get_by_test_id("logged-off")).to_have_attribute("data-reason", "blocked")
    give_password(other, added)
    expect_trouble(other, "refused")
    row.get_by_test_id("user-unblock").click()
    page.get_by_test_id("confirm").click()
    expect(row).not_to_contain_text("停止中")
    other.reload()
    log_in_again(other, added)


def test_keys_are_made_shown_once_and_revoked(clinic: TimedClinic, person: NewPerson) -> None:
    admin, page = new_staff(clinic, WorkerRole.ADMIN), person().page
    open_console(page, admin)
    page.goto(f"{clinic.url}/console/keys")
    page.get_by_test_id("add-key").click()
    page.get_by_test_id("key-name").fill("閲覧システム")
    page.get_by_label("診察の閲覧").check()
    page.get_by_test_id("make-key").click()
    secret = page.get_by_test_id("key-secret").inner_text()
    page.get_by_test_id("secret-kept").click()
    assert secret not in page.content()
    row = page.get_by_test_id("key-row").filter(has_text="閲覧システム")

    def asked(key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.get(f"{clinic.url}/api/video-sessions", headers=headers).status_code

    assert asked(secret) == 200
    row.get_by_test_id("key-rotate").click()
    page.get_by_test_id("confirm").click()
    rotated = page.get_by_test_id("key-secret").inner_text()
    page.get_by_test_id("secret-kept").click()
    assert (asked(secret), asked(rotated)) == (200, 200)
    expect(row).to_have_count(2)
    row.filter(has=page.get_by_test_id("key-rotate")).get_by_test_id("key-revoke").click()
    page.get_by_test_id("confirm").click()
    expect(row).to_have_count(1)
    assert (asked(secret), asked(rotated)) == (200, 401)


def test_webhooks_are_added_and_refused_inside_the_clinic(clinic: TimedClinic, person: NewPerson) -> None:
    admin, page = new_staff(clinic, WorkerRole.ADMIN), person().page
    open_console(page, admin)
    page.goto(f"{clinic.url}/console/keys")
    page.get_by_test_id("add-webhook").click()
    page.get_by_test_id("webhook-url").fill("https://192.168.0.10/hook")
    page.get_by_test_id("save-webhook").click()
    expect(page.get_by_test_id("webhook-url")).to_be_focused()
    page.get_by_test_id("webhook-url").fill("https://93.184.215.14/hook")
    page.get_by_test_id("save-webhook").click()
    assert page.get_by_test_id("webhook-secret").inner_text().startswith("whsec_")
    page.get_by_test_id("secret-kept").click()
    row = page.get_by_test_id("webhook-row")
    expect(row).to_have_count(1)
    row.get_by_test_id("webhook-remove").click()
    page.get_by_test_id("confirm").click()
    expect(row).to_have_count(0)


def test_ones_own_logins_password_and_factors(clinic: TimedClinic, person: NewPerson) -> None:
    staff, page, other = new_staff(clinic), person().page, person().page
    open_console(page, staff)
    other.goto(f"{clinic.url}/console")
    log_in_again(other, staff)
    page.goto(f"{clinic.url}/console/account")
    rows = page.get_by_test_id("own-login")
    expect(rows).to_have_count(2)
    rows.filter(has_not_text="この画面").get_by_test_id("end-login").click()
    expect(rows).to_have_count(1)
    expect(other.get_by_test_id("logged-off")).to_have_attribute("data-reason", "login-over")

    virtual_authenticator(page)
    expect(page.get_by_test_id("remove-totp")).to_have_count(0)
    page.get_by_test_id("add-passkey").click()
    page.get_by_test_id("current-password").fill("wrong words, all of them")
    page.get_by_test_id("password-confirm").click()
    expect(page.get_by_test_id("current-password")).to_have_attribute("aria-invalid", "true")
    page.get_by_test_id("current-password").fill(PASSWORD)
    page.get_by_test_id("password-confirm").click()
    expect(page.get_by_test_id("passkey-row")).to_have_count(1)
    page.get_by_test_id("remove-totp").click()
    page.get_by_test_id("current-password").fill(PASSWORD)
    page.get_by_test_id("password-confirm").click()
    expect(page.get_by_test_id("add-totp")).to_be_visible()
    page.get_by_test_id("renew-codes").click()
    page.get_by_test_id("current-password").fill(PASSWORD)
    page.get_by_test_id("password-confirm").click()
    before = staff.recovery_codes
    keep_codes(page, staff)
    assert not set(before) & set(staff.recovery_codes)
    page.get_by_test_id("recovery-kept").check()
    page.get_by_test_id("recovery-done").click()
    page.get_by_test_id("change-password").click()
    page.get_by_test_id("current-password").fill(PASSWORD)
    page.get_by_test_id("new-password").fill("thirteen loud herons")
    page.get_by_test_id("password-confirm").click()
    expect(page.get_by_text("パスワードを変更しました")).to_be_visible()
    page.get_by_test_id("log-out").click()
    give_password(page, staff)
    expect_trouble(page, "refused")
    give_password(page, staff, "thirteen loud herons")
    page.get_by_test_id("login-passkey").click()
    expect(page.get_by_test_id("me")).to_be_visible()
