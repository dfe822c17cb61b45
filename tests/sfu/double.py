"""A media plane that forwards nothing and remembers what it was told: the double of `sfu.plane` for tests."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from shinsatsu.rtc.parameters import (
    DtlsFingerprint,
    DtlsRole,
    IceCandidate,
    IceParameters,
    RtpReceiveParameters,
    RtpSendParameters,
)
from shinsatsu.sfu.plane import Connection, ConnectionState, Edge, MediaTransport, Publication

FINGERPRINT = DtlsFingerprint("sha-256", ":".join(["AB"] * 32))


@dataclass
class DoublePublication:
    parameters: RtpReceiveParameters
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    last_packet: float | None = None
    closed: bool = False

    @property
    def rids(self) -> tuple[str, ...]:
        return tuple(encoding.rid for encoding in self.parameters.encodings if encoding.rid is not None)

    def seconds_silent(self, now: float) -> float | None:
        return None if self.last_packet is None else now - self.last_packet

    async def wait_first_packet(self, timeout: float) -> bool:
        return await _within(self.flowing, timeout) and not self.closed

    def packet(self, now: float) -> None:
        self.last_packet = now
        self.flowing.set()

    def close(self) -> None:
        self.closed = True
        self.flowing.set()


@dataclass
class DoubleEdge:
    publication: Publication
    parameters: RtpSendParameters
    paused: bool = False
    preferred_rid: str | None = None
    closed: bool = False

    def set_paused(self, paused: bool) -> None:
        self.paused = paused

    def set_preferred_rid(self, rid: str | None) -> None:
        self.preferred_rid = rid

    def close(self) -> None:
        self.closed = True


@dataclass
class DoubleConnection:
    local: IceParameters
    state: ConnectionState = "new"
    started: tuple[DtlsFingerprint, DtlsRole] | None = None
    publications: list[DoublePublication] = field(default_factory=list)
    edges: list[DoubleEdge] = field(default_factory=list)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    flows_at_once: bool = True

    def start(self, fingerprint: DtlsFingerprint, role: DtlsRole) -> None:
        self.started = self.started or (fingerprint, role)

    async def wait_connected(self, timeout: float) -> bool:
        return await _within(self.up, timeout) and self.state == "connected"

    def connect(self) -> None:
        self.state = "connected"
        self.up.set()

    def receive(self, parameters: RtpReceiveParameters) -> Publication:
        publication = DoublePublication(parameters)
        if self.flows_at_once:
            publication.packet(0.0)
        self.publications.append(publication)
        return publication

    def send(self, publication: Publication, parameters: RtpSendParameters) -> Edge:
        edge = DoubleEdge(publication, parameters)
        self.edges.append(edge)
        return edge

    def close(self) -> None:
        self.state = "closed"
        self.up.set()


@dataclass
class DoubleTransport:
    """Connections come up at once unless `connects_at_once` is False."""

    connects_at_once: bool = True
    connections: list[DoubleConnection] = field(default_factory=list)
    candidates: tuple[IceCandidate, ...] = (IceCandidate("127.0.0.1", 40000),)
    fingerprint: DtlsFingerprint = FINGERPRINT
    counters: Mapping[str, int] = field(default_factory=dict)

    def open(self, local: IceParameters) -> Connection:
        connection = DoubleConnection(local)
        if self.connects_at_once:
            connection.connect()
        self.connections.append(connection)
        return connection

    def close(self) -> None:
        for connection in self.connections:
            connection.close()


async def _within(event: asyncio.Event, timeout: float) -> bool:
    try:
        async with asyncio.timeout(timeout):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _conforms(transport: DoubleTransport) -> MediaTransport:
    return transport
