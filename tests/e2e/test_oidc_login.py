"""Staff log in by the clinic's own OpenID Connect provider: the certified `oidc-provider`, in Chromium."""

import re
import socket
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Person
from tests.e2e.staff import expect_trouble
from tests.e2e.test_accessibility import findings
from tests.e2e.timed_clinic import TimedClinic, timed_clinic
from tests.oidc.provider import provider

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

NewPerson = Callable[..., Person]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimedClinic]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    callback = f"http://localhost:{port}/api/login/oidc/callback"
    folder = tmp_path_factory.mktemp("oidc")
    with (
        provider([callback]) as running,
        timed_clinic(folder, "localhost", port, login_rate="6000/minute", **running.settings) as one,
    ):
        yield one


def log_in_there(page: Page, account: str) -> None:
    """At the provider's own pages: who one is, and that one agrees."""
    page.locator("[name=login]").fill(account)
    page.locator("[name=password]").fill("any")
    page.locator("[type=submit]").click()
    page.locator("[type=submit]").click()


def test_the_provider_lets_in_and_brings_back_to_the_page(clinic: TimedClinic, person: NewPerson) -> None:
    page = person().page
    page.goto(f"{clinic.url}/console/account")
    expect(page.get_by_test_id("login-oidc")).to_contain_text("Clinic directory")
    assert findings(page) == [], "the login with a provider"
    page.get_by_test_id("login-oidc").click()
    log_in_there(page, "operator")
    expect(page.get_by_test_id("me")).to_contain_text("受付 一子")
    assert page.url == f"{clinic.url}/console/account"
    expect(page.get_by_test_id("own-logins")).to_contain_text("認証サービス")
    expect(page.get_by_test_id("change-password")).to_have_count(0)
    assert findings(page) == [], "an account of the provider's"


def test_the_role_comes_from_the_provider(clinic: TimedClinic, person: NewPerson) -> None:
    page = person().page
    page.goto(f"{clinic.url}/console/people")
    page.get_by_test_id("login-oidc").click()
    log_in_there(page, "admin")
    expect(page.get_by_test_id("user-row").filter(has_text="管理 二郎")).to_be_visible()


def test_somebody_without_a_role_is_told_so(clinic: TimedClinic, person: NewPerson) -> None:
    page = person().page
    page.goto(f"{clinic.url}/console")
    page.get_by_test_id("login-oidc").click()
    log_in_there(page, "cleaner")
    expect_trouble(page, "oidc_claims")
    assert "loginError" not in page.url
    assert findings(page) == [], "refused"
    page.reload()
    expect(page.get_by_test_id("login-oidc")).to_be_visible()
    expect(page.get_by_test_id("login-error")).to_have_count(0)


def test_whoever_turns_back_at_the_provider_is_told_so(clinic: TimedClinic, person: NewPerson) -> None:
    page = person().page
    page.goto(f"{clinic.url}/console")
    page.get_by_test_id("login-oidc").click()
    page.get_by_text(re.compile("cancel", re.IGNORECASE)).click()
    expect_trouble(page, "oidc_refused")


def test_an_answer_that_nobody_asked_for_opens_nothing(clinic: TimedClinic, person: NewPerson) -> None:
    page = person().page
    page.goto(f"{clinic.url}/api/login/oidc/callback?code=stolen&state=made-up")
    expect_trouble(page, "oidc_state")
    page.goto(f"{clinic.url}/console?loginError=<b>injected</b>")
    expect_trouble(page, "oidc_refused")
    assert "injected" not in page.content()
