"""From a host's name to its addresses, by the machine's own resolver, which knows no other way than to wait.

Each question waits in a thread of its own: a name server that hangs takes none of those in which transactions are
committed, and none that the process would wait for when it stops.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Sequence
from typing import Any


async def resolve(host: str, port: int) -> Sequence[str]:
    """The IP addresses to try, in the resolver's order; raises OSError, or UnicodeError for what is no name."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Any]] = loop.create_future()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            tell(answer.set_exception, error)
        else:
            tell(answer.set_result, found)

    def tell(settle: Any, value: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(lambda: None if answer.done() else settle(value))

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    return [str(entry[4][0]) for entry in await answer]
