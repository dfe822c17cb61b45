"""Bodies, paths and headers that don't fit: one clear 4xx with a stable code each, and nothing is lost."""

import copy
import json
from typing import Any

import httpx
import pytest

from tests.api.clinic import Clinic, booking

TRACK = "patient-1-video-1"
OFFER = {"type": "offer", "sdp": "v=0\r\n"}
GOOD = {
    "appointment": booking(),
    "create": {"appointmentId": "a-1"},
    "link": {"userType": "patient", "userId": 1},
    "exchange": {"token": "t", "proof": "p" * 16},
    "join": {"reason": None},
    "leave": {"participantId": "p-1"},
    "end": {"outcome": None},
    "tracks": {"participantId": "p-1", "trackType": "screen"},
    "publish": {"participantId": "p-1", "sessionDescription": OFFER, "tracks": [{"mid": "0", "trackName": TRACK}]},
    "subscribe": {"participantId": "p-1", "tracks": [{"trackName": TRACK}]},
    "renegotiate": {"participantId": "p-1", "sessionDescription": {"type": "answer", "sdp": "v=0\r\n"}},
    "close": {"participantId": "p-1", "tracks": [{"trackName": TRACK}]},
    "remove": {"reason": "disturbs"},
    "mute": {"kinds": ["audio"]},
    "unmute": {"kinds": ["audio"]},
    "ask": {"kinds": ["audio"]},
    "identity": {"method": "passport"},
    "lock": {"locked": True},
    "screen": {"allowed": False},
    "extend": {"minutes": 15},
    "outcome": {"outcome": "completed"},
}
ADDRESS = {
    "appointment": ("PUT", "/api/appointments/a-1"),
    "create": ("POST", "/api/video-sessions/create"),
    "link": ("POST", "/api/video-sessions/s-1/links"),
    "exchange": ("POST", "/api/links/exchange"),
    "join": ("POST", "/api/video-sessions/s-1/join"),
    "leave": ("POST", "/api/video-sessions/s-1/leave"),
    "end": ("POST", "/api/video-sessions/s-1/end"),
    "tracks": ("POST", "/api/video-sessions/s-1/tracks"),
    "publish": ("POST", "/api/video-sessions/s-1/tracks/publish"),
    "subscribe": ("POST", "/api/video-sessions/s-1/tracks/subscribe"),
    "renegotiate": ("PUT", "/api/video-sessions/s-1/renegotiate"),
    "close": ("POST", "/api/video-sessions/s-1/tracks/close"),
    "remove": ("POST", "/api/video-sessions/s-1/participants/p-1/remove"),
    "mute": ("POST", "/api/video-sessions/s-1/participants/p-1/mute"),
    "unmute": ("POST", "/api/video-sessions/s-1/participants/p-1/unmute"),
    "ask": ("POST", "/api/video-sessions/s-1/participants/p-1/unmute-request"),
    "identity": ("POST", "/api/video-sessions/s-1/participants/p-1/identity-check"),
    "lock": ("POST", "/api/video-sessions/s-1/lock"),
    "screen": ("POST", "/api/video-sessions/s-1/screen-share"),
    "extend": ("POST", "/api/video-sessions/s-1/extend"),
    "outcome": ("PUT", "/api/video-sessions/s-1/outcome"),
}


def changed(name: str, path: str, value: Any) -> Any:
    """The good body of `name` with one place changed; `tracks.0.mid` is a path, `...` as the value leaves it out."""
    if not path:
        return value
    body: Any = copy.deepcopy(GOOD[name])
    place, steps = body, [int(step) if step.isdecimal() else step for step in path.split(".")]
    for step in steps[:-1]:
        place = place[step]
    if value is ...:
        del place[steps[-1]]
    else:
        place[steps[-1]] = value
    return body


WRONG: list[tuple[str, str, Any, str | None]] = [
    ("appointment", "patient", ..., "patient"),
    ("appointment", "patient.userId", "1", "patient.userId"),
    ("appointment", "patient.userId", 1.5, "patient.userId"),
    ("appointment", "patient.userId", True, "patient.userId"),
    ("appointment", "patient.userId", 0, "patient.userId"),
    ("appointment", "patient.userId", 2**63, "patient.userId"),
    ("appointment", "patient.displayName", "", "patient.displayName"),
    ("appointment", "patient.displayName", "a\nb", "patient.displayName"),
    ("appointment", "patient.displayName", "x" * 101, "patient.displayName"),
    ("appointment", "patient.displayName", "a\u202eb", "patient.displayName"),
    ("appointment", "patient.displayName", "a\u2066b", "patient.displayName"),
    ("appointment", "patient.displayName", "a\x85b", "patient.displayName"),
    ("appointment", "patient.displayName", "\u3000", "patient.displayName"),
    ("appointment", "patient.displayName", "\ud800", "patient.displayName"),
    ("appointment", "patient.language", "fr", "patient.language"),
    ("appointment", "patient.role", "admin", "patient.role"),
    ("appointment", "doctor", [], "doctor"),
    ("appointment", "doctor.licenceYear", "2008", "doctor.licenceYear"),
    ("appointment", "supportDoctors", {"userId": 3}, "supportDoctors"),
    ("appointment", "supportDoctors.0.userId", None, "supportDoctors[0].userId"),
    ("appointment", "supportDoctors.0.userId", 1, "supportDoctors"),
    ("appointment", "startsAt", "tomorrow", "startsAt"),
    ("appointment", "startsAt", "2026-11-23T05:30:00", "startsAt"),
    ("appointment", "startsAt", 1_795_000_000, "startsAt"),
    ("appointment", "startsAt", "0001-01-01T00:00:00+14:00", "startsAt"),
    ("appointment", "startsAt", "9999-12-31T23:59:59-14:00", "startsAt"),
    ("appointment", "startsAt", "9999-12-31T20:00:00Z", "startsAt"),
    ("appointment", "startsAt", "1999-12-31T23:59:59.999Z", "startsAt"),
    ("appointment", "startsAt", "2200-01-01T00:00:00Z", "startsAt"),
    ("appointment", "scheduledDuration", 0, "scheduledDuration"),
    ("appointment", "scheduledDuration", "15", "scheduledDuration"),
    ("appointment", "status", "perhaps", "status"),
    ("appointment", "colour", "blue", "colour"),
    ("appointment", "", [], None),
    ("appointment", "", "text", None),
    ("appointment", "", None, None),
    ("create", "appointmentId", 7, "appointmentId"),
    ("create", "appointmentId", "../etc", "appointmentId"),
    ("create", "userId", 5, "userId"),
    ("link", "userType", "admin", "userType"),
    ("link", "userId", None, "userId"),
    ("exchange", "token", ..., "token"),
    ("exchange", "token", "x" * 5000, "token"),
    ("exchange", "proof", "short", "proof"),
    ("exchange", "proof", 16, "proof"),
    ("join", "reason", 5, "reason"),
    ("join", "userId", 5, "userId"),
    ("leave", "participantId", ..., "participantId"),
    ("leave", "participantId", "a b", "participantId"),
    ("end", "outcome", "happy", "outcome"),
    ("tracks", "trackType", "data", "trackType"),
    ("publish", "sessionDescription.type", "answer", "sessionDescription.type"),
    ("publish", "sessionDescription.sdp", "", "sessionDescription.sdp"),
    ("publish", "tracks", [], "tracks"),
    ("publish", "tracks.0.mid", 0, "tracks[0].mid"),
    ("publish", "tracks.0.mid", "x" * 17, "tracks[0].mid"),
    ("publish", "tracks.0.trackName", ..., "tracks[0].trackName"),
    ("subscribe", "tracks", [{"trackName": TRACK}] * 65, "tracks"),
    ("subscribe", "tracks", "all", "tracks"),
    ("renegotiate", "sessionDescription.type", "offer", "sessionDescription.type"),
    ("close", "tracks.0", "x", "tracks[0]"),
    ("join", "participantId", "a b", "participantId"),
    ("join", "leave", "../x", "leave"),
    ("join", "devices", {"camera": True}, "devices.microphone"),
    ("join", "devices", {"camera": "yes", "microphone": True}, "devices.camera"),
    ("join", "reason", "x" * 201, "reason"),
    ("join", "reason", "a\nb", "reason"),
    ("appointment", "admission", "nobody", "admission"),
    ("remove", "reason", 5, "reason"),
    ("remove", "reason", "x" * 201, "reason"),
    ("remove", "userId", 5, "userId"),
    ("mute", "kinds", [], "kinds"),
    ("mute", "kinds", ["chat"], "kinds[0]"),
    ("mute", "kinds", "audio", "kinds"),
    ("mute", "by", {"userType": "worker", "userId": 5}, "by"),
    ("unmute", "kinds", ["screen"], "kinds[0]"),
    ("unmute", "kinds", ..., "kinds"),
    ("ask", "kinds", ["screen"], "kinds[0]"),
    ("identity", "method", "face", "method"),
    ("identity", "method", ..., "method"),
    ("identity", "document", "scan.jpg", "document"),
    ("lock", "locked", "yes", "locked"),
    ("screen", "allowed", ..., "allowed"),
    ("screen", "allowed", 1, "allowed"),
    ("extend", "minutes", 0, "minutes"),
    ("extend", "minutes", 121, "minutes"),
    ("extend", "minutes", "15", "minutes"),
    ("outcome", "outcome", None, "outcome"),
    ("outcome", "outcome", "happy", "outcome"),
]


def assert_problem(answer: httpx.Response, status: int, code: str, field: str | None = None) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["code"] == code, document
    assert document["status"] == status
    assert document["type"] == f"urn:shinsatsu:error:{code}"
    assert document["detail"]
    assert document["title"]
    assert document["requestId"] == answer.headers["x-request-id"]
    assert document.get("field") == field, document


async def test_a_wrong_field_is_named(clinic: Clinic) -> None:
    for name, path, value, field in WRONG:
        method, address = ADDRESS[name]
        body = json.dumps(changed(name, path, value)).encode()
        headers = {**clinic.booking_system.headers, "content-type": "application/json"}
        answer = await clinic.http.request(method, address, content=body, headers=headers)
        assert_problem(answer, 422, "invalid_request", field)


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff\xfe", b'{"appointmentId": NaN}x', b"[" * 100_000, b'{"a":' * 40_000, b"'", b'{"a":1}{"b":2}'],
)
async def test_a_body_that_is_no_json_is_malformed(clinic: Clinic, content: bytes) -> None:
    headers = {**clinic.booking_system.headers, "content-type": "application/json"}
    answer = await clinic.http.post("/api/video-sessions/create", content=content, headers=headers)
    assert_problem(answer, 400, "malformed_json")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_numbers_that_json_does_not_have_are_refused(clinic: Clinic, number: str) -> None:
    content = '{"userType":"patient","userId":%s}' % number  # noqa: UP031 - the braces are JSON's
    headers = {**clinic.booking_system.headers, "content-type": "application/json"}
    answer = await clinic.http.post("/api/video-sessions/s-1/links", content=content, headers=headers)
    assert_problem(answer, 422, "invalid_request", "userId")


async def test_a_body_of_another_type_is_unsupported(clinic: Clinic) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = {**clinic.booking_system.headers, "content-type": media_type}
        answer = await clinic.http.post("/api/video-sessions/create", content=b"{}", headers=headers)
        assert_problem(answer, 415, "unsupported_media_type")


async def test_an_oversized_body_is_refused_by_its_announced_length(clinic: Clinic) -> None:
    body = b'{"appointmentId":"' + b"a" * 300_000 + b'"}'
    headers = {**clinic.booking_system.headers, "content-type": "application/json"}
    answer = await clinic.http.post("/api/video-sessions/create", content=body, headers=headers)
    assert_problem(answer, 413, "payload_too_large")


async def test_an_oversized_body_is_refused_while_it_streams(clinic: Clinic) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        for _ in range(1000):
            sent += 16_384
            yield b" " * 16_384

    headers = {**clinic.booking_system.headers, "content-type": "application/json"}
    answer = await clinic.http.post("/api/video-sessions/create", content=endless(), headers=headers)
    assert_problem(answer, 413, "payload_too_large")
    assert sent < 1_000_000


@pytest.mark.parametrize("length", ["-1", "ten", "99999999999999999999"])
async def test_a_nonsensical_length_is_refused(clinic: Clinic, length: str) -> None:
    headers = {**clinic.booking_system.headers, "content-type": "application/json", "content-length": length}
    answer = await clinic.http.post("/api/video-sessions/create", content=b"{}", headers=headers)
    assert_problem(answer, 413, "payload_too_large")


async def test_unknown_addresses_and_methods_are_problems_too(clinic: Clinic) -> None:
    assert_problem(await clinic.http.get("/api/nothing"), 404, "not_found")
    assert_problem(await clinic.http.get("/nothing"), 404, "not_found")
    assert_problem(await clinic.http.delete("/api/video-sessions/create"), 405, "method_not_allowed")
    for session_id in ("unknown", "%00", "x" * 300, "..%2f..%2fetc"):
        answer = await clinic.booking_system.get(f"/api/video-sessions/{session_id}")
        assert_problem(answer, 404, "not_found")


async def test_the_first_and_the_last_moment_are_taken(clinic: Clinic) -> None:
    for moment in ("2000-01-01T14:00:00+14:00", "2199-12-31T23:59:59.999Z"):
        session = await clinic.open(f"a-{moment[:4]}", startsAt=moment)
        await clinic.person(session, "patient", 1)


async def test_wrong_queries_are_named(clinic: Clinic) -> None:
    for query, field in (
        ("status=happy", "status"),
        ("from=yesterday", "from"),
        ("from=0001-01-01T00:00:00%2B14:00", "from"),
        ("to=9999-12-31T23:59:59-14:00", "to"),
        ("to=2026-11-23T00:00:00", "to"),
    ):
        answer = await clinic.booking_system.get(f"/api/video-sessions?{query}")
        assert_problem(answer, 422, "invalid_request", field)


async def test_a_request_id_is_taken_over_only_when_it_is_harmless(clinic: Clinic) -> None:
    answer = await clinic.http.get("/api/clinic", headers={"x-request-id": "abcdef-0123456789"})
    assert answer.headers["x-request-id"] == "abcdef-0123456789"
    answer = await clinic.http.get("/api/clinic", headers={"x-request-id": "a b<script>"})
    assert answer.headers["x-request-id"] != "a b<script>"
