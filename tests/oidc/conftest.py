"""One provider for all tests; a fresh clinic for each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shinsatsu.api.oidc import CALLBACK_PATH
from tests.api.clinic import BASE_URL, Clinic, running_clinic, settings
from tests.oidc.provider import RunningProvider
from tests.oidc.provider import provider as running_provider


@pytest.fixture(scope="session")
def provider() -> Iterator[RunningProvider]:
    with running_provider([BASE_URL + CALLBACK_PATH]) as running:
        yield running


@pytest.fixture
async def clinic(tmp_path: Path, provider: RunningProvider) -> AsyncIterator[Clinic]:
    async with running_clinic(settings(tmp_path, None, login_rate="1000/minute", **provider.settings)) as running:
        yield running
