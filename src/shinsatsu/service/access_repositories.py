"""What the use cases need to keep of who gets in; see `repositories`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from shinsatsu.domain.credentials import ApiKey, Grant, Link, Login, LoginEnd, LoginOpening, Revoked, SpentToken
from shinsatsu.domain.guests import Guest
from shinsatsu.domain.roles import UserKey


class CredentialRepository(Protocol):
    """`links` and `grants`; secrets only as hashes."""

    async def add_link(self, link: Link) -> None:
        """Inserts a link."""

    async def link(self, link_id: str) -> Link | None:
        """The link as it stands."""

    async def use_link(self, link_id: str, token_hash: str, proof_hash: str, grant_id: str, now: datetime) -> bool:
        """Marks an unused, unexpired, unrevoked link as used, in one statement; False when it was too late."""

    async def links_of(self, appointment_id: str) -> list[Link]:
        """Every link of the appointment, newest first."""

    async def revoke_link(self, link_id: str, now: datetime) -> Link:
        """Takes back a known link, unless it was before, and returns it as it stands."""

    async def revoke_unused_links(self, appointment_id: str, key: UserKey, now: datetime) -> list[Link]:
        """Takes back what one person could still exchange, and returns it."""

    async def add_grant(self, grant: Grant, secret_hash: str, login_id: str | None = None) -> None:
        """Inserts a grant; `login_id` says which login gave it."""

    async def grant(self, secret_hash: str) -> Grant | None:
        """The grant of that secret, with the user's role and name as they are now."""

    async def grants(self, secret_hashes: Collection[str]) -> list[Grant]:
        """Those of several secrets."""

    async def revoke_grant(self, grant_id: str, now: datetime) -> None:
        """Takes back one grant."""

    async def has_grant(self, appointment_id: str, key: UserKey, now: datetime) -> bool:
        """Whether one person has a live grant for the appointment."""

    async def revoke_appointment(self, appointment_id: str, now: datetime) -> Revoked:
        """Takes back every link, grant and invitation of the appointment."""

    async def revoke_person(self, appointment_id: str, key: UserKey, now: datetime) -> Revoked:
        """Takes back the links, grants and invitations of one person for the appointment."""

    async def revoke_everywhere(self, key: UserKey, now: datetime) -> None:
        """The same for every appointment."""


class KeyRepository(Protocol):
    """`api_keys` and `spent_tokens`; secrets only as hashes."""

    async def add(
        self, name: str, secret_hash: str, scopes: Sequence[str], now: datetime, expires_at: datetime | None
    ) -> ApiKey:
        """Inserts a key under the next id."""

    async def all(self) -> list[ApiKey]:
        """Every key, those that are over too; the oldest first."""

    async def of_secret(self, secret_hash: str) -> ApiKey | None:
        """The key of that secret."""

    async def hold(self, key_id: int) -> ApiKey | None:
        """The key, which nobody else changes before the end of this transaction."""

    async def replace(self, key_id: int, replaced_by: int, expires_at: datetime) -> None:
        """Notes which key took its place, and until when it still lasts."""

    async def revoke(self, key_id: int, now: datetime) -> None:
        """Ends it."""

    async def note_use(self, key_id: int, before: datetime, now: datetime) -> None:
        """Notes that it was used, unless that was noted since `before`."""

    async def spend(self, token: SpentToken) -> bool:
        """Remembers a token's use, in one statement; False when it was used before. What expired is forgotten."""

    async def spent(self, token_id: str) -> SpentToken | None:
        """How a token was used."""


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

    async def add_open(self, login: Login, secret_hash: str) -> None:
        """Inserts one that is open from its first moment."""

    async def of_user(self, key: UserKey) -> list[Login]:
        """Somebody's open logins that were not ended, the newest first."""

    async def touch(self, login_id: str, now: datetime) -> None:
        """Notes a sign of life."""

    async def touch_connected(self, before: datetime, now: datetime) -> None:
        """Notes one for every login, not seen since `before`, of somebody who is connected to a session."""

    async def connected(self, key: UserKey) -> bool:
        """Whether somebody is connected to a session."""

    async def end(self, login_id: str, now: datetime, reason: LoginEnd) -> bool:
        """Ends one, and the grants it gave unless it expired; False when it was over already."""

    async def end_all(self, key: UserKey, now: datetime, reason: LoginEnd, spare: str | None = None) -> list[str]:
        """Ends somebody's logins and the grants they gave, but the one to spare; the ids of those that were opened."""

    async def over(self, seen_before: datetime, now: datetime) -> list[Login]:
        """Open logins that were not ended yet, but are idle, expired, or of a blocked account."""


class GuestRepository(Protocol):
    """`session_guests`; those of a session arrive with its `Consultation`."""

    async def add(self, guest: Guest) -> None:
        """Inserts one."""

    async def save(self, guest: Guest) -> None:
        """Writes what is withheld, and whether the invitation was taken back."""
