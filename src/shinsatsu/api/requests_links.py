"""What request bodies about links and invitations may say."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from shinsatsu.api.requests import AnyUserId, Body, ExchangeBody


def _text_date(value: object) -> object:
    if not isinstance(value, str) or len(value) != len("2000-01-31"):
        raise ValueError("a date is text such as 2000-01-31")
    return value


BirthDate = Annotated[date, BeforeValidator(_text_date), Field(ge=date(1880, 1, 1), le=date(2199, 12, 31))]
InvitationCode = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=256)]


class LinkBody(Body):
    """For whom a link is minted."""

    user_type: Literal["patient", "worker"]
    user_id: AnyUserId


class LinkExchangeBody(ExchangeBody):
    """The same with the session that the page was opened for; a link for another one is not used up."""

    session_id: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)] | None = None


class DeliverToBody(Body):
    """Where a one-time code is sent."""

    kind: Literal["phone", "mail"]
    address: Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=3, max_length=254)]


class InvitationBody(Body):
    """Who is invited, and what they are asked; what the check does not need is not kept."""

    user_type: Literal["patient"]
    user_id: AnyUserId
    check: Literal["none", "birth_date", "code"] | None = None
    birth_date: BirthDate | None = None
    deliver_to: DeliverToBody | None = None


class InvitationCodeBody(Body):
    """The code in the invitation's address."""

    code: InvitationCode


class OpenInvitationBody(InvitationCodeBody):
    """The same with what its holder was asked."""

    birth_date: BirthDate | None = None
    one_time_code: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=20)] | None = None
