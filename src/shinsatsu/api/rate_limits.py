"""How often one address may try to get in."""

import ipaddress
import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.requests import HTTPConnection

from shinsatsu.api.problems import Refused


class RateLimits:
    """Counts link exchanges, steps of a login and refused credentials per address; rates such as `30/minute`."""

    def __init__(self, exchange_rate: str, failure_rate: str, login_rate: str = "60/minute") -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._exchanges = parse(exchange_rate)
        self._failures = parse(failure_rate)
        self._logins = parse(login_rate)

    async def count_exchange(self, connection: HTTPConnection) -> None:
        """Counts an attempt to exchange a link; raises 429 once there were too many."""
        await self._count(self._exchanges, "exchange", connection)

    async def count_login(self, connection: HTTPConnection) -> None:
        """Counts a password, a code or a passkey; raises 429 once there were too many."""
        await self._count(self._logins, "login", connection)

    async def count_failure(self, connection: HTTPConnection) -> None:
        """Counts a credential that was refused; raises 429 once there were too many."""
        await self._count(self._failures, "failure", connection)

    async def _count(self, limit: RateLimitItem, kind: str, connection: HTTPConnection) -> None:
        address = network_of(connection.client.host if connection.client else "")
        if await self._limiter.hit(limit, kind, address):
            return
        window = await self._limiter.get_window_stats(limit, kind, address)
        wait = max(1, round(window.reset_time - time.time()))
        raise Refused(429, headers={"Retry-After": str(wait)})


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or an IPv6 /64, which one household gets whole."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and not parsed.ipv4_mapped:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
