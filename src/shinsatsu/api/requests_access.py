"""What request bodies about who gets in may say."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shinsatsu.api.requests import Body, DisplayName
from shinsatsu.domain.guests import WITHHOLDABLE

ActionName = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=40),
    Field(json_schema_extra={"enum": sorted(WITHHOLDABLE)}),
]
Withhold = Annotated[tuple[ActionName, ...], Field(max_length=10)]


class GuestBody(Body):
    """Who is invited, as what, and which actions are left out."""

    display_name: DisplayName
    kind: Literal["family", "interpreter", "other"]
    language: Literal["ja", "en"] | None = None
    withhold: Withhold = ()


class WithholdBody(Body):
    """Which actions are left out from now on."""

    withhold: Withhold
