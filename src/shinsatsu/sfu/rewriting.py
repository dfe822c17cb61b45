"""How one source's numbers become one receiver's: sequence numbers, timestamps, VP8 picture ids. Pure.

A receiver sees one unbroken stream however often its edge is paused or switched. Each time a source starts to flow is a
*segment*: what the source numbered before it is never sent again. So no outgoing number is ever used for two packets,
which AES-GCM must not see (RFC 7714 section 8), and nothing from before a pause leaks.
"""

from bisect import bisect_right

from shinsatsu.rtc import payloads
from shinsatsu.rtc.rtp import unwrap

_MAX_SKIPPED = 128


class SequenceMap:
    """Extended source numbers to extended outgoing numbers; gaps of the source stay gaps."""

    __slots__ = ("_offset", "_skipped", "highest", "highest_out", "start")

    def __init__(self, first: int) -> None:
        """`first` is the first outgoing number, 16 bits."""
        self.highest_out = first - 1
        self.start: int | None = None
        self.highest = 0
        self._offset = 0
        self._skipped: list[int] = []

    def begin(self, number: int) -> None:
        """Starts a segment with this source number: it follows the last number sent."""
        self.start = number
        self.highest = number - 1
        self._offset = self.highest_out + 1 - number
        self._skipped.clear()

    def stop(self) -> None:
        """Ends the segment: nothing is mapped until the next begins."""
        self.start = None

    def map(self, number: int) -> int | None:
        """The outgoing number; None for what is older than the segment or was skipped."""
        if self.start is None:
            return None
        if number > self.highest:
            self.highest = number
            self.highest_out = out = number + self._offset
            return out
        return self._map_late(number)

    def skip(self, number: int) -> None:
        """Leaves a packet in sending order out without a gap (padding); those after it move up."""
        if self.start is None or number <= self.highest:
            return
        self.highest = number
        self.highest_out = number - 1 + self._offset
        self._offset -= 1
        self._skipped.append(number)
        if len(self._skipped) > _MAX_SKIPPED:
            self.start = self._skipped.pop(0) + 1

    def source(self, sequence_number: int) -> int | None:
        """The source number that was or would be sent under this 16-bit number, None outside the segment."""
        if self.start is None:
            return None
        out = unwrap(sequence_number, self.highest_out)
        number = out - self._offset
        for skipped in reversed(self._skipped):
            if skipped < number:
                break
            number -= 1
        return number if self.start <= number <= self.highest else None

    def _map_late(self, number: int) -> int | None:
        if self.start is None or number < self.start:
            return None
        if not self._skipped:
            return number + self._offset
        index = bisect_right(self._skipped, number)
        if index and self._skipped[index - 1] == number:
            return None
        return number + self._offset + len(self._skipped) - index


class PictureIdMap:
    """Keeps VP8's picture ids and TL0PICIDX of a receiver unbroken across segments."""

    __slots__ = ("_last", "_picture_id_offset", "_tl0_offset")

    def __init__(self) -> None:
        self._last: bytes | None = None
        self._picture_id_offset = 0
        self._tl0_offset = 0

    def begin(self, payload: bytes) -> None:
        """Starts a segment with this payload: its picture follows the last one sent."""
        new = payloads.parse_vp8(payload)
        last = payloads.parse_vp8(self._last) if self._last else None
        if new is None or last is None:
            return
        if new.picture_id is not None and last.picture_id is not None:
            self._picture_id_offset = last.picture_id + 1 - new.picture_id
        if new.tl0_pic_idx is not None and last.tl0_pic_idx is not None:
            self._tl0_offset = last.tl0_pic_idx + 1 - new.tl0_pic_idx

    def sent(self, payload: bytes) -> None:
        """Remembers the last payload sent in order, as rewritten."""
        self._last = payload

    def map(self, payload: bytes) -> bytes:
        """The payload with this segment's offsets applied."""
        if not self._picture_id_offset and not self._tl0_offset:
            return payload
        return payloads.rewrite_vp8(payload, self._picture_id_offset, self._tl0_offset)
