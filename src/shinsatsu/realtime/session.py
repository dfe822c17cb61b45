"""One viewer's event stream without I/O: numbered messages go out in order and without gaps; time is an argument.

The caller feeds what it reads and what happened, sends what `take()` returns, and closes with `closing` once it is set.
"""

from dataclasses import dataclass
from enum import IntEnum

from shinsatsu.realtime.messages import HEARTBEAT, ClientMessage, InvalidMessage, error, hidden, parse_client_message

HEARTBEAT_INTERVAL = 10.0
SILENCE_LIMIT = 30.0
MAX_MESSAGE_CHARACTERS = 4096
MAX_WAITING = 256
BURST = 20
MESSAGES_PER_SECOND = 5.0


class CloseCode(IntEnum):
    """Why a stream ends (docs/protocol.md, The event stream)."""

    GOING_AWAY = 1001
    NO_GRANT = 4401
    MAY_NOT_VIEW = 4403
    NO_SUCH_SESSION = 4404
    STALE_PARTICIPANT = 4409
    SESSION_OVER = 4410
    TOO_LARGE = 4413
    TOO_MANY = 4429
    RESYNC_REQUIRED = 4503


@dataclass(frozen=True, slots=True)
class Closing:
    """The stream is over: a close code and a reason of at most 123 bytes."""

    code: CloseCode
    reason: str


class EventStream:
    """Sends what follows the event number `after` (None: the snapshot first), hears signs of life, knows its end."""

    def __init__(self, after: int | None, now: float) -> None:
        self._last = after
        self._waiting: dict[int, str] = {}
        self._outgoing: list[str] = []
        self._last_heard = now
        self._next_heartbeat = now + HEARTBEAT_INTERVAL
        self._allowance = float(BURST)
        self._allowance_at = now
        self.closing: Closing | None = None

    @property
    def last(self) -> int | None:
        """The number of the newest message given out, None before the snapshot."""
        return self._last

    @property
    def gap(self) -> bool:
        """Whether later messages wait for one that is missing: the caller reads the store from `last` on."""
        return bool(self._waiting)

    @property
    def deadline(self) -> float:
        """When `tick` has something to do next."""
        return min(self._next_heartbeat, self._last_heard + SILENCE_LIMIT)

    def snapshot(self, seq: int, message: str) -> None:
        """Everything up to `seq` at once; later messages that already wait follow it."""
        self._outgoing.append(message)
        self._last = seq
        self._waiting = {number: text for number, text in self._waiting.items() if number > seq}
        self._release()

    def event(self, seq: int, message: str | None) -> None:
        """One numbered message, None where this viewer may not see it; a repeated number is ignored."""
        if self.closing or (self._last is not None and seq <= self._last):
            return
        self._waiting[seq] = hidden(seq) if message is None else message
        if self._last is not None:
            self._release()
        if len(self._waiting) > MAX_WAITING:
            self.close(CloseCode.RESYNC_REQUIRED, "resync_required")

    def receive(self, text: str, now: float) -> ClientMessage | None:
        """What the client said, None where it was a mere sign of life, or was refused (which it is told)."""
        self._last_heard = now
        if self.closing:
            return None
        if len(text) > MAX_MESSAGE_CHARACTERS:
            self.close(CloseCode.TOO_LARGE, "message too large")
            return None
        if not self._spend(now):
            self.close(CloseCode.TOO_MANY, "too many messages")
            return None
        try:
            return parse_client_message(text)
        except InvalidMessage as invalid:
            self._outgoing.append(error("invalid_message", str(invalid)))
            return None

    def note(self, message: str) -> None:
        """Sends something that has no number, after what was sent before."""
        if not self.closing:
            self._outgoing.append(message)

    def refuse(self, code: str, detail: str) -> None:
        """Answers a client message that could not be obeyed."""
        self._outgoing.append(error(code, detail))

    def tick(self, now: float) -> None:
        """Sends the heartbeat when due; ends the stream of a client silent for `SILENCE_LIMIT` seconds."""
        if self.closing:
            return
        if now >= self._last_heard + SILENCE_LIMIT:
            self.close(CloseCode.GOING_AWAY, "no sign of life")
        elif now >= self._next_heartbeat:
            self._outgoing.append(HEARTBEAT)
            self._next_heartbeat = now + HEARTBEAT_INTERVAL

    def close(self, code: CloseCode, reason: str) -> None:
        """Ends the stream after what is still to be sent; the first reason stays."""
        self.closing = self.closing or Closing(code, reason)

    def take(self) -> list[str]:
        """The messages to send now, in order."""
        taken, self._outgoing = self._outgoing, []
        return taken

    def _release(self) -> None:
        while self._last is not None and (text := self._waiting.pop(self._last + 1, None)) is not None:
            self._outgoing.append(text)
            self._last += 1

    def _spend(self, now: float) -> bool:
        self._allowance = min(BURST, self._allowance + (now - self._allowance_at) * MESSAGES_PER_SECOND)
        self._allowance_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True
