"""Moderation over HTTP and real streams, by people who click twice, at once, too late, or as somebody they are not."""

import asyncio
from collections import Counter

import httpx
import pytest

from tests.api.clinic import PROOF, Clinic, Json, Person
from tests.api.test_bad_input import assert_problem
from tests.realtime.test_websocket import Live, closed, hear, until

PATIENT, DOCTOR, SUPPORT, OPERATOR, ADMIN = ("patient", 1), ("worker", 1), ("worker", 3), ("worker", 4), ("worker", 5)
OVER_PEOPLE: dict[str, Json | None] = {
    "admit": None,
    "send-back": None,
    "remove": {"reason": "disturbs"},
    "mute": {"kinds": ["audio", "video", "screen"]},
    "unmute-request": {"kinds": ["audio"]},
    "identity-check": {"method": "passport"},
}
OVER_SESSIONS: dict[str, Json | None] = {
    "mute-all": None,
    "lock": {"locked": True},
    "screen-share": {"allowed": False},
}


def at(session_id: str, participant_id: str, act: str) -> str:
    return f"/api/video-sessions/{session_id}/participants/{participant_id}/{act}"


async def events_of(clinic: Clinic, session_id: str) -> Counter[str]:
    """How often what happened, as an admin reads it."""
    admin = await clinic.person(session_id, *ADMIN)
    answer = await admin.get(f"/api/video-sessions/{session_id}/events/history?limit=500")
    return Counter(event["eventType"] for event in answer.json()["events"])


async def test_identity_never_comes_from_a_body_or_an_address(clinic: Clinic) -> None:
    session = await clinic.open()
    patient, doctor = await clinic.person(session, *PATIENT), await clinic.person(session, *DOCTOR)
    me = (await patient.join(session))["participantId"]
    for forged in ({"userType": "worker"}, {"userId": 1}, {"role": "doctor"}, {"by": {"userType": "worker"}}):
        answer = await patient.post(f"/api/video-sessions/{session}/join", forged)
        assert_problem(answer, 422, "invalid_request", next(iter(forged)))
    for act, body in OVER_PEOPLE.items():
        answer = await patient.post(at(session, me, act), body)
        assert (answer.status_code, answer.json()["reason"]) == (403, "role_may_not")
    for query in ("?userType=worker&userId=1", f"?grant={doctor.grant['grantId']}"):
        answer = await patient.post(at(session, me, "admit") + query)
        assert (answer.status_code, answer.json()["reason"]) == (403, "role_may_not")
    headers = {"Shinsatsu-Grant": doctor.grant["grantId"]}
    answer = await clinic.http.post(at(session, me, "admit"), json={}, headers=headers)
    assert_problem(answer, 401, "unauthenticated")
    cookie = {"cookie": f"shinsatsu_grant_{doctor.grant['grantId']}={patient.secret}"}
    answer = await clinic.http.post(at(session, me, "admit"), json={}, headers={**headers, **cookie})
    assert_problem(answer, 401, "unauthenticated")
    assert (await events_of(clinic, session))["admitted"] == 0


async def test_a_stale_cookie_opens_nothing(live: Live) -> None:
    session = await live.clinic.open()
    doctor = await live.clinic.person(session, *DOCTOR)
    me = (await doctor.join(session))["participantId"]
    await live.clinic.book(status="cancelled")
    for act, body in OVER_PEOPLE.items():
        assert_problem(await doctor.post(at(session, me, act), body), 401, "unauthenticated")
    for act, body in OVER_SESSIONS.items():
        answer = await doctor.post(f"/api/video-sessions/{session}/{act}", body)
        assert_problem(answer, 401, "unauthenticated")
    async with live.stream(doctor, session) as stream:
        assert await closed(stream) == (4401, [])


async def test_an_id_of_another_session_is_nobody_here(clinic: Clinic) -> None:
    session, other = await clinic.open("a-1"), await clinic.open("a-2")
    doctor, operator = await clinic.person(session, *DOCTOR), await clinic.person(session, *OPERATOR)
    elsewhere = (await (await clinic.person(other, *PATIENT)).join(other))["participantId"]
    for act, body in {**OVER_PEOPLE, "unmute": {"kinds": ["audio"]}}.items():
        for person in (doctor, operator):
            assert_problem(await person.post(at(session, elsewhere, act), body), 404, "not_found", "participantId")
    assert_problem(await doctor.post(at(other, elsewhere, "admit")), 404, "not_found")
    assert (await events_of(clinic, other)).keys() == {"created", "opened", "joined", "link_minted", "link_exchanged"}


@pytest.mark.parametrize(
    ("act", "event"),
    [
        ("admit", "admitted"),
        ("send-back", "sent_back"),
        ("remove", "left"),
        ("mute", "muted"),
        ("identity-check", "identity_checked"),
    ],
)
async def test_five_clicks_are_one_act(clinic: Clinic, act: str, event: str) -> None:
    session = await clinic.open()
    patient, doctor = await clinic.person(session, *PATIENT), await clinic.person(session, *DOCTOR)
    joined = await (clinic.enter(patient, session) if act == "mute" else patient.join(session))
    me = joined["participantId"]
    clicks = [doctor.post(at(session, me, act), OVER_PEOPLE[act]) for _ in range(5)]
    answers = await asyncio.gather(*clicks)
    assert {answer.status_code for answer in answers} == {200}
    kinds = 2 if act == "mute" else 1  # a microphone and a camera
    assert (await events_of(clinic, session))[event] == kinds


async def test_five_clicks_on_the_sessions_switches_are_one_act(clinic: Clinic) -> None:
    session = await clinic.open()
    doctor = await clinic.person(session, *DOCTOR)
    await clinic.enter(await clinic.person(session, *PATIENT), session)
    for act, body in OVER_SESSIONS.items():
        clicks = [doctor.post(f"/api/video-sessions/{session}/{act}", body) for _ in range(5)]
        assert {answer.status_code for answer in await asyncio.gather(*clicks)} == {200}
    story = await events_of(clinic, session)
    assert (story["muted"], story["locked"], story["screen_share_set"]) == (1, 1, 1)
    ends = [doctor.post(f"/api/video-sessions/{session}/end", {"outcome": "completed"}) for _ in range(5)]
    assert len({answer.json()["version"] for answer in await asyncio.gather(*ends)}) == 1
    assert (await events_of(clinic, session))["ended"] == 1


async def test_two_at_once_on_the_same_person_come_to_one_clear_end(clinic: Clinic) -> None:
    session = await clinic.open()
    operator, admin = await clinic.person(session, *OPERATOR), await clinic.person(session, *ADMIN)
    patient = await clinic.person(session, *PATIENT)
    me = (await patient.join(session))["participantId"]
    acts = [
        *(one.post(at(session, me, "admit")) for one in (operator, admin)),
        *(one.post(at(session, me, "send-back")) for one in (operator, admin)),
        *(one.post(at(session, me, "remove"), {"reason": "wrong room"}) for one in (operator, admin)),
        *(one.post(at(session, me, "mute"), {"kinds": ["audio"]}) for one in (operator, admin)),
    ]
    answers = await asyncio.gather(*acts)
    refused = [answer.json() for answer in answers if answer.status_code != 200]
    outcomes = {one.get("reason", one["code"]) for one in refused}
    assert outcomes <= {"stale_participant", "target_not_admitted"}
    assert (await admin.get(f"/api/video-sessions/{session}")).json()["participants"] == []
    story = await events_of(clinic, session)
    assert story["left"] == 1
    assert max(story["admitted"], story["sent_back"], story["muted"]) <= 1


async def test_nothing_is_done_to_people_after_the_end(clinic: Clinic) -> None:
    session = await clinic.open()
    doctor, patient = await clinic.person(session, *DOCTOR), await clinic.person(session, *PATIENT)
    me = (await patient.join(session))["participantId"]
    await doctor.post(f"/api/video-sessions/{session}/end")
    before = await events_of(clinic, session)
    for act, body in OVER_PEOPLE.items():
        wanted = "stale_participant" if act == "identity-check" else "session_ended"
        answer = await doctor.post(at(session, me, act), body)
        assert (answer.status_code, answer.json()["code"]) == (409, wanted)
    for act, body in {**OVER_SESSIONS, "extend": {"minutes": 5}}.items():
        answer = await doctor.post(f"/api/video-sessions/{session}/{act}", body)
        assert_problem(answer, 409, "session_ended")
    noted = await doctor.send("PUT", f"/api/video-sessions/{session}/outcome", {"outcome": "moved_to_phone"})
    assert noted.json()["metadata"]["outcome"] == "moved_to_phone"
    assert (await events_of(clinic, session)) - before == Counter(outcome_set=1, link_minted=1, link_exchanged=1)


async def test_only_an_active_session_is_extended(clinic: Clinic) -> None:
    session = await clinic.open()
    doctor = await clinic.person(session, *DOCTOR)
    assert_problem(await doctor.post(f"/api/video-sessions/{session}/extend"), 409, "session_not_open")


async def test_removal_wants_a_reason(clinic: Clinic) -> None:
    session = await clinic.open()
    doctor, patient = await clinic.person(session, *DOCTOR), await clinic.person(session, *PATIENT)
    me = (await patient.join(session))["participantId"]
    for body in ({}, {"reason": ""}, {"reason": "   "}, {"reason": None}):
        assert_problem(await doctor.post(at(session, me, "remove"), body), 422, "reason_required", "reason")
    assert (await patient.get(f"/api/video-sessions/{session}")).status_code == 200


async def test_whoever_is_removed_is_out_by_every_way(live: Live) -> None:
    clinic, session = live.clinic, await live.clinic.open()
    patient, doctor = await clinic.person(session, *PATIENT), await clinic.person(session, *DOCTOR)
    unused = await clinic.link(session, *PATIENT)
    me = (await clinic.enter(patient, session))["participantId"]
    async with live.stream(patient, session, participantId=me) as stream:
        await hear(stream)
        await doctor.post(at(session, me, "remove"), {"reason": "He is in the wrong room"})
        left = await until(stream, "participant_left")
        assert (left["participantId"], left["reason"], left["note"]) == (me, "removed", "He is in the wrong room")
        assert left["by"] == {"userType": "worker", "userId": 1, "role": "doctor", "displayName": "見本 太郎"}
        assert await closed(stream) == (4403, [])
        assert stream.close_reason == "removed"
    await is_out(live, session, patient, me)
    assert_problem(await exchange(clinic, unused), 410, "link_revoked")
    minting = {"userType": "patient", "userId": 1}
    for minter in (clinic.booking_system, doctor):
        answer = await minter.post(f"/api/video-sessions/{session}/links", minting)
        assert (answer.status_code, answer.json()["reason"]) == (403, "removed")

    restored = await doctor.post(at(session, me, "restore"))
    assert restored.json()["admission"] == "left"
    await is_out(live, session, patient, me)
    again = await clinic.person(session, *PATIENT)
    assert (await again.join(session))["admission"] == "waiting"


async def is_out(live: Live, session: str, person: Person, participant_id: str) -> None:
    """Neither cookie nor token nor stream of before opens anything."""
    for path in ("", "/waiting-room", "/tracks"):
        assert_problem(await person.get(f"/api/video-sessions/{session}{path}"), 401, "unauthenticated")
    for path, body in (("join", {}), ("leave", {"participantId": participant_id})):
        answer = await person.post(f"/api/video-sessions/{session}/{path}", body)
        assert_problem(answer, 401, "unauthenticated")
    async with live.stream(person, session, participantId=participant_id) as stream:
        assert await closed(stream) == (4401, [])


async def exchange(clinic: Clinic, token: str) -> httpx.Response:
    return await clinic.http.post("/api/links/exchange", json={"token": token, "proof": PROOF})


async def test_a_removed_workers_colleagues_are_told_why_and_patients_are_not(live: Live) -> None:
    clinic, session = live.clinic, await live.clinic.open()
    people = {who: await clinic.person(session, *who) for who in (PATIENT, DOCTOR, SUPPORT)}
    admin = await clinic.person(session, *ADMIN)
    ids = {who: (await clinic.enter(person, session))["participantId"] for who, person in people.items()}
    async with live.stream(people[PATIENT], session) as patient, live.stream(people[DOCTOR], session) as doctor:
        await hear(patient)
        await hear(doctor)
        await admin.post(at(session, ids[SUPPORT], "remove"), {"reason": "not needed any more"})
        told, staff = await until(patient, "participant_left"), await until(doctor, "participant_left")
        assert (told["displayName"], told["reason"], "note" in told) == ("支援 次郎", "removed", False)
        assert staff["note"] == "not needed any more"


async def test_the_person_acted_on_is_told_who_did_what(live: Live) -> None:
    clinic, session = live.clinic, await live.clinic.open()
    patient, operator = await clinic.person(session, *PATIENT), await clinic.person(session, *OPERATOR)
    me = (await clinic.enter(patient, session))["participantId"]
    await operator.join(session)
    by = {"userType": "worker", "userId": 4, "role": "operator", "displayName": "加藤 由美"}
    async with live.stream(patient, session, participantId=me) as stream:
        await hear(stream)
        await operator.post(at(session, me, "mute"), {"kinds": ["audio"]})
        muted = await until(stream, "participant_updated", change="muted")
        assert (muted["kind"], muted["by"]) == ("audio", by)
        assert muted["participant"]["mutedBy"] == {"audio": by}
        await operator.post(at(session, me, "unmute-request"), {"kinds": ["audio"]})
        assert (await until(stream, "unmute_requested", participantId=me))["by"] == by
        await stream.send('{"type":"media_state","audioMuted":false,"videoMuted":true}')
        camera = await until(stream, "participant_updated", change="muted")
        assert (camera["kind"], camera["participant"]["audioMuted"]) == ("video", True)
        answer = await patient.post(at(session, me, "unmute"), {"kinds": ["audio"]})
        assert (answer.json()["audioMuted"], "mutedBy" in answer.json()) == (False, False)
        assert (await until(stream, "participant_updated", change="unmuted"))["kind"] == "audio"


async def test_a_busy_doctor_learns_where_and_may_leave_there(live: Live) -> None:
    clinic, first, second = live.clinic, await live.clinic.open("a-1"), await live.clinic.open("a-2")
    patient, doctor = await clinic.person(first, *PATIENT), await clinic.person(first, *DOCTOR)
    me, there = (await clinic.enter(patient, first))["participantId"], (await doctor.join(first))["participantId"]
    elsewhere = await clinic.person(second, *DOCTOR)
    async with (
        live.stream(patient, first, participantId=me) as stream,
        live.stream(doctor, first, participantId=there) as leaving,
    ):
        await until(stream, "session_status", status="active")
        answer = await elsewhere.post(f"/api/video-sessions/{second}/join")
        assert_problem(answer, 409, "doctor_busy")
        assert answer.json()["heldBy"] == {"sessionId": first, "appointmentId": "a-1", "patient": "試験 花子"}
        joined = await elsewhere.post(f"/api/video-sessions/{second}/join", {"leave": first})
        assert joined.status_code == 200
        assert (await until(stream, "participant_left"))["reason"] == "moved"
        assert (await closed(leaving))[0] == 4409
        assert leaving.close_reason == "moved"
