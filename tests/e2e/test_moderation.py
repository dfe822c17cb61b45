"""What staff decide is what packets do, whatever the browsers of the others do: on our SFU, and on plain Calls.

The patient's page here does not obey: its connections don't close, its tracks don't stop, and once muted it goes on
sending a tone. What the others receive is counted in packets, frames and sound energy.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Person
from tests.e2e.clinic import Appointment, Clinic, running_clinic

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

NewPerson = Callable[..., Person]

# Runs before the page's own scripts: what a browser does that will not be told.
DISOBEY = """
(() => {
  window.closeCodes = [];
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...args) { super(...args); this.addEventListener('close', (event) => window.closeCodes.push(event.code)); }
  };
  window.disobey = () => {
    RTCPeerConnection.prototype.__proto__.close = () => undefined;
    MediaStreamTrack.prototype.stop = () => undefined;
    RTCRtpTransceiver.prototype.stop = () => undefined;
  };
  window.received = async () => {
    const sum = { audio: 0, video: 0, energy: 0, frames: 0 };
    for (const pc of window.peerConnections)
      for (const s of (await pc.getStats()).values())
        if (s.type === 'inbound-rtp') {
          sum[s.kind] += s.packetsReceived;
          sum.energy += s.totalAudioEnergy ?? 0;
          sum.frames += s.framesDecoded ?? 0;
        }
    return sum;
  };
  window.sent = async () => {
    let audio = 0, video = 0;
    for (const pc of window.peerConnections)
      for (const s of (await pc.getStats()).values())
        if (s.type === 'outbound-rtp') s.kind === 'audio' ? audio += s.packetsSent : video += s.packetsSent;
    return { audio, video };
  };
  window.over = async (what, ms) => {
    const before = await window[what]();
    await new Promise((resolve) => setTimeout(resolve, ms));
    const after = await window[what]();
    return Object.fromEntries(Object.keys(after).map((key) => [key, after[key] - before[key]]));
  };
  // A new microphone with a tone of its own under every sending m-line, and every switch on.
  window.forceOn = async () => {
    const sound = new AudioContext();
    const tone = new OscillatorNode(sound, { frequency: 700 });
    const out = sound.createMediaStreamDestination();
    tone.connect(out);
    tone.start();
    for (const pc of window.peerConnections.filter((pc) => pc.connectionState === 'connected'))
      for (const sender of pc.getSenders()) {
        if (sender.track?.kind === 'audio') await sender.replaceTrack(out.stream.getAudioTracks()[0]);
        if (sender.track) sender.track.enabled = true;
      }
    return sound.state;
  };
})();
"""
WINDOW_MS = 2500
SILENCE = 1e-6
"""Sound energy of 2.5 s of what a decoder makes up when nothing comes; a tone has some thousandths."""


@pytest.fixture(scope="module")
def plain_clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with running_clinic(tmp_path_factory.mktemp("plain"), "--plain-sfu") as running:
        yield running


@dataclass
class Room:
    """A patient who waits to be let in, on a page that may be told to disobey, and a doctor who is in."""

    clinic: Clinic
    appointment: Appointment
    patient_link: str
    patient: Person
    doctor: Person

    def api(self, who: Person, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """What one of them gets by hand, with the credential of their page."""
        status, answer = who.page.evaluate(
            """async ([id, method, path, body]) => {
              const { grants } = await (await fetch(`/api/grants?sessionId=${id}`)).json();
              const headers = { 'Content-Type': 'application/json', 'Shinsatsu-Grant': grants[0]?.grantId ?? '' };
              const answer = await fetch(`/api/video-sessions/${id}${path}`, {
                method, headers, ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }) });
              return [answer.status, answer.status === 204 ? {} : await answer.json()];
            }""",
            [self.appointment.session_id, method, path, body],
        )
        return status, answer

    @property
    def patient_id(self) -> str:
        _, session = self.api(self.doctor, "GET", "")
        return str(next(one["participantId"] for one in session["participants"] if one["userType"] == "patient"))

    def admit(self) -> None:
        self.doctor.page.get_by_test_id("admit").click()
        for one in (self.patient, self.doctor):
            one.expect_media(timeout=30_000)
            one.expect_picture()


@pytest.fixture(params=["embedded", "plain"])
def room(request: pytest.FixtureRequest, person: NewPerson) -> Room:
    clinic = request.getfixturevalue("clinic" if request.param == "embedded" else "plain_clinic")
    appointment = clinic.appoint(admission="staff")
    patient, doctor = person(), person()
    for one in (patient, doctor):
        one.page.add_init_script(DISOBEY)
    link = clinic.patient_link(appointment)
    patient.enter(link)
    doctor.enter(clinic.doctor_link(appointment))
    expect(doctor.page.get_by_test_id("waiting-patient")).to_have_count(1)
    return Room(clinic, appointment, link, patient, doctor)


def over(who: Person, what: str = "received", milliseconds: int = WINDOW_MS) -> dict[str, float]:
    """How much more of it there is at the end of the window."""
    more: dict[str, float] = who.page.evaluate("([what, ms]) => window.over(what, ms)", [what, milliseconds])
    return more


def quiet(who: Person, *kinds: str) -> dict[str, float]:
    """Waits until nothing of those kinds arrives any more, and then holds it to that; what arrived in the window.

    Sound is over a moment after its last packet: a receiver fades out what it had heard.
    """
    who.wait_until(
        """async ([kinds, silence]) => {
          const more = await window.over('received', 250);
          return kinds.every((kind) => more[kind] === 0 && (kind !== 'audio' || more.energy < silence));
        }""",
        [list(kinds), SILENCE],
        timeout=3_000,
    )
    more = over(who)
    assert {kind: more[kind] for kind in kinds} == dict.fromkeys(kinds, 0)
    return more


def test_a_waiting_patient_neither_sends_nor_receives_and_is_let_in_with_both(room: Room) -> None:
    assert quiet(room.doctor, "audio", "video")["energy"] == 0
    assert room.patient.page.evaluate("() => window.sent()") == {"audio": 0, "video": 0}
    assert quiet(room.patient, "audio", "video")["frames"] == 0
    expect(room.doctor.page.get_by_test_id("remote-video")).to_have_count(0)
    for path, body in (
        ("/tracks", None),
        (
            "/tracks/publish",
            {"sessionDescription": {"type": "offer", "sdp": "v=0"}, "tracks": [{"mid": "0", "trackName": "x"}]},
        ),
        ("/tracks/subscribe", {"tracks": [{"trackName": "x"}]}),
        ("/tracks", {"trackType": "audio"}),
    ):
        method = "GET" if body is None else "POST"
        status, answer = room.api(room.patient, method, path, {**(body or {}), "participantId": room.patient_id})
        if method == "GET":
            assert (status, answer) == (200, {"tracks": []})
        else:
            assert (status, answer["code"], answer["reason"]) == (403, "forbidden", "not_admitted"), path
    assert room.clinic.query(
        "SELECT count(*) FROM tracks WHERE user_type = 'patient' AND video_session_id = ?", room.appointment.session_id
    ) == [(0,)]
    room.admit()


def test_muted_by_the_doctor_nobody_hears_it_however_loud_it_sends(room: Room) -> None:
    room.admit()
    room.doctor.page.get_by_test_id("mute-participant").click()
    expect(room.patient.page.get_by_test_id("toggle-mic")).to_have_attribute("aria-pressed", "false")
    assert room.patient.page.evaluate("() => window.forceOn()") == "running"
    still = quiet(room.doctor, "audio")
    assert (still["energy"] < SILENCE, still["frames"] > 20) == (True, True)
    assert over(room.patient, "sent")["audio"] > 50
    heard = over(room.patient)
    assert heard["energy"] > 0.001
    assert heard["frames"] > 20
    assert over(room.doctor)["energy"] < SILENCE

    room.patient.page.get_by_test_id("toggle-mic").click()
    expect(room.patient.page.get_by_test_id("toggle-mic")).to_have_attribute("aria-pressed", "true")
    room.doctor.wait_until("async () => (await window.over('received', 200)).energy > 0.001", timeout=2_000)


def test_muted_it_comes_back_muted_and_a_switched_off_camera_shows_nothing(room: Room) -> None:
    room.admit()
    status, muted = room.api(
        room.doctor, "POST", f"/participants/{room.patient_id}/mute", {"kinds": ["audio", "video"]}
    )
    assert (status, sorted(muted["mutedBy"])) == (200, ["audio", "video"])
    quiet(room.doctor, "audio", "video")
    room.patient.page.reload()
    room.patient.page.get_by_test_id("join").click()
    room.patient.expect_media()
    room.patient.page.evaluate("() => window.forceOn()")
    quiet(room.doctor, "audio", "video")
    assert over(room.patient, "sent")["audio"] > 50
    room.patient.page.get_by_test_id("toggle-camera").click()
    room.doctor.wait_until("async () => (await window.over('received', 300)).frames > 3", timeout=5_000)
    assert over(room.doctor)["audio"] == 0


def test_sent_back_both_ways_stop_and_let_in_again_both_come_back(room: Room) -> None:
    room.admit()
    room.patient.page.evaluate("() => window.disobey()")
    room.doctor.page.get_by_test_id("send-back").click()
    quiet(room.doctor, "audio", "video")
    quiet(room.patient, "audio", "video")
    status, answer = room.api(room.patient, "POST", "/tracks", {"participantId": room.patient_id, "trackType": "audio"})
    assert (status, answer["reason"]) == (403, "not_admitted")
    room.admit()


def test_removed_everything_stops_and_no_old_way_leads_back(room: Room) -> None:
    room.admit()
    room.patient.page.evaluate("() => window.disobey()")
    room.doctor.page.get_by_test_id("remove-participant").click()
    room.doctor.page.get_by_test_id("reason").fill("別の患者さまの予約です")
    room.doctor.page.get_by_test_id("confirm-remove").click()
    quiet(room.doctor, "audio", "video")
    quiet(room.patient, "audio", "video")
    assert room.patient.page.evaluate("() => window.closeCodes.at(-1)") == 4403
    status, _ = room.api(room.patient, "GET", "")
    assert status in (401, 403)
    _, token = room.patient_link.split("token=")
    again = httpx.post(f"{room.clinic.base_url}/api/links/exchange", json={"token": token, "proof": "p" * 32})
    assert (again.status_code, again.json()["code"]) in ((410, "link_used"), (410, "link_revoked"))
    room.patient.page.reload()
    expect(room.patient.page.get_by_role("heading", level=1)).to_be_visible()
    expect(room.patient.page.get_by_test_id("join")).to_have_count(0)


def test_the_end_stops_everybody(room: Room) -> None:
    room.admit()
    for one in (room.patient, room.doctor):
        one.page.evaluate("() => window.disobey()")
    room.doctor.page.get_by_test_id("end-session").click()
    room.doctor.page.get_by_test_id("confirm-end").click()
    for one in (room.patient, room.doctor):
        one.expect_status("ended")
        quiet(one, "audio", "video")


def test_a_screen_that_staff_end_is_seen_no_more(room: Room) -> None:
    room.admit()
    room.patient.page.get_by_test_id("share-screen").click()
    expect(room.doctor.page.get_by_test_id("remote-video")).to_have_count(2, timeout=15_000)
    room.doctor.wait_until("async () => (await window.mediaStatistics()).movingVideos >= 2")
    room.patient.page.evaluate("() => window.disobey()")
    room.doctor.page.get_by_test_id("end-screen").click()
    expect(room.doctor.page.get_by_test_id("remote-video")).to_have_count(1, timeout=5_000)
    growing = """async () => {
      const packets = async () => (await Promise.all(window.peerConnections.map((pc) => pc.getStats())))
        .flatMap((stats) => [...stats.values()].filter((s) => s.type === 'inbound-rtp' && s.kind === 'video'))
        .map((s) => s.packetsReceived);
      const before = await packets();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return (await packets()).filter((count, index) => count > (before[index] ?? 0)).length === 1;
    }"""
    room.doctor.wait_until(growing, timeout=8_000)
    assert room.doctor.page.evaluate(growing)
