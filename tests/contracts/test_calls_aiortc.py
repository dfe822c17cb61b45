"""The Calls API with aiortc at both ends: a stack that shares no code with browsers, and knows no rid."""

import asyncio
from typing import Any

import httpx
import pytest
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack, VideoStreamTrack
from av import AudioFrame, VideoFrame

from tests.contracts.conftest import CallsUnderTest


def described(pc: RTCPeerConnection) -> dict[str, str]:
    return {"type": pc.localDescription.type, "sdp": pc.localDescription.sdp}


async def publish(http: httpx.AsyncClient, pc: RTCPeerConnection, mime_type: str) -> str:
    session = str((await http.post("/sessions/new")).json()["sessionId"])
    added = [
        ("mic", pc.addTransceiver(AudioStreamTrack(), direction="sendonly")),
        ("cam", pc.addTransceiver(VideoStreamTrack(), direction="sendonly")),
    ]
    codecs = RTCRtpSender.getCapabilities("video").codecs
    added[1][1].setCodecPreferences([codec for codec in codecs if codec.mimeType in (mime_type, "video/rtx")])
    await pc.setLocalDescription(await pc.createOffer())
    tracks = [{"location": "local", "mid": transceiver.mid, "trackName": name} for name, transceiver in added]
    body = {"sessionDescription": described(pc), "tracks": tracks}
    reply: dict[str, Any] = (await http.post(f"/sessions/{session}/tracks/new", json=body)).json()
    assert not any("errorCode" in item for item in reply["tracks"])
    await pc.setRemoteDescription(RTCSessionDescription(**reply["sessionDescription"]))
    return session


async def pull(http: httpx.AsyncClient, pc: RTCPeerConnection, publisher: str) -> None:
    session = str((await http.post("/sessions/new")).json()["sessionId"])
    tracks = [{"location": "remote", "sessionId": publisher, "trackName": name} for name in ("mic", "cam")]
    reply = (await http.post(f"/sessions/{session}/tracks/new", json={"tracks": tracks})).json()
    await pc.setRemoteDescription(RTCSessionDescription(**reply["sessionDescription"]))
    await pc.setLocalDescription(await pc.createAnswer())
    answered = await http.put(f"/sessions/{session}/renegotiate", json={"sessionDescription": described(pc)})
    assert (answered.status_code, answered.json()) == (200, {})


@pytest.mark.parametrize("mime_type", ["video/VP8", "video/H264"])
async def test_camera_and_microphone_arrive(calls: CallsUnderTest, mime_type: str) -> None:
    sender, receiver = RTCPeerConnection(), RTCPeerConnection()
    arrived: asyncio.Queue[MediaStreamTrack] = asyncio.Queue()
    receiver.on("track", arrived.put_nowait)
    headers = {"Authorization": f"Bearer {calls.secret}"}
    async with httpx.AsyncClient(base_url=calls.app_url, headers=headers, timeout=20) as http:
        try:
            await pull(http, receiver, await publish(http, sender, mime_type))
            tracks = {track.kind: track for track in (await arrived.get(), await arrived.get())}
            async with asyncio.timeout(10):
                frame = await tracks["video"].recv()
                sound = await tracks["audio"].recv()
            assert f"{mime_type.partition('/')[2]}/90000" in receiver.remoteDescription.sdp
            assert isinstance(frame, VideoFrame)
            assert isinstance(sound, AudioFrame)
            assert (frame.width, sound.sample_rate) == (640, 48000)
        finally:
            await sender.close()
            await receiver.close()
