"""The media planes that are measured, each a process on one core: ours, and Janus' video room."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.sfu.janus import JanusSignalling, write_configuration
from bench.sfu.signalling import CallsSignalling, Local, Remote

_TICKS = os.sysconf("SC_CLK_TCK")


class Signalling(Protocol):
    """How a load's peers get in."""

    def push(self, local: Local) -> tuple[str, Remote]: ...

    def pull(self, publisher: str, local: Local) -> Remote: ...


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds and resident megabytes of a process with its children."""

    cpu: float
    resident: float


class Plane:
    """A running media plane."""

    def __init__(
        self,
        process: "subprocess.Popen[str]",
        core: int,
        signalling: Callable[[], Signalling],
        folder: "tempfile.TemporaryDirectory[str] | None" = None,
    ) -> None:
        """`folder` is the process's own, removed with it."""
        self._process = process
        self._core = core
        self._folder = folder
        try:
            self.signalling = signalling()
        except BaseException:
            self.stop()
            raise

    def usage(self) -> Usage:
        """As the kernel counts it, over the process tree."""
        cpu = resident = 0.0
        for pid in _tree(self._process.pid):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            cpu += (int(fields[11]) + int(fields[12])) / _TICKS
            resident += int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        return Usage(cpu, resident)

    def core_seconds(self) -> float:
        """How long its core has been busy since the machine started, whoever it worked for."""
        lines = Path("/proc/stat").read_text().splitlines()
        fields = next(line for line in lines if line.startswith(f"cpu{self._core} ")).split()[1:9]
        return (sum(map(int, fields)) - int(fields[3]) - int(fields[4])) / _TICKS  # without idle and waiting for disks

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        if self._folder is not None:
            self._folder.cleanup()


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(child) for child in children.read_text().split()] if children.exists() else []
    return [pid, *(below for child in found for below in _tree(child))]


def start_shinsatsu(host: str, core: int) -> Plane:
    """Our SFU, media on `host`."""
    secret = secrets.token_hex(16)
    environment = {**os.environ, "SHINSATSU_SFU_APP_ID": "bench", "SHINSATSU_SFU_APP_SECRET": secret}
    process = subprocess.Popen(
        [sys.executable, "-m", "shinsatsu.sfu.server", "--bind", host],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.sched_setaffinity(process.pid, {core})
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    return Plane(process, core, lambda: CallsSignalling(url, "bench", secret))


def start_janus(host: str, core: int) -> Plane:
    """Debian's Janus with one event loop, media on `host`; raises RuntimeError where it is not installed."""
    program = shutil.which("janus")
    if program is None:
        raise RuntimeError("Janus is not installed (Debian: apt-get install janus)")
    folder = tempfile.TemporaryDirectory(prefix="janus-")
    port = write_configuration(Path(folder.name), host)
    process = subprocess.Popen(
        [program, "--configs-folder", folder.name, "--config", f"{folder.name}/janus.jcfg"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    os.sched_setaffinity(process.pid, {core})
    return Plane(process, core, lambda: _connected(port, time.monotonic() + 10), folder)


def _connected(port: int, deadline: float) -> Signalling:
    while True:
        try:
            return JanusSignalling(port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


STARTS = {"shinsatsu": start_shinsatsu, "Janus": start_janus}
