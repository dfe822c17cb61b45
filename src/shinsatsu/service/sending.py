"""What the use cases need in order to send a message to an address that somebody chose, as a Protocol."""

from collections.abc import Mapping
from typing import Protocol


class Sender(Protocol):
    """Sends to public HTTPS addresses and nowhere else (`webhooks/sender.py`)."""

    def check(self, url: str) -> None:
        """Raises InvalidRequest (`url`) for an address that no message could be sent to, as far as it shows."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Sends one POST within ten seconds and returns the answer's status, also that of a redirect or an error.

        Raises DeliveryFailed when there was no answer, or when the address resolves to where nothing may go.
        """
