"""The story over HTTP says who did what as whom, from where, and in answer to which request."""

from tests.api.clinic import Clinic

PATIENT, OPERATOR = ("patient", 1), ("worker", 4)


async def test_the_story_names_role_address_and_request(clinic: Clinic) -> None:
    session = await clinic.open()
    operator = await clinic.person(session, *OPERATOR)
    path = f"/api/video-sessions/{session}/join"
    answer = await operator.post(path, {"reason": "to help"})
    assert answer.status_code == 200
    story = (await operator.get(f"/api/video-sessions/{session}/events/history?limit=500")).json()["events"]
    joined = next(event for event in story if event["eventType"] == "joined")
    assert joined["role"] == "operator"
    assert joined["address"] == "127.0.0.1"
    assert joined["requestId"] == answer.headers["x-request-id"]
    assert len(joined["metadata"]["reasonHash"]) == 64
    assert joined["metadata"]["joinReason"] == "to help"


async def test_patients_are_not_told_where_others_are(clinic: Clinic) -> None:
    session = await clinic.open()
    operator, patient = await clinic.person(session, *OPERATOR), await clinic.person(session, *PATIENT)
    await operator.post(f"/api/video-sessions/{session}/join", {"reason": "to help"})
    await patient.join(session)
    told = await patient.get(f"/api/video-sessions/{session}")
    assert "127.0.0.1" not in told.text.replace("http://127.0.0.1", "")
    assert (await patient.get(f"/api/video-sessions/{session}/events/history")).status_code == 403
