"""Committed events across several servers on one PostgreSQL, by its LISTEN and NOTIFY; nothing more needs running.

A notification says which events of which session there are; whoever has viewers for it reads them. Where the connection
is lost, viewers are sent away to resume: nothing is silently missed. A server that dies between its commit and its
notification is made good by the numbers of the next event.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import asyncpg
import structlog

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import Unavailable
from shinsatsu.domain.events import StoredEvent
from shinsatsu.realtime.local_bus import LocalBus
from shinsatsu.service.repositories import UnitsOfWork

CHANNEL = "shinsatsu_events"
AGAIN_SECONDS = 1.0
TELL_SECONDS = 5.0
MOST_UNTOLD = 10_000
"""Notifications kept while the connection is lost; the numbers of later events make good what is dropped."""
MOST_EVENTS = 500

log = structlog.get_logger(__name__)


class PostgresqlBus:
    """The `EventBus` of one of several servers. `server_id` tells its own notifications from the others'.

    `wanted` says whether anybody here would hear of a session, `lost` that something may have been missed.
    """

    def __init__(
        self,
        local: LocalBus,
        address: str,
        units_of_work: UnitsOfWork,
        server_id: str,
        *,
        wanted: Callable[[str], bool],
        lost: Callable[[], None],
    ) -> None:
        self._local = local
        self._address = address
        self._units_of_work = units_of_work
        self._server_id = server_id
        self._wanted = wanted
        self._lost = lost
        self._untold: deque[str] = deque(maxlen=MOST_UNTOLD)
        self._news = asyncio.Event()
        self._heard: asyncio.Queue[tuple[str, int]] = asyncio.Queue()

    async def publish(self, events: Sequence[StoredEvent], consultation: Consultation) -> None:
        """Tells this server's listeners at once; the other servers are told behind it, also after a lost connection."""
        await self._local.publish(events, consultation)
        self._untold.append(f"{self._server_id} {consultation.session.id} {events[0].seq}")
        self._news.set()

    async def run(self) -> None:
        """Listens until cancelled; a lost connection is made anew."""
        reading = asyncio.create_task(self._read(), name="event bus reader")
        try:
            while True:
                try:
                    await self._listen()
                except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    log.warning("event bus lost, trying again", error=type(error).__name__)
                self._lost()
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(self._address, timeout=5, server_settings={"application_name": CHANNEL})
        try:
            connection.add_termination_listener(lambda _: self._news.set())
            await connection.add_listener(CHANNEL, self._on_notification)
            while not connection.is_closed():
                await self._tell(connection)
                await self._news.wait()
                self._news.clear()
        finally:
            connection.terminate()

    async def _tell(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        while self._untold:
            await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, self._untold[0], timeout=TELL_SECONDS)
            self._untold.popleft()

    def _on_notification(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        parts = str(payload).split(" ")
        if len(parts) != 3 or not parts[2].isdecimal() or parts[0] == self._server_id:
            return
        if self._wanted(parts[1]):
            self._heard.put_nowait((parts[1], int(parts[2])))

    async def _read(self) -> None:
        while True:
            session_id, first = await self._heard.get()
            try:
                async with self._units_of_work.read() as unit:
                    consultation = await unit.sessions.get(session_id)
                    events = await unit.sessions.events_after(session_id, first - 1, MOST_EVENTS)
                    if consultation is None or not events:
                        continue
                    unknown = consultation.unknown((event.user_type, event.user_id) for event in events)
                    if unknown:
                        consultation.people.update(await unit.appointments.people(unknown))
            except Unavailable:
                self._lost()
                continue
            await self._local.publish(events, consultation)
