"""What the use cases need to keep of the media plane; see `repositories`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from shinsatsu.domain.subscriptions import Direction, MediaSession, Subscription, SubscriptionState
from shinsatsu.domain.tracks import Track


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
