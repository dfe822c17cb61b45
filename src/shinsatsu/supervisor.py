"""A child process that is started, watched, restarted when it dies and stopped with its parent."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

log = structlog.get_logger(__name__)

STEADY_AFTER = 10.0
FIRST_DELAY = 0.05
LONGEST_DELAY = 5.0


class ChildFailed(Exception):
    """The child did not get ready; the sentence names it and how it ended."""


def restart_delay(quick_deaths: int) -> float:
    """Seconds to wait before the next start, after so many deaths within `STEADY_AFTER` seconds of their start."""
    return min(FIRST_DELAY * 4.0 ** max(0, quick_deaths - 1), LONGEST_DELAY)


class Supervisor:
    """Keeps one module running as a child under `shinsatsu.lifeline`; `is_ready` says when it serves."""

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        is_ready: Callable[[], Awaitable[bool]],
        *,
        restart: bool = True,
    ) -> None:
        self._name = name
        self._command = (sys.executable, "-m", "shinsatsu.lifeline", module, *arguments)
        self._environment = dict(environment)
        self._is_ready = is_ready
        self._restart = restart
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is none."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    async def start(self, timeout: float) -> None:
        """Starts the child and waits until it is ready; raises `ChildFailed` after `timeout` seconds or its death."""
        try:
            process = await self._spawn()
        except OSError as error:
            raise ChildFailed(f"{self._name} cannot be started: {error.strerror}") from error
        try:
            async with asyncio.timeout(timeout):
                while not await self._is_ready():
                    if process.returncode is not None:
                        raise ChildFailed(f"{self._name} ended with status {process.returncode} while starting")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            await self.stop()
            raise ChildFailed(f"{self._name} was not ready after {timeout:.0f} s") from None
        self._watch = asyncio.create_task(self._keep_running(), name=f"watch {self._name}")

    async def stop(self, timeout: float = 1.0) -> None:
        """Ends the child: asked first, killed after `timeout` seconds."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), timeout)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _spawn(self) -> asyncio.subprocess.Process:
        # A session of its own: Ctrl-C in the terminal reaches the parent alone, which then stops the child in order.
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            env=self._environment,
            start_new_session=True,
        )
        return self._process

    async def _keep_running(self) -> None:
        loop = asyncio.get_running_loop()
        quick_deaths = 0
        while self._process is not None:
            started = loop.time()
            status = await self._process.wait()
            if not self._restart:
                log.info("child ended", name=self._name, status=status)
                return
            quick_deaths = 0 if loop.time() - started > STEADY_AFTER else quick_deaths + 1
            log.warning("child died, starting it again", name=self._name, status=status)
            await self._start_again(quick_deaths)

    async def _start_again(self, failures: int) -> None:
        """Tries until a process is there, later and later: the watch must not end while its child is wanted."""
        while True:
            await asyncio.sleep(restart_delay(failures))
            try:
                await self._spawn()
            except OSError as error:
                failures += 1
                log.warning("child cannot be started, trying again", name=self._name, error=error.strerror)
            else:
                return
