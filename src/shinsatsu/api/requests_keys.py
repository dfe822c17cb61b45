"""What request bodies about API keys, and tokens of the host application, may say."""

from typing import Annotated

from pydantic import Field, StrictInt, StringConstraints

from shinsatsu.api.requests import Body, DisplayName, ExchangeBody, Moment
from shinsatsu.domain.scopes import KeyScope

WEEK = 7 * 24 * 60


class KeyBody(Body):
    """Whose key it is, what it may be used for, and until when."""

    name: DisplayName
    scopes: Annotated[tuple[KeyScope, ...], Field(min_length=1, max_length=len(KeyScope))]
    expires_at: Moment | None = None


class RotateKeyBody(Body):
    """How long the old key still lasts."""

    overlap_minutes: Annotated[StrictInt, Field(ge=0, le=WEEK)] = 60


class HostTokenBody(ExchangeBody):
    """A JWT of the host application, and the page's own random value."""

    token: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=8192)]
