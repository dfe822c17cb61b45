"""API keys that expire and rotate, tokens used once."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("last_used_at", sa.Text(), nullable=True))
    op.add_column("api_keys", sa.Column("replaced_by", ID, nullable=True))
    op.create_table(
        "spent_tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("proof_hash", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("used_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spent_tokens"),
    )
    op.create_index("idx_spent_tokens_expiry", "spent_tokens", ["expires_at"])
