"""What somebody who waits learns: their own state, the doctor's card, and of everybody else nothing but numbers."""

import json

from websockets.asyncio.client import ClientConnection

from tests.api.clinic import Clinic, Json, Person
from tests.api.test_bad_input import assert_problem
from tests.api.test_moderation import ADMIN, DOCTOR, OPERATOR, PATIENT, SUPPORT, at
from tests.realtime.test_websocket import Live, closed, hear, until

OTHERS_NAMES = ("支援 次郎", "加藤 由美", "吉田 剛")
BY_OPERATOR = {"userType": "worker", "userId": 4, "role": "operator", "displayName": "加藤 由美"}


async def others_come(clinic: Clinic, session: str) -> list[str]:
    """Support doctor and operator come in; their participant ids."""
    people = [await clinic.person(session, *who) for who in (SUPPORT, OPERATOR)]
    return [str((await person.join(session))["participantId"]) for person in people]


async def numbers(stream: ClientConnection, count: int) -> list[Json]:
    return [await hear(stream) for _ in range(count)]


def assert_nothing_of_others(text: str, ids: list[str]) -> None:
    for word in (*OTHERS_NAMES, *ids):
        assert word not in text


async def test_every_answer_to_somebody_who_waits_keeps_the_others_back(clinic: Clinic) -> None:
    session = await clinic.open()
    address = f"/api/video-sessions/{session}"
    ids = await others_come(clinic, session)
    patient = await clinic.person(session, *PATIENT)
    answers = [await patient.post(f"{address}/join", {"devices": {"camera": True, "microphone": False}})]
    joined = answers[0].json()
    assert (joined["admission"], joined["tracks"], joined["iceServers"]) == ("waiting", [], [])
    for path in ("", "/tracks", "/waiting-room"):
        answers.append(await patient.get(address + path))
    answers.append(await patient.get("/api/video-sessions"))
    answers.append(await patient.post("/api/video-sessions/create", {"appointmentId": "a-1"}))
    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        assert_nothing_of_others(answer.text, ids)
    shown = answers[1].json()
    assert [one["participantId"] for one in shown["participants"]] == [joined["participantId"]]
    assert "devices" not in shown["participants"][0]
    assert shown["appointment"]["doctor"]["displayName"] == "見本 太郎"
    assert shown["appointment"]["supportDoctors"] == []
    assert shown["you"]["over"] == {}
    assert answers[2].json() == {"tracks": []}
    assert answers[3].json().keys() == {"admission", "since", "doctorStatus", "startsAt"}
    for path in ("/events/history", "/permissions?userType=worker&userId=3"):
        answer = await patient.get(address + path)
        assert (answer.status_code, answer.json()["reason"]) == (403, "role_may_not")
        assert_nothing_of_others(answer.text, ids)


async def test_media_is_refused_to_somebody_who_waits_or_was_sent_back(clinic: Clinic) -> None:
    session = await clinic.open()
    doctor, patient = await clinic.person(session, *DOCTOR), await clinic.person(session, *PATIENT)
    me = (await patient.join(session))["participantId"]
    await assert_held(patient, session, me)
    await doctor.post(at(session, me, "admit"))
    granted = await patient.post(f"/api/video-sessions/{session}/tracks", {"participantId": me, "trackType": "screen"})
    assert granted.status_code == 201
    await doctor.post(at(session, me, "send-back"))
    await assert_held(patient, session, me)
    again = await patient.join(session, participantId=me)
    assert (again["admission"], again["tracks"]) == ("sent_back", [])


async def assert_held(person: Person, session: str, me: str) -> None:
    description = {"type": "offer", "sdp": "v=0\r\n"}
    tracks = [{"trackName": "worker-1-audio-1"}]
    bodies: dict[str, Json] = {
        "tracks": {"trackType": "screen"},
        "tracks/publish": {"sessionDescription": description, "tracks": [{"mid": "0", **tracks[0]}]},
        "tracks/subscribe": {"tracks": tracks},
        "tracks/close": {"tracks": tracks},
    }
    for path, body in bodies.items():
        answer = await person.post(f"/api/video-sessions/{session}/{path}", {"participantId": me, **body})
        assert (answer.status_code, answer.json()["reason"]) == (403, "not_admitted")


async def test_a_stream_tells_numbers_then_all_then_numbers(live: Live) -> None:
    clinic, session = live.clinic, await live.clinic.open()
    patient, operator = await clinic.person(session, *PATIENT), await clinic.person(session, *OPERATOR)
    admin = await clinic.person(session, *ADMIN)
    me = (await patient.join(session))["participantId"]
    async with live.stream(patient, session, participantId=me) as stream:
        snapshot = await hear(stream)
        assert [one["participantId"] for one in snapshot["session"]["participants"]] == [me]
        assert (await until(stream, "participant_updated", change="connected"))["participant"]["participantId"] == me
        before = await hear_only_numbers(clinic, session, stream)

        await operator.post(at(session, me, "admit"))
        let_in = await hear(stream)
        assert (let_in["type"], let_in["change"], let_in["by"]) == ("snapshot", "admitted", BY_OPERATOR)
        assert let_in["seq"] == before + 1
        seen = {one["displayName"] for one in let_in["session"]["participants"]}
        assert seen == {"試験 花子", "支援 次郎", "加藤 由美"}
        helper = (await admin.join(session))["participantId"]
        joined = await until(stream, "participant_joined")
        assert (joined["participant"]["participantId"], joined["participant"]["role"]) == (helper, "admin")
        assert joined["participant"]["joinReason"] == "to help"

        await operator.post(at(session, me, "send-back"))
        back = await hear(stream)
        assert (back["type"], back["change"], back["by"]) == ("snapshot", "sent_back", BY_OPERATOR)
        assert [one["participantId"] for one in back["session"]["participants"]] == [me]
        assert back["session"]["participants"][0]["admission"] == "sent_back"
        assert back["tracks"] == []
        await hear_only_numbers(clinic, session, stream)


async def hear_only_numbers(clinic: Clinic, session: str, stream: ClientConnection) -> int:
    """Others come and go; the last number."""
    await others_come(clinic, session)
    heard = await numbers(stream, 2)
    while heard[-1].keys() != {"seq"} or len(heard) < 6:  # two links minted and exchanged, two joins
        heard += await numbers(stream, 1)
    assert all(message.keys() == {"seq"} for message in heard)
    first = heard[0]["seq"]
    assert [message["seq"] for message in heard] == list(range(first, first + len(heard)))
    last: int = heard[-1]["seq"]
    return last


async def test_the_server_lets_in_as_soon_as_a_doctor_is_there(live: Live) -> None:
    clinic, session = live.clinic, await live.clinic.open(admission="automatic")
    patient = await clinic.person(session, *PATIENT)
    me = (await patient.join(session))["participantId"]
    async with live.stream(patient, session, participantId=me) as stream:
        await until(stream, "participant_updated", change="connected")
        operator = await clinic.person(session, *OPERATOR)
        await operator.join(session)  # no doctor: nobody is let in by that
        doctor = await clinic.person(session, *DOCTOR)
        await doctor.join(session)
        let_in = await until(stream, "snapshot", change="admitted")
        assert "by" not in let_in
        assert {one["admission"] for one in let_in["session"]["participants"]} == {"admitted"}
    assert (await patient.join(session, participantId=me))["admission"] == "admitted"


async def test_what_one_may_do_is_told_whenever_it_changes(live: Live) -> None:
    clinic, session = live.clinic, await live.clinic.open()
    patient, doctor = await clinic.person(session, *PATIENT), await clinic.person(session, *DOCTOR)
    me = (await patient.join(session))["participantId"]
    async with live.stream(patient, session, participantId=me) as stream, live.stream(doctor, session) as staff:
        assert allowed(await until(stream, "permissions"), "share_screen") is False
        first = await until(staff, "permissions")
        assert set(first["over"][me]) == {"admit", "remove", "check_identity"}
        await doctor.post(at(session, me, "admit"))
        assert allowed(await until(stream, "permissions"), "share_screen") is True
        assert set((await until(staff, "permissions"))["over"][me]) == {
            *("send_back", "mute_others", "remove", "check_identity"),
        }
        for switch in (False, True):
            await doctor.post(f"/api/video-sessions/{session}/screen-share", {"allowed": switch})
            assert allowed(await until(stream, "permissions"), "share_screen") is switch
        await doctor.post(at(session, me, "send-back"))
        assert allowed(await until(stream, "permissions"), "share_screen") is False


async def test_a_lock_changes_what_those_outside_may_do(live: Live) -> None:
    clinic, session = live.clinic, await live.clinic.open()
    support, doctor = await clinic.person(session, *SUPPORT), await clinic.person(session, *DOCTOR)
    async with live.stream(support, session) as stream:
        assert allowed(await until(stream, "permissions"), "join") is True
        for locked in (True, False):
            await doctor.post(f"/api/video-sessions/{session}/lock", {"locked": locked})
            assert allowed(await until(stream, "permissions"), "join") is not locked
    await doctor.post(f"/api/video-sessions/{session}/lock")
    answer = await support.post(f"/api/video-sessions/{session}/join")
    assert_problem(answer, 403, "forbidden")
    assert answer.json()["reason"] == "locked"


def allowed(message: Json, action: str) -> bool:
    return bool({one["action"]: one["allowed"] for one in message["permissions"]}[action])


async def test_the_end_is_told_without_a_name_to_somebody_who_waited_and_with_it_to_those_inside(live: Live) -> None:
    clinic, session = live.clinic, await live.clinic.open()
    patient, operator = await clinic.person(session, *PATIENT), await clinic.person(session, *OPERATOR)
    support = await clinic.person(session, *SUPPORT)
    me = (await patient.join(session))["participantId"]
    await support.join(session)
    async with live.stream(patient, session, participantId=me) as stream, live.stream(support, session) as inside:
        await hear(stream)
        await hear(inside)
        await operator.post(f"/api/video-sessions/{session}/end")
        assert (await until(inside, "session_status", status="ended"))["by"] == BY_OPERATOR
        code, heard = await closed(stream)
        ended = next(message for message in heard if message.get("type") == "session_status")
        assert (code, ended["status"], "by" in ended) == (4410, "ended", False)
        assert_nothing_of_others(json.dumps(heard, ensure_ascii=False), [])


async def test_whoever_was_inside_at_the_end_hears_who_ended_it(live: Live) -> None:
    clinic, session = live.clinic, await live.clinic.open()
    patient, operator = await clinic.person(session, *PATIENT), await clinic.person(session, *OPERATOR)
    me = (await clinic.enter(patient, session))["participantId"]
    async with live.stream(patient, session, participantId=me) as stream:
        start = (await hear(stream))["seq"]
        await operator.post(f"/api/video-sessions/{session}/end")
        ended = await until(stream, "session_status", status="ended")
        assert (ended["by"], ended["session"]["metadata"]["endedBy"]) == (BY_OPERATOR, BY_OPERATOR)
        assert (await closed(stream))[0] == 4410
    async with live.stream(patient, session, participantId=me, after=start) as stream:
        assert (await until(stream, "session_status", status="ended"))["by"] == BY_OPERATOR
