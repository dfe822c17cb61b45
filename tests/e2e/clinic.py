"""A demo clinic running for the tests: the real command, the real SFU, fresh appointments on request."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx


@dataclass
class Appointment:
    """One appointment made for one test, its session and the people of it."""

    id: str
    session_id: str
    patient_id: int
    doctor_id: int
    support_doctor_id: int


@dataclass
class Clinic:
    """A running `shinsatsu demo`: its ready line, its process and its folder."""

    ready: dict[str, Any]
    process: subprocess.Popen[str]
    data: Path
    log: Path
    api: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.api = httpx.Client(
            base_url=self.base_url, headers={"Authorization": f"Bearer {self.ready['apiKey']}"}, timeout=30
        )

    @property
    def base_url(self) -> str:
        return str(self.ready["baseUrl"])

    def appoint(self, language: str = "ja", admission: str = "automatic", doctor: int | None = None) -> Appointment:
        """A new appointment of people of its own (but for a doctor named), so that tests don't meet each other.

        The patient gets in as soon as a doctor is; with `admission="staff"` somebody has to let them in.
        """
        number = uuid.uuid4().int % 1_000_000_000
        patient, support = 10_000 + number, 10_000 + number + 2
        doctor = 10_000 + number + 1 if doctor is None else doctor
        answer = self.api.put(
            f"/api/appointments/test-{number}",
            json={
                "patient": {"userId": patient, "displayName": "試験 花子", "language": language},
                "doctor": {"userId": doctor, "displayName": "見本 太郎", "licenceYear": 2008, "specialty": "内科"},
                "supportDoctors": [{"userId": support, "displayName": "支援 次郎"}],
                "startsAt": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "scheduledDuration": 15,
                "admission": admission,
            },
        )
        answer.raise_for_status()
        return Appointment(f"test-{number}", answer.json()["session"]["id"], patient, doctor, support)

    def link(self, session_id: str, user_type: str, user_id: int) -> str:
        answer = self.api.post(
            f"/api/video-sessions/{session_id}/links", json={"userType": user_type, "userId": user_id}
        )
        answer.raise_for_status()
        return str(answer.json()["url"])

    def patient_link(self, appointment: Appointment) -> str:
        return self.link(appointment.session_id, "patient", appointment.patient_id)

    def doctor_link(self, appointment: Appointment) -> str:
        return self.link(appointment.session_id, "worker", appointment.doctor_id)

    def sfu_pid(self) -> int:
        """The SFU's process: the demo's child whose command line names it."""
        for children in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            for pid in map(int, children.read_text().split()):
                if "sfu" in Path(f"/proc/{pid}/cmdline").read_text():
                    return pid
        raise LookupError("the demo has no SFU child")

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Reads the demo's own SQLite file, as an auditor would."""
        (file,) = self.data.glob("*.db")
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
            return connection.execute(statement, values).fetchall()


@contextmanager
def running_clinic(folder: Path, *options: str) -> Iterator[Clinic]:
    """Starts `shinsatsu demo --json --port 0`, hands it over when ready, stops it as Ctrl-C does."""
    data, log = folder / "data", folder / "demo.log"
    command = [sys.executable, "-m", "shinsatsu", "demo", "--json", "--port", "0", "--data", str(data), *options]
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait(10)
        raise RuntimeError(f"the demo did not start: {log.read_text()[-2000:]}")
    clinic = Clinic(json.loads(line), process, data, log)
    try:
        yield clinic
    finally:
        clinic.api.close()
        process.send_signal(signal.SIGINT)
        process.wait(10)
        process.stdout.close()
