"""What every request passes: bodies too deep, writes that another site's page sends, the headers of every answer."""

import json

import pytest
from starlette.datastructures import Headers

from shinsatsu.api.body_limits import MAX_DEPTH, depth_of
from shinsatsu.api.security_headers import comes_from_elsewhere, content_security_policy, security_headers
from tests.api.clinic import Clinic

OURS = frozenset({"https://clinic.example"})


@pytest.mark.parametrize(
    ("body", "depth"),
    [
        (b"{}", 0),  # few brackets are not counted
        (b"[" * 17 + b"]" * 17, 17),
        (b"[]" * 17, 1),
        (json.dumps({"sdp": "[{" * 40}).encode(), 1),
        (b'{"a\\"[": ' + b"[" * 20 + b"]" * 20 + b"}", 21),
        (b'"' + b"\\" * 5000 + b'"' + b"[" * 17, 17),
    ],
)
def test_the_depth_of_json_text(body: bytes, depth: int) -> None:
    assert depth_of(body) == depth


async def test_a_body_too_deep_is_refused_before_it_is_parsed(clinic: Clinic) -> None:
    for depth in (MAX_DEPTH + 1, 100_000):
        body = b"[" * depth + b"]" * depth
        headers = {"content-type": "application/json", **clinic.booking_system.headers}
        answer = await clinic.http.post("/api/video-sessions/create", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize(
    ("headers", "elsewhere"),
    [
        ({"cookie": "c=1", "origin": "https://clinic.example"}, False),
        ({"cookie": "c=1", "origin": "https://evil.example"}, True),
        ({"cookie": "c=1", "origin": "null"}, True),
        ({"cookie": "c=1", "sec-fetch-site": "cross-site"}, True),
        ({"cookie": "c=1", "sec-fetch-site": "same-site"}, True),
        ({"cookie": "c=1"}, False),
        ({"origin": "https://evil.example"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({}, False),
        ({"authorization": "Bearer x", "origin": "https://evil.example"}, False),
    ],
)
def test_writes_of_other_sites_pages(headers: dict[str, str], elsewhere: bool) -> None:
    assert comes_from_elsewhere("POST", Headers(headers), OURS) is elsewhere
    assert not comes_from_elsewhere("GET", Headers(headers), OURS)


async def test_another_sites_write_is_refused(clinic: Clinic) -> None:
    headers = {"origin": "https://evil.example", "cookie": "shinsatsu_grant_x=y"}
    answer = await clinic.http.post("/api/links/exchange", json={"token": "t", "proof": "p" * 16}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


def test_the_policy_of_the_page() -> None:
    policy = content_security_policy("https://clinic.example")
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "wss://clinic.example" in policy
    framed = content_security_policy("https://clinic.example", ["https://portal.example"])
    assert framed.endswith("frame-ancestors https://portal.example")


def test_https_answers_insist_on_https() -> None:
    named = dict(security_headers("https://clinic.example"))
    assert named[b"strict-transport-security"].startswith(b"max-age=31536000")
    assert b"strict-transport-security" not in dict(security_headers("http://127.0.0.1:8000"))
    assert named[b"permissions-policy"].startswith(b"camera=(self), microphone=(self), display-capture=(self)")
    assert named[b"referrer-policy"] == b"no-referrer"
