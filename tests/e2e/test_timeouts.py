"""What must end ends, in real browsers, under a clock that the test moves (spec §6.1 and §8)."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Person
from tests.e2e.timed_clinic import TimedClinic, timed_clinic

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimedClinic]:
    with timed_clinic(tmp_path_factory.mktemp("timed")) as clinic:
        yield clinic


def eventually(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Waits for what the server notices by itself; it looks once a second."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "not so in time"
        time.sleep(0.1)


def test_a_patient_whom_nobody_joins_is_told_and_goes_on_waiting_with_one_tap(
    timed: TimedClinic, person: Callable[..., Person]
) -> None:
    session_id = timed.book(1)
    patient = person()
    patient.enter(timed.link(session_id, "patient", 1))
    patient.expect_status("waiting")
    # The page says "waiting" before its join is through, and the wait counts from there: a slow machine needs to be given time.
    eventually(lambda: any(one["connected"] for one in timed.session(session_id)["participants"]))
    timed.clock.pass_time(minutes=4, seconds=50)
    patient.page.wait_for_timeout(1500)  # two looks of the server: nothing is due yet
    patient.expect_status("waiting")
    timed.clock.pass_time(seconds=15)
    patient.expect_status("ended")
    ended = timed.session(session_id)
    assert (ended["metadata"]["endReason"], ended["metadata"]["timeout"]) == ("timeout", "join")
    patient.page.get_by_test_id("return").click()
    patient.expect_status("waiting")
    assert timed.session(session_id)["openSessionId"] != session_id


def test_everybody_is_warned_before_the_longest_duration_ends_it(
    timed: TimedClinic, person: Callable[..., Person]
) -> None:
    session_id = timed.book(2)
    patient, doctor = person(), person()
    doctor.enter(timed.link(session_id, "worker", 2))
    patient.enter(timed.link(session_id, "patient", 2))
    for one in (patient, doctor):
        one.expect_status("active")
        one.expect_media()
    timed.clock.pass_time(minutes=55, seconds=1)
    for one in (patient, doctor):
        expect(one.page.get_by_text("あと5分").first).to_be_visible()
    doctor.page.get_by_test_id("extend").first.click()
    expect(patient.page.get_by_text("診察時間をのばしました").first).to_be_visible()
    timed.clock.pass_time(minutes=5)
    patient.page.wait_for_timeout(1500)  # two looks of the server: it goes on
    for one in (patient, doctor):
        one.expect_status("active")
        one.expect_media()
    timed.clock.pass_time(minutes=30)
    for one in (patient, doctor):
        one.expect_status("ended")
    ended = timed.session(session_id)
    assert (ended["metadata"]["endReason"], ended["metadata"]["timeout"]) == ("timeout", "max")
    assert ended["metadata"]["twoWayMedia"] == {"audio": True, "video": True}
    assert ended["metadata"]["actualDuration"] >= 90


def test_an_active_session_that_everybody_left_by_closing_the_page_ends(
    timed: TimedClinic, person: Callable[..., Person]
) -> None:
    session_id = timed.book(3)
    patient, doctor = person(), person()
    doctor.enter(timed.link(session_id, "worker", 3))
    patient.enter(timed.link(session_id, "patient", 3))
    for one in (patient, doctor):
        one.expect_status("active")
    for one in (patient, doctor):
        one.page.context.close()
    eventually(lambda: not any(one["connected"] for one in timed.session(session_id)["participants"]))
    timed.clock.pass_time(minutes=15, seconds=1)
    eventually(lambda: timed.session(session_id)["metadata"].get("timeout") == "idle")
