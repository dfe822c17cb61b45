"""Sends messages to addresses that others chose, and nowhere they must not go.

The address is judged at the moment of connecting, on the very one that is connected to: what a name resolved to when it
was registered says nothing about now. Redirects are answers like any other, proxies of the environment are not asked,
answers are not read beyond their head, and everything together has ten seconds.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpcore

from shinsatsu.domain.errors import DeliveryFailed, InvalidRequest
from shinsatsu.webhooks.addresses import Address, is_public, is_unicast, parse
from shinsatsu.webhooks.resolving import resolve

PORTS = frozenset({443, 8443})
LONGEST_URL = 2048
TOTAL_TIMEOUT = 10.0
TIMEOUTS = {"timeout": {"connect": 5.0, "write": 5.0, "read": 8.0}}
"""Seconds for everything together, and for each wait: for one address to connect, for TLS, for the answer."""
HEADERS = (("Content-Type", "application/json"), ("User-Agent", "shinsatsu"))
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to the IP addresses to try, in order; raises OSError."""


class SafeSender:
    """Implements `Sender`; `allow_private` lets messages go to private addresses, and to loopback by plain HTTP."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        resolve: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
        ports: Container[int] = PORTS,
        total_timeout: float = TOTAL_TIMEOUT,
    ) -> None:
        self._allow_private = allow_private
        self._ports = ports
        self._total_timeout = total_timeout
        self._resolve, self._tls = resolve, tls
        self._allowed = {"https": is_unicast if allow_private else is_public, "http": _is_loopback}

    @cached_property
    def _pools(self) -> Mapping[str, httpcore.AsyncConnectionPool]:
        tls = self._tls or _trusting_the_machine()
        return {scheme: _pool(_Guard(self._resolve, allows), tls) for scheme, allows in self._allowed.items()}

    def check(self, url: str) -> None:
        """Raises InvalidRequest (`url`) for an address that no message could be sent to, as far as it shows."""
        if not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST_URL:
            raise InvalidRequest("url: visible ASCII characters, at most 2048.", field="url")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise InvalidRequest("url: not an address.", field="url") from None
        if parts.scheme != "https" and not (self._allow_private and parts.scheme == "http"):
            raise InvalidRequest("url: only https.", field="url")
        if not host or "@" in parts.netloc or "\\" in url or parts.fragment:
            raise InvalidRequest("url: a host, no user name, no fragment.", field="url")
        if port is not None and port not in self._ports and not self._allow_private:
            raise InvalidRequest("url: port 443 or 8443.", field="url")
        self._check_literal(parts.scheme, host)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Sends one POST and returns the answer's status, also that of a redirect or an error.

        Raises DeliveryFailed: `address_refused`, `timeout`, `tls`, `connection`, `protocol`; InvalidRequest as `check`.
        """
        self.check(url)
        pool = self._pools[urlsplit(url).scheme]
        sent = [*HEADERS, *headers.items()]
        try:
            async with asyncio.timeout(self._total_timeout):
                async with pool.stream("POST", url, headers=sent, content=body, extensions=TIMEOUTS) as answer:
                    return answer.status  # leaving closes the connection: what else is said is not read
        except (TimeoutError, httpcore.TimeoutException):
            raise DeliveryFailed("timeout") from None
        except httpcore.NetworkError as error:
            raise DeliveryFailed("tls" if _is_tls(error) else "connection") from error
        except httpcore.ProtocolError as error:
            raise DeliveryFailed("protocol") from error

    async def aclose(self) -> None:
        """Lets go of what it holds."""
        for pool in self._pools.values():
            await pool.aclose()

    def _check_literal(self, scheme: str, host: str) -> None:
        """An address written as such is judged early too, for whoever types it in."""
        try:
            address = parse(host)
        except ValueError:
            return
        if not self._allowed[scheme](address):
            raise InvalidRequest("url: not a public address.", field="url")


class _Guard(httpcore.AsyncNetworkBackend):
    """Connects to a name's addresses that are allowed, each judged right before it is connected to."""

    def __init__(self, resolve: Resolver, allows: Callable[[Address], bool]) -> None:
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()
        self._allows = allows

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises DeliveryFailed where no address is allowed, httpcore's ConnectError where none answers."""
        try:
            allowed = [one for one in map(parse, await self._resolve(host, port)) if self._allows(one)]
        except (OSError, ValueError) as error:
            raise httpcore.ConnectError(str(error)) from error
        if not allowed:
            raise DeliveryFailed("address_refused")
        for address in allowed[:-1]:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(str(allowed[-1]), port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _pool(guard: _Guard, tls: ssl.SSLContext | None) -> httpcore.AsyncConnectionPool:
    """A connection for each message: one that is kept would go where its name pointed to before."""
    return httpcore.AsyncConnectionPool(tls, max_connections=None, max_keepalive_connections=0, network_backend=guard)


def _trusting_the_machine() -> ssl.SSLContext:
    """The public authorities, and those that this machine was told of."""
    context = httpcore.default_ssl_context()
    context.load_default_certs()
    return context


def _is_loopback(address: Address) -> bool:
    return address.is_loopback


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
