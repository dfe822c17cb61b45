"""Real Chromium with a fake camera and a continuous tone, and what its peer connections say."""

import math
import struct
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

# Runs in the page before its own scripts: keeps every peer connection made, so that a test can ask for statistics.
COLLECT_CONNECTIONS = """
(() => {
  const Native = window.RTCPeerConnection;
  window.peerConnections = [];
  window.RTCPeerConnection = class extends Native {
    constructor(...args) { super(...args); window.peerConnections.push(this); }
  };
  window.mediaStatistics = async () => {
    const sum = { framesDecoded: 0, audioEnergy: 0, movingVideos: 0, outgoing: 0, connected: 0 };
    for (const pc of window.peerConnections) {
      if (pc.connectionState === 'connected') sum.connected += 1;
      if (pc.connectionState === 'closed') continue;
      for (const s of (await pc.getStats()).values()) {
        if (s.type === 'inbound-rtp' && s.kind === 'video') {
          sum.framesDecoded += s.framesDecoded ?? 0;
          if (s.framesDecoded > 1) sum.movingVideos += 1;
        }
        if (s.type === 'inbound-rtp' && s.kind === 'audio') sum.audioEnergy += s.totalAudioEnergy ?? 0;
        if (s.type === 'candidate-pair' && s.nominated) sum.outgoing = Math.max(sum.outgoing, s.availableOutgoingBitrate ?? 0);
      }
    }
    return sum;
  };
  const all = (root, selector) => [...root.querySelectorAll('*')].flatMap((el) => [
    ...(el.matches(selector) ? [el] : []), ...(el.shadowRoot ? all(el.shadowRoot, selector) : [])]);
  window.remoteVideos = () => all(document, 'video[data-testid=remote-video]');
})();
"""


def tone(file: Path) -> Path:
    """Ten seconds of a 440-Hz tone: Chromium's own fake microphone is silent half the time."""
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48000)
        out.writeframes(
            b"".join(struct.pack("<h", int(9000 * math.sin(2 * math.pi * 440 * n / 48000))) for n in range(480_000))
        )
    return file


def launch(playwright: Playwright, audio: Path) -> Browser:
    """Debian's Chromium; no call home."""
    return playwright.chromium.launch(
        executable_path="/usr/bin/chromium",
        args=[
            "--no-sandbox",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream=fps=30",
            f"--use-file-for-fake-audio-capture={audio}",
            "--auto-select-desktop-capture-source=Entire screen",
            "--autoplay-policy=user-gesture-required",
        ],
    )


@dataclass
class Person:
    """Somebody at a page of ours, in a browser profile (context) of their own or a shared one."""

    page: Page

    def enter(self, link: str) -> None:
        """The whole way in, as a person goes it: open the link, get ready, check, join."""
        self.page.goto(link)
        self.page.get_by_test_id("get-ready").click()
        self.page.get_by_test_id("join").click()

    def expect_status(self, status: str, timeout: float = 15_000) -> None:
        expect(self.page.get_by_test_id("session-status")).to_have_attribute("data-status", status, timeout=timeout)

    def statistics(self) -> dict[str, float]:
        sums: dict[str, float] = self.page.evaluate("() => window.mediaStatistics()")
        return sums

    def wait_until(self, script: str, arg: object = None, timeout: float = 20_000) -> None:
        """Waits until an async script of the page gives true; `wait_for_function` takes the promise itself for true."""
        deadline = time.monotonic() + timeout / 1000
        while not self.page.evaluate(script, arg):
            assert time.monotonic() < deadline, f"not so within {timeout / 1000:.0f} s: {script}"
            self.page.wait_for_timeout(100)

    def expect_media(self, timeout: float = 20_000) -> None:
        """Sees moving pictures and hears sound from now on: frames decoded and audio energy both rise."""
        self.wait_until(
            """async (before) => {
              const now = await window.mediaStatistics();
              return now.framesDecoded >= 10 && now.framesDecoded !== before.framesDecoded
                && now.audioEnergy > 0.0001 && now.audioEnergy !== before.audioEnergy;
            }""",
            arg=self.statistics(),
            timeout=timeout,
        )

    def expect_picture(self, timeout: float = 20_000) -> None:
        """The picture on the page itself moves: a remote video element has a size and its time goes on."""
        self.page.wait_for_function(
            "() => window.remoteVideos().some((video) => video.videoWidth > 0 && !video.paused && video.currentTime > 0.2)",
            timeout=timeout,
        )


def new_person(browser: Browser, context: BrowserContext | None = None, **options: Any) -> Person:
    """A person at a desktop-sized Japanese browser unless told otherwise."""
    if context is None:
        context = browser.new_context(
            **{"locale": "ja-JP", "timezone_id": "Asia/Tokyo", "viewport": {"width": 1280, "height": 800}, **options}
        )
        context.add_init_script(COLLECT_CONNECTIONS)
    return Person(context.new_page())
