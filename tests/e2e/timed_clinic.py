"""A clinic whose clock the test sets: the real server in a thread, a real SFU beside it, hours passing in an instant."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvloop
from pydantic import SecretStr

from shinsatsu.api.users import setup_url
from shinsatsu.bootstrap.server import Server, build
from shinsatsu.demo.sfu_child import APP_ID, start_sfu
from shinsatsu.domain.roles import WorkerRole
from shinsatsu.service.people import COMMAND_LINE, WorkerDetails
from shinsatsu.serving import listen, make_server, run
from shinsatsu.settings import Settings


class MovableClock:
    """The machine's clock, moved ahead by as much as the test says."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        moment = datetime.now(UTC) + self._ahead
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def pass_time(self, **duration: float) -> None:
        self._ahead += timedelta(**duration)


@dataclass
class TimedClinic:
    """A running server, its clock, and links for people."""

    clock: MovableClock
    api: httpx.Client
    server: Server
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        return self.server.public_url

    def add_worker(self, name: str, role: WorkerRole, login_name: str) -> tuple[int, str]:
        """A new worker's number and setup link, as `shinsatsu user add` makes them."""
        people = self.server.app.state.context.staff.people
        adding = people.add(COMMAND_LINE, WorkerDetails(name, role, login_name), None)
        (_, number), setup = asyncio.run_coroutine_threadsafe(adding, self.loop).result(30)
        return number, setup_url(self.url, setup.token)

    def book(self, number: int, admission: str = "automatic") -> str:
        """A session's id: patient and doctor have the appointment's number."""
        answer = self.api.put(
            f"/api/appointments/timed-{number}",
            json={
                "patient": {"userId": number, "displayName": "試験 花子", "language": "ja"},
                "doctor": {"userId": number, "displayName": "見本 太郎", "licenceYear": 2008, "specialty": "内科"},
                "startsAt": self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "scheduledDuration": 15,
                "admission": admission,
            },
        )
        answer.raise_for_status()
        return str(answer.json()["session"]["id"])

    def link(self, session_id: str, user_type: str, number: int) -> str:
        body = {"userType": user_type, "userId": number}
        answer = self.api.post(f"/api/video-sessions/{session_id}/links", json=body)
        answer.raise_for_status()
        return str(answer.json()["url"])

    def session(self, session_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.api.get(f"/api/video-sessions/{session_id}").json()
        return answer


@contextmanager
def timed_clinic(folder: Path, host: str = "127.0.0.1", port: int = 0, **settings: Any) -> Iterator[TimedClinic]:
    """The server runs in a thread of its own, stopped at the end; `host` is what browsers call it."""
    clock, ready = MovableClock(), threading.Event()
    told: dict[str, Any] = {}

    async def serve() -> None:
        sfu = await start_sfu(["127.0.0.1"])
        try:
            listener = listen("127.0.0.1", port)
            base_url = f"http://{host}:{listener.getsockname()[1]}"
            server = build(_settings(folder, base_url, sfu.url, sfu.app_secret, settings), clock)
            stop = asyncio.Event()
            told.update(stop=stop, loop=asyncio.get_running_loop(), base_url=base_url, server=server)

            async def when_ready() -> None:
                told["key"] = await server.make_key("tests")
                ready.set()

            http = make_server(server.app)
            await run(http, [listener], stop, when_ready=when_ready, before_stop=server.hub.stop)
        finally:
            await sfu.supervisor.stop()

    thread = threading.Thread(target=uvloop.run, args=(serve(),), name="timed clinic")
    thread.start()
    try:
        assert ready.wait(30)
        headers = {"Authorization": f"Bearer {told['key']}"}
        with httpx.Client(base_url=told["base_url"], headers=headers, timeout=30) as api:
            yield TimedClinic(clock, api, told["server"], told["loop"])
    finally:
        if "loop" in told:
            told["loop"].call_soon_threadsafe(told["stop"].set)
        thread.join(20)


def _settings(folder: Path, base_url: str, sfu_url: str, sfu_secret: str, more: dict[str, Any]) -> Settings:
    return Settings(
        data_dir=folder,
        base_url=base_url,
        sfu_url=sfu_url,
        sfu_app_id=APP_ID,
        sfu_app_secret=SecretStr(sfu_secret),
        exchange_rate="6000/minute",
        clinic_name="みなと診療所",
        clinic_phone="03-0000-0000",
        **more,
    )
