"""The tables of who gets in: links, grants, logins, API keys, tokens used once; secrets only as hashes."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text, UniqueConstraint, text

from shinsatsu.store.tables import Id, metadata

links = Table(
    "links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_hash", Text, nullable=False),
    Column("video_session_id", Text, ForeignKey("video_sessions.id"), nullable=False),
    Column("appointment_id", Text, ForeignKey("appointments.id"), nullable=False),
    Column("user_type", Text, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("created_by_type", Text, nullable=False),
    Column("created_by_id", Id, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("used_at", Text),
    Column("proof_hash", Text),
    Column("grant_id", Text),
    Column("revoked_at", Text),
    Index("idx_links_appointment", "appointment_id"),
)

grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("secret_hash", Text, nullable=False),
    Column("video_session_id", Text, ForeignKey("video_sessions.id"), nullable=False),
    Column("appointment_id", Text, ForeignKey("appointments.id"), nullable=False),
    Column("user_type", Text, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("revoked_at", Text),
    Column("login_id", Text),
    UniqueConstraint("secret_hash"),
    Index("idx_grants_appointment", "appointment_id"),
    Index("idx_grants_login", "login_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text),
    Column("revoked_at", Text),
    Column("last_used_at", Text),
    Column("replaced_by", Id),
    UniqueConstraint("secret_hash"),
)

spent_tokens = Table(
    "spent_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("proof_hash", Text, nullable=False),
    Column("grant_id", Text, nullable=False),
    Column("used_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Index("idx_spent_tokens_expiry", "expires_at"),
)

logins = Table(
    "logins",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_hash", Text, nullable=False),
    Column("secret_hash", Text),
    Column("user_type", Text, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("used_at", Text),
    Column("proof_hash", Text),
    Column("revoked_at", Text),
    Column("method", Text, nullable=False, server_default=text("'console_link'")),
    Column("last_seen_at", Text),
    Column("address", Text),
    Column("browser", Text),
    Column("end_reason", Text),
    UniqueConstraint("secret_hash"),
    Index("idx_logins_user", "user_type", "user_id"),
    Index(
        "idx_logins_live",
        "last_seen_at",
        sqlite_where=text("revoked_at IS NULL"),
        postgresql_where=text("revoked_at IS NULL"),
    ),
)
