"""Which request is being served, for the events it causes; the API's middleware sets it, the store writes it."""

from contextvars import ContextVar

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
