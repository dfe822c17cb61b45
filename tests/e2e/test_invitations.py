"""Told ahead by SMS or mail: from the invitation's address to the consultation, and what happens to whoever is not it."""

import base64
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.e2e.browser import Person
from tests.e2e.clinic import Appointment, Clinic
from tests.e2e.conftest import PHONE
from tests.e2e.timed_clinic import TimedClinic, timed_clinic
from tests.e2e.waypoints import BORN, Gateway, answer_birth_date, delivery_gateway, expect_admission, invite

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

NewPerson = Callable[..., Person]


@pytest.fixture
def appointment(clinic: Clinic) -> Appointment:
    """One where somebody has to let the patient in."""
    return clinic.appoint(admission="staff")


def invitation(clinic: Clinic, appointment: Appointment, **asked: str) -> str:
    return invite(clinic.api, appointment.session_id, appointment.patient_id, **asked)


def no_secret_in(page: Page, address: str) -> None:
    secret = address.rpartition("/")[2]
    assert secret not in page.url, "the code is out of the address"
    assert page.evaluate("() => document.referrer") == ""


def test_the_birth_date_leads_to_the_waiting_room_and_from_there_to_sound_and_picture(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    patient, doctor = person(**PHONE), person()
    address = invitation(clinic, appointment)
    patient.page.goto(address)
    expect(patient.page.get_by_test_id("doctor-card")).to_contain_text("見本 太郎")
    assert "試験 花子" not in patient.page.content(), "whoever holds the address learns no patient's name"
    no_secret_in(patient.page, address)
    answer_birth_date(patient, BORN)
    expect(patient.page.get_by_test_id("join")).to_be_visible()
    assert patient.page.url == f"{clinic.base_url}/consultation/{appointment.session_id}"
    patient.page.get_by_test_id("join").click()
    expect_admission(patient, "waiting")
    doctor.enter(clinic.doctor_link(appointment))
    doctor.page.get_by_test_id("admit").click()
    for one in (patient, doctor):
        one.expect_media()
        one.expect_picture()


def test_a_reload_finds_the_invitation_again_and_it_opens_more_than_once(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    address = invitation(clinic, appointment)
    for _ in range(2):
        patient = person()
        patient.page.goto(address)
        expect(patient.page.get_by_test_id("invitation-birth-date")).to_be_visible()
        patient.page.reload()
        # A whole date at one go, as somebody types it who does not look for the next field.
        patient.page.get_by_test_id("invitation-birth-date").press_sequentially(BORN.replace("-", ""))
        expect(patient.page.get_by_test_id("invitation-birth-day")).to_have_value("12")
        patient.page.get_by_test_id("invitation-submit").click()
        expect(patient.page.get_by_test_id("join")).to_be_visible()


def test_what_cannot_be_a_birth_date_costs_no_try(clinic: Clinic, appointment: Appointment, person: NewPerson) -> None:
    patient = person()
    patient.page.goto(invitation(clinic, appointment))
    for born in ("1948-02-30", "48-3-12", "--"):
        answer_birth_date(patient, born)
        expect(patient.page.get_by_role("alert").filter(has_text="年・月・日")).to_be_visible()
        expect(patient.page.get_by_test_id("invitation-birth-date")).to_be_focused()
    answer_birth_date(patient, "1948-03-13")
    expect(patient.page.get_by_test_id("invitation-error")).to_contain_text("あと4回")


def test_five_wrong_tries_lock_it_and_staff_see_it_in_the_call_and_at_the_console(
    clinic: Clinic, appointment: Appointment, person: NewPerson, operator: StorageState
) -> None:
    doctor, desk, patient = person(), person(storage_state=operator), person(**PHONE)
    desk.page.goto(f"{clinic.base_url}/console")
    expect(desk.page.get_by_test_id("live")).to_be_visible()
    doctor.enter(clinic.doctor_link(appointment))
    doctor.expect_status("waiting")
    address = invitation(clinic, appointment)
    patient.page.goto(address)
    for left in (4, 3, 2, 1):
        answer_birth_date(patient, "1950-01-01")
        expect(patient.page.get_by_test_id("invitation-error")).to_contain_text(f"あと{left}回")
    answer_birth_date(patient, "1950-01-01")
    expect(patient.page.get_by_role("heading", level=1)).to_contain_text("開けなくなりました")
    expect(patient.page.get_by_role("link", name="電話")).to_be_visible()
    expect(doctor.page.get_by_test_id("locked-invitation")).to_contain_text("試験 花子")
    notice = desk.page.get_by_test_id("locked-notice").filter(has_text="試験 花子").first
    expect(notice).to_be_visible()
    desk.page.get_by_test_id("locked-notice").locator(f"a[href$='{appointment.session_id}']").click()
    expect(desk.page.get_by_test_id("timeline-event").filter(has_text="招待が止まりました")).to_be_visible()
    desk.page.get_by_test_id("unlock-invitation").click()
    for one in (desk, doctor):
        expect(one.page.get_by_test_id("locked-invitation")).to_have_count(0)
    patient.page.get_by_test_id("retry").click()
    answer_birth_date(patient, BORN)
    expect(patient.page.get_by_test_id("join")).to_be_visible()


def test_an_invitation_without_a_check_asks_for_a_tap_alone(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    patient = person()
    patient.page.goto(invitation(clinic, appointment, check="none"))
    patient.page.get_by_test_id("invitation-submit").click()
    expect(patient.page.get_by_test_id("join")).to_be_visible()


def test_one_that_was_sent_again_and_one_that_is_none_say_so(
    clinic: Clinic, appointment: Appointment, person: NewPerson
) -> None:
    old = invitation(clinic, appointment)
    invitation(clinic, appointment)
    page = person(**PHONE).page
    for address, words in ((old, "使えなくなりました"), (old[:-3], "読み取れませんでした")):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_contain_text(words)
    page = person().page
    page.goto(f"{clinic.base_url}/i")
    expect(page.get_by_role("heading", level=1)).to_contain_text("届いたリンクから")


@pytest.fixture(scope="module")
def operator(clinic: Clinic, browser: Browser) -> StorageState:
    """The demo's console link of the operator, which works once."""
    context = browser.new_context(locale="ja-JP", timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.goto(clinic.ready["consoleLinks"]["operator"])
    page.get_by_test_id("open-console").click()
    expect(page.get_by_test_id("live")).to_be_visible()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with delivery_gateway() as running:
        yield running


@pytest.fixture(scope="module")
def sending_clinic(tmp_path_factory: pytest.TempPathFactory, gateway: Gateway) -> Iterator[TimedClinic]:
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    folder: Path = tmp_path_factory.mktemp("sending")
    with timed_clinic(folder, delivery_url=gateway.url, delivery_secret=secret, webhook_allow_private=True) as running:
        yield running


def test_a_code_sent_to_the_phone_opens_it(sending_clinic: TimedClinic, gateway: Gateway, person: NewPerson) -> None:
    session_id = sending_clinic.book(71, admission="staff")
    to = {"kind": "phone", "address": "090-1234-5678"}
    patient = person(**PHONE)
    patient.page.goto(invite(sending_clinic.api, session_id, 71, check="code", deliverTo=to))
    patient.page.get_by_test_id("invitation-send").click()
    field = patient.page.get_by_test_id("invitation-code")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("autocomplete", "one-time-code")
    message = gateway.messages[-1]
    assert message["to"] == "09012345678"
    expect(patient.page.get_by_text(message["to"])).to_have_count(0)
    expect(patient.page.get_by_text("•678")).to_be_visible()
    field.fill("12345")
    patient.page.get_by_test_id("invitation-submit").click()
    expect(patient.page.get_by_text("6けたの数字を入力してください")).to_be_visible()
    field.fill(f"{(int(message['code']) + 1) % 1_000_000:06}")
    patient.page.get_by_test_id("invitation-submit").click()
    expect(patient.page.get_by_test_id("invitation-error")).to_contain_text("あと4回")
    field.fill(message["code"])
    patient.page.get_by_test_id("invitation-submit").click()
    patient.page.get_by_test_id("join").click()
    expect_admission(patient, "waiting")


def test_a_code_that_cannot_be_sent_says_so_and_can_be_sent_again(
    sending_clinic: TimedClinic, gateway: Gateway, person: NewPerson
) -> None:
    session_id = sending_clinic.book(72, admission="staff")
    to = {"kind": "mail", "address": "hanako@mail.example"}
    patient = person(**PHONE)
    patient.page.goto(invite(sending_clinic.api, session_id, 72, check="code", deliverTo=to))
    gateway.status = 500
    patient.page.get_by_test_id("invitation-send").click()
    expect(patient.page.get_by_test_id("invitation-error")).to_contain_text("送れませんでした")
    gateway.status = 204
    patient.page.get_by_test_id("invitation-send").click()
    expect(patient.page.get_by_test_id("invitation-code")).to_be_focused()
    # Opened again elsewhere: whoever has the code is not made to have another one sent.
    again = person()
    again.page.goto(invite(sending_clinic.api, session_id, 72, check="none"))
    expect(again.page.get_by_test_id("invitation-submit")).to_be_visible()
    patient.page.get_by_test_id("invitation-code").fill(gateway.messages[-1]["code"])
    patient.page.get_by_test_id("invitation-submit").click()
    expect(patient.page.get_by_role("heading", level=1)).to_contain_text("使えなくなりました")


def test_after_the_appointment_it_opens_nothing(sending_clinic: TimedClinic, person: NewPerson) -> None:
    session_id = sending_clinic.book(73, admission="staff")
    address = invite(sending_clinic.api, session_id, 73)
    sending_clinic.clock.pass_time(hours=3)
    page = person(**PHONE).page
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_contain_text("期限は過ぎました")
