"""Which systems are told of sessions: administrators add, rotate and remove endpoints, and replay what was missed."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from shinsatsu.domain.errors import InvalidRequest, NotFound
from shinsatsu.domain.roles import TIMER, Action, AuthUser
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.domain.webhooks import BOTH_SECRETS_FOR, Endpoint, WebhookType
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize_clinic
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.sending import Sender
from shinsatsu.service.signing_keys import SigningKeys
from shinsatsu.service.standard_webhooks import new_secret
from shinsatsu.service.webhook_repository import EndpointState

Result = TypeVar("Result")
SEALED_FOR = "webhook"
MOST_ENDPOINTS = 64
SESSIONS_AT_ONCE = 100
"""Replayed in one transaction: what goes on in them waits for its end."""


class Webhooks:
    """Use cases of administrators; an actor of None is whoever runs commands on this machine, `system` 0."""

    def __init__(self, commands: Commands, keys: SigningKeys, sender: Sender) -> None:
        self._commands = commands
        self._keys = keys
        self._sender = sender

    async def endpoints(self, actor: AuthUser | None) -> list[EndpointState]:
        """Every endpoint and how it stands; raises Forbidden."""
        _require_admin(actor)
        async with self._commands.units_of_work.read() as unit:
            return await unit.webhooks.endpoints()

    async def add(
        self, actor: AuthUser | None, url: str, types: Collection[WebhookType] | None = None
    ) -> tuple[EndpointState, str]:
        """A new endpoint, for all types unless some are named, and its secret, which is shown this once.

        Raises Forbidden, InvalidRequest (`url`, `types`).
        """
        _require_admin(actor)
        self._sender.check(url)
        if types is not None and not types:
            raise InvalidRequest("types: at least one, or leave it out for all.", field="types")
        secret, now = new_secret(), self._commands.clock.now()
        wanted = frozenset(WebhookType if types is None else types)
        endpoint = Endpoint(self._commands.ids.new_id(), url, wanted, self._keys.seal(SEALED_FOR, secret), now)

        async def transaction(unit: UnitOfWork) -> None:
            if len(await unit.webhooks.endpoints()) >= MOST_ENDPOINTS:
                raise InvalidRequest(f"There are {MOST_ENDPOINTS} endpoints already: remove one first.", field="url")
            await unit.webhooks.add(endpoint)
            unit.security.record(SecurityEventType.WEBHOOK_ADDED, actor or TIMER, now, endpointId=endpoint.id)

        await self._commands.transact(transaction)
        return EndpointState(endpoint, 0, 0, None), secret

    async def rotate(self, actor: AuthUser | None, endpoint_id: str) -> tuple[EndpointState, str]:
        """A new secret for the endpoint; for a day messages are signed with both. Raises Forbidden, NotFound."""
        secret = new_secret()

        async def change(unit: UnitOfWork, endpoint: Endpoint, now: datetime) -> EndpointState:
            rotated = replace(
                endpoint,
                secret=self._keys.seal(SEALED_FOR, secret),
                previous_secret=endpoint.secret,
                previous_until=now + BOTH_SECRETS_FOR,
            )
            await unit.webhooks.save(rotated)
            unit.security.record(SecurityEventType.WEBHOOK_ROTATED, actor or TIMER, now, endpointId=endpoint.id)
            return next(one for one in await unit.webhooks.endpoints() if one.endpoint.id == endpoint_id)

        return await self._on_endpoint(actor, endpoint_id, change), secret

    async def remove(self, actor: AuthUser | None, endpoint_id: str) -> None:
        """Forgets the endpoint and what it was still to be sent; raises Forbidden, NotFound."""

        async def change(unit: UnitOfWork, endpoint: Endpoint, now: datetime) -> None:
            await unit.webhooks.remove(endpoint.id)
            unit.security.record(SecurityEventType.WEBHOOK_REMOVED, actor or TIMER, now, endpointId=endpoint.id)

        await self._on_endpoint(actor, endpoint_id, change)

    async def replay(self, actor: AuthUser | None, endpoint_id: str, since: datetime | None = None) -> int:
        """Sends again what was given up, or everything since then; returns how many messages that is.

        An endpoint that was disabled is opened again. Raises Forbidden, NotFound.
        """
        replayed, began = 0, self._commands.clock.now()

        async def change(unit: UnitOfWork, endpoint: Endpoint, now: datetime) -> int:
            if endpoint.disabled_at is not None:
                if replayed:  # it said again that it is gone
                    return 0
                await unit.webhooks.save(replace(endpoint, disabled_at=None))
            messages = await unit.webhooks.replay(endpoint.id, since, began, SESSIONS_AT_ONCE)
            if messages or not replayed:
                unit.security.record(
                    SecurityEventType.WEBHOOK_REPLAYED, actor or TIMER, now, endpointId=endpoint.id, messages=messages
                )
            return messages

        while messages := await self._on_endpoint(actor, endpoint_id, change):
            replayed += messages
        return replayed

    async def _on_endpoint(
        self,
        actor: AuthUser | None,
        endpoint_id: str,
        change: Callable[[UnitOfWork, Endpoint, datetime], Awaitable[Result]],
    ) -> Result:
        _require_admin(actor)

        async def transaction(unit: UnitOfWork) -> Result:
            endpoint = await unit.webhooks.hold(endpoint_id)
            if endpoint is None:
                raise NotFound("There is no such webhook.")
            return await change(unit, endpoint, self._commands.clock.now())

        return await self._commands.transact(transaction)


def _require_admin(actor: AuthUser | None) -> None:
    if actor is not None:
        authorize_clinic(actor, Action.MANAGE_KEYS)
