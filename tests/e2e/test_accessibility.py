"""axe (WCAG 2.2 AA) finds nothing on any page and state, in both languages, light and dark, desktop and phone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from shinsatsu.domain.roles import WorkerRole
from tests.e2e.browser import Person
from tests.e2e.clinic import Appointment, Clinic
from tests.e2e.conftest import PHONE
from tests.e2e.staff import choose_password, give_password, go_on, new_staff, set_up_with_app
from tests.e2e.timed_clinic import TimedClinic
from tests.e2e.waypoints import answer_birth_date, invite

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

AXE = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"
RUN = """
async () => (await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }))
  .violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).slice(0, 3).join(' | ')}`)
"""

NARROW = {**PHONE, "viewport": {"width": 320, "height": 640}}


def assert_nothing_is_cut_off(page: Page) -> None:
    """Nothing is wider than the page."""
    assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def findings(page: Page) -> Any:
    page.evaluate(AXE.read_text())
    return page.evaluate(RUN)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("locale", "screen"), [("ja-JP", PHONE), ("en-GB", {})])
def test_every_state_is_clean(
    clinic: Clinic,
    appointment: Appointment,
    person: Callable[..., Person],
    locale: str,
    screen: dict[str, Any],
    scheme: str,
) -> None:
    patient = person(locale=locale, color_scheme=scheme, **screen)
    doctor = person(locale=locale, color_scheme=scheme)
    patient.page.goto(clinic.patient_link(appointment))
    expect(patient.page.get_by_test_id("get-ready")).to_be_visible()
    assert findings(patient.page) == [], "get ready"
    patient.page.get_by_test_id("get-ready").click()
    expect(patient.page.get_by_test_id("join")).to_be_visible()
    assert findings(patient.page) == [], "check"
    patient.page.get_by_test_id("join").click()
    patient.expect_status("waiting")
    assert findings(patient.page) == [], "alone"
    doctor.enter(clinic.doctor_link(appointment))
    for one in (patient, doctor):
        one.expect_status("active")
        one.expect_picture()
        assert findings(one.page) == [], "call"
        one.page.get_by_test_id("participants").click()
        assert findings(one.page) == [], "participants"
    doctor.page.get_by_test_id("end-session").click()
    expect(doctor.page.get_by_test_id("confirm-end")).to_be_visible()
    assert findings(doctor.page) == [], "asking to end"
    doctor.page.get_by_test_id("confirm-end").click()
    for one in (patient, doctor):
        one.expect_status("ended")
        assert findings(one.page) == [], "ended"


@pytest.mark.parametrize(("scheme", "locale", "screen"), [("light", "ja-JP", PHONE), ("dark", "en-GB", {})])
def test_the_waiting_room_and_moderation_are_clean(
    clinic: Clinic, person: Callable[..., Person], locale: str, screen: dict[str, Any], scheme: str
) -> None:
    appointment = clinic.appoint(admission="staff")
    patient = person(locale=locale, color_scheme=scheme, **screen)
    doctor = person(locale=locale, color_scheme=scheme, **screen)
    patient.enter(clinic.patient_link(appointment))
    patient.page.locator("summary").click()
    assert findings(patient.page) == [], "waiting, with the device check"
    doctor.enter(clinic.doctor_link(appointment))
    expect(doctor.page.get_by_test_id("admit-waiting")).to_be_visible()
    assert findings(doctor.page) == [], "somebody waits"
    if screen:
        doctor.page.get_by_test_id("participants").click()
    doctor.page.get_by_test_id("identity").click()
    assert findings(doctor.page) == [], "noting the identity"
    doctor.page.get_by_test_id("admit").click()
    doctor.expect_picture()
    assert findings(doctor.page) == [], "what may be done"
    doctor.page.get_by_test_id("mute-participant").click()
    doctor.page.get_by_test_id("ask-unmute").click()
    expect(patient.page.get_by_test_id("unmute")).to_be_visible()
    assert findings(patient.page) == [], "asked to unmute"
    doctor.page.get_by_test_id("remove-participant").click()
    doctor.page.get_by_test_id("confirm-remove").click()
    assert findings(doctor.page) == [], "a removal without a reason"
    doctor.page.get_by_test_id("reason").fill("…")
    doctor.page.get_by_test_id("confirm-remove").click()
    expect(patient.page.get_by_test_id("removal-reason")).to_be_visible()
    assert findings(patient.page) == [], "removed"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_entering_with_a_reason_and_from_another_consultation_is_clean(
    clinic: Clinic, person: Callable[..., Person], scheme: str
) -> None:
    first = clinic.appoint()
    operator = next(user["userId"] for user in clinic.ready["users"] if user["role"] == "operator")
    one = person(color_scheme=scheme)
    one.page.goto(clinic.link(first.session_id, "worker", operator))
    one.page.get_by_test_id("get-ready").click()
    one.page.get_by_test_id("join").click()
    expect(one.page.get_by_test_id("reason")).to_be_focused()
    assert findings(one.page) == [], "no reason given"
    doctor = person(color_scheme=scheme)
    doctor.enter(clinic.doctor_link(first))
    person().enter(clinic.patient_link(first))
    doctor.expect_status("active")
    second = clinic.appoint(doctor=first.doctor_id)
    doctor = person(color_scheme=scheme)
    doctor.enter(clinic.doctor_link(second))
    expect(doctor.page.get_by_test_id("leave-other")).to_be_visible()
    assert findings(doctor.page) == [], "in another consultation"


def test_a_link_that_opens_nothing_is_clean(
    clinic: Clinic, appointment: Appointment, person: Callable[..., Person]
) -> None:
    page = person().page
    page.goto(f"{clinic.base_url}/consultation/{appointment.session_id}?token=broken")
    page.get_by_test_id("get-ready").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert findings(page) == []


def test_invitations_are_clean_in_every_state(clinic: Clinic, person: Callable[..., Person]) -> None:
    appointment = clinic.appoint(admission="staff")
    for scheme, locale, screen in (("light", "ja-JP", PHONE), ("dark", "en-GB", NARROW)):
        address = invite(clinic.api, appointment.session_id, appointment.patient_id)
        patient = person(locale=locale, color_scheme=scheme, **screen)
        patient.page.goto(address)
        expect(patient.page.get_by_test_id("invitation-birth-date")).to_be_visible()
        assert findings(patient.page) == [], "asked for the birth date"
        patient.page.get_by_test_id("invitation-submit").click()
        expect(patient.page.get_by_role("alert").first).to_be_visible()
        assert findings(patient.page) == [], "nothing typed"
        for left in (4, 3, 2, 1, 0):
            answer_birth_date(patient, "1950-01-01")
            if left == 4:
                expect(patient.page.get_by_test_id("invitation-error")).to_contain_text("4")
                assert findings(patient.page) == [], "a wrong answer"
                assert_nothing_is_cut_off(patient.page)
            elif left:
                expect(patient.page.get_by_test_id("invitation-error")).to_contain_text(str(left))
        expect(patient.page.get_by_test_id("retry")).to_be_visible()
        assert findings(patient.page) == [], "locked"
        assert_nothing_is_cut_off(patient.page)


@pytest.mark.parametrize(("scheme", "locale", "screen"), [("light", "ja-JP", {}), ("dark", "en-GB", NARROW)])
def test_inviting_is_clean(
    clinic: Clinic, person: Callable[..., Person], locale: str, screen: dict[str, Any], scheme: str
) -> None:
    appointment = clinic.appoint(admission="staff")
    doctor, guest = (person(locale=locale, color_scheme=scheme, **screen) for _ in range(2))
    page = doctor.page
    doctor.enter(clinic.doctor_link(appointment))
    doctor.expect_status("waiting")
    if screen:
        page.get_by_test_id("participants").click()
    page.get_by_test_id("invite-guest").click()
    assert findings(page) == [], "inviting"
    page.get_by_test_id("confirm-invite").click()
    assert findings(page) == [], "a name is missing"
    page.get_by_test_id("guest-name").fill("Test")
    page.get_by_test_id("guest-withhold-unmute").check()
    page.get_by_test_id("way-invitation").check()
    for check in ("birth_date", "code", "none"):
        page.get_by_test_id("invitation-check").select_option(check)
        assert findings(page) == [], f"an invitation that asks for {check}"
        assert_nothing_is_cut_off(page)
    page.get_by_test_id("way-link").check()
    page.get_by_test_id("confirm-invite").click()
    link = page.get_by_test_id("guest-link")
    expect(link).to_be_visible()
    assert findings(page) == [], "a link to hand over"
    guest.enter(link.input_value())
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("waiting-patient")).to_be_visible()
    assert findings(guest.page) == [], "a guest who will only see and hear waits"
    page.get_by_test_id("access-record").click()
    assert findings(page) == [], "what was handed out"
    page.get_by_test_id("withdraw-guest").click()
    expect(guest.page.get_by_role("link")).to_be_visible()
    assert findings(guest.page) == [], "an invitation was taken back"


STAFF_SCREENS = [("light", "ja-JP", PHONE), ("dark", "en-GB", {"viewport": {"width": 768, "height": 1024}})]


@pytest.mark.parametrize(("scheme", "locale", "screen"), STAFF_SCREENS)
def test_the_way_in_for_staff_is_clean(
    staff_clinic: TimedClinic, person: Callable[..., Person], locale: str, screen: dict[str, Any], scheme: str
) -> None:
    staff, page = new_staff(staff_clinic), person(locale=locale, color_scheme=scheme, **screen).page
    page.goto(staff.setup_url)
    page.get_by_test_id("setup-password").fill("short")
    page.get_by_test_id("setup-submit").click()
    expect(page.get_by_test_id("login-error")).to_be_visible()
    assert findings(page) == [], "a weak password"
    choose_password(page, staff)
    expect(page.get_by_test_id("enroll-totp")).to_be_visible()
    assert findings(page) == [], "the choice of a second step"
    page.get_by_test_id("enroll-passkey").click()
    assert findings(page) == [], "a passkey"
    page.get_by_test_id("enroll-other").click()
    page.get_by_test_id("enroll-totp").click()
    expect(page.get_by_test_id("totp-secret")).to_be_visible()
    assert findings(page) == [], "an app"
    staff = new_staff(staff_clinic)
    set_up_with_app(page, staff)
    page.get_by_test_id("recovery-done").click()
    assert findings(page) == [], "recovery codes that are not kept"
    go_on(page)
    page.get_by_test_id("log-out").click()
    expect(page.get_by_test_id("login-name")).to_be_visible()
    assert findings(page) == [], "logged out"
    give_password(page, staff, "not the right words")
    expect(page.get_by_test_id("login-error")).to_be_visible()
    assert findings(page) == [], "refused"
    give_password(page, staff)
    expect(page.get_by_test_id("login-totp")).to_be_visible()
    assert findings(page) == [], "the code"


@pytest.mark.parametrize(("scheme", "locale", "screen"), STAFF_SCREENS)
def test_account_people_and_keys_are_clean(
    staff_clinic: TimedClinic, person: Callable[..., Person], locale: str, screen: dict[str, Any], scheme: str
) -> None:
    staff, page = new_staff(staff_clinic, WorkerRole.ADMIN), person(locale=locale, color_scheme=scheme, **screen).page
    set_up_with_app(page, staff)
    go_on(page)
    page.get_by_test_id("account-menu").click()
    assert findings(page) == [], "the menu"
    page.get_by_test_id("menu-account").click()
    expect(page.get_by_test_id("own-logins")).to_be_visible()
    assert findings(page) == [], "the account"
    page.get_by_test_id("change-password").click()
    assert findings(page) == [], "changing the password"
    page.goto(f"{staff_clinic.url}/console/people")
    expect(page.get_by_test_id("user-row").first).to_be_visible()
    assert findings(page) == [], "people"
    page.get_by_test_id("add-user").click()
    page.get_by_test_id("save-user").click()
    assert findings(page) == [], "somebody without a name"
    page.goto(f"{staff_clinic.url}/console/keys")
    page.get_by_test_id("add-webhook").click()
    assert findings(page) == [], "a webhook"
    page.keyboard.press("Escape")
    page.get_by_test_id("add-key").click()
    page.get_by_test_id("make-key").click()
    assert findings(page) == [], "a key without a name"
    page.get_by_test_id("key-name").fill("booking")
    page.get_by_test_id("make-key").click()
    expect(page.get_by_test_id("key-secret")).to_be_visible()
    assert findings(page) == [], "a key's secret"
    page.get_by_test_id("secret-kept").click()
    page.get_by_test_id("key-row").first.get_by_test_id("key-rotate").click()
    assert findings(page) == [], "asking to rotate"
    page.keyboard.press("Escape")
    assert findings(page) == [], "keys"
