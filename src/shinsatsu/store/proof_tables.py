"""The tables of the proof: security events and their chain, erasable texts, tombstones, checkpoints.

Triggers refuse UPDATE and DELETE of both event tables, but for what a tombstone covers; the migration makes them.
"""

from sqlalchemy import Column, ForeignKey, Integer, PrimaryKeyConstraint, Table, Text, UniqueConstraint

from shinsatsu.store.tables import Id, metadata

security_events = Table(
    "security_events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("event_type", Text, nullable=False),
    Column("user_type", Text),
    Column("user_id", Id),
    Column("role", Text),
    Column("address", Text),
    Column("request_id", Text),
    Column("video_session_id", Text),
    Column("metadata", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

security_chain = Table(
    "security_chain",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_seq", Integer, nullable=False),
    Column("last_hash", Text, nullable=False),
    Column("head_signature", Text),
    Column("head_kid", Text),
    Column("head_signed_at", Text),
    Column("head_checkpoint", Integer),
)

event_texts = Table(
    "event_texts",
    metadata,
    Column("event_id", Text, ForeignKey("session_events.id"), nullable=False),
    Column("field", Text, nullable=False),
    Column("participant_id", Text, nullable=False),
    Column("salt", Text),
    Column("text", Text),
    Column("erasure", Text),
    Column("signature", Text),
    PrimaryKeyConstraint("event_id", "field"),
    UniqueConstraint("participant_id", "field"),
)

proof_tombstones = Table(
    "proof_tombstones",
    metadata,
    Column("chain", Text, nullable=False),
    Column("first_seq", Integer, nullable=False, autoincrement=False),
    Column("last_seq", Integer, nullable=False, autoincrement=False),
    Column("statement", Text, nullable=False),
    Column("signature", Text, nullable=False),
    PrimaryKeyConstraint("chain", "first_seq"),
)

proof_checkpoints = Table(
    "proof_checkpoints",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("statement", Text, nullable=False),
    Column("signature", Text, nullable=False),
)
