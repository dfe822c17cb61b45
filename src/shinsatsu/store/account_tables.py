"""The tables of local accounts: names, passwords, second factors, and what is under way; secrets hashed or sealed."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from shinsatsu.store.tables import Id, metadata, users

Index(
    "idx_users_blocked",
    users.c.blocked_at,
    sqlite_where=text("blocked_at IS NOT NULL"),
    postgresql_where=text("blocked_at IS NOT NULL"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("user_type", Text, nullable=False),
    Column("user_id", Id, nullable=False, autoincrement=False),
    Column("login_name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("handle", Text, nullable=False),
    Column("password_hash", Text),
    Column("totp_sealed", Text),
    Column("totp_last_step", BigInteger, nullable=False),
    Column("setup_hash", Text),
    Column("setup_expires_at", Text),
    Column("created_at", Text, nullable=False),
    PrimaryKeyConstraint("user_type", "user_id"),
    ForeignKeyConstraint(["user_type", "user_id"], ["users.user_type", "users.user_id"]),
    UniqueConstraint("name_key"),
    UniqueConstraint("setup_hash"),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_type", Text, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("credential_id", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("transports", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("last_used_at", Text),
    ForeignKeyConstraint(["user_type", "user_id"], ["accounts.user_type", "accounts.user_id"]),
    UniqueConstraint("credential_id"),
    Index("idx_passkeys_user", "user_type", "user_id"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user_type", Text, nullable=False),
    Column("user_id", Id, nullable=False, autoincrement=False),
    Column("code_hash", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("used_at", Text),
    PrimaryKeyConstraint("user_type", "user_id", "code_hash"),
    ForeignKeyConstraint(["user_type", "user_id"], ["accounts.user_type", "accounts.user_id"]),
)

login_challenges = Table(
    "login_challenges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_type", Text, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("secret_hash", Text),
    Column("login_id", Text),
    Column("passkey_challenge", Text),
    Column("totp_sealed", Text),
    Column("tries", Integer, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Index("idx_login_challenges_user", "user_type", "user_id"),
    Index("idx_login_challenges_login", "login_id"),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("name_hash", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("failed_at", Text),
    Column("locked_until", Text),
)
