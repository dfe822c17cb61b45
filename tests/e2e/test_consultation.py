"""A patient and a doctor hold a consultation in Chromium, through our own SFU."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import Person
from tests.e2e.clinic import Appointment, Clinic, running_clinic
from tests.e2e.conftest import PHONE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

NewPerson = Callable[..., Person]


def meet(clinic: Clinic, appointment: Appointment, person: NewPerson) -> tuple[Person, Person]:
    """A patient on a phone and a doctor at a desktop, both in and seeing each other."""
    patient, doctor = person(**PHONE), person()
    patient.enter(clinic.patient_link(appointment))
    patient.expect_status("waiting")
    doctor.enter(clinic.doctor_link(appointment))
    for one in (patient, doctor):
        one.expect_status("active")
        one.expect_media()
        one.expect_picture()
    return patient, doctor


def test_they_see_and_hear_each_other_and_the_doctor_ends_it(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    patient, doctor = meet(clinic, appointment, person)

    expect(patient.page.get_by_test_id("end-session")).to_have_count(0)
    refused = patient.page.evaluate(
        """async (id) => {
          const grants = (await (await fetch(`/api/grants?sessionId=${id}`)).json()).grants;
          const answer = await fetch(`/api/video-sessions/${id}/end`, { method: 'POST', body: '{}',
            headers: { 'Content-Type': 'application/json', 'Shinsatsu-Grant': grants[0].grantId } });
          return [answer.status, await answer.json()];
        }""",
        appointment.session_id,
    )
    assert refused[0] == 403
    assert refused[1]["code"] == "forbidden"
    assert refused[1]["reason"]

    doctor.page.get_by_test_id("end-session").click()
    doctor.page.get_by_test_id("confirm-end").click()
    for one in (patient, doctor):
        one.expect_status("ended")

    [(status, started, ended, metadata)] = clinic.query(
        "SELECT status, started_at, ended_at, metadata FROM video_sessions WHERE id = ?", appointment.session_id
    )
    assert status == "ended"
    assert started < ended
    assert json.loads(metadata)["endReason"] == "completed"
    story = clinic.query(
        "SELECT seq, event_type, user_type FROM session_events WHERE video_session_id = ? ORDER BY seq",
        appointment.session_id,
    )
    assert [seq for seq, _, _ in story] == list(range(1, len(story) + 1))
    steps = [(kind, who) for _, kind, who in story]
    for publisher in ("patient", "worker"):  # nobody publishes before they are let in
        order = [
            steps.index(("joined", "patient")),
            steps.index(("joined", "worker")),
            steps.index(("track_published", publisher)),
            steps.index(("ended", "worker")),
        ]
        assert order == sorted(order)
    assert clinic.query(
        "SELECT count(*) FROM session_participants WHERE video_session_id = ? AND is_active", appointment.session_id
    ) == [(0,)]


def test_a_shared_screen_arrives_and_goes(clinic: Clinic, appointment: Appointment, person: NewPerson) -> None:
    patient, doctor = meet(clinic, appointment, person)
    expect(patient.page.get_by_test_id("remote-video")).to_have_count(1)
    doctor.page.get_by_test_id("share-screen").click()
    expect(patient.page.get_by_test_id("remote-video")).to_have_count(2, timeout=15_000)
    patient.wait_until("async () => (await window.mediaStatistics()).movingVideos >= 2", timeout=20_000)
    doctor.page.get_by_test_id("share-screen").click()
    expect(patient.page.get_by_test_id("remote-video")).to_have_count(1, timeout=15_000)
    patient.expect_media()


def test_a_reload_comes_back_into_the_call(clinic: Clinic, appointment: Appointment, person: NewPerson) -> None:
    patient, doctor = meet(clinic, appointment, person)
    patient.page.reload()
    patient.page.get_by_test_id("join").click()
    patient.expect_status("active")
    patient.expect_media()
    doctor.expect_media()
    doctor.expect_picture()


def test_two_links_work_side_by_side_in_one_browser(
    clinic: Clinic, browser: Browser, appointment: Appointment, person: NewPerson
) -> None:
    patient = person()
    doctor = person(context=patient.page.context)
    patient.enter(clinic.patient_link(appointment))
    doctor.enter(clinic.doctor_link(appointment))
    for one in (patient, doctor):
        one.expect_status("active")
        one.expect_media()
    expect(patient.page.get_by_test_id("end-session")).to_have_count(0)
    expect(doctor.page.get_by_test_id("end-session")).to_have_count(1)


def test_a_killed_sfu_is_survived(tmp_path: Path, person: NewPerson) -> None:
    with running_clinic(tmp_path) as clinic:
        appointment = clinic.appoint()
        patient, doctor = meet(clinic, appointment, person)
        before = [one.page.evaluate("() => window.peerConnections.length") for one in (patient, doctor)]
        os.kill(clinic.sfu_pid(), signal.SIGKILL)
        for one, connections in zip((patient, doctor), before, strict=True):
            one.wait_until(
                """async (before) => window.peerConnections.length >= before + 2
                  && (await window.mediaStatistics()).connected === 2""",
                arg=connections,
                timeout=30_000,
            )
            one.expect_media(timeout=30_000)
            one.expect_status("active")
        assert clinic.query("SELECT status FROM video_sessions WHERE id = ?", appointment.session_id) == [("active",)]
        for one in (patient, doctor):
            one.page.context.close()


def test_a_stranger_sees_nothing_of_it(clinic: Clinic, appointment: Appointment, person: NewPerson) -> None:
    other = clinic.appoint()
    stranger = person()
    stranger.enter(clinic.patient_link(other))
    stranger.expect_status("waiting")
    grants = stranger.page.evaluate(
        "async (id) => (await (await fetch(`/api/grants?sessionId=${id}`)).json()).grants", other.session_id
    )
    status = stranger.page.evaluate(
        "async ([id, grant]) => (await fetch(`/api/video-sessions/${id}`, { headers: { 'Shinsatsu-Grant': grant } })).status",
        [appointment.session_id, grants[0]["grantId"]],
    )
    assert status == 404
    assert httpx.get(f"{clinic.base_url}/api/video-sessions/{appointment.session_id}").status_code == 401


def test_a_used_link_says_what_to_do(clinic: Clinic, appointment: Appointment, person: NewPerson) -> None:
    link = clinic.patient_link(appointment)
    first, second = person(), person()
    first.page.goto(link)
    first.page.get_by_test_id("get-ready").click()
    expect(first.page.get_by_test_id("join")).to_be_visible()
    second.page.goto(link)
    second.page.get_by_test_id("get-ready").click()
    expect(second.page.get_by_text("このリンクは使用済みです").first).to_be_visible()
    assert "token=" not in first.page.url


def test_a_link_leads_to_its_own_session_whatever_the_address_names(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    token = clinic.patient_link(appointment).partition("?token=")[2]
    patient = person()
    patient.page.goto(f"{clinic.base_url}/consultation/{clinic.appoint().session_id}?token={token}")
    patient.page.get_by_test_id("get-ready").click()
    patient.page.get_by_test_id("join").click()
    patient.expect_status("waiting")
    assert patient.page.url == f"{clinic.base_url}/consultation/{appointment.session_id}"


def test_an_address_that_names_nothing_says_what_to_do(clinic: Clinic, person: NewPerson) -> None:
    page = person().page
    for path in ("/consultation/%E0%A4%A", "/consultation/nothing-here"):
        page.goto(f"{clinic.base_url}{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
