"""The proof: hash chains, signed heads, erasable texts apart, security events; what happened cannot be changed."""

import json
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from shinsatsu.domain import audit

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = "events are kept as they were written"
OF_CHAIN = {"session_events": "OLD.video_session_id", "security_events": f"'{audit.SECURITY}'"}
APPENDED = ("proof_tombstones", "proof_checkpoints")
SAME_EVENT = {
    "session_events": "id = NEW.id OR (video_session_id = NEW.video_session_id AND seq = NEW.seq)",
    "security_events": "seq = NEW.seq",
    "proof_tombstones": "chain = NEW.chain AND first_seq = NEW.first_seq",
    "proof_checkpoints": "number = NEW.number",
}


def upgrade() -> None:
    _columns()
    _security()
    _proof()
    _adopt_events()
    for name in ("join_reason", "removal_note"):
        op.drop_column("session_participants", name)
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_triggers()
    else:
        _postgresql_triggers()


def _head() -> list[sa.Column[Any]]:
    texts = [sa.Column(name, sa.Text(), nullable=True) for name in ("head_signature", "head_kid", "head_signed_at")]
    return [*texts, sa.Column("head_checkpoint", sa.Integer(), nullable=True)]


def _columns() -> None:
    last_hash = sa.Column("last_hash", sa.Text(), server_default=sa.text("''"), nullable=False)
    for column in (last_hash, *_head()):
        op.add_column("video_sessions", column)
    op.create_index(
        "idx_video_sessions_unlisted_head",
        "video_sessions",
        ["id"],
        sqlite_where=sa.text("head_checkpoint IS NULL"),
        postgresql_where=sa.text("head_checkpoint IS NULL"),
    )
    for name in ("role", "address"):
        op.add_column("session_events", sa.Column(name, sa.Text(), nullable=True))


def _security() -> None:
    op.create_table(
        "security_events",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("user_type", sa.Text(), nullable=True),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("video_session_id", sa.Text(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_security_events"),
    )
    chain = op.create_table(
        "security_chain",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("last_hash", sa.Text(), nullable=False),
        *_head(),
        sa.PrimaryKeyConstraint("id", name="pk_security_chain"),
    )
    op.bulk_insert(chain, [{"id": 1, "last_seq": 0, "last_hash": audit.GENESIS}])


def _proof() -> None:
    op.create_table(
        "event_texts",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("participant_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("salt", "text", "erasure", "signature")),
        sa.ForeignKeyConstraint(["event_id"], ["session_events.id"], name="fk_event_texts_event_id"),
        sa.PrimaryKeyConstraint("event_id", "field", name="pk_event_texts"),
        sa.UniqueConstraint("participant_id", "field", name="uq_event_texts_participant_id_field"),
    )
    op.create_table(
        "proof_tombstones",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("first_seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "first_seq", name="pk_proof_tombstones"),
    )
    op.create_table(
        "proof_checkpoints",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_proof_checkpoints"),
    )


def _adopt_events() -> None:
    """Chains the events that are there already, and moves what people wrote away from their stays.

    The server signs the heads when it starts; how these events stood before is not proven.
    """
    connection = op.get_bind()
    words = sa.text("SELECT id, join_reason, removal_note FROM session_participants")
    written = {row.id: (row.join_reason, row.removal_note) for row in connection.execute(words)}
    found = connection.execute(sa.text("SELECT * FROM session_events ORDER BY video_session_id, seq")).mappings().all()
    chain, previous = "", audit.GENESIS
    for row in found:
        if row["video_session_id"] != chain:
            chain, previous = row["video_session_id"], audit.GENESIS
        previous = _adopt(connection, row, previous, written)
        values = {"hash": previous, "chain": chain}
        connection.execute(sa.text("UPDATE video_sessions SET last_hash = :hash WHERE id = :chain"), values)


def _adopt(connection: sa.Connection, row: Any, previous: str, written: dict[str, tuple[str, str]]) -> str:
    known = json.loads(row["metadata"] or "{}")
    texts = list(_texts_of(row["event_type"], known, written))
    for field, participant_id, text in texts:
        salt = secrets.token_hex(audit.SALT_LENGTH // 2)
        known[f"{field}Hash"] = audit.text_hash(salt, text)
        values = {"event": row["id"], "field": field, "participant": participant_id, "salt": salt, "text": text}
        connection.execute(
            sa.text(
                "INSERT INTO event_texts (event_id, field, participant_id, salt, text)"
                " VALUES (:event, :field, :participant, :salt, :text)"
            ),
            values,
        )
    metadata = audit.canonical(known)
    who = (row["event_type"], row["user_type"], row["user_id"], None, None, row["request_id"], None)
    body = audit.event_body(row["video_session_id"], row["seq"], row["id"], *who, metadata, row["created_at"], previous)
    values = {"id": row["id"], "metadata": metadata, "prev": previous, "hash": audit.digest(body)}
    changed = "UPDATE session_events SET metadata = :metadata, prev_hash = :prev, hash = :hash WHERE id = :id"
    connection.execute(sa.text(changed), values)
    return str(values["hash"])


def _texts_of(
    event_type: str, known: dict[str, Any], written: dict[str, tuple[str, str]]
) -> Iterator[tuple[str, str, str]]:
    """Field, participant and text of what people wrote at that event."""
    participant_id = str(known.get("participantId", ""))
    reason, note = written.get(participant_id, (None, None))
    if event_type == "joined" and reason:
        yield "reason", participant_id, reason
    if event_type == "left" and known.get("reason") == "removed" and note:
        yield "note", participant_id, note


def _sqlite_triggers() -> None:
    for table in (*OF_CHAIN, *APPENDED):
        refusal = f"BEGIN SELECT RAISE(ABORT, '{KEPT}'); END"
        unless = f"WHEN NOT EXISTS ({_covering(OF_CHAIN[table])}) " if table in OF_CHAIN else ""
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refusal}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {unless}{refusal}")
        # INSERT OR REPLACE deletes without asking the trigger above.
        again = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {SAME_EVENT[table]}) "  # noqa: S608 - names of this file
        op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {again}{refusal}")


def _postgresql_triggers() -> None:
    refusal = f"RAISE EXCEPTION '{KEPT}' USING ERRCODE = 'restrict_violation';"
    op.execute("CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS " + f"$$ BEGIN {refusal} END $$")
    for table in (*OF_CHAIN, *APPENDED):
        refused = "UPDATE OR DELETE" if table in APPENDED else "UPDATE"
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE {refused} ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table, chain in OF_CHAIN.items():
        covered = f"IF EXISTS ({_covering(chain)}) THEN RETURN OLD; END IF;"
        op.execute(
            f"CREATE FUNCTION {table}_deleted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {covered} {refusal} END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_deleted()"
        )


def _covering(chain: str) -> str:
    between = "OLD.seq BETWEEN first_seq AND last_seq"
    return f"SELECT 1 FROM proof_tombstones WHERE chain = {chain} AND {between}"  # noqa: S608 - names of this file
