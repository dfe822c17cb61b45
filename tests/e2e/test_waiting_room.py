"""The patient's side of the waiting room: what they see and learn, how they get in, back out and away."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Person
from tests.e2e.clinic import Appointment, Clinic, running_clinic
from tests.e2e.conftest import PHONE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

NewPerson = Callable[..., Person]

OPEN_CONNECTIONS = "() => window.peerConnections.filter((pc) => pc.connectionState !== 'closed').length"


@pytest.fixture
def appointment(clinic: Clinic) -> Appointment:
    """One where somebody has to let the patient in."""
    return clinic.appoint(admission="staff")


def expect_admission(person: Person, admission: str) -> None:
    expect(person.page.get_by_test_id("session-status")).to_have_attribute("data-admission", admission, timeout=15_000)


def wait(clinic: Clinic, appointment: Appointment, person: NewPerson) -> Person:
    """A patient on a phone, in the waiting room."""
    patient = person(**PHONE)
    patient.enter(clinic.patient_link(appointment))
    expect_admission(patient, "waiting")
    return patient


def admit(doctor: Person, *others: Person) -> None:
    doctor.page.get_by_test_id("admit").click()
    for one in (doctor, *others):
        one.expect_media()
        one.expect_picture()


def test_a_waiting_patient_knows_who_comes_and_is_seen_by_nobody(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    patient = wait(clinic, appointment, person)
    card = patient.page.get_by_test_id("doctor-card")
    for words in ("見本 太郎", "内科", "2008年 医師免許", "クリニックに電話"):
        expect(card).to_contain_text(words)
    expect(patient.page.get_by_text("まだ誰にも見えていません")).to_be_visible()
    expect(patient.page.get_by_test_id("doctor-status")).to_have_attribute("data-status", "not_here")
    doctor = person()
    doctor.enter(clinic.doctor_link(appointment))
    expect(doctor.page.get_by_test_id("waiting-patient")).to_contain_text("試験 花子")
    expect(doctor.page.get_by_test_id("remote-video")).to_have_count(0)
    assert patient.page.evaluate(OPEN_CONNECTIONS) == 0
    learnt = patient.page.evaluate(
        """async (id) => {
          const { grants } = await (await fetch(`/api/grants?sessionId=${id}`)).json();
          const headers = { 'Shinsatsu-Grant': grants[0].grantId };
          return (await fetch(`/api/video-sessions/${id}`, { headers })).json();
        }""",
        appointment.session_id,
    )
    assert [one["userType"] for one in learnt["participants"]] == ["patient"]
    assert learnt["appointment"]["supportDoctors"] == []
    # Of the doctor's coming a waiting patient hears a number alone; it makes their page ask.
    expect(patient.page.get_by_test_id("doctor-status")).to_have_attribute("data-status", "here", timeout=4_000)


def test_let_in_by_the_doctor_with_a_sound_and_the_title(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    patient, doctor = wait(clinic, appointment, person), person()
    doctor.enter(clinic.doctor_link(appointment))
    patient.page.evaluate(
        """() => { window.sounds = 0;
          const start = OscillatorNode.prototype.start;
          OscillatorNode.prototype.start = function (...when) { window.sounds += 1; return start.apply(this, when); }; }"""
    )
    doctor.page.get_by_test_id("admit").click()
    patient.page.wait_for_function("() => document.title.includes('診察がはじまります')")
    patient.page.wait_for_function("() => window.sounds > 0")
    for one in (patient, doctor):
        one.expect_status("active")
        one.expect_media()
        one.expect_picture()
    patient.page.get_by_test_id("participants").click()
    expect(patient.page.get_by_test_id("doctor-card")).to_contain_text("見本 太郎")


def test_the_devices_can_be_checked_and_switched_off_while_waiting(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    patient, doctor = wait(clinic, appointment, person), person()
    patient.page.get_by_text("カメラとマイクを確かめる").click()
    expect(patient.page.get_by_role("meter")).to_be_visible()
    patient.page.wait_for_function(
        "() => Number(document.querySelector('[role=meter]').getAttribute('aria-valuenow')) > 0"
    )
    patient.page.get_by_test_id("toggle-camera").click()
    expect(patient.page.get_by_test_id("toggle-camera")).to_have_attribute("aria-pressed", "false")
    doctor.enter(clinic.doctor_link(appointment))
    doctor.page.get_by_test_id("admit").click()
    expect(doctor.page.get_by_text("カメラ オフ")).to_be_visible(timeout=15_000)
    expect(patient.page.get_by_test_id("toggle-camera")).to_have_attribute("aria-pressed", "false")


def test_a_reload_keeps_the_place_in_the_waiting_room(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    patient, doctor = wait(clinic, appointment, person), person()
    doctor.enter(clinic.doctor_link(appointment))
    patient.page.reload()
    patient.page.get_by_test_id("join").click()
    expect_admission(patient, "waiting")
    expect(doctor.page.get_by_test_id("waiting-patient")).to_have_count(1)
    admit(doctor, patient)


def test_sent_back_and_let_in_again(clinic: Clinic, appointment: Appointment, person: NewPerson) -> None:
    patient, doctor = wait(clinic, appointment, person), person()
    doctor.enter(clinic.doctor_link(appointment))
    admit(doctor, patient)
    for _ in range(2):
        doctor.page.get_by_test_id("send-back").click()
        expect_admission(patient, "sent_back")
        expect(patient.page.get_by_text("待合室に戻りました")).to_be_visible()
        expect(patient.page.get_by_test_id("remote-video")).to_have_count(0)
        expect(doctor.page.get_by_test_id("remote-video")).to_have_count(0)
        assert patient.page.evaluate(OPEN_CONNECTIONS) == 0
        admit(doctor, patient)


def test_removed_with_the_reason_and_only_a_fresh_link_leads_back(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    patient, doctor = wait(clinic, appointment, person), person()
    doctor.enter(clinic.doctor_link(appointment))
    admit(doctor, patient)
    doctor.page.get_by_test_id("remove-participant").click()
    doctor.page.get_by_test_id("confirm-remove").click()
    expect(doctor.page.get_by_text("理由をお書きください")).to_be_visible()
    doctor.page.get_by_test_id("reason").fill("予約の時間を変更します")
    doctor.page.get_by_test_id("confirm-remove").click()
    expect(patient.page.get_by_test_id("removal-reason")).to_have_text("予約の時間を変更します")
    expect(patient.page.get_by_text("見本 太郎さんの判断で")).to_be_visible()
    for way_in in ("join", "return", "retry"):
        expect(patient.page.get_by_test_id(way_in)).to_have_count(0)
    patient.page.reload()
    expect(patient.page.get_by_test_id("removal-reason")).to_have_text("予約の時間を変更します")
    expect(patient.page.get_by_test_id("join")).to_have_count(0)
    expect(doctor.page.get_by_test_id("remote-video")).to_have_count(0)

    # The doctor, alone now, is told so, and lets them come back; the link brings them.
    alone = doctor.page.get_by_test_id("removed-alone")
    expect(alone).to_contain_text("試験 花子さんに")
    expect(doctor.page.get_by_text("患者さまの入室をお待ちください")).to_have_count(0)
    alone.get_by_test_id("restore").click()
    expect(alone).to_contain_text("もう一度入れます")
    expect(doctor.page.get_by_test_id("restore")).to_have_count(0)
    patient.enter(clinic.patient_link(appointment))
    expect_admission(patient, "waiting")
    expect(doctor.page.get_by_test_id("removed-person")).to_have_count(0)
    admit(doctor, patient)


def test_a_locked_consultation_opens_by_itself_to_whoever_waits_before_it(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    doctor, support = person(), person()
    doctor.enter(clinic.doctor_link(appointment))
    doctor.page.get_by_test_id("lock").click()
    expect(doctor.page.get_by_test_id("lock")).to_have_attribute("aria-checked", "true")
    support.enter(clinic.link(appointment.session_id, "worker", appointment.support_doctor_id))
    expect(support.page.get_by_role("heading", name="いまは入室できません")).to_be_visible()
    support.page.get_by_test_id("retry").click()
    expect(support.page.get_by_role("heading", name="いまは入室できません")).to_be_visible()
    doctor.page.get_by_test_id("lock").click()
    # The page looks again every ten seconds.
    expect_admission(support, "admitted")
    support.expect_media()


def test_muted_by_staff_and_switched_on_again_by_oneself(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    patient, doctor = wait(clinic, appointment, person), person()
    doctor.enter(clinic.doctor_link(appointment))
    admit(doctor, patient)
    doctor.page.get_by_test_id("mute-participant").click()
    expect(patient.page.get_by_text("見本 太郎さんがあなたのマイクをオフにしました")).to_be_visible()
    expect(patient.page.get_by_test_id("toggle-mic")).to_have_attribute("aria-pressed", "false")
    doctor.page.get_by_test_id("ask-unmute").click()
    question = patient.page.get_by_text("マイクをオンにするようお願いしています")
    expect(question).to_be_visible()
    assert patient.page.evaluate(
        "() => document.activeElement === document.body || !document.activeElement?.closest('.question')"
    )
    patient.page.get_by_test_id("unmute").click()
    expect(question).to_have_count(0)
    expect(patient.page.get_by_test_id("toggle-mic")).to_have_attribute("aria-pressed", "true")
    doctor.expect_media()


def test_a_shared_screen_that_staff_end_says_so_and_sharing_can_be_switched_off(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    patient, doctor = person(), person()
    patient.enter(clinic.patient_link(appointment))
    doctor.enter(clinic.doctor_link(appointment))
    admit(doctor, patient)
    share = patient.page.get_by_test_id("share-screen")
    share.click()
    expect(doctor.page.get_by_test_id("remote-video")).to_have_count(2, timeout=15_000)
    doctor.page.get_by_test_id("end-screen").click()
    expect(patient.page.get_by_text("見本 太郎さんが画面の共有を終えました")).to_be_visible()
    expect(share).to_have_attribute("aria-pressed", "false")
    expect(doctor.page.get_by_test_id("remote-video")).to_have_count(1)
    share.click()  # another share is a new one
    expect(doctor.page.get_by_test_id("remote-video")).to_have_count(2, timeout=15_000)
    doctor.page.get_by_test_id("screen-share").click()
    expect(doctor.page.get_by_test_id("remote-video")).to_have_count(1)
    expect(share).to_have_attribute("aria-disabled", "true")
    patient.page.keyboard.press("s")
    expect(patient.page.get_by_text("いまは画面を見せられません")).to_be_visible()
    expect(patient.page.get_by_text("あなたの画面を見せています")).to_have_count(0)
    doctor.page.get_by_test_id("screen-share").click()
    expect(share).to_have_attribute("aria-pressed", "false")
    patient.expect_media()


def test_a_second_page_takes_the_place_over_while_waiting(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    patient, doctor = wait(clinic, appointment, person), person()
    doctor.enter(clinic.doctor_link(appointment))
    second = person(context=patient.page.context)
    second.page.goto(f"{clinic.base_url}/consultation/{appointment.session_id}")
    second.page.get_by_test_id("join").click()
    expect_admission(second, "waiting")
    expect(patient.page.get_by_role("heading", name="ほかの画面で診察中です")).to_be_visible()
    expect(doctor.page.get_by_test_id("waiting-patient")).to_have_count(1)
    admit(doctor, second)


def test_when_the_time_to_wait_runs_out_one_tap_goes_on_waiting(
    tmp_path: Path, person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHINSATSU_JOIN_TIMEOUT", "4")
    with running_clinic(tmp_path) as clinic:
        appointment = clinic.appoint(admission="staff")
        patient = wait(clinic, appointment, person)
        expect(patient.page.get_by_role("heading", name="お待ちいただく時間が過ぎました")).to_be_visible(timeout=20_000)
        assert clinic.query(
            "SELECT json_extract(metadata, '$.timeout') FROM video_sessions WHERE id = ?", appointment.session_id
        ) == [("join",)]
        patient.page.get_by_test_id("return").click()
        expect_admission(patient, "waiting")
        patient.page.context.close()


def test_the_page_opens_as_whoever_the_address_names(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    first = person()
    held: dict[str, str] = {}
    for name, link in (("patient", clinic.patient_link(appointment)), ("doctor", clinic.doctor_link(appointment))):
        page: Page = first.page.context.new_page()
        with page.expect_response("**/api/links/exchange") as exchanged:
            page.goto(link)
            page.get_by_test_id("get-ready").click()
        held[name] = exchanged.value.json()["grantId"]
        expect(page.get_by_test_id("join")).to_be_visible()
        page.close()
    address = f"{clinic.base_url}/consultation/{appointment.session_id}"
    first.page.goto(address)
    expect(first.page.get_by_text("どなたとして入りますか？")).to_be_visible()
    for name, heading in (("patient", "見本 太郎医師の診察"), ("doctor", "試験 花子さまの診察")):
        page = first.page.context.new_page()
        page.goto(f"{address}#as={held[name]}")
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
