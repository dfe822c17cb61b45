"""A PostgreSQL server for the tests alone: Debian's own binaries, a directory of its own, gone afterwards."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

UNPRIVILEGED = "postgres"


class PostgresqlMissing(Exception):
    """The prerequisite that the tests lack, in one line."""


class PostgresqlServer:
    """Starts on construction; `address(name)` makes a new database."""

    def __init__(self) -> None:
        self._bin = _binaries()
        self._root = os.geteuid() == 0
        self._directory = Path(tempfile.mkdtemp(prefix="shinsatsu-postgresql-"))
        if self._root:
            shutil.chown(self._directory, UNPRIVILEGED)
        self._port = _free_port()
        data = str(self._directory / "data")
        self._run(
            "initdb", "--pgdata", data, "--username", "tests", "--auth", "trust", "--encoding", "UTF8", "--no-sync"
        )
        options = f"-c port={self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._directory}"
        unsafe = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        self._run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", f"{data}.log", "-o", f"{options} {unsafe}")

    def address(self, name: str, template: str = "template0") -> str:
        """Makes the database, a copy of `template`, and returns its address."""
        server = ("--host", "127.0.0.1", "--port", str(self._port), "--username", "tests")
        self._run("createdb", *server, "--template", template, name)
        return f"postgresql://tests@127.0.0.1:{self._port}/{name}"

    def stop(self) -> None:
        """Stops the server and removes its files."""
        self._run("pg_ctl", "stop", "--mode", "immediate", "--pgdata", str(self._directory / "data"))
        shutil.rmtree(self._directory)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        if self._root:  # PostgreSQL refuses to run as root
            command = ["setpriv", "--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED, "--init-groups", *command]
        # The server inherits standard output, so that nothing may wait for it to be closed.
        with (self._directory / "setup.log").open("ab") as log:
            result = subprocess.run(command, stdout=log, stderr=log, cwd="/", check=False)
        if result.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{(self._directory / 'setup.log').read_text()}")


def _binaries() -> Path:
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    found = sorted(installed, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0))
    if found:
        return found[-1]
    on_path = shutil.which("initdb")
    if on_path is None:
        raise PostgresqlMissing("PostgreSQL is missing: install the package postgresql (make test does so for root).")
    return Path(on_path).resolve().parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
