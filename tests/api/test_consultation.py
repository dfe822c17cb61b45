"""One consultation through the API: booked, opened, joined, ended; who may and who may not."""

from datetime import UTC, datetime

import httpx
import pytest

from tests.api.clinic import PROOF, Clinic, booking
from tests.api.test_bad_input import assert_problem


async def test_from_booking_to_end(clinic: Clinic) -> None:
    session = await clinic.book()
    assert session["status"] == "scheduled"
    assert session["createdBy"] is None
    assert session["realtimeSessionId"] is None
    assert session["appointment"]["doctor"] == {
        "userId": 1,
        "displayName": "見本 太郎",
        "specialty": "内科",
        "licenceYear": 2008,
    }
    address = f"/api/video-sessions/{session['id']}"
    patient = await clinic.person(session["id"], "patient", 1)
    doctor = await clinic.person(session["id"], "worker", 1)
    assert_problem(await patient.post(f"{address}/join"), 409, "session_not_open")

    created = await patient.post("/api/video-sessions/create", {"appointmentId": "a-1"})
    assert (created.status_code, created.json()["status"]) == (201, "waiting")
    assert created.json()["createdBy"] == {"userType": "patient", "userId": 1}
    again = await doctor.post("/api/video-sessions/create", {"appointmentId": "a-1"})
    assert (again.status_code, again.json()["id"]) == (200, session["id"])

    waiting = (await patient.post(f"{address}/join")).json()
    assert (waiting["admission"], waiting["tracks"], waiting["iceServers"]) == ("waiting", [], [])
    joined = await clinic.enter(patient, session["id"])
    assert joined["admission"] == "admitted"
    assert [track["trackType"] for track in joined["tracks"]] == ["audio", "video"]
    assert [one["action"] for one in joined["permissions"]][:7] == [
        "join", "leave", "mute", "unmute", "share_screen", "record", "end_session",
    ]  # fmt: skip
    allowed = {one["action"]: one["allowed"] for one in joined["permissions"]}
    assert allowed["share_screen"] is True
    assert allowed["end_session"] is False
    assert joined["iceServers"] == []
    (participant,) = joined["session"]["participants"]
    assert participant["participantId"] == joined["participantId"]
    assert (participant["relation"], participant["connected"]) == ("own", False)

    refused = await patient.post(f"{address}/end")
    assert_problem(refused, 403, "forbidden")
    assert refused.json()["reason"] == "role_may_not"

    again = await patient.post(f"{address}/join", {"reason": None})
    stale = await patient.post(f"{address}/leave", {"participantId": joined["participantId"]})
    assert_problem(stale, 409, "stale_participant", "participantId")
    left = await patient.post(f"{address}/leave", {"participantId": again.json()["participantId"]})
    assert (left.status_code, left.content) == (204, b"")

    ended = (await doctor.post(f"{address}/end", {"outcome": "no_show_patient"})).json()
    assert ended["status"] == "ended"
    assert ended["metadata"]["endReason"] == "cancelled"
    assert ended["metadata"]["outcome"] == "no_show_patient"
    assert ended["metadata"]["endedBy"]["displayName"] == "見本 太郎"
    assert (await doctor.post(f"{address}/end")).json()["version"] == ended["version"]
    assert_problem(await patient.post(f"{address}/join"), 409, "session_ended")

    anew = await doctor.post("/api/video-sessions/create", {"appointmentId": "a-1"})
    assert anew.status_code == 201
    assert (await patient.get(address)).json()["openSessionId"] == anew.json()["id"]


async def test_strangers_find_nothing_and_nobody_is_nobody(clinic: Clinic) -> None:
    first = await clinic.open("a-1")
    other = await clinic.open(
        "a-2",
        patient={"userId": 2, "displayName": "別の 人"},
        doctor={"userId": 2, "displayName": "別の 医師"},
        supportDoctors=[],
    )
    address = f"/api/video-sessions/{first}"
    strangers = [await clinic.person(other, *who) for who in (("patient", 2), ("worker", 2), ("worker", 4))]
    for stranger in strangers:
        assert_problem(await stranger.get(address), 404, "not_found")
        for operation in ("join", "end"):
            assert_problem(await stranger.post(f"{address}/{operation}"), 404, "not_found")
        answer = await stranger.post("/api/video-sessions/create", {"appointmentId": "a-1"})
        assert_problem(answer, 404, "not_found", "appointmentId")
        assert [one["id"] for one in (await stranger.get("/api/video-sessions")).json()["sessions"]] == [other]
    for method, path in (("GET", address), ("POST", f"{address}/join"), ("GET", "/api/video-sessions")):
        answer = await clinic.http.request(method, path, json={} if method == "POST" else None)
        assert_problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_only_the_booking_system_books(clinic: Clinic) -> None:
    session = await clinic.open()
    for who in (("patient", 1), ("worker", 1), ("worker", 4), ("worker", 5)):
        person = await clinic.person(session, *who)
        answer = await person.send("PUT", "/api/appointments/a-1", booking())
        assert_problem(answer, 403, "forbidden")
        answer = await person.send("PUT", "/api/appointments/a-9", booking())
        assert_problem(answer, 404, "not_found")
    answer = await clinic.booking_system.post(f"/api/video-sessions/{session}/join")
    assert_problem(answer, 403, "forbidden")


async def test_booking_twice_changes_nothing_and_cancelling_ends(clinic: Clinic) -> None:
    starts_at = datetime.now(UTC).isoformat()
    first = await clinic.book(startsAt=starts_at)
    assert await clinic.book(startsAt=starts_at) == first
    patient = await clinic.person(first["id"], "patient", 1)
    unused = await clinic.link(first["id"], "patient", 1)
    cancelled = await clinic.book(startsAt=starts_at, status="cancelled")
    assert (cancelled["status"], cancelled["metadata"]["endReason"]) == ("ended", "cancelled")
    assert_problem(await patient.get(f"/api/video-sessions/{first['id']}"), 401, "unauthenticated")
    exchanged = await clinic.http.post("/api/links/exchange", json={"token": unused, "proof": PROOF})
    assert_problem(exchanged, 410, "link_revoked")


async def test_a_link_opens_once_and_answers_a_lost_reply_again(clinic: Clinic) -> None:
    session = await clinic.book()
    token = await clinic.link(session["id"], "worker", 3)

    async def exchange(token: str, proof: str) -> httpx.Response:
        return await clinic.http.post("/api/links/exchange", json={"token": token, "proof": proof})

    first = await exchange(token, PROOF)
    assert first.json()["displayName"] == "支援 次郎"
    cookie = first.headers["set-cookie"]
    assert cookie.startswith(f"shinsatsu_grant_{first.json()['grantId']}=")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie  # plain HTTP on loopback
    assert first.headers["cache-control"] == "no-store"
    second = await exchange(token, PROOF)
    assert second.json() == first.json()
    assert second.cookies == first.cookies
    assert_problem(await exchange(token, PROOF + "!"), 410, "link_used")
    for damaged in (token[:-2], token + "x", "x", token.replace(".", "..", 1)):
        assert_problem(await exchange(damaged, PROOF), 401, "link_invalid")


async def test_a_cookie_speaks_only_with_its_header(clinic: Clinic) -> None:
    session = await clinic.open()
    token = await clinic.link(session, "patient", 1)
    grant = (await clinic.http.post("/api/links/exchange", json={"token": token, "proof": PROOF})).json()
    address = f"/api/video-sessions/{session}"
    assert_problem(await clinic.http.get(address), 401, "unauthenticated")
    named = await clinic.http.get(address, headers={"Shinsatsu-Grant": grant["grantId"]})
    assert named.status_code == 200
    assert_problem(await clinic.http.get(address, headers={"Shinsatsu-Grant": "other"}), 401, "unauthenticated")
    held = await clinic.http.get("/api/grants", params={"sessionId": session})
    assert held.json() == {"grants": [grant]}
    assert (await clinic.http.get("/api/grants", params={"sessionId": "unknown"})).json() == {"grants": []}


@pytest.mark.parametrize("credential", ["Bearer nonsense", "Bearer sk_nonsense", "Basic dXNlcjpwYXNz", "Bearer ", "x"])
async def test_a_bad_credential_is_unauthenticated(clinic: Clinic, credential: str) -> None:
    answer = await clinic.http.get("/api/video-sessions", headers={"Authorization": credential})
    assert_problem(answer, 401, "unauthenticated")


async def test_media_is_refused_before_the_media_plane_hears_of_it(clinic: Clinic) -> None:
    session = await clinic.open()
    address = f"/api/video-sessions/{session}"
    patient = await clinic.person(session, "patient", 1)
    joined = await clinic.enter(patient, session)
    audio, video = (track["trackName"] for track in joined["tracks"])

    async def publish(sdp: str, mid: str, name: str, participant: str = joined["participantId"]) -> httpx.Response:
        body = {
            "participantId": participant,
            "sessionDescription": {"type": "offer", "sdp": sdp},
            "tracks": [{"mid": mid, "trackName": name}],
        }
        return await patient.post(f"{address}/tracks/publish", body)

    malformed = await publish("hello", "0", video)
    assert_problem(malformed, 422, "invalid_session_description", "sessionDescription.sdp")
    assert_problem(await publish(OFFER, "0", "worker-1-audio-1"), 422, "track_not_granted", "tracks[0].trackName")
    assert_problem(await publish(OFFER, "0", audio), 422, "invalid_session_description", "tracks[0].mid")
    assert_problem(await publish(OFFER, "7", video), 422, "invalid_session_description", "tracks[0].mid")
    unlisted = await publish(OFFER + OFFER[OFFER.index("m=") :].replace("a=mid:0", "a=mid:1"), "0", video)
    assert_problem(unlisted, 422, "invalid_session_description", "sessionDescription.sdp")
    stale = await publish(OFFER, "0", video, "gone")
    assert_problem(stale, 409, "stale_participant", "participantId")
    subscribed = await patient.post(
        f"{address}/tracks/subscribe", {"participantId": joined["participantId"], "tracks": [{"trackName": "x"}]}
    )
    assert_problem(subscribed, 404, "track_not_found", "tracks[0].trackName")
    assert (await patient.get(address)).json()["status"] == "waiting"
    screen = await patient.post(f"{address}/tracks", {"participantId": joined["participantId"], "trackType": "screen"})
    assert screen.status_code == 201
    assert screen.json()["trackName"].startswith("patient-1-screen-")


async def test_lists_are_filtered(clinic: Clinic) -> None:
    open_session = await clinic.open("a-1")
    booked = (await clinic.book("a-2", startsAt="2030-01-01T00:00:00Z"))["id"]

    async def listed(query: str) -> list[str]:
        answer = await clinic.booking_system.get(f"/api/video-sessions?{query}")
        return [one["id"] for one in answer.json()["sessions"]]

    assert set(await listed("")) == {open_session, booked}
    assert await listed("status=waiting") == [open_session]
    assert await listed("from=2029-12-31T00:00:00Z") == [booked]
    assert await listed("to=2029-12-31T00:00:00Z") == [open_session]


OFFER = "\r\n".join(
    (
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=sendonly",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=setup:actpass",
        "a=rtcp-mux",
        "a=rtpmap:96 VP8/90000",
        "",
    )
)
