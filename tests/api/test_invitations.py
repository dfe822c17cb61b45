"""Links and invitations over HTTP: the shapes of the contract, stable refusals, codes through a real gateway."""

import asyncio
import base64
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shinsatsu.webhooks import code_delivery
from tests.api.clinic import PROOF, Clinic, Json, running_clinic, settings
from tests.webhooks.receiver import Received, Receiver, receiving

KEY = base64.b64encode(b"the gateway's secret, thirty-two bytes long").decode()
BORN = "1964-10-10"
PATIENT = {"userType": "patient", "userId": 1}


@pytest.fixture
async def gateway() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def clinic(tmp_path: Path, gateway: Receiver) -> AsyncIterator[Clinic]:
    delivery = {"delivery_url": gateway.url, "delivery_secret": f"whsec_{KEY}", "webhook_allow_private": True}
    async with running_clinic(settings(tmp_path, None, clinic_name="みなと診療所", **delivery)) as running:
        yield running


async def invite(clinic: Clinic, session: str, **wish: object) -> Json:
    answer = await clinic.booking_system.post(f"/api/video-sessions/{session}/invitations", {**PATIENT, **wish})
    assert answer.status_code == 201, answer.text
    document: Json = answer.json()
    return document


def code_of(invitation: Json) -> str:
    return str(invitation["url"]).rpartition("/i/")[2]


async def ask(clinic: Clinic, verb: str, status: int, **body: object) -> Json:
    answer = await clinic.http.post(f"/api/invitations/{verb}", json=body)
    assert answer.status_code == status, answer.text
    document: Json = answer.json()
    return document


async def test_from_an_invitation_to_a_grant(clinic: Clinic) -> None:
    session = await clinic.open()
    sent = await invite(clinic, session, birthDate=BORN)
    assert set(sent) == {"invitationId", "url", "expiresAt", "check"}
    assert sent["check"] == "birth_date"
    look = await ask(clinic, "look", 200, code=code_of(sent))
    assert set(look) == {"check", "startsAt", "doctor", "sentTo", "locked"}
    assert (look["doctor"], look["sentTo"], look["locked"]) == ({"displayName": "見本 太郎"}, None, False)
    assert "花子" not in str(look)
    opened = await ask(clinic, "open", 200, code=code_of(sent), birthDate=BORN)
    address, _, token = opened["url"].partition("?token=")
    assert address.endswith(f"/consultation/{session}")
    body = {"token": token, "proof": PROOF, "sessionId": session}
    exchanged = await clinic.http.post("/api/links/exchange", json=body)
    assert (exchanged.status_code, exchanged.json()["userId"]) == (200, 1)
    (listed,) = (await clinic.booking_system.get(f"/api/video-sessions/{session}/invitations")).json()["invitations"]
    assert (listed["invitationId"], listed["state"], listed["displayName"]) == (
        sent["invitationId"],
        "open",
        "試験 花子",
    )
    assert listed["openedAt"] is not None
    assert code_of(sent) not in str(listed)
    (link,) = (await clinic.booking_system.get(f"/api/video-sessions/{session}/links")).json()["links"]
    assert (link["state"], link["createdBy"]) == ("used", {"userType": "system", "userId": 0})
    assert token not in str(link)


async def test_wrong_answers_lock_it_and_staff_open_it_again(clinic: Clinic) -> None:
    session = await clinic.open()
    doctor = await clinic.person(session, "worker", 1)
    sent = await invite(clinic, session, birthDate=BORN)
    for left in (4, 3, 2, 1):
        refused = await ask(clinic, "open", 403, code=code_of(sent), birthDate="1964-10-11")
        assert (refused["code"], refused["triesLeft"]) == ("check_failed", left)
    for birth_date in ("1964-10-11", BORN):
        refused = await ask(clinic, "open", 403, code=code_of(sent), birthDate=birth_date)
        assert refused["code"] == "invitation_locked"
    assert (await ask(clinic, "look", 403, code=code_of(sent)))["code"] == "invitation_locked"
    story = (await doctor.get(f"/api/video-sessions/{session}/events/history")).json()["events"]
    assert [one["eventType"] for one in story][-2:] == ["invitation_check_failed", "invitation_locked"]
    place = f"/api/video-sessions/{session}/invitations"
    (listed,) = (await doctor.get(place)).json()["invitations"]
    assert (listed["state"], listed["wrongTries"]) == ("locked", 5)
    assert listed["lockedAt"] is not None
    assert (await doctor.post(f"{place}/{sent['invitationId']}/unlock")).status_code == 204
    await ask(clinic, "open", 200, code=code_of(sent), birthDate=BORN)
    assert (await doctor.send("DELETE", f"{place}/{sent['invitationId']}")).status_code == 204
    assert (await ask(clinic, "open", 410, code=code_of(sent), birthDate=BORN))["code"] == "invitation_revoked"


async def test_refusals_have_codes_of_their_own(clinic: Clinic) -> None:
    session = await clinic.open()
    for verb in ("look", "send-code", "open"):
        assert (await ask(clinic, verb, 401, code="x" * 43))["code"] == "invitation_invalid"
        assert (await ask(clinic, verb, 422))["field"] == "code"
    sent = await invite(clinic, session, birthDate=BORN)
    for wrong in ("10.10.1964", "1964-13-01", "1700-01-01", 19641010):
        refused = await ask(clinic, "open", 422, code=code_of(sent), birthDate=wrong)
        assert (refused["code"], refused["field"]) == ("invalid_request", "birthDate")
    assert (await ask(clinic, "open", 422, code=code_of(sent)))["field"] == "birthDate"
    started = datetime.now(UTC) - timedelta(hours=3)
    await clinic.book(startsAt=started.isoformat(timespec="milliseconds"))
    assert (await ask(clinic, "look", 410, code=code_of(sent)))["code"] == "invitation_expired"
    await clinic.book(status="cancelled")
    assert (await ask(clinic, "look", 410, code=code_of(sent)))["code"] == "invitation_revoked"


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({}, "birthDate"),
        ({"check": "code"}, "deliverTo"),
        ({"check": "code", "deliverTo": {"kind": "phone", "address": "none"}}, "deliverTo.address"),
        ({"check": "code", "deliverTo": {"kind": "fax", "address": "0312345678"}}, "deliverTo.kind"),
        ({"check": "passport"}, "check"),
        ({"userType": "worker"}, "userType"),
        ({"userId": 0, "birthDate": BORN}, "userId"),
        ({"userId": 99, "birthDate": BORN}, "userId"),
    ],
)
async def test_what_an_invitation_needs(clinic: Clinic, wish: Json, field: str) -> None:
    session = await clinic.open()
    answer = await clinic.booking_system.post(f"/api/video-sessions/{session}/invitations", {**PATIENT, **wish})
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == field


async def test_a_code_goes_to_the_gateway_signed(clinic: Clinic, gateway: Receiver) -> None:
    session = await clinic.open()
    to = {"kind": "mail", "address": "hanako@mail.example"}
    sent = await invite(clinic, session, check="code", deliverTo=to)
    assert (await ask(clinic, "look", 200, code=code_of(sent)))["sentTo"] == "h•••@mail.example"
    assert await ask(clinic, "send-code", 202, code=code_of(sent)) == {"sentTo": "h•••@mail.example", "validFor": 600}
    (received,) = gateway.received
    message = received.message
    assert {**message, "code": "?"} == {
        "kind": "mail",
        "to": "hanako@mail.example",
        "code": "?",
        "language": "ja",
        "validFor": 600,
        "clinic": "みなと診療所",
    }
    assert signature_fits(received)
    again = await clinic.http.post("/api/invitations/send-code", json={"code": code_of(sent)})
    assert (again.status_code, again.json()["code"]) == (429, "rate_limited")
    assert 0 < int(again.headers["retry-after"]) <= 30
    wrong = f"{(int(message['code']) + 1) % 10**6:06}"
    refused = await ask(clinic, "open", 403, code=code_of(sent), oneTimeCode=wrong)
    assert refused["triesLeft"] == 4
    await ask(clinic, "open", 200, code=code_of(sent), oneTimeCode=message["code"])


async def test_a_gateway_that_fails_hangs_or_redirects(
    clinic: Clinic, gateway: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_delivery, "TIMEOUT", 0.3)
    session = await clinic.open()
    to = {"kind": "phone", "address": "090-1234-5678"}
    sent = await invite(clinic, session, check="code", deliverTo=to)
    for status in (500, 404, 302):
        gateway.status = status
        assert (await ask(clinic, "send-code", 503, code=code_of(sent)))["code"] == "delivery_failed"

    async def hang(_writer: asyncio.StreamWriter, _request: Received) -> None:
        await over.wait()

    over = asyncio.Event()
    gateway.answer = hang
    for _ in range(3):
        assert (await ask(clinic, "send-code", 503, code=code_of(sent)))["code"] == "delivery_failed"
    over.set()
    gateway.answer, gateway.status = None, 204
    await ask(clinic, "send-code", 202, code=code_of(sent))  # what failed did not count
    body = {"code": code_of(sent), "oneTimeCode": gateway.received[-1].message["code"]}
    await ask(clinic, "open", 200, **body)


async def test_how_often_one_address_may_try(tmp_path: Path) -> None:
    async with running_clinic(settings(tmp_path, None, exchange_rate="5/minute")) as clinic:
        for _ in range(5):
            await ask(clinic, "look", 401, code="x" * 43)
        answer = await clinic.http.post("/api/invitations/open", json={"code": "x" * 43})
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")


async def test_a_link_opened_at_another_consultations_address(clinic: Clinic) -> None:
    first, other = await clinic.open("a-1"), await clinic.open("a-2")
    token = await clinic.link(first, "patient", 1)
    body = {"token": token, "proof": PROOF, "sessionId": other}
    refused = await clinic.http.post("/api/links/exchange", json=body)
    assert (refused.status_code, refused.json()["code"]) == (401, "link_invalid")
    good = await clinic.http.post("/api/links/exchange", json={**body, "sessionId": first})
    assert good.status_code == 200


def signature_fits(received: Received) -> bool:
    """As the specification of Standard Webhooks has the receiver check it."""
    headers = received.headers
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + received.body
    expected = base64.b64encode(hmac.digest(base64.b64decode(KEY), content, "sha256")).decode()
    age = abs(datetime.now(UTC).timestamp() - int(headers["webhook-timestamp"]))
    return headers["webhook-signature"] == f"v1,{expected}" and age < 60
