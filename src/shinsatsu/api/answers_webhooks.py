"""The shapes of answers about webhooks."""

from typing_extensions import TypedDict


class WebhookJson(TypedDict):
    """An endpoint and how it stands: messages still to be delivered, given up, and the last one that arrived."""

    id: str
    url: str
    types: list[str]
    createdAt: str
    disabledAt: str | None
    pending: int
    failed: int
    lastDeliveryAt: str | None


class NewWebhookJson(WebhookJson):
    """The same with its secret, shown this once."""

    secret: str


class WebhooksJson(TypedDict):
    """Every endpoint."""

    webhooks: list[WebhookJson]
