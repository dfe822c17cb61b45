"""Lost connections say so and come back by themselves; the whole way is there for the keyboard."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Person
from tests.e2e.clinic import Appointment, Clinic, running_clinic
from tests.e2e.conftest import PHONE
from tests.e2e.test_consultation import meet

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

FRESH_WITHIN_MS = 3_000


def connections(person: Person) -> int:
    number: int = person.page.evaluate("() => window.peerConnections.length")
    return number


def test_offline_says_so_and_online_brings_the_call_back(
    clinic: Clinic, appointment: Appointment, person: Callable[..., Person]
) -> None:
    patient, doctor = meet(clinic, appointment, person)
    patient.page.context.set_offline(True)
    patient.expect_status("reconnecting")
    expect(patient.page.get_by_text("つなぎ直しています").first).to_be_visible()
    before = connections(patient)
    patient.page.context.set_offline(False)
    patient.page.wait_for_function(
        "(before) => window.peerConnections.length >= before + 2", arg=before, timeout=FRESH_WITHIN_MS
    )
    patient.expect_status("active")
    patient.expect_media()
    doctor.expect_media()
    doctor.expect_picture()


def test_a_second_tab_takes_over_and_the_first_says_so(
    clinic: Clinic, appointment: Appointment, person: Callable[..., Person]
) -> None:
    patient, doctor = meet(clinic, appointment, person)
    second = person(context=patient.page.context)
    second.page.goto(f"{clinic.base_url}/consultation/{appointment.session_id}")
    second.page.get_by_test_id("join").click()
    second.expect_status("active")
    second.expect_media()
    expect(patient.page.get_by_test_id("remote-video")).to_have_count(0)
    doctor.expect_media()


def focused(page: Page) -> str | None:
    """The test id of what has the focus, through shadow roots."""
    name: str | None = page.evaluate(
        """() => { let el = document.activeElement; while (el?.shadowRoot?.activeElement) el = el.shadowRoot.activeElement;
          return el?.dataset?.testid ?? null; }"""
    )
    return name


def press_until(page: Page, wanted: str) -> None:
    """Tabs to a control as somebody without a mouse does."""
    for _ in range(30):
        if focused(page) == wanted:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {wanted}")


def test_the_whole_way_by_keyboard(clinic: Clinic, appointment: Appointment, person: Callable[..., Person]) -> None:
    doctor = person()
    doctor.page.goto(clinic.doctor_link(appointment))
    for step in ("get-ready", "join"):
        expect(doctor.page.get_by_test_id(step)).to_be_visible()
        press_until(doctor.page, step)
        doctor.page.keyboard.press("Enter")
    doctor.expect_status("waiting")
    expect(doctor.page.get_by_test_id("toggle-mic")).to_be_visible()
    doctor.page.keyboard.press("m")
    expect(doctor.page.get_by_test_id("toggle-mic")).to_have_attribute("aria-pressed", "false")
    doctor.page.keyboard.press("v")
    expect(doctor.page.get_by_test_id("toggle-camera")).to_have_attribute("aria-pressed", "false")
    press_until(doctor.page, "end-session")
    doctor.page.keyboard.press("Enter")
    expect(doctor.page.get_by_test_id("confirm-end")).to_be_visible()
    press_until(doctor.page, "confirm-end")
    doctor.page.keyboard.press("Enter")
    doctor.expect_status("ended")


def test_a_muted_microphone_is_seen_by_the_other_side(
    clinic: Clinic, appointment: Appointment, person: Callable[..., Person]
) -> None:
    patient, doctor = meet(clinic, appointment, person)
    patient.page.get_by_test_id("toggle-mic").click()
    doctor.wait_until(
        """async () => { const one = await window.mediaStatistics(); await new Promise((r) => setTimeout(r, 1000));
          return (await window.mediaStatistics()).audioEnergy - one.audioEnergy < 1e-6; }"""
    )
    [(kinds,)] = clinic.query(
        "SELECT metadata FROM session_events WHERE video_session_id = ? AND event_type = 'muted'",
        appointment.session_id,
    )
    assert "audio" in kinds


@pytest.mark.parametrize("width", [320, 390])
def test_narrow_screens_need_no_sideways_scrolling(
    clinic: Clinic, appointment: Appointment, person: Callable[..., Person], width: int
) -> None:
    patient = person(**{**PHONE, "viewport": {"width": width, "height": 640}})
    overflows = "() => document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"
    patient.page.goto(clinic.patient_link(appointment))
    for step in ("get-ready", "join"):
        expect(patient.page.get_by_test_id(step)).to_be_visible()
        assert not patient.page.evaluate(overflows), step
        patient.page.get_by_test_id(step).click()
    expect(patient.page.get_by_test_id("doctor-card")).to_be_visible()
    assert not patient.page.evaluate(overflows), "waiting"
    person().enter(clinic.doctor_link(appointment))
    patient.expect_status("active")
    assert not patient.page.evaluate(overflows), "call"
    expect(patient.page.get_by_test_id("leave")).to_be_in_viewport()


def test_a_dead_sfu_is_noticed_within_seconds_and_a_quiet_call_is_left_alone(
    tmp_path: Path, person: Callable[..., Person]
) -> None:
    with running_clinic(tmp_path) as clinic:
        patient, doctor = meet(clinic, clinic.appoint(), person)
        for one in (patient, doctor):
            one.page.get_by_test_id("toggle-mic").click()
            one.page.get_by_test_id("toggle-camera").click()
        before = [connections(one) for one in (patient, doctor)]
        patient.page.wait_for_timeout(12_000)  # the silence itself is what is tried
        assert [connections(one) for one in (patient, doctor)] == before
        os.kill(clinic.sfu_pid(), signal.SIGKILL)
        for one, connected in zip((patient, doctor), before, strict=True):
            # The word for it may be gone between two looks: what stays is that fresh connections were made.
            one.page.wait_for_function(
                "(before) => window.peerConnections.length >= before + 2", arg=connected, timeout=10_000
            )
            one.expect_status("active")
            one.page.context.close()
