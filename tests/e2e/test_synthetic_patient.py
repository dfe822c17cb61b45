"""One person alone sees a consultation work: the synthetic patient joins by itself, in front of a real doctor's browser."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Person
from tests.e2e.clinic import Appointment, Clinic

pytestmark = pytest.mark.e2e


@contextlib.contextmanager
def synthetic_patient(link: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "shinsatsu.media.synthetic_patient", "--link", "-"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=os.environ)
    assert process.stdin is not None
    process.stdin.write(f"{link}\n".encode())
    process.stdin.close()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_doctor_sees_and_hears_it_and_it_leaves_at_once_when_told(
    clinic: Clinic, appointment: Appointment, person: Callable[..., Person]
) -> None:
    doctor = person()
    with synthetic_patient(clinic.patient_link(appointment)) as patient:
        doctor.enter(clinic.doctor_link(appointment))
        doctor.expect_status("active")
        doctor.expect_media()
        doctor.expect_picture()
        told = time.monotonic()
        patient.terminate()
        assert patient.wait(timeout=5) == 0
        assert time.monotonic() - told < 2
    people = clinic.api.get(f"/api/video-sessions/{appointment.session_id}").json()["participants"]
    assert [one["userType"] for one in people] == ["worker"]


def test_it_waits_to_be_let_in_and_again_when_it_is_sent_back_and_goes_when_it_is_removed(
    clinic: Clinic, person: Callable[..., Person]
) -> None:
    appointment, doctor = clinic.appoint(admission="staff"), person()
    with synthetic_patient(clinic.patient_link(appointment)) as patient:
        doctor.enter(clinic.doctor_link(appointment))
        for _ in range(2):
            expect(doctor.page.get_by_test_id("remote-video")).to_have_count(0)
            doctor.page.get_by_test_id("admit").click()
            doctor.expect_media()
            doctor.expect_picture()
            doctor.page.get_by_test_id("send-back").click()
        doctor.page.get_by_test_id("admit").click()
        doctor.expect_media()
        doctor.page.get_by_test_id("mute-participant").click()
        doctor.page.get_by_test_id("ask-unmute").click()
        doctor.page.get_by_test_id("remove-participant").click()
        doctor.page.get_by_test_id("reason").fill("別の患者さまの予約です")
        doctor.page.get_by_test_id("confirm-remove").click()
        assert patient.wait(timeout=10) == 0


def test_it_survives_a_killed_sfu_and_ends_with_the_consultation(
    clinic: Clinic, appointment: Appointment, person: Callable[..., Person]
) -> None:
    doctor = person()
    with synthetic_patient(clinic.patient_link(appointment)) as patient:
        doctor.enter(clinic.doctor_link(appointment))
        doctor.expect_media()
        before = doctor.page.evaluate("() => window.peerConnections.length")
        os.kill(clinic.sfu_pid(), 9)
        # Frames already buffered prove nothing: both sides have to come back on fresh connections.
        doctor.page.wait_for_function("(before) => window.peerConnections.length >= before + 2", arg=before)
        doctor.expect_media(timeout=30_000)
        doctor.page.get_by_test_id("end-session").click()
        doctor.page.get_by_test_id("confirm-end").click()
        assert patient.wait(timeout=10) == 0
