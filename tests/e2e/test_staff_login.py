"""Staff get in by password and app, recovery code or passkey, are refused when they should be, and are logged off."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Person
from tests.e2e.conftest import PHONE
from tests.e2e.staff import (
    choose_password,
    expect_trouble,
    give_code,
    give_password,
    go_on,
    keep_codes,
    log_in_again,
    new_staff,
    open_console,
    set_up_with_app,
    virtual_authenticator,
)
from tests.e2e.timed_clinic import TimedClinic

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

NewPerson = Callable[..., Person]


@pytest.fixture
def clinic(staff_clinic: TimedClinic) -> TimedClinic:
    return staff_clinic


def test_from_the_setup_link_to_the_console_by_password_and_app(clinic: TimedClinic, person: NewPerson) -> None:
    staff, page = new_staff(clinic), person(**PHONE).page
    set_up_with_app(page, staff)
    assert "token" not in page.evaluate("location.href")
    assert len(set(staff.recovery_codes)) == 10
    page.get_by_test_id("recovery-done").click()
    expect(page.get_by_test_id("recovery-codes")).to_be_visible()
    go_on(page)
    assert page.url == f"{clinic.url}/console"
    page.reload()
    expect(page.get_by_test_id("me")).to_contain_text(staff.name)
    page.get_by_test_id("log-out").click()
    expect(page.get_by_test_id("logged-off")).to_be_visible()
    log_in_again(page, staff)


def test_a_setup_link_works_once(clinic: TimedClinic, person: NewPerson) -> None:
    staff, page = new_staff(clinic), person().page
    choose_password(page, staff)
    expect(page.get_by_test_id("enroll-totp")).to_be_visible()
    other = person().page
    choose_password(other, staff)
    expect_trouble(other, "setup")


def test_a_weak_password_is_said_to_be_weak(clinic: TimedClinic, person: NewPerson) -> None:
    staff, page = new_staff(clinic), person().page
    page.goto(staff.setup_url)
    page.reload()
    for weak in ("short", "password1234", f"my {staff.login_name} 123"):
        page.get_by_test_id("setup-password").fill(weak)
        page.get_by_test_id("setup-submit").click()
        expect_trouble(page, "weak")
        expect(page.get_by_test_id("setup-password")).to_be_focused()


def test_wrong_and_used_codes_are_refused(clinic: TimedClinic, person: NewPerson) -> None:
    staff, page = new_staff(clinic), person().page
    open_console(page, staff)
    page.get_by_test_id("log-out").click()
    give_password(page, staff, "another quiet heron")
    expect_trouble(page, "refused")
    expect(page.get_by_test_id("login-password")).to_be_focused()
    give_password(page, staff)
    expect(page.get_by_test_id("login-totp")).to_be_focused()
    used = staff.next_code()
    give_code(page, str((int(used) + 1) % 1_000_000).zfill(6))
    expect_trouble(page, "code")
    give_code(page, used)
    expect(page.get_by_test_id("me")).to_be_visible()
    page.get_by_test_id("log-out").click()
    give_password(page, staff)
    give_code(page, used)
    expect_trouble(page, "code")
    assert page.evaluate("async () => (await (await fetch('/api/console/logins')).json()).logins") == []
    give_code(page, staff.next_code())
    expect(page.get_by_test_id("me")).to_be_visible()


def test_a_recovery_code_lets_in_once(clinic: TimedClinic, person: NewPerson) -> None:
    staff, page = new_staff(clinic), person().page
    open_console(page, staff)
    page.get_by_test_id("log-out").click()
    give_password(page, staff)
    page.get_by_test_id("login-recovery-instead").click()
    give_code(page, staff.recovery_codes[0].upper(), "recovery")
    expect(page.get_by_test_id("me")).to_be_visible()
    page.get_by_test_id("log-out").click()
    give_password(page, staff)
    page.get_by_test_id("login-recovery-instead").click()
    give_code(page, staff.recovery_codes[0], "recovery")
    expect_trouble(page, "code")
    give_code(page, staff.recovery_codes[1], "recovery")
    expect(page.get_by_test_id("me")).to_be_visible()


def test_a_passkey_is_set_up_and_lets_in(clinic: TimedClinic, person: NewPerson) -> None:
    staff, page = new_staff(clinic), person().page
    authenticator = virtual_authenticator(page)
    choose_password(page, staff)
    page.get_by_test_id("enroll-passkey").click()
    page.get_by_test_id("passkey-name").fill("受付のパソコン")
    page.get_by_test_id("passkey-make").click()
    keep_codes(page, staff)
    go_on(page)
    page.get_by_test_id("log-out").click()
    give_password(page, staff)
    page.get_by_test_id("login-passkey").click()
    expect(page.get_by_test_id("me")).to_be_visible()
    page.get_by_test_id("account-menu").click()
    page.get_by_test_id("menu-account").click()
    expect(page.get_by_test_id("passkey-row")).to_contain_text("受付のパソコン")
    expect(page.get_by_test_id("remove-passkey")).to_have_count(0)
    authenticator.detach()


def test_too_many_wrong_passwords_lock_the_account_for_a_while(clinic: TimedClinic, person: NewPerson) -> None:
    staff, page = new_staff(clinic), person().page
    open_console(page, staff)
    page.get_by_test_id("log-out").click()
    for _ in range(5):
        give_password(page, staff, "not the right words")
        expect(page.get_by_test_id("login-submit")).to_have_attribute("aria-disabled", "false")
    give_password(page, staff)
    expect_trouble(page, "locked")
    expect(page.get_by_test_id("login-error")).to_contain_text(re.compile(r"あと\d+(秒|分)"))
    clinic.clock.pass_time(minutes=2)
    log_in_again(page, staff)


def test_whoever_leaves_is_logged_off_over_a_cleared_list(clinic: TimedClinic, person: NewPerson) -> None:
    staff, page = new_staff(clinic), person().page
    open_console(page, staff)
    session_id = clinic.book(81_001, admission="staff")
    patient = person(**PHONE)
    patient.enter(clinic.link(session_id, "patient", 81_001))
    page.goto(f"{clinic.url}/console/sessions/{session_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("試験 花子")
    clinic.clock.pass_time(minutes=16)
    expect(page.get_by_test_id("logged-off")).to_have_attribute("data-reason", "logged-off", timeout=15_000)
    assert "試験 花子" not in page.content()
    assert "試験" not in page.title()
    expect(page.get_by_test_id("login-name")).to_have_value("")
    log_in_again(page, staff)
    expect(page.get_by_role("heading", level=1)).to_have_text("試験 花子")


def test_the_console_warns_before_it_logs_off_by_itself(clinic: TimedClinic, person: NewPerson) -> None:
    staff, page = new_staff(clinic), person().page
    open_console(page, staff)
    page.clock.install()
    page.reload()
    expect(page.get_by_test_id("live")).to_be_visible()
    page.clock.fast_forward("14:10")
    expect(page.get_by_test_id("idle-warning")).to_be_visible()
    with page.expect_response(re.compile("/api/logins/current/activity")) as told:
        page.get_by_test_id("stay-logged-in").click()
    assert told.value.status == 204
    expect(page.get_by_test_id("idle-warning")).to_have_count(0)
    page.clock.fast_forward("15:10")
    expect(page.get_by_test_id("logged-off")).to_have_attribute("data-reason", "logged-off")
    page.reload()
    expect(page.get_by_test_id("login-name")).to_be_visible()
