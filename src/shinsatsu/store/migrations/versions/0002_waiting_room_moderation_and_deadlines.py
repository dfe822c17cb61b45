"""Waiting room, moderation, deadlines, console logins."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("users", sa.Column("blocked_at", sa.Text(), nullable=True))
    op.add_column("appointments", sa.Column("admission", sa.Text(), server_default=sa.text("'staff'"), nullable=False))
    for name, default in (("locked", "(FALSE)"), ("screen_share_allowed", "(TRUE)")):
        op.add_column("video_sessions", sa.Column(name, sa.Boolean(), server_default=sa.text(default), nullable=False))
    for name in ("alone_since", "idle_since", "ends_at", "deadline_at"):
        op.add_column("video_sessions", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("video_sessions", sa.Column("warned_minutes", sa.Integer(), nullable=True))
    op.create_index(
        "idx_video_sessions_deadline",
        "video_sessions",
        ["deadline_at"],
        sqlite_where=sa.text("deadline_at IS NOT NULL"),
        postgresql_where=sa.text("deadline_at IS NOT NULL"),
    )
    for name in ("muted_by", "waiting_since", "devices", "identity", "removal_note"):
        op.add_column("session_participants", sa.Column(name, sa.Text(), nullable=True))
    op.create_index(
        "idx_session_participants_connected",
        "session_participants",
        ["connection_id"],
        sqlite_where=sa.text("connection_id IS NOT NULL"),
        postgresql_where=sa.text("connection_id IS NOT NULL"),
    )

    op.create_table(
        "servers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("alive_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_servers"),
    )
    op.create_table(
        "logins",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=True),
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("used_at", sa.Text(), nullable=True),
        sa.Column("proof_hash", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_logins"),
        sa.UniqueConstraint("secret_hash", name="uq_logins_secret_hash"),
    )
    op.create_index("idx_logins_user", "logins", ["user_type", "user_id"])

    op.add_column("media_sessions", sa.Column("retired_at", sa.Text(), nullable=True))
    op.drop_index("ux_media_sessions_current", "media_sessions")
    current = sa.text("abandoned_at IS NULL AND retired_at IS NULL")
    op.create_index(
        "ux_media_sessions_current",
        "media_sessions",
        ["participant_id", "direction"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
    op.drop_index("idx_subscriptions_unsettled", "subscriptions")
    unsettled = sa.text("state NOT IN ('flowing', 'paused', 'closed')")
    op.create_index(
        "idx_subscriptions_unsettled", "subscriptions", ["state"], sqlite_where=unsettled, postgresql_where=unsettled
    )
