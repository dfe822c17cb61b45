"""Local accounts, second factors, logins that are listed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _logins()
    _accounts()
    _factors()
    _challenges()


def _logins() -> None:
    method = sa.Column("method", sa.Text(), server_default=sa.text("'console_link'"), nullable=False)
    op.add_column("logins", method)
    for name in ("last_seen_at", "address", "browser", "end_reason"):
        op.add_column("logins", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("grants", sa.Column("login_id", sa.Text(), nullable=True))
    op.create_index("idx_grants_login", "grants", ["login_id"])
    op.create_index(
        "idx_logins_live",
        "logins",
        ["last_seen_at"],
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def _accounts() -> None:
    op.create_index(
        "idx_users_blocked",
        "users",
        ["blocked_at"],
        sqlite_where=sa.text("blocked_at IS NOT NULL"),
        postgresql_where=sa.text("blocked_at IS NOT NULL"),
    )
    op.create_table(
        "accounts",
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.Column("login_name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("totp_sealed", sa.Text(), nullable=True),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=False),
        sa.Column("setup_hash", sa.Text(), nullable=True),
        sa.Column("setup_expires_at", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_type", "user_id", name="pk_accounts"),
        sa.ForeignKeyConstraint(
            ["user_type", "user_id"], ["users.user_type", "users.user_id"], name="fk_accounts_user_type"
        ),
        sa.UniqueConstraint("name_key", name="uq_accounts_name_key"),
        sa.UniqueConstraint("setup_hash", name="uq_accounts_setup_hash"),
    )


def _factors() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("last_used_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.ForeignKeyConstraint(
            ["user_type", "user_id"], ["accounts.user_type", "accounts.user_id"], name="fk_passkeys_user_type"
        ),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
    )
    op.create_index("idx_passkeys_user", "passkeys", ["user_type", "user_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("used_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("user_type", "user_id", "code_hash", name="pk_recovery_codes"),
        sa.ForeignKeyConstraint(
            ["user_type", "user_id"], ["accounts.user_type", "accounts.user_id"], name="fk_recovery_codes_user_type"
        ),
    )


def _challenges() -> None:
    op.create_table(
        "login_challenges",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_type", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=True),
        sa.Column("login_id", sa.Text(), nullable=True),
        sa.Column("passkey_challenge", sa.Text(), nullable=True),
        sa.Column("totp_sealed", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_login_challenges"),
    )
    op.create_index("idx_login_challenges_user", "login_challenges", ["user_type", "user_id"])
    op.create_index("idx_login_challenges_login", "login_challenges", ["login_id"])
    op.create_table(
        "login_attempts",
        sa.Column("name_hash", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.Text(), nullable=True),
        sa.Column("locked_until", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name_hash", name="pk_login_attempts"),
    )
