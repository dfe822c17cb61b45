"""The SFU that `serve` keeps on its own machine: it outlives a restart of the server and is taken up again."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

import httpx
import structlog

from shinsatsu.secret_file import read_or_make_secret
from shinsatsu.serving import CannotStart
from shinsatsu.settings import Settings

START_SECONDS = 15.0
LOOK_SECONDS = 1.0
MODULE = "shinsatsu.sfu.server"

log = structlog.get_logger(__name__)


class EmbeddedSfu:
    """One SFU process for one data folder, found again by its port and its secret."""

    def __init__(self, settings: Settings) -> None:
        self.url = f"http://127.0.0.1:{settings.sfu_http_port}"
        self.secret = read_or_make_secret(settings.data_dir / "sfu_secret")
        self._app_id = settings.sfu_app_id
        self._pid_file = settings.data_dir / "sfu.pid"
        self._port = settings.sfu_http_port
        self._arguments = ["--http-port", str(settings.sfu_http_port), "--udp-port", str(settings.sfu_udp_port)]
        for option, values in (("--bind", settings.sfu_bind), ("--advertise", settings.sfu_advertise)):
            for value in values:
                self._arguments += [option, value]
        self._process: asyncio.subprocess.Process | None = None

    async def ensure(self) -> None:
        """Takes up the SFU that runs already, or starts one; raises `CannotStart` when neither works."""
        if await self._is_ours():
            log.info("taking up the running SFU", pid=self._pid())
            return
        await self._spawn()
        try:
            async with asyncio.timeout(START_SECONDS):
                while not await self._is_ours():
                    if self._process is None or self._process.returncode is not None:
                        raise CannotStart(f"the SFU could not start: is SHINSATSU_SFU_HTTP_PORT={self._port} taken?")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise CannotStart(f"the SFU was not ready after {START_SECONDS:.0f} s") from None

    async def keep(self) -> None:
        """Starts it again whenever it is gone, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._pid() is None:
                log.warning("the SFU died, starting it again")
                try:
                    await self._spawn()
                except OSError as error:
                    log.warning("the SFU cannot be started, trying again", error=error.strerror)

    async def let_go(self) -> None:
        """Ends it when nobody is in a call; otherwise the calls go on, and the next start takes it up."""
        pid, sessions = self._pid(), await self._sessions()
        if pid is None:
            return
        if sessions:
            log.info("the SFU goes on for those in a call", pid=pid, sessions=sessions)
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        if self._process is not None:
            await self._process.wait()
        self._pid_file.unlink(missing_ok=True)

    async def _spawn(self) -> None:
        environment = {
            **os.environ,
            "SHINSATSU_SFU_APP_ID": self._app_id,
            "SHINSATSU_SFU_APP_SECRET": self.secret,
        }
        # A session of its own, without our pipes: neither Ctrl-C here nor our death reaches it.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            MODULE,
            *self._arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        self._pid_file.write_text(f"{self._process.pid}\n")

    async def _is_ours(self) -> bool:
        """Whether what answers at the port knows our secret."""
        return await self._ask(f"/apps/{self._app_id}/capabilities") is not None

    async def _sessions(self) -> int:
        """Peer connections on it at this moment; 0 when it does not answer."""
        health = await self._ask("/healthz")
        return int(health.get("sessions", 0)) if health else 0

    async def _ask(self, path: str) -> dict[str, Any] | None:
        try:
            async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=1.0) as client:
                answer = await client.get(path, headers={"Authorization": f"Bearer {self.secret}"})
        except httpx.HTTPError:
            return None
        content: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
        return content

    def _pid(self) -> int | None:
        """The process of the pid file, None when it is gone or another program has its number."""
        if self._process is not None and self._process.returncode is not None:
            return None
        try:
            pid = int(self._pid_file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if MODULE.encode() in command else None
