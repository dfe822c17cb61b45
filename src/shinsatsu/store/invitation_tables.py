"""The table of invitations."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from shinsatsu.store.tables import Id, metadata

invitations = Table(
    "invitations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("code_hash", Text, nullable=False),
    Column("video_session_id", Text, ForeignKey("video_sessions.id"), nullable=False),
    Column("appointment_id", Text, ForeignKey("appointments.id"), nullable=False),
    Column("user_type", Text, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("check_kind", Text, nullable=False),
    Column("created_by_type", Text, nullable=False),
    Column("created_by_id", Id, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("birth_date_digest", Text),
    Column("delivery_kind", Text),
    Column("sealed_address", Text),
    Column("sent_to", Text),
    Column("one_time_digest", Text),
    Column("sent_at", Text),
    Column("sends", Integer, nullable=False),
    Column("wrong_tries", Integer, nullable=False),
    Column("opened_at", Text),
    Column("locked_at", Text),
    Column("revoked_at", Text),
    UniqueConstraint("code_hash"),
    Index("idx_invitations_appointment", "appointment_id"),
)
