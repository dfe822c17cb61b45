"""A patient who sends sound and picture and never stops by themselves, and a doctor who receives both and moderates."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import Any

import httpx

from shinsatsu.media.clip import load_clip
from shinsatsu.media.consultation_client import ApiError, ConsultationClient, ConsultationLink, Joined
from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.peer import Peer
from shinsatsu.media.playback import Playback
from shinsatsu.media.player import play
from shinsatsu.rtc.dtls import Certificate

QUIET = 0.6
"""Seconds without a packet after which the last one was the last."""
FIRST_PATIENT = 1000


class Person(ConsultationClient):
    """Somebody with a grant, who may say anything the API has a word for."""

    async def say(self, operation: str, **body: object) -> Any:
        return await self._call("POST", self._path(operation), body)


class Booking:
    """Books appointments, each with a patient and a doctor of its own."""

    def __init__(self, port: int, key: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}, timeout=20
        )
        self._number = 0
        self.clip = load_clip("patient")
        self.certificate = Certificate.generate()

    async def close(self) -> None:
        await self._http.aclose()

    async def room(self) -> "Room":
        """Patient and doctor with media between them."""
        self._number += 1
        patient, doctor = FIRST_PATIENT + 2 * self._number, FIRST_PATIENT + 2 * self._number + 1
        body = {
            "patient": {"userId": patient, "displayName": "試験 花子"},
            "doctor": {"userId": doctor, "displayName": "見本 太郎"},
            "supportDoctors": [],
            "startsAt": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "scheduledDuration": 15,
            "admission": "automatic",
        }
        answer = await self._http.put(f"/api/appointments/cut-{self._number}", json=body)
        session_id = answer.raise_for_status().json()["session"]["id"]
        in_charge = await self._person(session_id, "worker", doctor)
        room = Room(session_id, in_charge, await self._person(session_id, "patient", patient), self)
        await room.open()
        return room

    async def _person(self, session_id: str, user_type: str, user_id: int) -> Person:
        whom = {"userType": user_type, "userId": user_id}
        answer = await self._http.post(f"/api/video-sessions/{session_id}/links", json=whom)
        person = Person(ConsultationLink.parse(answer.raise_for_status().json()["url"]))
        await person.exchange()
        return person


class Room:
    """One consultation; `last` is when the doctor last received something of the patient's."""

    def __init__(self, session_id: str, doctor: Person, patient: Person, booking: Booking) -> None:
        self.session_id = session_id
        self.doctor, self.patient = doctor, patient
        self.last = 0.0
        self.frames = 0
        self._clip, self._certificate = booking.clip, booking.certificate
        self._receiver = Peer(on_frame=self._on_frame, certificate=self._certificate)
        self._sender: Peer | None = None
        self._playing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self.patient.create()
        self.doctor_id = (await self.doctor.join()).participant_id
        joined = await self.patient.join()
        self.patient_id = joined.participant_id
        await self.connect(joined)

    async def connect(self, joined: Joined) -> None:
        """The patient publishes, and the doctor receives it."""
        await self._stop_playing()
        playback = Playback(self._clip)
        self._sender = Peer(on_key_frame_request=lambda _: playback.request_key_frame(), certificate=self._certificate)
        names = {"0": joined.track_names["audio"], "1": joined.track_names["video"]}
        self.names = list(names.values())
        answer = await self.patient.publish(self.patient_id, self._sender.offer(["audio", "video"]), names)
        await self._sender.accept(answer)
        self._playing = asyncio.create_task(play(self._sender, playback, audio_mid="0", video_mid="1"))
        await self.receive()

    async def receive(self) -> None:
        """The doctor asks for both tracks until they flow."""
        async with asyncio.timeout(20):
            while True:
                try:
                    done = await self.doctor.subscribe(self.doctor_id, self.names)
                except ApiError as error:
                    if error.code != "negotiation_in_progress":
                        raise
                    await asyncio.sleep(0.1)
                    continue
                if done.offer is not None:
                    await self.doctor.renegotiate(self.doctor_id, await self._receiver.answer(done.offer))
                if not done.failed:
                    break
        await self._flows()

    async def readmit(self) -> None:
        """Lets the patient in again, who publishes anew."""
        await self.doctor.say(f"participants/{self.patient_id}/admit")
        await self.connect(await self.patient.join(self.patient_id))

    async def quiet(self) -> float:
        """Waits until nothing comes any more; when the last of it came."""
        async with asyncio.timeout(20):
            while (left := self.last + QUIET - time.monotonic()) > 0:  # noqa: ASYNC110 - it is silence that is waited for
                await asyncio.sleep(left)
        return self.last

    async def close(self) -> None:
        await self._stop_playing()
        self._receiver.close()
        for person in (self.doctor, self.patient):
            await person.close()

    async def _flows(self) -> None:
        before = self.frames
        async with asyncio.timeout(20):
            while self.frames < before + 20:  # noqa: ASYNC110 - packets are no events of asyncio's
                await asyncio.sleep(0.02)

    async def _stop_playing(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._playing
        if self._sender is not None:
            self._sender.close()

    def _on_frame(self, mid: str, frame: EncodedFrame) -> None:
        self.last = time.monotonic()
        self.frames += 1
