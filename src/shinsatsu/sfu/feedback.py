"""What a publisher is told about its packets: transport-wide feedback and receiver reports. Pure."""

from collections.abc import Iterator

from shinsatsu.rtc.rtcp import ReportBlock, SenderReport
from shinsatsu.rtc.rtp import unwrap
from shinsatsu.rtc.transport_feedback import TransportFeedback, fits_one_feedback

_REMEMBERED = 1024


class ArrivalLog:
    """Arrivals by transport-wide number; each feedback tells what was not told before.

    A packet that comes after its number was reported missing is reported again, as libwebrtc does.
    """

    __slots__ = ("_base", "_count", "_highest", "_ticks")

    def __init__(self) -> None:
        self._ticks: dict[int, int] = {}
        self._highest: int | None = None
        self._base = 0
        self._count = 0

    def record(self, sequence_number: int, tick: int) -> None:
        """Notes an arrival at `tick` (250 µs units)."""
        highest = self._highest
        if highest is None:
            self._highest = self._base = number = sequence_number
        else:
            number = unwrap(sequence_number, highest)
            if number > highest:
                self._highest = number
            elif number <= highest - _REMEMBERED:
                return
            if number < self._base:
                self._base = number
        self._ticks[number] = tick

    def feedback(self, sender_ssrc: int, media_ssrc: int) -> Iterator[TransportFeedback]:
        """The feedback due: one packet, more if arrivals lie too far apart for one, none if nothing came."""
        if self._highest is None or self._base > self._highest:
            return
        first = max(self._base, self._highest + 1 - _REMEMBERED)
        arrivals: list[int | None] = []
        base, previous = first, None
        for number in range(first, self._highest + 1):
            tick = self._ticks.get(number)
            if tick is not None:
                if previous is not None and not fits_one_feedback(previous, tick):
                    yield self._packet(sender_ssrc, media_ssrc, base, arrivals)
                    base, arrivals = number, []
                previous = tick
            arrivals.append(tick)
        yield self._packet(sender_ssrc, media_ssrc, base, arrivals)
        self._base = self._highest + 1
        self._forget()

    def _packet(self, sender_ssrc: int, media_ssrc: int, base: int, arrivals: list[int | None]) -> TransportFeedback:
        count = self._count
        self._count = (count + 1) & 0xFF
        return TransportFeedback(sender_ssrc, media_ssrc, base & 0xFFFF, count, tuple(arrivals))

    def _forget(self) -> None:
        if len(self._ticks) > 2 * _REMEMBERED:
            oldest = self._base - _REMEMBERED
            self._ticks = {number: tick for number, tick in self._ticks.items() if number >= oldest}


class Reception:
    """Loss and jitter of one stream as RFC 3550 appendix A counts them; retransmissions do not count as received."""

    __slots__ = (
        "_base",
        "_clock_rate",
        "_expected_before",
        "_jitter",
        "_origin",
        "_received",
        "_received_before",
        "_transit",
        "report_at",
        "sender_report",
    )

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._base: int | None = None
        self._origin = 0
        self._received = self._received_before = self._expected_before = 0
        self._jitter = 0.0
        self._transit: float | None = None
        self.sender_report: SenderReport | None = None
        self.report_at = 0.0

    def received(self, number: int, timestamp: int, now: float) -> None:
        """Counts a packet of this extended number that came on the stream itself."""
        if self._base is None:
            self._base, self._origin = number, number & ~0xFFFF
        elif number < self._base:
            self._base = number
        self._received += 1
        transit = now * self._clock_rate - timestamp
        if self._transit is not None:
            difference = abs(transit - self._transit)
            if difference < self._clock_rate * 10:  # a wrapped or jumping timestamp says nothing of the network
                self._jitter += (difference - self._jitter) / 16
        self._transit = transit

    def reported(self, report: SenderReport, now: float) -> None:
        """Notes the publisher's sender report."""
        self.sender_report = report
        self.report_at = now

    def block(self, ssrc: int, highest: int, now: float) -> ReportBlock | None:
        """The report block since the last one, None before the first packet."""
        if self._base is None:
            return None
        expected = highest - self._base + 1
        expected_interval = expected - self._expected_before
        lost_interval = expected_interval - (self._received - self._received_before)
        self._expected_before, self._received_before = expected, self._received
        fraction = 0
        if expected_interval > 0 and lost_interval > 0:
            fraction = min(255, (lost_interval << 8) // expected_interval)
        lsr = dlsr = 0
        if self.sender_report is not None:
            lsr = self.sender_report.ntp >> 16 & 0xFFFFFFFF
            dlsr = int((now - self.report_at) * 65536) & 0xFFFFFFFF
        lost = expected - self._received
        return ReportBlock(ssrc, fraction, lost, highest - self._origin & 0xFFFFFFFF, int(self._jitter), lsr, dlsr)
