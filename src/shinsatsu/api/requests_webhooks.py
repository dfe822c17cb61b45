"""What request bodies about webhooks may say."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shinsatsu.api.requests import Body
from shinsatsu.domain.webhooks import WebhookType


class WebhookBody(Body):
    """Where messages are to go, and which; all types where none are named."""

    url: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=2048)]
    types: Annotated[tuple[WebhookType, ...], Field(min_length=1, max_length=len(WebhookType))] | None = None
