"""A pair of Chromium browsers: click on join → first remote frame, our HTTP share of it, and the send estimate beside a native pair."""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from tests.e2e.browser import Person, launch, new_person, tone
from tests.e2e.clinic import Clinic, running_clinic

ROUNDS = 10

# The clock starts at the click on join; it stops when a remote <video> presents its first frame.
STOPWATCH = """
(() => {
  const watched = new WeakSet();
  addEventListener('click', (event) => {
    if (!event.composedPath().some((el) => el.dataset?.testid === 'join')) return;
    window.joinClicked = performance.now();
    const look = () => {
      for (const video of window.remoteVideos()) {
        if (watched.has(video)) continue;
        watched.add(video);
        video.requestVideoFrameCallback((now) => { window.firstFrame ??= now; });
      }
      if (window.firstFrame === undefined) requestAnimationFrame(look);
    };
    look();
  }, { capture: true });
})();
"""

HTTP_SHARE = """
() => performance.getEntriesByType('resource')
  .filter((e) => e.name.includes('/api/') && e.startTime >= window.joinClicked && e.startTime <= window.firstFrame)
  .map((e) => ({ name: e.name.split('/').at(-1).split('?')[0], from: e.startTime, to: e.responseEnd }))
"""

OUTGOING = "async () => (await window.mediaStatistics()).outgoing"

# The peer: two connections of Chromium itself in one page, same camera, same constraints, no server between them.
NATIVE_PAIR = """
async () => {
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 1280, height: 720, frameRate: 30 } });
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
  a.onicecandidate = ({ candidate }) => candidate && b.addIceCandidate(candidate);
  b.onicecandidate = ({ candidate }) => candidate && a.addIceCandidate(candidate);
  for (const track of media.getTracks()) a.addTrack(track, media);
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription);
  await new Promise((done) => {
    const connected = () => a.connectionState === 'connected' && done();
    a.onconnectionstatechange = connected; connected();
  });
  await new Promise((done) => setTimeout(done, 3000));
  let best = 0;
  for (const s of (await a.getStats()).values()) if (s.type === 'candidate-pair' && s.nominated) best = Math.max(best, s.availableOutgoingBitrate ?? 0);
  a.close(); b.close(); media.getTracks().forEach((track) => track.stop());
  return best;
}
"""


def one_round(browser: Browser, clinic: Clinic) -> dict[str, Any]:
    """The doctor waits in the call; the patient clicks join."""
    appointment = clinic.appoint()
    doctor, patient = new_person(browser), new_person(browser)
    try:
        doctor.enter(clinic.doctor_link(appointment))
        doctor.expect_status("waiting")
        doctor.wait_until(OUTGOING)
        patient.page.add_init_script(STOPWATCH)
        patient.page.goto(clinic.patient_link(appointment))
        patient.page.get_by_test_id("get-ready").click()
        patient.page.get_by_test_id("join").wait_for()
        patient.page.wait_for_timeout(1500)  # the person looks at the own picture before going on
        patient.page.get_by_test_id("join").click()
        patient.page.wait_for_function("() => window.firstFrame !== undefined", timeout=20_000)
        calls = patient.page.evaluate(HTTP_SHARE)
        milliseconds = patient.page.evaluate("() => window.firstFrame - window.joinClicked")
        return {"first_frame": milliseconds, "http": covered(calls), "calls": calls}
    finally:
        close(doctor, patient)


def covered(calls: list[dict[str, Any]]) -> float:
    """Milliseconds in which at least one call was under way: publish and subscribe run side by side."""
    total, until = 0.0, 0.0
    for call in sorted(calls, key=lambda call: call["from"]):
        total += max(0.0, call["to"] - max(call["from"], until))
        until = max(until, call["to"])
    return total


def outgoing_ratio(browser: Browser, clinic: Clinic) -> tuple[float, float]:
    """`availableOutgoingBitrate` 3 s after connecting, through our SFU and between Chromium's own connections."""
    appointment = clinic.appoint()
    doctor = new_person(browser)
    try:
        doctor.enter(clinic.doctor_link(appointment))
        doctor.page.wait_for_function("() => window.peerConnections.some((pc) => pc.connectionState === 'connected')")
        doctor.page.wait_for_timeout(3000)
        ours = doctor.page.evaluate(OUTGOING)
    finally:
        close(doctor)
    native = new_person(browser)
    try:
        native.page.goto(f"{clinic.base_url}/")
        return ours, native.page.evaluate(NATIVE_PAIR)
    finally:
        close(native)


def close(*people: Person) -> None:
    for person in people:
        person.page.context.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running_clinic(Path(folder)) as clinic, sync_playwright() as driver:
        browser = launch(driver, tone(Path(folder) / "tone.wav"))
        rounds = [one_round(browser, clinic) for _ in range(ROUNDS)]
        estimates = [outgoing_ratio(browser, clinic) for _ in range(3)]
        browser.close()
    frames, http = [r["first_frame"] for r in rounds], [r["http"] for r in rounds]
    print(f"click on join → first remote frame: median {statistics.median(frames):.0f} ms of {ROUNDS} (target ≤ 700)")
    print(f"  all: {', '.join(f'{ms:.0f}' for ms in frames)}")
    print(f"our HTTP calls together: median {statistics.median(http):.0f} ms (target ≤ 150)")
    for number, calls in enumerate(r["calls"] for r in rounds):
        print(f"  {number}: " + ", ".join(f"{c['name']} {c['to'] - c['from']:.0f}" for c in calls))
    ratio = statistics.median(ours / native for ours, native in estimates)
    print(f"availableOutgoingBitrate after 3 s, ours / native: median {ratio:.2f} (target ≥ 0.8)")
    print("  " + ", ".join(f"{ours / 1e6:.2f}/{native / 1e6:.2f} Mbit/s" for ours, native in estimates))


if __name__ == "__main__":
    main()
