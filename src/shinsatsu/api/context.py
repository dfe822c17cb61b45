"""What the routes work with; `bootstrap` makes one and hangs it on the application."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from shinsatsu.api.rate_limits import RateLimits
from shinsatsu.domain.roles import UserKey
from shinsatsu.realtime.console_feed import ConsoleFeed
from shinsatsu.service.access import Access
from shinsatsu.service.access_log import AccessLog
from shinsatsu.service.appointments import Appointments
from shinsatsu.service.audit import Audit
from shinsatsu.service.denials import Denials
from shinsatsu.service.guests import Guests
from shinsatsu.service.host_tokens import HostTokens
from shinsatsu.service.inquiries import Inquiries
from shinsatsu.service.invitation_door import InvitationDoor
from shinsatsu.service.invitations import Invitations
from shinsatsu.service.keys import Keys
from shinsatsu.service.links import Links
from shinsatsu.service.logins import Logins
from shinsatsu.service.moderation import Moderation
from shinsatsu.service.oidc_logins import OidcLogins
from shinsatsu.service.session_manager import SessionManager
from shinsatsu.service.staff_access import StaffAccess
from shinsatsu.service.track_manager import TrackManager
from shinsatsu.service.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the parts we depend on answer at this moment; neither raises."""

    database: Callable[[], Awaitable[bool]]
    media_plane: Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The use cases and what the person running the server decided."""

    sessions: SessionManager
    tracks: TrackManager
    appointments: Appointments
    access: Access
    keys: Keys
    links: Links
    invitations: Invitations
    invitation_door: InvitationDoor
    moderation: Moderation
    inquiries: Inquiries
    access_log: AccessLog
    denials: Denials
    audit: Audit
    guests: Guests
    logins: Logins
    staff: StaffAccess
    webhooks: Webhooks
    console_feed: ConsoleFeed
    cut_off: Sequence[Callable[[UserKey], None]]
    rate_limits: RateLimits
    health: Health
    public_url: str
    ice_servers: Sequence[Mapping[str, Any]]
    clinic: Mapping[str, str]
    console_links: bool = False
    oidc_name: str | None = None
    oidc: OidcLogins | None = None
    host_tokens: HostTokens | None = None
    origins: Collection[str] = ()
    frame_ancestors: Sequence[str] = ()

    def end_streams(self, key: UserKey) -> None:
        """Ends every stream of somebody who may do nothing any more."""
        for cut_off in self.cut_off:
            cut_off(key)

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over HTTPS."""
        return self.public_url.startswith("https:")


def api_context(connection: HTTPConnection) -> ApiContext:
    """The context of the application that serves this request."""
    context: ApiContext = connection.app.state.context
    return context


async def _provide(connection: HTTPConnection) -> ApiContext:
    # A coroutine, since the framework would run a plain function in a thread.
    return api_context(connection)


Api = Annotated[ApiContext, Depends(_provide)]
