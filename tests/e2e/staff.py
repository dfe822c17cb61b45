"""Somebody of the staff at a browser: the whole way from the setup link into the console, and back in."""

import itertools
from dataclasses import dataclass, field

import pyotp
from playwright.sync_api import CDPSession, Page, expect

from shinsatsu.domain.roles import WorkerRole
from tests.e2e.timed_clinic import TimedClinic

PASSWORD = "twelve quiet herons"
_NUMBERS = itertools.count(1)


@dataclass
class Staff:
    """A worker with a login name, and what they keep: password, app, recovery codes."""

    clinic: TimedClinic
    number: int
    name: str
    login_name: str
    setup_url: str
    secret: str = ""
    recovery_codes: list[str] = field(default_factory=list)

    def code(self) -> str:
        """What their app shows now."""
        return pyotp.TOTP(self.secret).at(self.clinic.clock.now())

    def next_code(self) -> str:
        """What it shows half a minute later: each code opens once."""
        self.clinic.clock.pass_time(seconds=30)
        return self.code()


def new_staff(clinic: TimedClinic, role: WorkerRole = WorkerRole.OPERATOR) -> Staff:
    number = next(_NUMBERS)
    name, login_name = f"受付 {number}", f"reception{number}"
    user_id, url = clinic.add_worker(name, role, login_name)
    return Staff(clinic, user_id, name, login_name, url)


def choose_password(page: Page, staff: Staff) -> None:
    page.goto(staff.setup_url)
    page.get_by_test_id("setup-password").fill(PASSWORD)
    page.get_by_test_id("setup-submit").click()


def set_up_with_app(page: Page, staff: Staff) -> None:
    """From the setup link to the recovery codes, which stay on the page."""
    choose_password(page, staff)
    page.get_by_test_id("enroll-totp").click()
    staff.secret = page.get_by_test_id("totp-secret").inner_text().replace(" ", "")
    page.get_by_test_id("totp-code").fill(staff.code())
    page.get_by_test_id("totp-confirm").click()
    keep_codes(page, staff)


def keep_codes(page: Page, staff: Staff) -> None:
    expect(page.get_by_test_id("recovery-codes").get_by_role("listitem")).to_have_count(10)
    staff.recovery_codes = page.get_by_test_id("recovery-codes").locator("code").all_inner_texts()


def go_on(page: Page) -> None:
    page.get_by_test_id("recovery-kept").check()
    page.get_by_test_id("recovery-done").click()
    expect(page.get_by_test_id("me")).to_be_visible()


def give_password(page: Page, staff: Staff, password: str = PASSWORD) -> None:
    page.get_by_test_id("login-name").fill(staff.login_name)
    page.get_by_test_id("login-password").fill(password)
    page.get_by_test_id("login-submit").click()


def give_code(page: Page, code: str, kind: str = "totp") -> None:
    page.get_by_test_id(f"login-{kind}").fill(code)
    page.get_by_test_id("second-factor-submit").click()


def expect_trouble(page: Page, name: str) -> None:
    """The login says what is wrong, by its own name for it."""
    expect(page.get_by_test_id("login-error")).to_have_attribute("data-trouble", name)


def open_console(page: Page, staff: Staff) -> None:
    """A new worker's first login, all the way."""
    set_up_with_app(page, staff)
    go_on(page)


def log_in_again(page: Page, staff: Staff) -> None:
    give_password(page, staff)
    give_code(page, staff.next_code())
    expect(page.get_by_test_id("me")).to_be_visible()


def virtual_authenticator(page: Page) -> CDPSession:
    """Chromium's own authenticator with a fingerprint that always fits."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session
