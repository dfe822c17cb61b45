"""Which request is being served, for the events it causes; the API's middleware sets it, the store writes it."""

from contextvars import ContextVar

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
ADDRESS: ContextVar[str | None] = ContextVar("address", default=None)
"""The caller's IP address, as far as a trusted proxy tells it; None for what the server does by itself."""
