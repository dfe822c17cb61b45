"""The house on each kind of database, with receivers on loopback that it may send to."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.security_events import StoredSecurityEvent
from shinsatsu.domain.webhooks import WebhookType
from shinsatsu.service.webhook_deliveries import WebhookDeliveries
from shinsatsu.service.webhook_repository import EndpointState
from shinsatsu.service.webhooks import Webhooks
from shinsatsu.webhooks.sender import SafeSender
from tests.house import ADMIN, DOCTOR, KEYS, PATIENT, House
from tests.webhooks.receiver import Receiver, receiving


@dataclass
class Post:
    """A house whose messages go out: one server's deliveries."""

    house: House
    sender: SafeSender
    webhooks: Webhooks = field(init=False)
    deliveries: WebhookDeliveries = field(init=False)

    def __post_init__(self) -> None:
        self.webhooks = Webhooks(self.house.commands, KEYS, self.sender)
        self.deliveries = self.another_server()

    def another_server(self) -> WebhookDeliveries:
        return WebhookDeliveries(self.house.commands, KEYS, self.sender, jitter=lambda: 0.5)

    async def add(self, receiver: Receiver, *types: WebhookType) -> tuple[str, str]:
        """An endpoint's id and secret."""
        state, secret = await self.webhooks.add(ADMIN, receiver.url, types or None)
        return state.endpoint.id, secret

    async def state(self, endpoint_id: str) -> EndpointState:
        return next(one for one in await self.webhooks.endpoints(ADMIN) if one.endpoint.id == endpoint_id)

    async def deliver(self) -> None:
        """Delivers until nothing more is due at this moment."""
        while True:
            await self.deliveries.look()
            if not self.deliveries._running:
                return
            await self.deliveries.settle()

    async def consultation(self, appointment_id: str = "a1") -> str:
        """One from its booking to its end."""
        session_id = await self.house.opened(appointment_id)
        await self.house.enter(PATIENT, session_id)
        await self.house.enter(DOCTOR, session_id)
        await self.house.sessions.end(DOCTOR, session_id)
        return session_id

    async def security(self) -> list[StoredSecurityEvent]:
        async with self.house.units_of_work.read() as unit:
            found = await unit.security.after(0, 1000)
        return [one for one in found if one.event.event_type.startswith("webhook_")]


@pytest.fixture
async def post(engine: AsyncEngine) -> AsyncIterator[Post]:
    sender = SafeSender(allow_private=True, total_timeout=2)
    yield Post(House(engine), sender)
    await sender.aclose()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running
