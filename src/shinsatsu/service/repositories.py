"""What the use cases need from the database, as Protocols; `store` implements them for SQLite and PostgreSQL.

Every method may raise DatabaseUnavailable. Nothing is kept unless `UnitOfWork.commit` was awaited.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shinsatsu.domain.appointment import Appointment, Scope
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.credentials import ApiKey, Grant, Link, Login, LoginOpening
from shinsatsu.domain.events import StoredEvent
from shinsatsu.domain.roles import AuthUser, Person, UserKey
from shinsatsu.domain.session_status import SessionStatus
from shinsatsu.domain.subscriptions import Direction, MediaSession, Subscription, SubscriptionState
from shinsatsu.domain.tracks import Track
from shinsatsu.domain.video_session import VideoSession


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


class TrackRepository(Protocol):
    """`tracks`; new ones arrive with `SessionRepository.save`."""

    async def of_session(self, session_id: str) -> list[Track]:
        """Every track of the session that is not closed."""

    async def save(self, session_id: str, tracks: Sequence[Track]) -> None:
        """Writes their state, mid and media session."""

    async def publications(self, session_id: str, names: Collection[str]) -> list[Track]:
        """Those of the names that were published, closed ones too."""

    async def mids_on(self, media_id: str) -> list[str]:
        """Every mid that was ever published on that media session, closed tracks' too."""


class MediaRepository(Protocol):
    """`media_sessions` and `subscriptions`: what the media plane was asked for."""

    async def current(self, participant_id: str, direction: Direction) -> MediaSession | None:
        """The participant's media session of that direction that was neither retired nor abandoned."""

    async def of_session(self, session_id: str) -> list[MediaSession]:
        """All media sessions of a consultation that were not abandoned, retired ones too."""

    async def add(self, media: MediaSession, now: datetime) -> bool:
        """Inserts it; False when the participant has one of that direction already."""

    async def hold(self, media_id: str, now: datetime, until: datetime) -> bool:
        """Takes the negotiation of that session until then; False when somebody else holds it."""

    async def release(self, media_id: str, held_until: datetime) -> None:
        """Ends the hold that lasts until then, and no other."""

    async def keep_holding(self, media_id: str, until: datetime | None) -> None:
        """Moves the end of the hold, or lets go with None."""

    async def retire(self, media_id: str, now: datetime) -> None:
        """Has no new negotiation use it, and its subscriptions cut; the reconciler drops it."""

    async def abandoned(self, media_id: str, now: datetime) -> None:
        """Notes that the plane was told to drop it; its subscriptions are closed."""

    async def subscriptions(self, session_id: str) -> list[Subscription]:
        """Those that are not closed."""

    async def start_pull(self, pulls: Sequence[Subscription]) -> list[Subscription]:
        """Inserts them under each edge's next generation, and returns them with it."""

    async def settle(
        self, pull: Subscription, expected: SubscriptionState, state: SubscriptionState, mid: str | None, now: datetime
    ) -> bool:
        """Moves one subscription on; False when it no longer is in the expected state."""

    async def watched(self) -> dict[str, int]:
        """Session id → version of every consultation that has a media session not abandoned."""

    async def unsettled(self) -> set[str]:
        """Sessions with a subscription that is neither flowing nor paused nor closed."""

    async def unconfirmed(self, session_id: str, before: datetime) -> list[Subscription]:
        """Those that the plane was told to shut, open or close before then, without a confirmation since."""


class CredentialRepository(Protocol):
    """`links`, `grants` and `api_keys`; secrets only as hashes."""

    async def add_link(self, link: Link) -> None:
        """Inserts a link."""

    async def link(self, link_id: str) -> Link | None:
        """The link as it stands."""

    async def use_link(self, link_id: str, token_hash: str, proof_hash: str, grant_id: str, now: datetime) -> bool:
        """Marks an unused, unexpired, unrevoked link as used, in one statement; False when it was too late."""

    async def add_grant(self, grant: Grant, secret_hash: str) -> None:
        """Inserts a grant."""

    async def grant(self, secret_hash: str) -> Grant | None:
        """The grant of that secret, with the user's role and name as they are now."""

    async def grants(self, secret_hashes: Collection[str]) -> list[Grant]:
        """Those of several secrets."""

    async def revoke_appointment(self, appointment_id: str, now: datetime) -> None:
        """Takes back every link and grant of the appointment."""

    async def revoke_person(self, appointment_id: str, key: UserKey, now: datetime) -> None:
        """Takes back the links and grants of one person for the appointment."""

    async def add_api_key(self, name: str, secret_hash: str, scopes: Sequence[str], now: datetime) -> int:
        """Inserts a key and returns its id."""

    async def api_key(self, secret_hash: str) -> ApiKey | None:
        """The key of that secret."""


class LoginRepository(Protocol):
    """`logins` of workers; secrets only as hashes."""

    async def add(self, login: Login, token_hash: str) -> None:
        """Inserts one that is still to be opened with its token."""

    async def open(self, login_id: str, token_hash: str, opening: LoginOpening) -> bool:
        """Opens one that is unused, unexpired and not revoked, in one statement; False when it was too late."""

    async def of_secret(self, secret_hash: str) -> Login | None:
        """The login of that secret, with the worker's role and name as they are now; None for a blocked account."""

    async def of_token(self, login_id: str, token_hash: str) -> LoginOpening | None:
        """How the login of that token was opened; None when it was not, or is not known."""

    async def revoke(self, login_id: str, now: datetime) -> None:
        """Ends one."""


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
    def logins(self) -> LoginRepository: ...

    @property
    def servers(self) -> ServerRepository: ...

    async def commit(self) -> None:
        """Makes it last: on return it is on disk."""


class UnitsOfWork(Protocol):
    """Where transactions begin."""

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that only reads; on SQLite it never waits for a writer."""

    def write(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that may write; on SQLite it is the only one while it lasts."""
