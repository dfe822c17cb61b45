"""What the use cases need from outside, as Protocols; `bootstrap` picks who implements them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from shinsatsu.domain.audit import Kind, Sealed
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.events import StoredEvent
from shinsatsu.domain.invitations import DeliveryKind
from shinsatsu.domain.offers import OfferedSection


@dataclass(frozen=True, slots=True)
class LocalTrack:
    """A track to publish: the m-line's mid in the offer and the name it is published under."""

    mid: str
    track_name: str


@dataclass(frozen=True, slots=True)
class RemoteTrack:
    """A published track to pull: the media-plane session that publishes it and its name there."""

    session_id: str
    track_name: str


@dataclass(frozen=True, slots=True)
class TrackResult:
    """What the media plane did with one track; `error_code` is None when it worked."""

    track_name: str
    mid: str
    error_code: str | None = None
    error_description: str | None = None


@dataclass(frozen=True, slots=True)
class Negotiated:
    """One call's outcome: an SDP to hand to the browser, if there is one, and a result for each track.

    `fresh`: the SDP is the first one of a new peer connection, which carries everything of the one before.
    """

    sdp: str | None
    tracks: tuple[TrackResult, ...]
    fresh: bool = False


class MediaPlane(Protocol):
    """Sessions and tracks of the Calls API (`calls-semantics.md`); raises `MediaPlaneError` and its kinds."""

    async def new_session(self) -> str:
        """Makes a media-plane session, one peer connection, and returns its id."""

    async def publish(self, session_id: str, offer_sdp: str, tracks: Sequence[LocalTrack]) -> Negotiated:
        """Pushes tracks under their names; `sdp` is the answer."""

    async def pull(self, session_id: str, tracks: Sequence[RemoteTrack]) -> Negotiated:
        """Pulls tracks into `session_id`; `sdp` is the plane's offer, None when nothing was added."""

    async def renegotiate(self, session_id: str, answer_sdp: str) -> None:
        """Answers the plane's last offer."""

    async def close_tracks(
        self, session_id: str, mids: Sequence[str], timeout: float | None = None
    ) -> tuple[TrackResult, ...]:
        """Force-closes m-lines without SDP; already closed counts as closed. `timeout` in seconds."""

    async def set_paused(
        self, session_id: str, mids: Sequence[str], paused: bool, timeout: float | None = None
    ) -> bool:
        """Shuts or opens edges on a receiving session; False where the plane lacks the extension."""

    async def abandon(self, session_id: str) -> None:
        """Drops a session for good: deleted where the plane can; where it cannot, all that is on it is closed."""

    async def alive(self, session_id: str) -> bool:
        """Whether the plane still knows the session: it drops one whose connection stays lost."""


class OfferReader(Protocol):
    """Reads as much of an offer as the rules need."""

    def sections(self, offer_sdp: str) -> Sequence[OfferedSection]:
        """The m-lines in order; raises InvalidSessionDescription for text that is no session description."""


class EventBus(Protocol):
    """Tells the viewers, here and in other replicas, what was committed."""

    async def publish(self, events: Sequence[StoredEvent], consultation: Consultation) -> None:
        """Fans out the events of one commit, in order, with the state that it left; its failures are its own."""


class EdgeKeeper(Protocol):
    """Makes the flowing edges equal the permitted ones (`media/reconciler.py`)."""

    def session_changed(self, session_id: str) -> None:
        """Says that a commit may have changed who may hear whom; returns at once, the work follows."""

    async def settle(self, session_id: str) -> None:
        """The same, and waits until the media plane has been told once; what it refused is retried later."""


class CodeDelivery(Protocol):
    """Brings one-time codes to phones and mailboxes (`webhooks/code_delivery.py`)."""

    async def deliver(self, kind: DeliveryKind, to: str, code: str, language: str | None, valid_for: timedelta) -> None:
        """Has the code sent to that address, in that language; raises DeliveryFailed."""


class Clock(Protocol):
    """Where `now` comes from."""

    def now(self) -> datetime:
        """The present moment in UTC, cut to milliseconds."""


class IdSource(Protocol):
    """Where ids come from."""

    def new_id(self) -> str:
        """An id nobody has had; text that is safe in a URL."""


class Sealer(Protocol):
    """Signs what the store chains, and tells it to a place outside the database."""

    def head(self, chain: str, seq: int, last_hash: str) -> Sealed:
        """A signed statement of a chain's newest event."""

    def seal(self, kind: Kind, **members: Any) -> Sealed:
        """A signed statement of another kind."""

    def anchor(self, lines: Sequence[str]) -> None:
        """Appends lines of statements whose transaction was committed; its failures are its own."""
