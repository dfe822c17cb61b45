"""What a console hears besides states: that somebody stands before an invitation which wrong answers have locked."""

import asyncio
import json

from websockets.asyncio.client import ClientConnection

from tests.api.clinic import Json
from tests.api.test_console import ELSEWHERE, console, feed_of
from tests.realtime.test_websocket import Live

BORN = "1948-03-12"


async def notice(stream: ClientConnection) -> Json:
    """The next message about an invitation; states in between are passed over."""
    async with asyncio.timeout(5):
        while True:
            message: Json = json.loads(await stream.recv())
            if message["type"] == "invitation":
                return message


async def test_staff_hear_of_a_locked_invitation_and_that_it_is_open_again(live: Live) -> None:
    clinic = live.clinic
    session, elsewhere = await clinic.open("a-1"), await clinic.open("a-2", **ELSEWHERE)
    wish = {"userType": "patient", "userId": 1, "check": "birth_date", "birthDate": BORN}
    path = f"/api/video-sessions/{session}/invitations"
    made = (await clinic.booking_system.post(path, wish)).json()
    code = made["url"].rpartition("/")[2]
    told = {"type": "invitation", "sessionId": session, "invitationId": made["invitationId"]}
    operator, stranger = await console(clinic, 4), await console(clinic, 2)
    async with feed_of(live, operator) as stream, feed_of(live, stranger) as other:
        await stream.recv()
        await other.recv()
        for _ in range(5):
            await clinic.http.post("/api/invitations/open", json={"code": code, "birthDate": "1950-01-01"})
        assert await notice(stream) == {**told, "locked": True}
        answer = await operator.send("POST", f"{path}/{made['invitationId']}/unlock")
        assert answer.status_code == 204
        assert await notice(stream) == {**told, "locked": False}
        again = (await clinic.booking_system.post(path, wish)).json()
        assert again["invitationId"] != made["invitationId"]
        assert await notice(stream) == {**told, "locked": False}
        await (await clinic.person(elsewhere, "patient", 2)).join(elsewhere)
        assert await until_told_of(other, elsewhere) == set(), "nothing of a consultation that is not theirs"


async def until_told_of(stream: ClientConnection, session: str) -> set[str]:
    """The other sessions and invitations that were told of before this session was."""
    told: set[str] = set()
    async with asyncio.timeout(5):
        while True:
            message: Json = json.loads(await stream.recv())
            if message["type"] == "session" and message["session"]["id"] == session:
                return told
            if message["type"] != "heartbeat":
                told.add(message["type"])
