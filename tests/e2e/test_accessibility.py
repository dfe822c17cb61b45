"""axe (WCAG 2.2 AA) finds nothing on any page and state, in both languages, light and dark, desktop and phone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Person
from tests.e2e.clinic import Appointment, Clinic
from tests.e2e.conftest import PHONE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

AXE = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"
RUN = """
async () => (await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }))
  .violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).slice(0, 3).join(' | ')}`)
"""


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
