"""Webhooks over the API, and messages of a whole server as they arrive."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.api.clinic import Clinic, running_clinic, settings
from tests.api.test_bad_input import assert_problem
from tests.api.test_console import Console, console
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    configured = settings(tmp_path, None, console_links=True, webhook_allow_private=True)
    async with running_clinic(configured) as running:
        yield running


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


@pytest.fixture
async def admin(clinic: Clinic) -> Console:
    return await console(clinic, 5)


async def test_what_is_booked_arrives(clinic: Clinic, admin: Console, receiver: Receiver) -> None:
    added = await admin.send("POST", "/api/webhooks", {"url": receiver.url})
    assert added.status_code == 201
    webhook = added.json()
    assert webhook.keys() == {
        *("id", "url", "types", "createdAt", "disabledAt", "pending", "failed", "lastDeliveryAt", "secret")
    }
    assert len(webhook["types"]) == 7
    session_id = await clinic.open("a-1")
    await receiver.heard(2)
    for request, kind in zip(receiver.received, ("session.created", "session.waiting"), strict=True):
        message = Webhook(webhook["secret"]).verify(request.body, request.headers)
        assert (message["type"], message["data"]["sessionId"]) == (kind, session_id)
        assert message["data"]["appointmentId"] == "a-1"


async def test_list_rotate_and_remove(clinic: Clinic, admin: Console, receiver: Receiver) -> None:
    webhook = (await admin.send("POST", "/api/webhooks", {"url": receiver.url, "types": ["session.ended"]})).json()
    address = f"/api/webhooks/{webhook['id']}"
    rotated = await admin.send("POST", f"{address}/rotate")
    assert rotated.status_code == 200
    secrets = [webhook.pop("secret"), rotated.json()["secret"]]
    assert secrets[0] != secrets[1]
    listed = await admin.send("GET", "/api/webhooks")
    assert listed.json() == {"webhooks": [webhook]}
    assert (webhook["types"], webhook["pending"], webhook["failed"]) == (["session.ended"], 0, 0)
    assert (await admin.send("DELETE", address)).status_code == 204
    assert_problem(await admin.send("DELETE", address), 404, "not_found")
    assert (await admin.send("GET", "/api/webhooks")).json() == {"webhooks": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "ftp://hook.example/"}, "url"),
        ({"url": "https://user:pass@hook.example/"}, "url"),
        ({"url": "http://192.168.1.1/"}, "url"),
        ({"url": "https://hook.example/\r\nX: y"}, "url"),
        ({"url": 5}, "url"),
        ({"url": "https://hook.example/" + "x" * 2048}, "url"),
        ({"url": "https://hook.example/", "types": []}, "types"),
        ({"url": "https://hook.example/", "types": ["session.paused"]}, "types[0]"),
        ({"url": "https://hook.example/", "secret": "whsec_mine"}, "secret"),
        ({}, "url"),
    ],
)
async def test_what_is_refused(admin: Console, body: object, field: str) -> None:
    answer = await admin.send("POST", "/api/webhooks", body)
    assert_problem(answer, 422, "invalid_request", field)


async def test_ids_that_are_none(admin: Console) -> None:
    assert_problem(await admin.send("DELETE", "/api/webhooks/x"), 404, "not_found")
    assert_problem(await admin.send("DELETE", "/api/webhooks/%00"), 422, "invalid_request", "webhookId")


async def test_without_the_setting_plain_http_and_loopback_are_refused(tmp_path: Path, receiver: Receiver) -> None:
    async with running_clinic(settings(tmp_path, None, console_links=True)) as clinic:
        admin = await console(clinic, 5)
        for url in (receiver.url, receiver.url.replace("http:", "https:"), "https://127.0.0.1/"):
            assert_problem(await admin.send("POST", "/api/webhooks", {"url": url}), 422, "invalid_request", "url")
    assert receiver.connections == 0


async def test_no_key_and_no_grant_opens_them(clinic: Clinic) -> None:
    session_id = await clinic.open("a-1")
    grant = await clinic.person(session_id, "worker", 5)
    for caller in (clinic.booking_system, grant):
        assert_problem(await caller.get("/api/webhooks"), 401, "unauthenticated")
