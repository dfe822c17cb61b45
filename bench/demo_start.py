"""`make demo` from a fresh clone to the first link, and again: seconds (targets: under 180 and under 5)."""

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


def seconds_to_links(clone: Path) -> float:
    """Runs `make demo` until its line with the links is there, then stops it as Ctrl-C does."""
    started = time.monotonic()
    with subprocess.Popen(
        ["make", "demo", "ARGS=--json --port 0"],
        cwd=clone,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        took = time.monotonic() - started
        os.killpg(process.pid, signal.SIGINT)
    assert json.loads(line)["links"]["patient"]
    return took


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "shinsatsu"
        subprocess.run(["git", "clone", "--quiet", "--local", str(HERE), str(clone)], check=True)
        print(f"first: {seconds_to_links(clone):.1f} s (target < 180)", flush=True)
        print(f"again: {seconds_to_links(clone):.1f} s (target < 5)")


if __name__ == "__main__":
    main()
