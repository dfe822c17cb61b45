"""A receiver on loopback: a real HTTP server that remembers what it was sent and answers as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Answer = Callable[[asyncio.StreamWriter, "Received"], Awaitable[None]]


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def message(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def type(self) -> str:
        return str(self.message["type"])


@dataclass
class Receiver:
    """`statuses` are answered one after the other, then `status`; `answer` replaces all of that."""

    url: str
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    status: int = 204
    statuses: list[int] = field(default_factory=list)
    answer: Answer | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def heard(self, count: int, within: float = 10) -> None:
        """Waits until that many requests were received."""
        async with asyncio.timeout(within):
            while len(self.received) < count:
                self._news.clear()
                await self._news.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            request = await _read(reader)
            self.received.append(request)
            self._news.set()
            if self.answer is not None:
                await self.answer(writer, request)
            else:
                status = self.statuses.pop(0) if self.statuses else self.status
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver("")
    server = await asyncio.start_server(receiver.serve, host, 0)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"http://{host}:{port}/hook"
    try:
        yield receiver
    finally:
        server.close()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Received(first.split(" ")[1], headers, await reader.readexactly(int(headers["content-length"])))
