"""What the demo says when it is ready: one JSON line for programs, a table of links for people."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from shinsatsu.demo.clinic import DAY, people

WIDEST = 800
"""Columns: more than the terminal has, since a link that is cut off or folded cannot be copied."""
MAIN = ("patient", "doctor")
LABELS = {
    "patient": "患者 Patient",
    "doctor": "担当医 Doctor in charge",
    "supportDoctor": "サポート医 Support doctor",
    "operator": "オペレータ Operator",
    "admin": "管理者 Admin",
    "otherPatient": "別の予約の患者 Patient of another appointment",
    "otherDoctor": "別の予約の医師 Doctor of another appointment",
}


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything somebody needs to try the demo."""

    base_url: str
    api_key: str
    sfu_url: str
    sfu_app_id: str
    sfu_app_secret: str
    appointment_ids: tuple[str, ...]
    first_session_id: str
    links: Mapping[str, str]
    console_links: Mapping[str, str]

    def document(self) -> dict[str, Any]:
        """The JSON that `--json` prints."""
        return {
            "baseUrl": self.base_url,
            "apiKey": self.api_key,
            "sfu": {"url": self.sfu_url, "appId": self.sfu_app_id, "appSecret": self.sfu_app_secret},
            "appointments": [
                {
                    "id": appointment_id,
                    "patientId": booking.patient,
                    "doctorId": booking.doctor,
                    "supportDoctorIds": list(booking.support),
                }
                for appointment_id, booking in zip(self.appointment_ids, DAY, strict=True)
            ],
            "users": [
                {
                    "userType": person.user_type.value,
                    "userId": person.user_id,
                    "role": person.role.value if person.role else None,
                    "displayName": person.display_name,
                }
                for person in people()
            ],
            "links": dict(self.links),
            "consoleLinks": dict(self.console_links),
        }

    def line(self) -> str:
        """The document as one line."""
        return json.dumps(self.document(), ensure_ascii=False, separators=(",", ":"))

    def show(self) -> None:
        """Prints the links, each used up by its first visitor, and how to get more."""
        console = Console(width=WIDEST)
        console.print(f"\n[bold]shinsatsu demo[/bold]  {self.base_url}   API: {self.base_url}/docs\n", highlight=False)
        table = Table("Who", "Link", box=None, padding=(0, 2, 0, 0), header_style="bold")
        for name, url in self.links.items():
            table.add_row(LABELS[name], url, style=None if name in MAIN else "dim")
        for name, url in self.console_links.items():
            table.add_row(f"コンソール Console ({name})", url)
        console.print(table)
        console.print(
            "\nEach link opens once. A fresh one:\n"
            f"  SHINSATSU_API_KEY={self.api_key} {this_command()} link --url {self.base_url} "
            f"{self.first_session_id} patient 1\n\n"
            "Ctrl-C stops everything.",
            highlight=False,
        )


def this_command() -> str:
    """How the running command is called again from here: it need not be on the PATH."""
    program = Path(sys.argv[0]).absolute()
    if program.name == "__main__.py":
        return f"{_as_typed(Path(sys.executable))} -m shinsatsu"
    return _as_typed(program)


def _as_typed(program: Path) -> str:
    """Its bare name where the PATH finds it, else its path, relative where it is below the current folder."""
    if shutil.which(program.name) == str(program):
        return shlex.quote(program.name)
    here = Path.cwd()
    return shlex.quote(os.fspath(program.relative_to(here) if program.is_relative_to(here) else program))
