"""The staff console does a clinic's day in Chromium: who waits, who is in, what staff do about it, what is remembered."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, StorageState, expect

from tests.e2e.browser import Person
from tests.e2e.clinic import Clinic
from tests.e2e.conftest import PHONE
from tests.e2e.test_accessibility import findings

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

DOCTOR = {"userId": 1, "displayName": "山田 太郎", "licenceYear": 2008, "specialty": "内科"}
TABLET = {"viewport": {"width": 768, "height": 1024}, "has_touch": True}
COUNT_NOTES = """
window.notes = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { window.notes += 1; return start.apply(this, when); };
"""


@dataclass(frozen=True)
class Visit:
    """One appointment of the demo's own doctor, with a patient of its own."""

    session_id: str
    appointment_id: str
    patient: str
    patient_link: str


@dataclass
class Desk:
    """Somebody at the console."""

    person: Person

    @property
    def page(self) -> Page:
        return self.person.page

    def row(self, visit: Visit) -> Locator:
        return self.page.locator(f"[data-testid=appointment-row][data-row='{visit.session_id}']")

    def participant(self, visit: Visit, name: str) -> Locator:
        """One line of the people in a consultation, spread out first where they are folded."""
        people = self.row(visit).get_by_test_id("people")
        if people.get_attribute("aria-expanded") == "false":
            people.click()
        return self.row(visit).get_by_test_id("participant").filter(has_text=name)


OpenDesk = Callable[..., Desk]
NewPerson = Callable[..., Person]


@pytest.fixture(scope="module")
def logins(clinic: Clinic, browser: Browser) -> dict[str, StorageState]:
    """Opens each of the demo's console links, which work once, as a person does; the browser then knows who it is."""
    states: dict[str, StorageState] = {}
    for role, link in clinic.ready["consoleLinks"].items():
        context = browser.new_context(locale="ja-JP", timezone_id="Asia/Tokyo")
        page = context.new_page()
        page.goto(link)
        expect(page.get_by_test_id("open-console")).to_be_visible()
        assert "token" not in page.url, "the token is out of the address before anything is pressed"
        page.reload()
        page.get_by_test_id("open-console").click()
        expect(page.get_by_test_id("me")).to_be_visible()
        expect(page.get_by_test_id("live")).to_be_visible()
        states[role] = context.storage_state()
        context.close()
    return states


@pytest.fixture
def desk(clinic: Clinic, logins: dict[str, StorageState], person: NewPerson) -> OpenDesk:
    def open_desk(role: str, path: str = "/console", **options: Any) -> Desk:
        one = person(storage_state=logins[role], **options)
        one.page.add_init_script(COUNT_NOTES)
        one.page.goto(clinic.base_url + path)
        expect(one.page.get_by_test_id("me")).to_be_visible()
        return Desk(one)

    return open_desk


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return book(clinic, DOCTOR)


def book(clinic: Clinic, doctor: dict[str, Any]) -> Visit:
    number = uuid.uuid4().int % 1_000_000_000
    name, appointment_id = f"受付 {number}", f"console-{number}"
    answer = clinic.api.put(
        f"/api/appointments/{appointment_id}",
        json={
            "patient": {"userId": 10_000 + number, "displayName": name, "language": "ja"},
            "doctor": doctor,
            "supportDoctors": [],
            "startsAt": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "scheduledDuration": 15,
            "admission": "staff",
        },
    )
    answer.raise_for_status()
    session_id = str(answer.json()["session"]["id"])
    return Visit(session_id, appointment_id, name, clinic.link(session_id, "patient", 10_000 + number))


def test_a_days_work(clinic: Clinic, visit: Visit, desk: OpenDesk, person: NewPerson) -> None:
    operator, doctor, patient = desk("operator"), desk("doctor"), person(**PHONE)
    row = operator.row(visit)
    expect(row).to_be_visible()
    expect(row.get_by_test_id("waiting-patient")).to_have_count(0)

    # A patient arrives: the row, the title, the sound and the words for those who listen.
    expect(operator.page.get_by_test_id("bell")).to_have_class(re.compile("button--asks"))
    operator.page.get_by_test_id("bell").click()
    expect(operator.page.get_by_test_id("bell")).not_to_have_class(re.compile("button--asks"))
    notes = operator.page.evaluate("window.notes")
    patient.enter(visit.patient_link)
    expect(row.get_by_test_id("waiting-patient")).to_contain_text(visit.patient)
    expect(row.get_by_test_id("waiting-patient")).to_contain_text("カメラ・マイク")
    expect(operator.page).to_have_title(re.compile(r"^\(\d+\) "))
    expect(operator.page.get_by_test_id("announcement")).to_contain_text(visit.patient)
    assert operator.page.evaluate("window.notes") == notes + 2, "two notes, once"

    # Identity is noted, then the patient is admitted from the list.
    row.get_by_test_id("identity-check").click()
    operator.page.get_by_label("パスポート").check()
    operator.page.get_by_test_id("confirm-identity").click()
    expect(row).to_contain_text("パスポート")
    row.get_by_test_id("admit").click()
    expect(row.get_by_test_id("waiting-patient")).to_have_count(0)

    # The doctor joins from their own console, in a tab of its own.
    with doctor.page.expect_popup() as opened:
        doctor.row(visit).get_by_test_id("join-session").click()
    call = Person(opened.value)
    call.page.get_by_test_id("join").click()
    for one in (patient, call):
        one.expect_status("active")
        one.expect_media()
        one.expect_picture()
    expect(row.get_by_test_id("elapsed")).to_contain_text(re.compile(r"\d+:\d\d / 15:00"))
    for name, role in ((visit.patient, "患者"), (DOCTOR["displayName"], "医師")):
        expect(operator.participant(visit, str(name))).to_contain_text(role)

    # Extended, muted, sent back, admitted anew, removed.
    [(before,)] = clinic.query("SELECT ends_at FROM video_sessions WHERE id = ?", visit.session_id)
    row.get_by_test_id("extend").click()
    expect(operator.page.get_by_text("延長しました")).to_be_visible()
    [(after,)] = clinic.query("SELECT ends_at FROM video_sessions WHERE id = ?", visit.session_id)
    assert after > before
    operator.participant(visit, visit.patient).get_by_test_id("mute-participant").click()
    expect(operator.participant(visit, visit.patient)).to_contain_text("マイクオフ")
    expect(operator.participant(visit, visit.patient).get_by_test_id("ask-to-unmute")).to_be_visible()
    operator.participant(visit, visit.patient).get_by_test_id("send-back").click()
    expect(row.get_by_test_id("waiting-patient")).to_contain_text("待合室に戻りました")
    expect(patient.page.get_by_test_id("session-status")).to_have_attribute("data-admission", "sent_back")
    row.get_by_test_id("admit").click()
    expect(patient.page.get_by_test_id("session-status")).to_have_attribute("data-admission", "admitted")
    operator.participant(visit, visit.patient).get_by_test_id("remove-participant").click()
    operator.page.get_by_test_id("confirm-remove").click()
    expect(operator.page.get_by_text("理由を入力してください")).to_be_visible()
    operator.page.get_by_test_id("reason").fill("別の方が映り込んだため")
    operator.page.get_by_test_id("confirm-remove").click()
    expect(row.get_by_test_id("participant").filter(has_text=visit.patient)).to_have_count(0)
    expect(patient.page.get_by_test_id("removal-reason")).to_contain_text("別の方が映り込んだため")

    # Ended with its outcome, and found again.
    row.get_by_test_id("end-session").click()
    operator.page.get_by_label("電話に切り替えた").check()
    operator.page.get_by_test_id("confirm-end").click()
    call.expect_status("ended")
    expect(row).to_contain_text("電話に切り替えた")
    operator.page.get_by_test_id("search").fill(visit.patient.replace(" ", ""))
    expect(operator.page.get_by_test_id("appointment-row")).to_have_count(1)
    operator.page.get_by_test_id("search").fill(visit.appointment_id)
    expect(operator.page.get_by_test_id("appointment-row")).to_have_count(1)

    # The story tells it all.
    row.get_by_role("link", name=re.compile("経過")).click()
    expect(operator.page.get_by_role("heading", level=1)).to_have_text(visit.patient)
    expect(operator.page.get_by_role("heading", level=1)).to_be_focused()
    expect(operator.page.locator("[data-event=ended]")).to_be_visible()
    told = [one.get_attribute("data-event") for one in operator.page.get_by_test_id("timeline-event").all()]
    wanted = ["created", "joined", "identity_checked", "admitted", "joined", "activated", "extended", "muted"]
    wanted += ["sent_back", "admitted", "left", "ended"]
    assert in_order(wanted, told), told
    assert "track_published" not in told
    operator.page.get_by_test_id("whole-story").check()
    expect(operator.page.locator("[data-event=track_published]").first).to_be_visible()
    expect(operator.page.locator("[data-event=left]").filter(has_text="退室させました")).to_contain_text(visit.patient)
    operator.page.get_by_test_id("set-outcome").click()
    operator.page.get_by_label("対面に切り替えた").check()
    operator.page.get_by_test_id("confirm-set-outcome").click()
    expect(operator.page.locator("[data-event=outcome_set]")).to_be_visible()
    operator.page.go_back()
    expect(row).to_contain_text("対面に切り替えた")


def in_order(wanted: list[str], told: list[str | None]) -> bool:
    """Whether these come one after another, with anything between them."""
    rest = iter(told)
    return all(any(one == event for event in rest) for one in wanted)


def test_an_ongoing_story_goes_on_live(visit: Visit, desk: OpenDesk, person: NewPerson) -> None:
    operator, patient = desk("operator", f"/console/sessions/{visit.session_id}"), person(**PHONE)
    page = operator.page
    expect(page.locator("[data-event=created]")).to_be_visible()
    patient.enter(visit.patient_link)
    expect(page.locator("[data-event=joined]")).to_contain_text(visit.patient)
    page.get_by_test_id("remove-participant").click()
    page.get_by_test_id("reason").fill("別の予約の方でした")
    page.get_by_test_id("confirm-remove").click()
    expect(page.locator("[data-event=left]")).to_contain_text("退室させました")
    page.get_by_test_id("restore").click()
    expect(page.locator("[data-event=restored]")).to_be_visible()
    expect(page.get_by_test_id("restore")).to_have_count(0)
    page.get_by_test_id("end-session").click()
    page.get_by_test_id("confirm-end").click()
    expect(page.locator("[data-event=ended]")).to_be_visible()
    expect(page.get_by_test_id("end-session")).to_have_count(0)


def test_admit_and_join_in_one_press(visit: Visit, desk: OpenDesk, person: NewPerson) -> None:
    doctor, patient = desk("doctor", **TABLET), person(**PHONE)
    patient.enter(visit.patient_link)
    with doctor.page.expect_popup() as opened:
        doctor.row(visit).get_by_test_id("admit-and-join").click()
    call = Person(opened.value)
    call.page.get_by_test_id("join").click()
    for one in (patient, call):
        one.expect_status("active")
    doctor.row(visit).get_by_test_id("join-session").click()
    assert len(doctor.page.context.pages) == 2, "a call that is open is shown, not opened twice"
    doctor.row(visit).get_by_test_id("end-session").click()
    doctor.page.get_by_test_id("confirm-end").click()
    patient.expect_status("ended")


def test_admit_and_join_waits_for_a_doctor_who_is_held_elsewhere(
    clinic: Clinic, visit: Visit, desk: OpenDesk, person: NewPerson
) -> None:
    before = book(clinic, DOCTOR)
    doctor, first, second = desk("doctor"), person(**PHONE), person(**PHONE)
    for patient, one in ((first, before), (second, visit)):
        patient.enter(one.patient_link)
    with doctor.page.expect_popup() as opened:
        doctor.row(before).get_by_test_id("admit-and-join").click()
    held = Person(opened.value)
    held.page.get_by_test_id("join").click()
    for one_in in (held, first):
        one_in.expect_status("active")

    with doctor.page.expect_popup() as opened:
        doctor.row(visit).get_by_test_id("admit-and-join").click()
    call = Person(opened.value)
    call.page.get_by_test_id("join").click()
    expect(call.page.get_by_role("heading", name="ほかの診察に入っています")).to_be_visible()
    expect(second.page.get_by_test_id("session-status")).to_have_attribute("data-admission", "waiting")
    call.page.get_by_role("button", name="退室してこちらに入る").click()
    for one_in in (call, second):
        one_in.expect_status("active")
        one_in.expect_media()
    assert "admit=" not in call.page.url, "a reload admits nobody"

    call.page.get_by_test_id("end-session").click()
    call.page.get_by_test_id("confirm-end").click()
    call.page.get_by_test_id("to-console").click()
    expect(doctor.row(visit).get_by_test_id("end-session")).to_have_count(0)
    assert call.page.is_closed()


def test_let_in_before_the_doctor_came_the_status_stays_honest(visit: Visit, desk: OpenDesk, person: NewPerson) -> None:
    operator, patient = desk("operator"), person(**PHONE)
    patient.enter(visit.patient_link)
    operator.row(visit).get_by_test_id("admit").click()
    expect(patient.page.get_by_test_id("session-status")).to_have_attribute("data-admission", "admitted")
    status = patient.page.get_by_test_id("doctor-status")
    expect(status).to_have_attribute("data-status", "not_here")
    expect(status).to_contain_text("担当医はまだ入室していません")


def test_doctors_see_their_own_alone(clinic: Clinic, visit: Visit, desk: OpenDesk) -> None:
    other = book(clinic, {"userId": 2, "displayName": "小林 恵子", "licenceYear": 2012, "specialty": "小児科"})
    operator, doctor = desk("operator"), desk("doctor")
    for one in (visit, other):
        expect(operator.row(one)).to_be_visible()
    expect(doctor.row(visit)).to_be_visible()
    expect(doctor.row(other)).to_have_count(0)
    doctor.page.get_by_test_id("search").fill(other.patient)
    expect(doctor.page.get_by_text("見つかりませんでした")).to_be_visible()
    doctor.page.goto(f"{clinic.base_url}/console/sessions/{other.session_id}")
    expect(doctor.page.get_by_text("この診察は見つかりません")).to_be_visible()


def test_a_consultation_link_never_opens_it(clinic: Clinic, visit: Visit, person: NewPerson) -> None:
    doctor = person()
    link = clinic.link(visit.session_id, "worker", 1)
    doctor.page.goto(link)
    doctor.page.get_by_test_id("get-ready").click()
    expect(doctor.page.get_by_test_id("join")).to_be_visible()
    doctor.page.goto(f"{clinic.base_url}/console")
    expect(doctor.page.get_by_role("heading", level=1)).to_have_text("ログイン")
    assert findings(doctor.page) == []
    refused = doctor.page.evaluate(
        """async (id) => {
          const { grants } = await (await fetch(`/api/grants?sessionId=${id}`)).json();
          const { grantId } = grants[0];
          const list = await fetch('/api/video-sessions', { headers: { 'Shinsatsu-Login': grantId } });
          const own = await fetch(`/api/video-sessions/${id}/grants`, {
            method: 'POST', headers: { 'Shinsatsu-Grant': grantId } });
          const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/api/console/events?login=${grantId}`);
          const closed = await new Promise((resolve) => (socket.onclose = ({ code }) => resolve(code)));
          return [list.status, own.status, closed];
        }""",
        visit.session_id,
    )
    assert refused == [401, 401, 4401]
    token = clinic.link(visit.session_id, "worker", 1).partition("token=")[2]
    doctor.page.goto(f"{clinic.base_url}/console?token={token}")
    doctor.page.get_by_test_id("open-console").click()
    expect(doctor.page.get_by_role("heading", level=1)).to_have_text("リンクを読み取れませんでした")


def test_two_at_once_admit_the_same_patient(visit: Visit, clinic: Clinic, desk: OpenDesk, person: NewPerson) -> None:
    desks, patient = [desk("operator"), desk("admin")], person(**PHONE)
    patient.enter(visit.patient_link)
    for one in desks:
        expect(one.row(visit).get_by_test_id("admit")).to_be_visible()
    held: list[Route] = []

    def hold(request: Route) -> None:
        held.append(request)

    for one in desks:  # both have pressed before the server hears of either
        one.page.route(re.compile("/admit$"), hold)
        one.row(visit).get_by_test_id("admit").click()
        expect(one.row(visit).get_by_test_id("admit")).to_have_attribute("aria-disabled", "true")
    for request in held:
        request.continue_()
    for one in desks:
        expect(one.row(visit).get_by_test_id("waiting-patient")).to_have_count(0)
        expect(one.row(visit).get_by_text("だけが入っています")).to_be_visible()
        expect(one.page.locator(".banner--warning")).to_have_count(0)
    statement = "SELECT count(*) FROM session_events WHERE video_session_id = ? AND event_type = 'admitted'"
    assert clinic.query(statement, visit.session_id) == [(1,)]


def test_the_focus_stays_where_it_is_while_rows_move(clinic: Clinic, desk: OpenDesk, person: NewPerson) -> None:
    first, second = book(clinic, DOCTOR), book(clinic, DOCTOR)
    operator, admin = desk("operator"), desk("admin")
    for visit in (first, second):
        person(**PHONE).enter(visit.patient_link)
        expect(operator.row(visit).get_by_test_id("admit")).to_be_visible()
    button = operator.row(second).get_by_test_id("admit")
    button.focus()
    admin.row(first).get_by_test_id("admit").click()
    expect(operator.row(first).get_by_test_id("waiting-patient")).to_have_count(0)
    expect(button).to_be_focused()
    operator.page.keyboard.press("Enter")
    expect(operator.row(second).get_by_test_id("waiting-patient")).to_have_count(0)
    expect(operator.row(second).locator(":focus")).to_have_count(1)


def test_a_lost_stream_says_how_old_the_list_is(clinic: Clinic, desk: OpenDesk, visit: Visit) -> None:
    operator = desk("operator")
    expect(operator.row(visit)).to_be_visible()
    lost: list[Any] = []

    def lose(socket: Any) -> None:
        if lost:
            socket.connect_to_server()
        else:
            lost.append(socket.url)
            socket.close(code=1011)

    operator.page.route_web_socket(re.compile("/api/console/events"), lose)
    operator.page.reload()
    expect(operator.page.get_by_test_id("offline")).to_be_visible()
    expect(operator.page.get_by_test_id("live")).to_be_visible(timeout=10_000)
    expect(operator.page.get_by_test_id("offline")).to_have_count(0)
    later = book(clinic, DOCTOR)
    expect(operator.row(later)).to_be_visible()


def test_a_link_works_once_and_logging_out_ends_it(clinic: Clinic, desk: OpenDesk, person: NewPerson) -> None:
    again = person()
    again.page.goto(clinic.ready["consoleLinks"]["operator"])
    again.page.get_by_test_id("open-console").click()
    expect(again.page.get_by_role("heading", level=1)).to_have_text("このリンクは使用済みです")
    assert findings(again.page) == []
    admin = desk("admin")
    other_tab = admin.page.context.new_page()
    other_tab.goto(f"{clinic.base_url}/console")
    expect(other_tab.get_by_test_id("me")).to_be_visible()
    admin.page.get_by_test_id("log-out").click()
    expect(admin.page.get_by_role("heading", level=1)).to_have_text("ログアウトしました")
    expect(other_tab.get_by_role("heading", level=1)).to_have_text("ログインの期限が切れました")
    admin.page.reload()
    expect(admin.page.get_by_role("heading", level=1)).to_have_text("ログイン")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("locale", "screen"), [("ja-JP", TABLET), ("en-GB", {})])
def test_every_page_is_clean(
    clinic: Clinic, visit: Visit, desk: OpenDesk, person: NewPerson, locale: str, screen: dict[str, Any], scheme: str
) -> None:
    operator = desk("operator", locale=locale, color_scheme=scheme, **screen)
    patient = person(**PHONE)
    patient.enter(visit.patient_link)
    expect(operator.row(visit).get_by_test_id("waiting-patient")).to_be_visible()
    assert findings(operator.page) == [], "the day"
    operator.row(visit).get_by_test_id("identity-check").click()
    assert findings(operator.page) == [], "identity"
    operator.page.keyboard.press("Escape")
    operator.row(visit).get_by_test_id("admit").click()
    people = operator.row(visit).get_by_test_id("people")
    if people.get_attribute("aria-expanded") == "false":
        people.click()
    assert findings(operator.page) == [], "people"
    operator.row(visit).get_by_test_id("remove-participant").click()
    operator.page.get_by_test_id("confirm-remove").click()
    assert findings(operator.page) == [], "removing"
    operator.page.keyboard.press("Escape")
    operator.row(visit).get_by_role("link").first.click()
    expect(operator.page.get_by_test_id("timeline-event").first).to_be_visible()
    assert findings(operator.page) == [], "the story"
    operator.page.go_back()
    operator.page.get_by_test_id("search").fill("zzzz")
    expect(operator.page.get_by_test_id("appointment-row")).to_have_count(0)
    assert findings(operator.page) == [], "nothing found"
