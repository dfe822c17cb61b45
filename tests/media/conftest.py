"""The real SFU, with and without its extensions, and the client to it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from shinsatsu.media.calls_client import CallsClient
from tests.contracts.conftest import start_sfu, stop_sfu


@pytest.fixture(scope="session", params=["extended", "plain"])
def sfu_url(request: pytest.FixtureRequest) -> Iterator[str]:
    process, ready = start_sfu(*(["--plain"] if request.param == "plain" else []))
    yield f"{ready['url']}/v1"
    stop_sfu(process)


@pytest.fixture
async def plane(sfu_url: str) -> AsyncIterator[CallsClient]:
    client = CallsClient(sfu_url, "contract", "contract-secret")
    yield client
    await client.close()
