"""Moments as text: UTC, ISO 8601, milliseconds, `Z`; the one form on the wire and in the database."""

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """Writes an aware datetime as `2026-11-23T05:30:00.000Z`; anything finer than a millisecond is cut off."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def from_text(text: str) -> datetime:
    """Reads what `to_text` wrote; raises ValueError for text without a zone or that is no date."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)


def to_milliseconds(moment: datetime) -> int:
    """Milliseconds since the epoch, the timestamp of a track's name."""
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000
