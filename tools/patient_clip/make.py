"""Makes the synthetic patient's clip: `python tools/patient_clip/make.py [OUTPUT_DIRECTORY]`.

`figure.html` is drawn frame by frame in headless Chromium and encoded as VP8 (`patient.ivf`); a soft tune to which the
mouth moves becomes Opus (`patient.opus`). Both last 12 seconds and loop. Needs the `test` extra and a Chromium; the
server itself only reads the two files.
"""

import io
import math
import shutil
import sys
from array import array
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import PictureType
from playwright.sync_api import sync_playwright

SECONDS = 12
FRAME_RATE = 15
WIDTH, HEIGHT = 640, 360
SAMPLE_RATE = 48000
SLOT = 0.5
# One number a half second: semitones above A3, None is a rest; pentatonic, so that no two notes disagree.
TUNE = (0, 3, 5, 7, None, 5, 3, None, None, None, 0, 3, 7, 10, 7, None, 5, 3, 0, None, None, None, -2, None)


def _envelope(seconds: float) -> float:
    """How loud the tune is, 0 to 1: a soft attack and a long decay in each slot."""
    slot = int(seconds / SLOT) % len(TUNE)
    inside = seconds % SLOT
    if TUNE[slot] is None:
        return 0.0
    attack = min(1.0, inside / 0.06)
    decay = 0.5 + 0.5 * math.cos(math.pi * max(0.0, inside - 0.06) / (SLOT - 0.06))
    return attack * decay


def _sample(index: int) -> int:
    seconds = index / SAMPLE_RATE
    note = TUNE[int(seconds / SLOT) % len(TUNE)]
    if note is None:
        return 0
    phase = 2 * math.pi * 220 * 2 ** (note / 12) * (seconds % SLOT)
    tone = math.sin(phase) + 0.25 * math.sin(2 * phase) + 0.08 * math.sin(3 * phase)
    return round(0.14 * 32767 * _envelope(seconds) * tone)


def _pictures() -> Iterator[av.VideoFrame]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or None,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto((Path(__file__).parent / "figure.html").as_uri())
        for number in range(SECONDS * FRAME_RATE):
            seconds = number / FRAME_RATE
            page.evaluate("([seconds, mouth]) => draw(seconds, mouth)", [seconds, _envelope(seconds)])
            with av.open(io.BytesIO(page.screenshot(type="png")), "r") as image:
                yield next(image.decode(video=0))
        browser.close()


def make_video(path: Path) -> None:
    """Encodes without frames that are not shown and with a key frame each second: a joiner waits at most for that."""
    with av.open(str(path), "w", format="ivf") as container:
        stream = container.add_stream("libvpx", rate=FRAME_RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = 260_000
        stream.gop_size = FRAME_RATE
        stream.options = {
            "quality": "best",
            "auto-alt-ref": "0",
            "lag-in-frames": "0",
            "qmin": "6",
            "qmax": "42",
        }
        for number, picture in enumerate(_pictures()):
            frame = picture.reformat(WIDTH, HEIGHT, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FRAME_RATE)
            # A decoded PNG says of itself that it is a key frame, and the encoder would believe it.
            frame.pict_type = PictureType.I if number % FRAME_RATE == 0 else PictureType.NONE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def make_audio(path: Path) -> None:
    """Encodes 20-ms packets (RFC 7587 section 4.2)."""
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = 24_000
        stream.options = {"frame_duration": "20", "application": "voip", "vbr": "on"}
        samples = array("h", (_sample(index) for index in range(SECONDS * SAMPLE_RATE)))
        for start in range(0, len(samples), 960):
            frame = av.AudioFrame(format="s16", layout="mono", samples=960)
            frame.planes[0].update(samples[start : start + 960].tobytes())
            frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("src/shinsatsu/media/clips")
    make_audio(output / "patient.opus")
    make_video(output / "patient.ivf")
