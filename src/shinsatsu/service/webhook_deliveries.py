"""Delivers the outbox: at least once, each session's messages in order, whatever the number of servers.

A message is sent under a lease on its session's queue at the endpoint, and marked afterwards: a server that dies in
between has it sent again, under the same id, when the lease runs out. An endpoint gets a few messages at a time, so
that one that hangs holds up nobody else.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import ConflictError, DeliveryFailed, InvalidRequest, Unavailable
from shinsatsu.domain.events import StoredEvent
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.domain.webhooks import KEEP_DELIVERED, KEEP_FAILED, next_attempt, type_of
from shinsatsu.service.commands import Commands
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.sending import Sender
from shinsatsu.service.signing_keys import SigningKeys
from shinsatsu.service.standard_webhooks import signed
from shinsatsu.service.webhook_repository import Delivery
from shinsatsu.service.webhooks import SEALED_FOR

logger = logging.getLogger(__name__)

LOOK_EVERY, LAST_WAIT = 1.0, 0.5
"""Seconds between looks, and for what is under way when the server stops."""
AT_ONCE, MOST_AT_ONCE = 4, 64
"""Sessions of which one endpoint is told at the same moment, and all of them together."""
LEASE = timedelta(seconds=60)
"""Longer than sending and marking may take, also between servers whose clocks differ."""
TIDY_EVERY = timedelta(hours=1)
GONE = 410


class WebhookDeliveries:
    """`run` is its life; `look` starts what is due, `settle` waits for what was started."""

    def __init__(
        self,
        commands: Commands,
        keys: SigningKeys,
        sender: Sender,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._commands = commands
        self._keys = keys
        self._sender = sender
        self._jitter = jitter
        self._woken = asyncio.Event()
        self._running: dict[asyncio.Task[None], str] = {}
        self._tidied_at: datetime | None = None

    def on_events(self, events: Sequence[StoredEvent], _: Consultation) -> None:
        """A listener of the bus: something that was committed may have put messages into the outbox."""
        if any(type_of(event) is not None for event in events):
            self._woken.set()

    async def run(self) -> None:
        """Looks until cancelled, at each commit and once a second; what is unanswered then is sent again."""
        try:
            while True:
                self._woken.clear()
                try:
                    await self.look()
                except (Unavailable, ConflictError) as error:
                    logger.warning("webhooks put off: %s", error.code)
                except Exception:  # what is wrong with one look must not end all of them
                    logger.exception("webhooks not looked at")
                await self._wait()
        finally:
            if self._running:
                await asyncio.wait(self._running, timeout=LAST_WAIT)
            for task in self._running:
                task.cancel()
            await self.settle()

    async def look(self) -> None:
        """Starts to deliver what is due, as far as endpoints are free to be told more."""
        now = self._commands.clock.now()
        await self._tidy(now)
        async with self._commands.units_of_work.read() as unit:
            due = await unit.webhooks.due(now)
        busy = Counter(self._running.values())
        for endpoint_id in sorted(due, key=lambda one: busy[one]):
            free = min(AT_ONCE - busy[endpoint_id], MOST_AT_ONCE - len(self._running))
            if free > 0:
                await self._start(endpoint_id, free, now)

    async def settle(self) -> None:
        """Waits until all that was started has come to an end."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _start(self, endpoint_id: str, limit: int, now: datetime) -> None:
        lease = self._commands.ids.new_id()

        async def transaction(unit: UnitOfWork) -> list[Delivery]:
            return await unit.webhooks.claim(endpoint_id, now, lease, now + LEASE, limit)

        for delivery in await self._commands.transact(transaction):
            task = asyncio.create_task(self._deliver(delivery))
            self._running[task] = endpoint_id
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._woken.set()  # the next message of its queue, or another queue of its endpoint

    async def _deliver(self, delivery: Delivery) -> None:
        """Whatever is wrong with one delivery, the others go on; unmarked, it is sent again after its lease."""
        try:
            await self._mark(delivery, await self._send(delivery))
        except (Unavailable, ConflictError) as error:
            logger.warning("webhook message %s not marked: %s", delivery.message_id, error.code)
        except Exception:
            logger.exception("webhook message %s not delivered", delivery.message_id)

    async def _send(self, delivery: Delivery) -> str:
        """Sends it; returns `delivered`, `gone`, or in one word why it failed."""
        now = self._commands.clock.now()
        opened = (self._keys.unseal(SEALED_FOR, sealed) for sealed in delivery.endpoint.sealed_secrets(now))
        known = [secret for secret in opened if secret is not None]
        if not known:
            return "secret_lost"
        body = delivery.body.encode()
        try:
            status = await self._sender.post(delivery.endpoint.url, body, signed(delivery.message_id, now, body, known))
        except DeliveryFailed as error:
            return error.reason
        except InvalidRequest:  # the settings became stricter than when it was added
            return "url_refused"
        if status == GONE:
            return "gone"
        return "delivered" if 200 <= status < 300 else f"status_{status}"

    async def _mark(self, delivery: Delivery, outcome: str) -> None:
        now = self._commands.clock.now()

        async def transaction(unit: UnitOfWork) -> None:
            if outcome == "delivered":
                await unit.webhooks.delivered(delivery, now)
            elif outcome == "gone":
                await _disable(unit, delivery.endpoint.id, now)
            else:
                await self._try_again(unit, delivery, outcome, now)

        await self._commands.transact(transaction)

    async def _try_again(self, unit: UnitOfWork, delivery: Delivery, failure: str, now: datetime) -> None:
        due_at = next_attempt(delivery.attempts + 1, now, delivery.give_up_at, self._jitter())
        if due_at is not None:
            await unit.webhooks.postpone(delivery, due_at, failure)
        elif await unit.webhooks.give_up(delivery, now, failure):
            what = {"endpointId": delivery.endpoint.id, "messageId": delivery.message_id, "reason": failure}
            unit.security.record(SecurityEventType.WEBHOOK_FAILED, None, now, session_id=delivery.session_id, **what)

    async def _tidy(self, now: datetime) -> None:
        if self._tidied_at is not None and now - self._tidied_at < TIDY_EVERY:
            return

        async def transaction(unit: UnitOfWork) -> None:
            await unit.webhooks.forget(now - KEEP_DELIVERED, now - KEEP_FAILED)

        await self._commands.transact(transaction)
        self._tidied_at = now


async def _disable(unit: UnitOfWork, endpoint_id: str, now: datetime) -> None:
    """The endpoint says that it is gone for good (410): nothing is sent there until an administrator replays."""
    endpoint = await unit.webhooks.hold(endpoint_id)
    if endpoint is None or endpoint.disabled_at is not None:
        return
    await unit.webhooks.save(replace(endpoint, disabled_at=now))
    messages = await unit.webhooks.give_up_all(endpoint_id, now, "gone")
    unit.security.record(SecurityEventType.WEBHOOK_DISABLED, None, now, endpointId=endpoint_id, messages=messages)
