"""One-time codes by way of the clinic's own gateway: a signed POST that says to whom, which code, in which language."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta

from shinsatsu.domain.errors import DeliveryFailed
from shinsatsu.domain.invitations import DeliveryKind
from shinsatsu.service.ports import Clock, IdSource
from shinsatsu.service.sending import Sender

TIMEOUT = 5.0
"""Seconds that the gateway has: somebody waits at a page."""
Sign = Callable[[str, datetime, bytes], dict[str, str]]
"""Message id, moment and body to the headers of Standard Webhooks."""


class HttpCodeDelivery:
    """Implements `CodeDelivery`; what the gateway answers beside a 2xx counts as not delivered."""

    def __init__(self, sender: Sender, url: str, sign: Sign, clock: Clock, ids: IdSource, clinic: str) -> None:
        self._sender = sender
        self._url = url
        self._sign = sign
        self._clock = clock
        self._ids = ids
        self._clinic = clinic

    async def deliver(self, kind: DeliveryKind, to: str, code: str, language: str | None, valid_for: timedelta) -> None:
        """Posts `{kind, to, code, language, validFor (seconds), clinic}`; raises DeliveryFailed."""
        said = {"kind": kind.value, "to": to, "code": code, "language": language or "ja"}
        message = {**said, "validFor": round(valid_for.total_seconds()), "clinic": self._clinic}
        body = json.dumps(message, ensure_ascii=False).encode()
        headers = self._sign(f"msg_{self._ids.new_id()}", self._clock.now(), body)
        try:
            async with asyncio.timeout(TIMEOUT):
                status = await self._sender.post(self._url, body, headers)
        except TimeoutError:
            raise DeliveryFailed("timeout") from None
        if not 200 <= status < 300:
            raise DeliveryFailed(f"status_{status}")
