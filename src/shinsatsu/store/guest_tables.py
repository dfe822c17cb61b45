"""The table of guests."""

from sqlalchemy import Column, ForeignKey, PrimaryKeyConstraint, Table, Text

from shinsatsu.store.tables import Id, metadata

session_guests = Table(
    "session_guests",
    metadata,
    Column("video_session_id", Text, ForeignKey("video_sessions.id"), nullable=False),
    Column("user_id", Id, nullable=False, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("withheld", Text, nullable=False),
    Column("invited_by_type", Text, nullable=False),
    Column("invited_by_id", Id, nullable=False),
    Column("invited_at", Text, nullable=False),
    Column("revoked_at", Text),
    PrimaryKeyConstraint("video_session_id", "user_id"),
)
