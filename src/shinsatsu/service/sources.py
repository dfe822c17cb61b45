"""The real clock and the real source of ids."""

import secrets
import time
from datetime import UTC, datetime
from uuid import UUID


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment in UTC, cut to milliseconds, as the database keeps it."""
        moment = datetime.now(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class TimeOrderedIds:
    """UUIDs of version 7 (RFC 9562 §5.7): they sort by time, so that indexes grow at one end."""

    def new_id(self) -> str:
        """48 bits of milliseconds, 74 random bits."""
        milliseconds = time.time_ns() // 1_000_000
        value = (milliseconds << 80) | secrets.randbits(80)
        value = value & ~(0xF << 76) | (7 << 76)
        return str(UUID(int=value & ~(0b11 << 62) | (0b10 << 62)))
