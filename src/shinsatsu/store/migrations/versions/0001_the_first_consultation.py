"""The first consultation."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("secret_hash", name="uq_api_keys_secret_hash"),
    )
    op.create_table(
        "appointments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("patient_id", ID, nullable=False),
        sa.Column("doctor_id", ID, nullable=False),
        sa.Column("starts_at", sa.Text(), nullable=False),
        sa.Column("scheduled_duration", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_appointments"),
    )
    op.create_index("idx_appointments_doctor", "appointments", ["doctor_id"])
    op.create_index("idx_appointments_patient", "appointments", ["patient_id"])
    op.create_index("idx_appointments_starts_at", "appointments", ["starts_at"])

    op.create_table(
        "users",
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("licence_year", sa.Integer(), nullable=True),
        sa.Column("specialty", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("user_type", "user_id", name="pk_users"),
    )
    op.create_table(
        "appointment_support_doctors",
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name="fk_appointment_support_doctors_appointment_id"
        ),
        sa.PrimaryKeyConstraint("appointment_id", "user_id", name="pk_appointment_support_doctors"),
    )
    op.create_index("idx_appointment_support_doctors_user", "appointment_support_doctors", ["user_id"])

    op.create_table(
        "video_sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("realtime_session_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_by_type", sa.Text(), nullable=True),
        sa.Column("created_by_id", ID, nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("last_track_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], name="fk_video_sessions_appointment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_video_sessions"),
    )
    op.create_index("idx_video_sessions_appointment", "video_sessions", ["appointment_id", "created_at"])
    op.create_index(
        "ux_video_sessions_open",
        "video_sessions",
        ["appointment_id"],
        unique=True,
        sqlite_where=sa.text("status NOT IN ('ended', 'failed')"),
        postgresql_where=sa.text("status NOT IN ('ended', 'failed')"),
    )

    op.create_table(
        "grants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("video_session_id", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], name="fk_grants_appointment_id"),
        sa.ForeignKeyConstraint(["video_session_id"], ["video_sessions.id"], name="fk_grants_video_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.UniqueConstraint("secret_hash", name="uq_grants_secret_hash"),
    )
    op.create_index("idx_grants_appointment", "grants", ["appointment_id"])

    op.create_table(
        "links",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("video_session_id", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("created_by_type", sa.Text(), nullable=False),
        sa.Column("created_by_id", ID, nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("used_at", sa.Text(), nullable=True),
        sa.Column("proof_hash", sa.Text(), nullable=True),
        sa.Column("grant_id", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], name="fk_links_appointment_id"),
        sa.ForeignKeyConstraint(["video_session_id"], ["video_sessions.id"], name="fk_links_video_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
    )
    op.create_index("idx_links_appointment", "links", ["appointment_id"])

    op.create_table(
        "session_events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("video_session_id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("prev_hash", sa.Text(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["video_session_id"], ["video_sessions.id"], name="fk_session_events_video_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_session_events"),
        sa.UniqueConstraint("video_session_id", "seq", name="uq_session_events_video_session_id_seq"),
    )
    op.create_table(
        "session_participants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("video_session_id", sa.Text(), nullable=False),
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("joined_at", sa.Text(), nullable=False),
        sa.Column("left_at", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("(TRUE)"), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("admission", sa.Text(), nullable=False),
        sa.Column("join_reason", sa.Text(), nullable=True),
        sa.Column("connection_id", sa.Text(), nullable=True),
        sa.Column("audio_muted", sa.Boolean(), server_default=sa.text("(FALSE)"), nullable=False),
        sa.Column("video_muted", sa.Boolean(), server_default=sa.text("(FALSE)"), nullable=False),
        sa.Column("superseded_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["video_session_id"], ["video_sessions.id"], name="fk_session_participants_video_session_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_session_participants"),
    )
    op.create_index("idx_session_participants_session", "session_participants", ["video_session_id"])
    op.create_index("idx_session_participants_user", "session_participants", ["user_type", "user_id"])
    op.create_index(
        "ux_session_participants_present",
        "session_participants",
        ["video_session_id", "user_type", "user_id"],
        unique=True,
        sqlite_where=sa.text("is_active"),
        postgresql_where=sa.text("is_active"),
    )

    op.create_table(
        "media_sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("video_session_id", sa.Text(), nullable=False),
        sa.Column("participant_id", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("negotiating_until", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("abandoned_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["session_participants.id"], name="fk_media_sessions_participant_id"
        ),
        sa.ForeignKeyConstraint(["video_session_id"], ["video_sessions.id"], name="fk_media_sessions_video_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_media_sessions"),
    )
    op.create_index(
        "idx_media_sessions_live",
        "media_sessions",
        ["video_session_id"],
        sqlite_where=sa.text("abandoned_at IS NULL"),
        postgresql_where=sa.text("abandoned_at IS NULL"),
    )
    op.create_index(
        "ux_media_sessions_current",
        "media_sessions",
        ["participant_id", "direction"],
        unique=True,
        sqlite_where=sa.text("abandoned_at IS NULL"),
        postgresql_where=sa.text("abandoned_at IS NULL"),
    )

    op.create_table(
        "tracks",
        sa.Column("video_session_id", sa.Text(), nullable=False),
        sa.Column("track_name", sa.Text(), nullable=False),
        sa.Column("track_type", sa.Text(), nullable=False),
        sa.Column("participant_id", sa.Text(), nullable=False),
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("media_session_id", sa.Text(), nullable=True),
        sa.Column("mid", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["participant_id"], ["session_participants.id"], name="fk_tracks_participant_id"),
        sa.ForeignKeyConstraint(["video_session_id"], ["video_sessions.id"], name="fk_tracks_video_session_id"),
        sa.PrimaryKeyConstraint("video_session_id", "track_name", name="pk_tracks"),
    )
    op.create_index("idx_tracks_participant", "tracks", ["participant_id"])
    op.create_index("idx_tracks_media_session", "tracks", ["media_session_id"])

    op.create_table(
        "subscriptions",
        sa.Column("video_session_id", sa.Text(), nullable=False),
        sa.Column("publication", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rcv_session", sa.Text(), nullable=False),
        sa.Column("mid", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["rcv_session"], ["media_sessions.id"], name="fk_subscriptions_rcv_session"),
        sa.ForeignKeyConstraint(["receiver"], ["session_participants.id"], name="fk_subscriptions_receiver"),
        sa.ForeignKeyConstraint(["video_session_id"], ["video_sessions.id"], name="fk_subscriptions_video_session_id"),
        sa.PrimaryKeyConstraint("video_session_id", "publication", "receiver", "generation", name="pk_subscriptions"),
    )
    op.create_index("idx_subscriptions_rcv_session", "subscriptions", ["rcv_session"])
    op.create_index(
        "idx_subscriptions_unsettled",
        "subscriptions",
        ["state"],
        sqlite_where=sa.text("state IN ('pulling', 'cutting')"),
        postgresql_where=sa.text("state IN ('pulling', 'cutting')"),
    )
