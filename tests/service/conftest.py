"""The house on each kind of database."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.house import House


@pytest.fixture
def house(engine: AsyncEngine) -> House:
    return House(engine)
