"""The tables of webhooks: where messages go, the messages, and the queue of each session at each endpoint."""

from sqlalchemy import Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, Text

from shinsatsu.store.tables import metadata

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("types", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("previous_secret", Text),
    Column("previous_until", Text),
    Column("created_at", Text, nullable=False),
    Column("disabled_at", Text),
    Column("last_delivery_at", Text),
)

webhook_messages = Table(
    "webhook_messages",
    metadata,
    Column("endpoint_id", Text, ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("video_session_id", Text, ForeignKey("video_sessions.id"), nullable=False),
    Column("seq", Integer, nullable=False, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("give_up_at", Text, nullable=False),
    Column("settled_at", Text),
    Column("failure", Text),
    PrimaryKeyConstraint("endpoint_id", "video_session_id", "seq"),
    Index("idx_webhook_messages_state", "endpoint_id", "state", "created_at"),
    Index("idx_webhook_messages_settled", "state", "settled_at"),
)

webhook_queues = Table(
    "webhook_queues",
    metadata,
    Column("endpoint_id", Text, ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("video_session_id", Text, ForeignKey("video_sessions.id"), nullable=False),
    Column("due_at", Text, nullable=False),
    Column("lease", Text),
    Column("leased_until", Text),
    PrimaryKeyConstraint("endpoint_id", "video_session_id"),
    Index("idx_webhook_queues_due", "due_at"),
)
