"""Webhooks and their outbox."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("previous_secret", sa.Text(), nullable=True),
        sa.Column("previous_until", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.Text(), nullable=True),
        sa.Column("last_delivery_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
    )
    op.create_table(
        "webhook_messages",
        *_of_session_and_endpoint("webhook_messages"),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("give_up_at", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("endpoint_id", "video_session_id", "seq", name="pk_webhook_messages"),
    )
    op.create_index("idx_webhook_messages_state", "webhook_messages", ["endpoint_id", "state", "created_at"])
    op.create_index("idx_webhook_messages_settled", "webhook_messages", ["state", "settled_at"])
    op.create_table(
        "webhook_queues",
        *_of_session_and_endpoint("webhook_queues"),
        sa.Column("due_at", sa.Text(), nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("endpoint_id", "video_session_id", name="pk_webhook_queues"),
    )
    op.create_index("idx_webhook_queues_due", "webhook_queues", ["due_at"])


def _of_session_and_endpoint(table: str) -> Sequence[sa.schema.SchemaItem]:
    return (
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("video_session_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoints.id"], name=f"fk_{table}_endpoint_id"),
        sa.ForeignKeyConstraint(["video_session_id"], ["video_sessions.id"], name=f"fk_{table}_video_session_id"),
    )
