"""Family and interpreters: invited from the call, let in, seen and heard, kept from what staff left out, sent away again."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Person
from tests.e2e.clinic import Appointment, Clinic
from tests.e2e.conftest import PHONE
from tests.e2e.waypoints import as_holder_of, expect_admission

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

NewPerson = Callable[..., Person]

# As somebody's own program would ask, with the grant that the page holds.
ASK = """async ([sessionId, method, path, body]) => {
  const { grants } = await (await fetch(`/api/grants?sessionId=${sessionId}`)).json();
  const headers = { 'Shinsatsu-Grant': grants[0]?.grantId ?? '', 'Content-Type': 'application/json' };
  const response = await fetch(`/api/video-sessions/${sessionId}${path}`, { method, headers, body });
  return { status: response.status, body: await response.json().catch(() => null) };
}"""


@pytest.fixture
def appointment(clinic: Clinic) -> Appointment:
    """One where somebody has to let people in."""
    return clinic.appoint(admission="staff")


def doctor_in(clinic: Clinic, appointment: Appointment, person: NewPerson) -> Person:
    doctor = person()
    doctor.enter(clinic.doctor_link(appointment))
    expect(doctor.page.get_by_test_id("invite-guest")).to_be_visible()
    return doctor


def invite_guest(doctor: Person, name: str, kind: str, *withhold: str) -> str:
    """As the doctor does in the call; the link that is shown for it."""
    page = doctor.page
    page.get_by_test_id("invite-guest").click()
    page.get_by_test_id("guest-name").fill(name)
    page.get_by_test_id("guest-kind").select_option(kind)
    for testid in withhold:
        page.get_by_test_id(testid).check()
    page.get_by_test_id("confirm-invite").click()
    link = page.get_by_test_id("guest-link")
    expect(link).to_be_visible()
    url = link.input_value()
    page.keyboard.press("Escape")
    return url


def admit(doctor: Person, name: str) -> None:
    card = doctor.page.get_by_test_id("waiting-patient").filter(has_text=name)
    card.get_by_test_id("admit").click()


def ask(person: Person, session_id: str, method: str, path: str, body: str | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = person.page.evaluate(ASK, [session_id, method, path, body])
    return answer


def test_an_interpreter_is_invited_let_in_and_sent_away_again(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    doctor, interpreter = doctor_in(clinic, appointment, person), person()
    link = invite_guest(doctor, "通訳 花", "interpreter", "guest-withhold")
    interpreter.enter(link)
    expect_admission(interpreter, "waiting")
    expect(interpreter.page.get_by_test_id("doctor-card")).to_contain_text("見本 太郎")
    expect(interpreter.page.get_by_text("試験 花子")).to_have_count(0)
    expect(doctor.page.get_by_test_id("waiting-patient")).to_contain_text("通訳の方")
    admit(doctor, "通訳 花")
    for one in (doctor, interpreter):
        one.expect_media()
        one.expect_picture()
    row = doctor.page.get_by_test_id("guest-row")
    expect(row).to_contain_text("診察室にいます")
    expect(row).to_contain_text("画面は見せられません")
    expect(interpreter.page.get_by_test_id("share-screen")).to_have_count(0)
    seen = ask(interpreter, appointment.session_id, "GET", "")["body"]["participants"]
    own = next(one["participantId"] for one in seen if one["relation"] == "guest")
    body = f'{{"participantId":"{own}","trackType":"screen"}}'
    refused = ask(interpreter, appointment.session_id, "POST", "/tracks", body)
    assert (refused["status"], refused["body"]["reason"]) == (403, "withheld")
    row.get_by_test_id("withdraw-guest").click()
    expect(interpreter.page.get_by_role("heading", level=1)).to_contain_text("取り消されました")
    expect(doctor.page.get_by_test_id("guest-row")).to_have_count(0)
    assert ask(interpreter, appointment.session_id, "GET", "")["status"] == 401
    interpreter.page.reload()
    expect(interpreter.page.get_by_test_id("join")).to_have_count(0)


def test_a_guest_beside_patient_and_doctor_hears_and_sees_both(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    doctor, patient, family = doctor_in(clinic, appointment, person), person(**PHONE), person(**PHONE)
    family.enter(invite_guest(doctor, "家族 一郎", "family"))
    patient.enter(clinic.patient_link(appointment))
    for name in ("家族 一郎", "試験 花子"):
        admit(doctor, name)
    for one in (doctor, patient, family):
        one.page.wait_for_function("() => window.remoteVideos().filter((v) => v.videoWidth > 0).length === 2")
        one.expect_media()
    patient.page.get_by_test_id("participants").click()
    expect(patient.page.locator("#people")).to_contain_text("ご家族")


def test_a_guest_who_may_only_see_and_hear_sends_nothing(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    doctor, student = doctor_in(clinic, appointment, person), person(**PHONE)
    student.enter(invite_guest(doctor, "見学 二郎", "other", "guest-withhold-unmute"))
    expect(student.page.get_by_text("見るだけの参加です")).to_be_visible()
    admit(doctor, "見学 二郎")
    student.expect_media()
    expect(student.page.get_by_test_id("toggle-mic")).to_have_count(0)
    expect(student.page.get_by_test_id("toggle-camera")).to_have_count(0)
    expect(doctor.page.get_by_test_id("guest-row")).to_contain_text("見るだけ")
    expect(doctor.page.get_by_test_id("ask-unmute")).to_have_count(0)
    assert doctor.statistics()["framesDecoded"] == 0


def test_a_guest_who_comes_before_anybody_is_told_so_and_gets_in_by_staying(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    doctor, guest = person(), person(**PHONE)
    with as_holder_of(clinic.base_url, clinic.doctor_link(appointment)) as api:
        path = f"/api/video-sessions/{appointment.session_id}"
        invited = api.post(f"{path}/guests", json={"displayName": "早い 三郎", "kind": "family"}).json()
        key = {"userType": invited["userType"], "userId": invited["userId"]}
        guest.enter(api.post(f"{path}/links", json=key).json()["url"])
    expect(guest.page.get_by_role("heading", level=1)).to_contain_text("まだはじまっていません")
    doctor.enter(clinic.doctor_link(appointment))
    doctor.expect_status("waiting")
    expect_admission(guest, "waiting")


def test_taking_back_a_used_link_puts_its_holder_out_at_once(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    doctor, patient = doctor_in(clinic, appointment, person), person(**PHONE)
    doctor.page.get_by_test_id("send-link").click()
    link = doctor.page.get_by_test_id("guest-link")
    expect(link).to_be_visible()
    patient.enter(link.input_value())
    doctor.page.keyboard.press("Escape")
    admit(doctor, "試験 花子")
    patient.expect_media()
    doctor.page.get_by_test_id("access-record").click()
    row = doctor.page.get_by_test_id("link-row").filter(has_text="試験 花子")
    expect(row).to_have_attribute("data-state", "used")
    row.get_by_test_id("revoke-link").click()
    expect(patient.page.get_by_role("heading", level=1)).to_contain_text("取り消されました", timeout=4_000)
    assert patient.page.evaluate("() => window.peerConnections.every((pc) => pc.connectionState === 'closed')")
    expect(row).to_have_attribute("data-state", "revoked")
    # A fresh link brings them back.
    doctor.page.get_by_test_id("send-link").click()
    expect(link).to_be_visible()
    patient.enter(link.input_value())
    expect_admission(patient, "waiting")
