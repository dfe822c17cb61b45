"""Links that are listed and revoked, invitations, guests."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _guests()
    _invitations()


def _guests() -> None:
    op.create_table(
        "session_guests",
        sa.Column("video_session_id", sa.Text(), nullable=False),
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("withheld", sa.Text(), nullable=False),
        sa.Column("invited_by_type", sa.Text(), nullable=False),
        sa.Column("invited_by_id", ID, nullable=False),
        sa.Column("invited_at", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["video_session_id"], ["video_sessions.id"], name="fk_session_guests_video_session_id_video_sessions"
        ),
        sa.PrimaryKeyConstraint("video_session_id", "user_id", name="pk_session_guests"),
    )


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("video_session_id", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("check_kind", sa.Text(), nullable=False),
        sa.Column("created_by_type", sa.Text(), nullable=False),
        sa.Column("created_by_id", ID, nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("birth_date_digest", sa.Text(), nullable=True),
        sa.Column("delivery_kind", sa.Text(), nullable=True),
        sa.Column("sealed_address", sa.Text(), nullable=True),
        sa.Column("sent_to", sa.Text(), nullable=True),
        sa.Column("one_time_digest", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.Text(), nullable=True),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=True),
        sa.Column("locked_at", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], name="fk_invitations_appointment_id"),
        sa.ForeignKeyConstraint(["video_session_id"], ["video_sessions.id"], name="fk_invitations_video_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("code_hash", name="uq_invitations_code_hash"),
    )
    op.create_index("idx_invitations_appointment", "invitations", ["appointment_id"])
