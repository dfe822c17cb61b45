"""Refusals as security events: written after the answer went out, so many a minute for each address and no more."""

import asyncio
import contextlib
from collections.abc import Mapping
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any

import structlog

from shinsatsu.domain.errors import ShinsatsuError
from shinsatsu.domain.roles import AuthUser
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.service.commands import Commands
from shinsatsu.service.repositories import UnitOfWork

EACH_A_MINUTE = 30
ALL_A_MINUTE = 300
MOST_SOURCES = 1000
"""More addresses than these at once share one allowance."""
MINUTE = 60.0
STOP_PATIENCE = 5.0
"""Seconds that stopping waits for a database that does not answer."""
THE_REST = "the rest"
RATE_LIMITED = "rate_limited"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Denial:
    """What was refused, and to whom where that was proven; `route` is a template, never the address as it was sent."""

    code: str
    reason: str | None
    method: str
    route: str
    session_id: str | None = None
    actor: AuthUser | None = None
    credential: str | None = None

    def metadata(self, suppressed: int) -> Mapping[str, Any]:
        """What the event says beside who and where; `suppressed` others like it were not written."""
        optional = {"reason": self.reason, "credential": self.credential, "suppressed": suppressed or None}
        said = {name: value for name, value in optional.items() if value is not None}
        return {"code": self.code, "method": self.method, "route": self.route, **said}


@dataclass(slots=True)
class _Window:
    """One source's minute: how many may still be written, and what was not, the newest of it with its request."""

    left: int
    limited: set[str]
    suppressed: int = 0
    newest: tuple[Denial, Context] | None = None

    def admits(self, denial: Denial) -> bool:
        """Whether it is written by itself; being too fast is told once for each route."""
        if self.left <= 0 or (denial.code == RATE_LIMITED and denial.route in self.limited):
            return False
        if denial.code == RATE_LIMITED:
            self.limited.add(denial.route)
        self.left -= 1
        return True

    def hold(self, denial: Denial) -> None:
        self.suppressed += self.newest is not None
        self.newest = (denial, copy_context())


class Denials:
    """Takes refusals and writes them, each in a transaction of its own, one after the other."""

    def __init__(self, commands: Commands, each: int = EACH_A_MINUTE, everybody: int = ALL_A_MINUTE) -> None:
        self._commands = commands
        self._each = each
        self._everybody = everybody
        self._written = 0
        self._windows: dict[str, _Window] = {}
        self._turn = asyncio.Lock()
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, source: str, denial: Denial) -> None:
        """Returns at once; the event is written soon, or is counted in the last one of the source's minute.

        Called in the request's own context, from which the store takes address and request id.
        """
        window = self._window(source)
        if self._written < self._everybody and window.admits(denial):
            self._written += 1
            self._write_soon(denial, window.suppressed)
            window.suppressed = 0
        else:
            window.hold(denial)

    async def flush(self) -> None:
        """Closes every minute that is running and waits until all is written, at most `STOP_PATIENCE` seconds."""
        for source, window in list(self._windows.items()):
            self._close(source, window)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_PATIENCE):
                await asyncio.gather(*self._writing)

    def _window(self, source: str) -> _Window:
        if source not in self._windows and len(self._windows) >= MOST_SOURCES:
            source = THE_REST
        window = self._windows.get(source)
        if window is None:
            window = self._windows[source] = _Window(self._each, set())
            asyncio.get_running_loop().call_later(MINUTE, self._close, source, window)
        return window

    def _close(self, source: str, window: _Window) -> None:
        """Ends a source's minute; the newest refusal that was held back is written for all of them."""
        if self._windows.get(source) is not window:
            return
        del self._windows[source]
        self._written = max(0, self._written - self._each + window.left)
        if window.newest is not None:
            denial, context = window.newest
            context.run(self._write_soon, denial, window.suppressed)

    def _write_soon(self, denial: Denial, suppressed: int) -> None:
        task = asyncio.create_task(self._write(denial, suppressed), name="write a denial")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, denial: Denial, suppressed: int) -> None:
        async def transaction(unit: UnitOfWork) -> None:
            unit.security.record(
                SecurityEventType.DENIED,
                denial.actor,
                now,
                session_id=denial.session_id,
                **denial.metadata(suppressed),
            )

        now = self._commands.clock.now()
        try:
            async with self._turn:  # one connection of the pool is all that a flood can hold
                await self._commands.transact(transaction)
        except ShinsatsuError as error:
            log.warning("a denial was not recorded", denied=denial.code, route=denial.route, error=error.code)
