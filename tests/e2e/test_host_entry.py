"""A patient portal hands its user over: its signed token opens the consultation once, without a second login."""

import secrets
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from playwright.sync_api import expect

from tests.e2e.browser import Person
from tests.e2e.conftest import PHONE
from tests.e2e.test_accessibility import findings
from tests.e2e.timed_clinic import TimedClinic, timed_clinic
from tests.e2e.waypoints import expect_admission

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

NewPerson = Callable[..., Person]
ISSUER = "https://portal.example"
AUDIENCE = "clinic"
SECRET = secrets.token_urlsafe(48)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimedClinic]:
    with timed_clinic(
        tmp_path_factory.mktemp("portal"),
        host_token_algorithms=("HS256",),
        host_token_issuer=ISSUER,
        host_token_audience=AUDIENCE,
        host_token_secret=SECRET,
    ) as running:
        yield running


def signed(number: int, secret: str = SECRET, **claims: Any) -> str:
    """What the portal signs for the patient of appointment `timed-{number}`."""
    now = datetime.now(UTC)
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=5)).timestamp()),
        "jti": uuid.uuid4().hex,
        "sub": str(number),
        "userType": "patient",
        "appointmentId": f"timed-{number}",
        **claims,
    }
    return jwt.encode({"alg": "HS256"}, said, OctKey.import_key(secret))


def enter(clinic: TimedClinic, one: Person, token: str) -> None:
    one.page.goto(f"{clinic.api.base_url}/enter#token={token}")
    expect(one.page.get_by_test_id("get-ready")).to_be_visible()
    assert token not in one.page.url, "the token is out of the address before anything is pressed"
    one.page.get_by_test_id("get-ready").click()


def test_the_portals_token_leads_to_the_waiting_room(clinic: TimedClinic, person: NewPerson) -> None:
    session_id = clinic.book(81, admission="staff")
    patient = person(**PHONE)
    token = signed(81)
    patient.page.goto(f"{clinic.api.base_url}/enter#token={token}")
    patient.page.reload()  # loading the page uses nothing up, and a reload still knows what opened it
    patient.page.get_by_test_id("get-ready").click()
    expect(patient.page.get_by_test_id("join")).to_be_visible()
    assert patient.page.url == f"{str(clinic.api.base_url).rstrip('/')}/consultation/{session_id}"
    patient.page.get_by_test_id("join").click()
    expect_admission(patient, "waiting")
    again = person()
    enter(clinic, again, token)
    expect(again.page.get_by_role("heading", level=1)).to_contain_text("済んでいます")


@pytest.mark.parametrize("fault", ["forged", "expired", "not this clinic's"])
def test_a_token_that_is_not_good_says_what_to_do(clinic: TimedClinic, person: NewPerson, fault: str) -> None:
    clinic.book(82, admission="staff")
    long_ago = int((datetime.now(UTC) - timedelta(hours=1)).timestamp())
    token, words = {
        "forged": (signed(82, secrets.token_urlsafe(48)), "確認できませんでした"),
        "expired": (signed(82, iat=long_ago, exp=long_ago + 300), "時間がたった"),
        "not this clinic's": (signed(82, aud="another clinic"), "確認できませんでした"),
    }[fault]
    patient = person(**PHONE)
    enter(clinic, patient, token)
    expect(patient.page.get_by_role("heading", level=1)).to_contain_text(words)
    expect(patient.page.get_by_role("link", name="電話")).to_be_visible()
    assert findings(patient.page) == []
