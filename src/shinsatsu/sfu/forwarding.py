"""The packet path: `forward(batch, now)` turns what publishers sent into what receivers are sent. Pure.

`Inbound` (publisher) → `Layer` (one encoding) → `MediaEdge` (the gate, the receiver's numbers) → `Outbound` (receiver).
Everything that decides whether a packet flows is in here; sockets and ciphers only carry it out.
"""

from collections.abc import Iterable

from shinsatsu.rtc.rtp import RtpError, abs_send_time
from shinsatsu.sfu.inbound import Inbound
from shinsatsu.sfu.outbound import Outbound

Batch = Iterable[tuple[Inbound, bytes]]
Forwarded = dict[Outbound, list[bytes]]


def forward(batch: Batch, now: float) -> Forwarded:
    """Takes decrypted RTP packets with the publisher each came from, in order of arrival.

    Returns the RTP packets to protect and send, in order, by receiver. Malformed packets and those of no accepted track
    are dropped and counted in their publisher's `dropped`.
    """
    forwarded: Forwarded = {}
    send_time = abs_send_time(now)
    for inbound, packet in batch:
        try:
            inbound.take(packet, now, send_time, forwarded)
        except RtpError:
            inbound.dropped += 1
    return forwarded
