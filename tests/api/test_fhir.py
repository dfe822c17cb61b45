"""A consultation's record as FHIR R4, as a foreign system reads it."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.guests import GuestKind
from shinsatsu.domain.roles import AuthUser
from shinsatsu.domain.session_status import SessionStatus
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.fhir.bundle import bundle_json
from shinsatsu.fhir.encounter import status_of
from shinsatsu.service.guests import Invitee
from shinsatsu.service.request import ADDRESS, REQUEST_ID
from tests.api.asgi import InProcess
from tests.house import ADMIN, DOCTOR, KEY, PATIENT, START, SUPPORT, House

BASE = "https://clinic.example"
Json = dict[str, Any]


@pytest.fixture
async def house(engine: AsyncEngine) -> AsyncIterator[House]:
    house = House(engine)
    yield house
    house.units_of_work.close()


async def exported(house: House, session_id: str) -> tuple[Json, list[Json]]:
    """The Encounter and the AuditEvents, after a foreign reader found nothing wrong with the bundle."""
    text = bundle_json(await house.audit.session_record(DOCTOR, session_id), BASE)
    bundle = json.loads(text)
    assert Bundle.model_validate_json(text).type == "collection"
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(urls) == len(set(urls))
    first, *rest = [entry["resource"] for entry in bundle["entry"]]
    assert {one["resourceType"] for one in rest} == {"AuditEvent"}
    for event in rest:
        assert event["entity"][1]["what"]["reference"] == urls[0]
    return first, rest


def person(user_type: str, user_id: int, resource: str) -> Json:
    return {"type": resource, "identifier": {"system": f"{BASE}/users/{user_type}", "value": str(user_id)}}


async def consultation(house: House) -> str:
    """The doctor and the patient meet for ten minutes, with support and an interpreter, who goes in between."""
    session_id = await house.opened()
    invitee = Invitee("Interpreter X", GuestKind.INTERPRETER, frozenset())
    named = await house.guests.invite(ADMIN, session_id, invitee)
    interpreter = AuthUser(*named.guest.key, None, "Interpreter X")
    doctor = await house.enter(DOCTOR, session_id)
    patient = await house.enter(PATIENT, session_id)
    for who, stay in ((DOCTOR, doctor), (PATIENT, patient)):
        await house.presence.connected(who, session_id, stay.participant_id, f"server-1:{who.user_type}")
    await house.enter(SUPPORT, session_id)
    came = await house.enter(interpreter, session_id)
    house.clock.pass_time(minutes=4)
    await house.sessions.leave(interpreter, session_id, came.participant_id)
    house.clock.pass_time(minutes=6)
    await house.sessions.end(DOCTOR, session_id)
    return session_id


async def test_a_consultation_is_a_virtual_encounter(house: House) -> None:
    session_id = await consultation(house)
    encounter, _ = await exported(house, session_id)
    assert encounter["status"] == "finished"
    assert encounter["class"] == {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "code": "VR",
        "display": "virtual",
    }
    assert encounter["id"] == session_id
    assert encounter["subject"] == person("patient", PATIENT.user_id, "Patient")
    assert encounter["appointment"][0]["identifier"]["value"] == "a1"
    assert [encounter["period"][side][11:16] for side in ("start", "end")] == ["05:30", "05:40"]
    assert (encounter["length"]["value"], encounter["length"]["code"]) == (10, "min")
    parts = {one["type"][0]["coding"][0]["code"]: one for one in encounter["participant"]}
    assert set(parts) == {"PPRF", "SPRF", "translator"}
    assert parts["PPRF"]["individual"] == person("worker", DOCTOR.user_id, "Practitioner")
    assert parts["translator"]["individual"]["type"] == "RelatedPerson"
    ends = {code: one["period"]["end"][11:16] for code, one in parts.items()}
    assert ends == {"PPRF": "05:40", "SPRF": "05:40", "translator": "05:34"}


async def test_every_event_is_an_audit_event_that_names_who_and_whom(house: House) -> None:
    ADDRESS.set("203.0.113.7")
    REQUEST_ID.set("request-1")
    session_id = await consultation(house)
    _, events = await exported(house, session_id)
    story = await house.story(session_id)
    assert [one["subtype"][1]["code"] for one in events] == story
    joined = events[story.index("joined")]
    assert (joined["action"], joined["outcome"]) == ("C", "0")
    assert joined["subtype"][0]["code"] == "create"
    assert joined["recorded"].startswith("2026-11-23T05:30:00")
    asked, served = joined["agent"]
    assert asked["who"] == person("worker", DOCTOR.user_id, "Practitioner")
    assert asked["role"][0]["coding"][0]["code"] == "doctor"
    assert asked["network"] == {"address": "203.0.113.7", "type": "2"}
    assert [asked["requestor"], served["requestor"]] == [True, False]
    assert served["who"]["identifier"]["value"] == BASE
    patient, encounter, request = joined["entity"]
    assert patient["what"] == person("patient", PATIENT.user_id, "Patient")
    assert request["what"]["identifier"]["value"] == "request-1"
    details = {one["type"]: one["valueString"] for one in encounter["detail"]}
    assert details["relation"] == "in_charge"
    assert json.loads(details["tracks"])[0]["trackType"] == "audio"


async def test_no_name_is_exported(house: House) -> None:
    record = await house.audit.session_record(ADMIN, await consultation(house))
    text = bundle_json(record, BASE)
    for name in (one.display_name for one in record.consultation.people.values()):
        assert name not in text
    assert "to help" not in text


async def test_what_is_only_booked_is_planned_with_the_doctor_in_charge(house: House) -> None:
    await house.staff()
    encounter, events = await exported(house, await house.book())
    assert encounter["status"] == "planned"
    assert "period" not in encounter
    assert [one["individual"] for one in encounter["participant"]] == [person("worker", DOCTOR.user_id, "Practitioner")]
    assert events[0]["agent"][0]["who"] == person("system", KEY.user_id, "Device")


@pytest.mark.parametrize(
    ("status", "began", "word"),
    [
        (SessionStatus.SCHEDULED, False, "planned"),
        (SessionStatus.WAITING, False, "arrived"),
        (SessionStatus.ACTIVE, True, "in-progress"),
        (SessionStatus.ENDED, True, "finished"),
        (SessionStatus.FAILED, True, "finished"),
        (SessionStatus.ENDED, False, "cancelled"),
        (SessionStatus.FAILED, False, "cancelled"),
    ],
)
def test_the_status_in_the_words_of_fhir(status: SessionStatus, began: bool, word: str) -> None:
    session = VideoSession.schedule("s-1", "a-1", 15, KEY, START)
    session.status, session.started_at = status, START if began else None
    assert status_of(session) == word


async def test_over_http(house: House) -> None:
    app, session_id = InProcess(house), await consultation(house)
    _, secret = await house.access.grant_to(DOCTOR, session_id)
    path, headers = f"/api/video-sessions/{session_id}/fhir", {"authorization": f"Bearer {secret}"}
    answer = await app.request("GET", path, "", headers)
    assert (answer.status, answer.media_type) == (200, "application/fhir+json")
    assert answer.json()["entry"][0]["resource"]["resourceType"] == "Encounter"
    await app.stop()


def test_the_library_is_not_loaded_before_something_is_exported() -> None:
    script = "import sys, shinsatsu.bootstrap.server; sys.exit('fhir.resources' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0
