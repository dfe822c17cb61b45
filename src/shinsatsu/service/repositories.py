"""What the use cases need from the database, as Protocols; `store` implements them for SQLite and PostgreSQL.

Every method may raise DatabaseUnavailable. Nothing is kept unless `UnitOfWork.commit` was awaited.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shinsatsu.domain.appointment import Appointment, Scope
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.events import StoredEvent
from shinsatsu.domain.roles import AuthUser, Person, UserKey
from shinsatsu.domain.security_events import SecurityEventType, StoredSecurityEvent
from shinsatsu.domain.session_status import SessionStatus
from shinsatsu.domain.video_session import VideoSession
from shinsatsu.service.access_repositories import (
    CredentialRepository,
    GuestRepository,
    KeyRepository,
    LoginRepository,
)
from shinsatsu.service.account_repositories import AccountRepository, ChallengeRepository, FactorRepository
from shinsatsu.service.invitation_repository import InvitationRepository
from shinsatsu.service.media_repositories import MediaRepository, TrackRepository
from shinsatsu.service.proof_repository import ProofRepository
from shinsatsu.service.webhook_repository import WebhookRepository


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """Which sessions to list, by their appointment's start; newest first, at most `limit`."""

    scope: Scope
    status: SessionStatus | None = None
    starts_from: datetime | None = None
    starts_until: datetime | None = None
    text: str | None = None
    limit: int = 200


@dataclass(frozen=True, slots=True)
class Connection:
    """Somebody's presence: which participant, as whom, and the name of the stream or media that carries it."""

    session_id: str
    participant_id: str
    user: AuthUser
    connection_id: str


@dataclass(frozen=True, slots=True)
class Words:
    """What people wrote about one stay: why they came in, why they were removed."""

    join_reason: str | None
    removal_note: str | None


class SessionRepository(Protocol):
    """`video_sessions` with their participants and events."""

    async def get(self, session_id: str, *, for_update: bool = False) -> Consultation | None:
        """The session with appointment and people; `for_update` holds its row to the end of the transaction."""

    async def latest(self, appointment_id: str, *, for_update: bool = False) -> Consultation | None:
        """The appointment's newest session, which is the open one if there is one."""

    async def find(self, query: SessionQuery) -> list[Consultation]:
        """The sessions that the query describes."""

    async def add(self, session: VideoSession) -> list[StoredEvent]:
        """Inserts a new session and its events; ConflictError when the appointment has one that isn't over."""

    async def save(self, session: VideoSession) -> list[StoredEvent]:
        """Writes what changed and appends the recorded events; ConflictError when somebody else wrote first.

        Tracks of a participant who is not admitted (any more) are closed.
        """

    async def events_after(self, session_id: str, seq: int, limit: int) -> list[StoredEvent]:
        """Events with a higher number, in order."""

    async def due(self, now: datetime) -> list[str]:
        """Sessions whose next deadline has come, the longest overdue first."""

    async def open_ones(self) -> list[str]:
        """Every session that is waiting or active."""

    async def had_participant(self, session_id: str, participant_id: str) -> bool:
        """Whether there ever was such a stay in the session."""

    async def words(self, session_id: str) -> dict[str, Words]:
        """Participant id → what people wrote about that stay, where they did; kept apart from the events."""

    async def stays_of(self, key: UserKey) -> list[Consultation]:
        """The open sessions that the user is present in."""

    async def connections(self) -> list[Connection]:
        """Everybody who counts as connected."""


class AppointmentRepository(Protocol):
    """`appointments` with their support doctors, and `users`."""

    async def get(self, appointment_id: str) -> Appointment | None:
        """The booking, None when there is none."""

    async def put(self, appointment: Appointment) -> None:
        """Inserts or replaces it."""

    async def people(self, keys: Iterable[UserKey]) -> dict[UserKey, Person]:
        """Those of the keys that exist."""

    async def put_people(self, people: Sequence[Person]) -> None:
        """Inserts or replaces them; whether somebody is blocked stays as it is."""

    async def hold_person(self, key: UserKey) -> None:
        """Has other transactions that hold the same person wait for the end of this one."""

    async def block(self, key: UserKey, at: datetime | None) -> bool:
        """Blocks the account, or opens it again with None; False when nobody has that key."""


class ServerRepository(Protocol):
    """`servers`: which processes are alive."""

    async def beat(self, server_id: str, now: datetime) -> None:
        """Notes a sign of life."""

    async def all(self) -> dict[str, datetime]:
        """Server id → last sign of life."""

    async def forget_silent(self, since: datetime) -> None:
        """Strikes out those without a sign of life since then."""

    async def forget(self, server_ids: Collection[str]) -> None:
        """Strikes out those that say goodbye."""


class SecurityLog(Protocol):
    """`security_events`: one chain for the whole server."""

    def record(
        self,
        event_type: SecurityEventType,
        actor: AuthUser | None,
        now: datetime,
        *,
        session_id: str | None = None,
        **metadata: Any,
    ) -> None:
        """Notes what happened; it is written, in order, by the commit of this unit of work."""

    async def after(self, seq: int, limit: int) -> list[StoredSecurityEvent]:
        """Events with a higher number, in order."""

    async def last(self, event_type: SecurityEventType) -> StoredSecurityEvent | None:
        """The newest of that type, None when there is none."""


class UnitOfWork(Protocol):
    """One transaction; leaving it without `commit` rolls back."""

    @property
    def sessions(self) -> SessionRepository: ...

    @property
    def appointments(self) -> AppointmentRepository: ...

    @property
    def tracks(self) -> TrackRepository: ...

    @property
    def media(self) -> MediaRepository: ...

    @property
    def credentials(self) -> CredentialRepository: ...

    @property
    def keys(self) -> KeyRepository: ...

    @property
    def logins(self) -> LoginRepository: ...

    @property
    def servers(self) -> ServerRepository: ...

    @property
    def guests(self) -> GuestRepository: ...

    @property
    def accounts(self) -> AccountRepository: ...

    @property
    def factors(self) -> FactorRepository: ...

    @property
    def challenges(self) -> ChallengeRepository: ...

    @property
    def security(self) -> SecurityLog: ...

    @property
    def proof(self) -> ProofRepository: ...

    @property
    def webhooks(self) -> WebhookRepository: ...

    @property
    def invitations(self) -> InvitationRepository: ...

    async def commit(self) -> None:
        """Makes it last: on return it is on disk."""


class UnitsOfWork(Protocol):
    """Where transactions begin."""

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that only reads; on SQLite it never waits for a writer."""

    def write(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that may write; on SQLite it is the only one while it lasts."""
