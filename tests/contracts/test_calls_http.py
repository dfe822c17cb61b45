"""The Calls API without media: who gets in, and what each wrong request is told."""

import json
from typing import Any

import httpx
import pytest

from tests.contracts.conftest import CallsUnderTest

OFFER = {"type": "offer", "sdp": "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"}


def session(api: httpx.Client) -> str:
    response = api.post("/sessions/new")
    assert response.status_code == 201
    return str(response.json()["sessionId"])


def told(response: httpx.Response, status: int, code: str) -> str:
    """The description of an error of this status and code."""
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["errorCode"]) == (status, code), body
    return str(body["errorDescription"])


def test_sessions_are_distinct_whatever_the_body_and_query(api: httpx.Client) -> None:
    text = {"Content-Type": "text/plain;charset=UTF-8"}
    made = [
        api.post("/sessions/new"),
        api.post("/sessions/new?correlationId=x&unknown=1", content="{}", headers=text),
        api.post("/sessions/new", json={}),
    ]
    assert [response.status_code for response in made] == [201] * 3
    assert len({response.json()["sessionId"] for response in made}) == 3


def test_paths_work_with_and_without_v1(own_sfu: CallsUnderTest) -> None:
    plain = own_sfu.app_url.replace("/v1/", "/")
    headers = {"Authorization": f"Bearer {own_sfu.secret}"}
    assert httpx.post(f"{plain}/sessions/new", headers=headers).status_code == 201


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer wrong", "Basic contract-secret", "Bearer é"])
def test_without_the_secret_nothing(own_sfu: CallsUnderTest, authorization: str | None) -> None:
    headers = [] if authorization is None else [(b"Authorization", authorization.encode())]
    told(httpx.post(f"{own_sfu.app_url}/sessions/new", headers=headers), 401, "unauthorized")


def test_another_app_is_not_here(calls: CallsUnderTest, api: httpx.Client) -> None:
    told(api.post(f"{calls.url}/apps/other/sessions/new"), 404, "not_found")


def test_every_answer_is_json(api: httpx.Client) -> None:
    told(api.get("/nothing/here"), 404, "not_found")
    assert "errorCode" in api.get("/sessions/new/x").json()
    assert api.delete("/sessions/new").json()["errorCode"]


def test_an_unknown_session_is_gone(api: httpx.Client) -> None:
    for response in (
        api.get(f"/sessions/{'0' * 32}"),
        api.put(f"/sessions/{'0' * 32}/tracks/close", json={"tracks": [{"mid": "0"}], "force": True}),
        api.post(f"/sessions/{'0' * 32}/tracks/new", json={}),
    ):
        assert "new" in told(response, 410, "session_error")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[]", "object"),
        ("\udcff".encode("utf-8", "surrogatepass"), "JSON"),
        ({"tracks": {}}, "tracks"),
        ({"tracks": ["x"]}, "tracks[0]"),
        ({"tracks": [{"trackName": "x"}]}, "location"),
        ({"tracks": [{"location": "up"}]}, "tracks[0].location"),
        ({"tracks": [{"location": "remote", "trackName": "x"}]}, "tracks[0].sessionId"),
        ({"tracks": [{"location": "remote", "sessionId": 5, "trackName": "x"}]}, "tracks[0].sessionId"),
        ({"tracks": [{"location": "remote", "sessionId": "x", "trackname": "x"}]}, "trackname"),
        ({"tracks": [{"location": "local", "trackName": "x"}], "sessionDescription": OFFER}, "tracks[0].mid"),
        ({"tracks": [{"location": "local", "trackName": "\n", "mid": "0"}], "sessionDescription": OFFER}, "trackName"),
        ({"tracks": [{"location": "local"}], "sessionDescription": {"type": "offer"}}, "sessionDescription.sdp"),
        ({"tracks": [], "autoDiscover": "yes"}, "autoDiscover"),
        ({"tracks": [{"location": "remote", "sessionId": "x", "trackName": "x", "simulcast": 1}]}, "simulcast"),
    ],
)
def test_a_wrong_body_is_told_its_field(own_sfu: CallsUnderTest, api: httpx.Client, body: object, named: str) -> None:
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    assert named in told(api.post(f"/sessions/{session(api)}/tracks/new", content=content), 400, "decoding_error")


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({}, "invalid_params", "tracks"),
        ({"tracks": [{"location": "local", "mid": "0", "trackName": "x"}]}, "invalid_params", "sessionDescription"),
        ({"tracks": [{"location": "local"}, {"location": "remote"}]}, "invalid_params", "location"),
        ({"tracks": [{"location": "remote"}] * 65}, "invalid_params", "64"),
        (
            {"tracks": [{"location": "local", "mid": "0", "trackName": "x"}], "sessionDescription": OFFER},
            "invalid_session_description",
            "",
        ),
        (
            {
                "tracks": [{"location": "local", "mid": "0", "trackName": "x"}],
                "sessionDescription": {"type": "offer", "sdp": "v=0\r\nm=audio x"},
            },
            "invalid_session_description",
            "line 2",
        ),
    ],
)
def test_what_cannot_be_done_is_said(
    own_sfu: CallsUnderTest, api: httpx.Client, body: object, code: str, named: str
) -> None:
    assert named in told(api.post(f"/sessions/{session(api)}/tracks/new", json=body), 406, code)


def test_a_body_too_long_is_refused_as_it_comes(own_sfu: CallsUnderTest, api: httpx.Client) -> None:
    path = f"/sessions/{session(api)}/tracks/new"
    told(api.post(path, content=b" " * (1 << 20) + b"  "), 413, "payload_too_large")
    told(api.post(path, content=(b" " * 65536 for _ in range(17))), 413, "payload_too_large")
    told(api.put(path.replace("new", "update"), content=b" " * 70_000), 413, "payload_too_large")


def test_a_missing_track_is_an_item_of_its_own(api: httpx.Client) -> None:
    asked = {"tracks": [{"location": "remote", "sessionId": session(api), "trackName": "nobody"}]}
    reply = api.post(f"/sessions/{session(api)}/tracks/new", json=asked)
    assert reply.status_code == 200
    item = reply.json()["tracks"][0]
    assert (item["errorCode"], item["mid"]) == ("not_found_track_error", "")
    assert "nobody" in item["errorDescription"]
    assert "sessionDescription" not in reply.json()


def test_closing_what_is_not_there_is_closed_already(api: httpx.Client) -> None:
    path = f"/sessions/{session(api)}/tracks/close"
    reply = api.put(path, json={"tracks": [{"mid": "7"}], "force": True}).json()
    assert reply["tracks"][0]["errorCode"] == "close_track_error"
    assert reply["requiresImmediateRenegotiation"] is False
    told(api.put(path, json={"tracks": [{"mid": "7"}], "force": False}), 406, "invalid_params")


def test_an_answer_without_an_offer_is_refused(api: httpx.Client) -> None:
    path = f"/sessions/{session(api)}/renegotiate"
    answer = {"type": "answer", "sdp": OFFER["sdp"]}
    told(api.put(path, json={"sessionDescription": answer}), 406, "invalid_session_description")
    told(api.put(path, json={"sessionDescription": OFFER}), 406, "invalid_params")
    told(api.put(path), 406, "invalid_params")


def test_the_rate_of_one_session_is_bounded_but_not_its_closing(own_sfu: CallsUnderTest, api: httpx.Client) -> None:
    path = f"/sessions/{session(api)}"
    answers = [api.get(path).status_code for _ in range(80)]
    assert answers[:50] == [200] * 50
    assert 429 in answers
    assert api.put(f"{path}/tracks/close", json={"tracks": [{"mid": "0"}], "force": True}).status_code == 200
    assert api.get(f"/sessions/{session(api)}").status_code == 200


def test_what_is_not_offered_is_named(own_sfu: CallsUnderTest, api: httpx.Client) -> None:
    assert "thirdparty" in told(api.post("/sessions/new?thirdparty=true"), 406, "invalid_params")
    assert "data channels" in told(
        api.post(f"/sessions/{session(api)}/datachannels/new", json={}), 406, "invalid_params"
    )
    assert "adapters" in told(api.post("/adapters/websocket/new", json={}), 406, "invalid_params")


def test_a_page_may_call_from_another_origin(calls: CallsUnderTest) -> None:
    headers = {
        "Origin": "https://demo.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    reply = httpx.options(f"{calls.app_url}/sessions/x/renegotiate", headers=headers)
    assert reply.status_code in (200, 204)
    assert reply.headers["access-control-allow-origin"] in ("*", headers["Origin"])
    assert "authorization" in reply.headers["access-control-allow-headers"].lower()


def test_extensions_are_announced_and_end_a_session(own_sfu: CallsUnderTest, api: httpx.Client) -> None:
    assert api.get("/capabilities").json() == {"extensions": {"tracks.pause": 1, "sessions.delete": 1}}
    path = f"/sessions/{session(api)}"
    paused = api.put(f"{path}/tracks/pause", json={"tracks": [{"mid": "1", "paused": True}]}).json()
    assert paused["tracks"][0]["errorCode"] == "close_track_error"
    told(api.put(f"{path}/tracks/pause", json={"tracks": [{"mid": "1"}]}), 400, "decoding_error")
    assert api.delete(path).status_code == 200
    told(api.delete(path), 410, "session_error")


def test_health_needs_no_secret_and_tells_none(own_sfu: CallsUnderTest) -> None:
    reply = httpx.get(own_sfu.url.replace("/v1", "") + "/healthz")
    assert reply.json()["status"] == "ok"
    assert own_sfu.secret not in reply.text
