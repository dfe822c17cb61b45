"""A WebRTC peer on UDP sockets and the running loop: the thin rim of `PeerProtocol`, which decides everything."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

from shinsatsu.media.frames import EncodedFrame
from shinsatsu.media.peer_events import FrameReceived, KeyFrameRequested, StateChanged
from shinsatsu.media.peer_protocol import PeerProtocol
from shinsatsu.media.peer_transport import PeerState
from shinsatsu.rtc.dtls import Certificate
from shinsatsu.rtc.parameters import Kind, RtpReceiveParameters, RtpSendParameters
from shinsatsu.rtc.stun import Address

_SECONDS_FROM_1900_TO_1970 = 2208988800

OnFrame = Callable[[str, EncodedFrame], None]
OnKeyFrameRequest = Callable[[str], None]


class Peer:
    """One peer connection: `offer` and `accept` publish, `answer` receives; used from one loop, closed with `close`.

    `on_frame(mid, frame)` gets every frame that arrives, `on_key_frame_request(mid)` says where a key frame is needed.
    """

    def __init__(
        self,
        *,
        on_frame: OnFrame | None = None,
        on_key_frame_request: OnKeyFrameRequest | None = None,
        certificate: Certificate | None = None,
        patience: float = 0.5,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        ntp_offset = time.time() - self._loop.time() + _SECONDS_FROM_1900_TO_1970
        certificate = certificate or Certificate.generate()
        self._protocol = PeerProtocol(certificate, ntp_offset=ntp_offset, patience=patience)
        self._on_frame = on_frame
        self._on_key_frame_request = on_key_frame_request
        self._sockets: dict[Address, asyncio.DatagramTransport] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._changed = asyncio.Event()

    @property
    def state(self) -> PeerState:
        """As RTCPeerConnection.connectionState."""
        return self._protocol.state

    @property
    def failure(self) -> str:
        """Why the state is "failed"."""
        return self._protocol.failure

    @property
    def sending(self) -> tuple[RtpSendParameters, ...]:
        """The tracks the other side took of our offer."""
        return self._protocol.sending

    @property
    def receiving(self) -> tuple[RtpReceiveParameters, ...]:
        """The tracks our last answer receives."""
        return self._protocol.receiving

    def offer(self, kinds: Sequence[Kind]) -> str:
        """SDP that offers to send one track a kind, mids "0", "1", …"""
        return self._protocol.create_offer(kinds)

    async def accept(self, answer: str) -> None:
        """Takes the answer to our offer and begins to connect; raises NegotiationError, or OSError without a route."""
        self._protocol.set_answer(answer, self._loop.time())
        await self._open_sockets()

    async def answer(self, offer: str) -> str:
        """SDP that answers an offer by receiving what it sends; raises as `accept`."""
        answer = self._protocol.create_answer(offer, self._loop.time())
        await self._open_sockets()
        return answer

    async def wait_for(self, *states: PeerState) -> PeerState:
        """Waits until the state is one of these; put a time limit around it."""
        while self.state not in states:
            await self._changed.wait()
        return self.state

    def send(self, mid: str, frame: EncodedFrame) -> None:
        """Sends a frame; it goes nowhere while there is no connection."""
        self._protocol.send_frame(mid, frame, self._loop.time())
        self._flush()

    def close(self) -> None:
        """Says goodbye and closes the sockets. Idempotent."""
        self._protocol.close(self._loop.time())
        self._flush()

    async def _open_sockets(self) -> None:
        errors: list[OSError] = []
        for address in self._protocol.candidates:
            if address in self._sockets:
                continue
            try:
                socket, _ = await self._loop.create_datagram_endpoint(
                    partial(_Socket, self, address), remote_addr=address
                )
            except OSError as error:  # an address family this machine has no route for; another candidate may do
                errors.append(error)
                continue
            self._sockets[address] = socket
        if not self._sockets and errors:
            raise errors[0]
        self._flush()

    def received(self, data: bytes, address: Address) -> None:
        """Hands a datagram from `address` to the protocol."""
        self._protocol.receive_datagram(data, address, self._loop.time())
        self._flush()

    def _flush(self) -> None:
        for address, data in self._protocol.data_to_send():
            socket = self._sockets.get(address)
            if socket is not None and not socket.is_closing():
                socket.sendto(data)
        self._close_unused()
        self._dispatch()
        self._arm()

    def _close_unused(self) -> None:
        ended = self.state in ("failed", "closed")
        if not ended and len(self._sockets) <= len(self._protocol.candidates):
            return
        kept = () if ended else self._protocol.candidates
        for address in [each for each in self._sockets if each not in kept]:
            self._sockets.pop(address).close()

    def _dispatch(self) -> None:
        for event in self._protocol.events():
            if isinstance(event, FrameReceived):
                if self._on_frame is not None:
                    self._on_frame(event.mid, event.frame)
            elif isinstance(event, KeyFrameRequested):
                if self._on_key_frame_request is not None:
                    self._on_key_frame_request(event.mid)
            elif isinstance(event, StateChanged):
                self._changed.set()
                self._changed = asyncio.Event()

    def _arm(self) -> None:
        """Sets the timer; one that would come too early is kept, as setting it anew for each packet costs more."""
        due = self._protocol.next_timer(self._loop.time())
        if self._timer is not None and due is not None and self._timer_at is not None and self._timer_at <= due:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer_at = due
            self._timer = self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._protocol.handle_timer(self._loop.time())
        self._flush()


class _Socket(asyncio.DatagramProtocol):
    """A UDP socket connected to one candidate, so that the kernel keeps strangers out."""

    def __init__(self, peer: Peer, address: Address) -> None:
        self._peer = peer
        self._address = address

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._peer.received(data, self._address)

    def error_received(self, exc: Exception) -> None:
        """The port is closed at the moment (ICMP): consent decides whether that is the end."""
