"""HTTP to those whom the settings name: bounded in size and time, redirects not followed, proxies not asked."""

import httpx

LONGEST_ANSWER = 256 * 1024
PATIENCE = httpx.Timeout(5.0)


class TooLong(httpx.HTTPError):
    """The answer is longer than anything that could be meant."""


class Bounded(httpx.AsyncBaseTransport):
    """Passes on what is asked and reads no more of an answer than `LONGEST_ANSWER` bytes, after decompression."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport or httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["accept-encoding"] = "identity"
        answer = await self._transport.handle_async_request(request)
        body = bytearray()
        try:
            assert isinstance(answer.stream, httpx.AsyncByteStream)  # noqa: S101 - as every async transport answers
            async for part in answer.stream:
                body += part
                if len(body) > LONGEST_ANSWER:
                    raise TooLong("the answer is too long")
        finally:
            await answer.aclose()
        headers = [(name, value) for name, value in answer.headers.raw if name.lower() != b"content-encoding"]
        return httpx.Response(answer.status_code, headers=headers, content=bytes(body), request=request)

    async def aclose(self) -> None:
        await self._transport.aclose()


def bounded_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client for documents of keys and of discovery."""
    return httpx.AsyncClient(transport=Bounded(transport), timeout=PATIENCE, follow_redirects=False, trust_env=False)
