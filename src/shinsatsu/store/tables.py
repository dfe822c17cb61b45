"""The tables (spec §5 and what the later sections need), the same on SQLite and PostgreSQL.

Times are TEXT: UTC, ISO 8601, milliseconds, `Z`, so that their order is the order of the text. Metadata
is JSON as TEXT. The migrations make these tables and those of `credential_tables`; a test holds the two together.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

Id = BigInteger().with_variant(Integer(), "sqlite")
TRUE, FALSE = text("TRUE"), text("FALSE")

users = Table(
    "users",
    metadata,
    Column("user_type", Text, nullable=False),
    Column("user_id", Id, nullable=False, autoincrement=False),
    Column("role", Text),
    Column("display_name", Text, nullable=False),
    Column("language", Text),
    Column("licence_year", Integer),
    Column("specialty", Text),
    Column("blocked_at", Text),
    PrimaryKeyConstraint("user_type", "user_id"),
)

appointments = Table(
    "appointments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("patient_id", Id, nullable=False),
    Column("doctor_id", Id, nullable=False),
    Column("starts_at", Text, nullable=False),
    Column("scheduled_duration", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("admission", Text, nullable=False, server_default=text("'staff'")),
    Index("idx_appointments_patient", "patient_id"),
    Index("idx_appointments_doctor", "doctor_id"),
    Index("idx_appointments_starts_at", "starts_at"),
)

appointment_support_doctors = Table(
    "appointment_support_doctors",
    metadata,
    Column("appointment_id", Text, ForeignKey("appointments.id"), nullable=False),
    Column("user_id", Id, nullable=False, autoincrement=False),
    PrimaryKeyConstraint("appointment_id", "user_id"),
    Index("idx_appointment_support_doctors_user", "user_id"),
)

video_sessions = Table(
    "video_sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("appointment_id", Text, ForeignKey("appointments.id"), nullable=False),
    Column("realtime_session_id", Text),
    Column("status", Text, nullable=False),
    Column("created_by_type", Text),
    Column("created_by_id", Id),
    Column("created_at", Text, nullable=False),
    Column("started_at", Text),
    Column("ended_at", Text),
    Column("metadata", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("last_track_ms", BigInteger, nullable=False),
    Column("locked", Boolean, nullable=False, server_default=FALSE),
    Column("screen_share_allowed", Boolean, nullable=False, server_default=TRUE),
    Column("alone_since", Text),
    Column("idle_since", Text),
    Column("ends_at", Text),
    Column("deadline_at", Text),
    Column("warned_minutes", Integer),
    Column("last_hash", Text, nullable=False, server_default=text("''")),
    Column("head_signature", Text),
    Column("head_kid", Text),
    Column("head_signed_at", Text),
    Column("head_checkpoint", Integer),
    Index("idx_video_sessions_appointment", "appointment_id", "created_at"),
    Index(
        "ux_video_sessions_open",
        "appointment_id",
        unique=True,
        sqlite_where=text("status NOT IN ('ended', 'failed')"),
        postgresql_where=text("status NOT IN ('ended', 'failed')"),
    ),
    Index(
        "idx_video_sessions_deadline",
        "deadline_at",
        sqlite_where=text("deadline_at IS NOT NULL"),
        postgresql_where=text("deadline_at IS NOT NULL"),
    ),
    Index(
        "idx_video_sessions_unlisted_head",
        "id",
        sqlite_where=text("head_checkpoint IS NULL"),
        postgresql_where=text("head_checkpoint IS NULL"),
    ),
)

session_participants = Table(
    "session_participants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("video_session_id", Text, ForeignKey("video_sessions.id"), nullable=False),
    Column("user_type", Text, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("joined_at", Text, nullable=False),
    Column("left_at", Text),
    Column("role", Text),
    Column("is_active", Boolean, nullable=False, server_default=TRUE),
    Column("relation", Text, nullable=False),
    Column("admission", Text, nullable=False),
    Column("connection_id", Text),
    Column("audio_muted", Boolean, nullable=False, server_default=FALSE),
    Column("video_muted", Boolean, nullable=False, server_default=FALSE),
    Column("superseded_by", Text),
    Column("muted_by", Text),
    Column("waiting_since", Text),
    Column("devices", Text),
    Column("identity", Text),
    Index("idx_session_participants_session", "video_session_id"),
    Index("idx_session_participants_user", "user_type", "user_id"),
    Index(
        "ux_session_participants_present",
        "video_session_id",
        "user_type",
        "user_id",
        unique=True,
        sqlite_where=text("is_active"),
        postgresql_where=text("is_active"),
    ),
    Index(
        "idx_session_participants_connected",
        "connection_id",
        sqlite_where=text("connection_id IS NOT NULL"),
        postgresql_where=text("connection_id IS NOT NULL"),
    ),
)

session_events = Table(
    "session_events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("video_session_id", Text, ForeignKey("video_sessions.id"), nullable=False),
    Column("event_type", Text, nullable=False),
    Column("user_type", Text, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("metadata", Text),
    Column("created_at", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("request_id", Text),
    Column("prev_hash", Text),
    Column("hash", Text),
    Column("role", Text),
    Column("address", Text),
    UniqueConstraint("video_session_id", "seq"),
)

tracks = Table(
    "tracks",
    metadata,
    Column("video_session_id", Text, ForeignKey("video_sessions.id"), nullable=False),
    Column("track_name", Text, nullable=False),
    Column("track_type", Text, nullable=False),
    Column("participant_id", Text, ForeignKey("session_participants.id"), nullable=False),
    Column("user_type", Text, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("state", Text, nullable=False),
    Column("media_session_id", Text),
    Column("mid", Text),
    PrimaryKeyConstraint("video_session_id", "track_name"),
    Index("idx_tracks_participant", "participant_id"),
    Index("idx_tracks_media_session", "media_session_id"),
)

media_sessions = Table(
    "media_sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("video_session_id", Text, ForeignKey("video_sessions.id"), nullable=False),
    Column("participant_id", Text, ForeignKey("session_participants.id"), nullable=False),
    Column("direction", Text, nullable=False),
    Column("negotiating_until", Text),
    Column("created_at", Text, nullable=False),
    Column("abandoned_at", Text),
    Column("retired_at", Text),
    Index(
        "idx_media_sessions_live",
        "video_session_id",
        sqlite_where=text("abandoned_at IS NULL"),
        postgresql_where=text("abandoned_at IS NULL"),
    ),
    Index(
        "ux_media_sessions_current",
        "participant_id",
        "direction",
        unique=True,
        sqlite_where=text("abandoned_at IS NULL AND retired_at IS NULL"),
        postgresql_where=text("abandoned_at IS NULL AND retired_at IS NULL"),
    ),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("video_session_id", Text, ForeignKey("video_sessions.id"), nullable=False),
    Column("publication", Text, nullable=False),
    Column("receiver", Text, ForeignKey("session_participants.id"), nullable=False),
    Column("generation", Integer, nullable=False, autoincrement=False),
    Column("rcv_session", Text, ForeignKey("media_sessions.id"), nullable=False),
    Column("mid", Text),
    Column("state", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    PrimaryKeyConstraint("video_session_id", "publication", "receiver", "generation"),
    Index(
        "idx_subscriptions_unsettled",
        "state",
        sqlite_where=text("state NOT IN ('flowing', 'paused', 'closed')"),
        postgresql_where=text("state NOT IN ('flowing', 'paused', 'closed')"),
    ),
    Index("idx_subscriptions_rcv_session", "rcv_session"),
)

servers = Table(
    "servers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("alive_at", Text, nullable=False),
)
