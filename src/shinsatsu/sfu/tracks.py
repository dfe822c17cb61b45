"""What a session publishes and receives, how much and how long, and one track's outcome as the API shows it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shinsatsu.sfu.errors import ItemError
from shinsatsu.sfu.plane import Edge, Publication
from shinsatsu.sfu.requests import TrackRequest

Item = dict[str, object]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long; times in seconds. The defaults are those of the Calls API where it has them."""

    sessions: int = 2000
    sections: int = 128
    requests_per_second: int = 50
    offer_answered: float = 10.0
    publisher_transport: float = 5.0
    first_packet: float = 8.0
    unconnected: float = 60.0
    disconnected: float = 30.0
    silent_track: float = 30.0


@dataclass(slots=True, eq=False)
class Track:
    """A publication of a session under its name, and the pulls that carry it on."""

    name: str
    mid: str
    session_id: str
    stream: str
    publication: Publication
    published_at: float
    pulls: "list[Pull]" = field(default_factory=list)
    closed: bool = False

    def described(self) -> Item:
        """The track as `GET session` shows it to its publisher."""
        return {"location": "local", "mid": self.mid, "trackName": self.name, "status": "active"}


@dataclass(slots=True, eq=False)
class Pull:
    """A track on one of a session's m-lines; without an edge until the client has answered our offer."""

    track: Track
    mid: str
    preferred_rid: str | None = None
    paused: bool = False
    edge: Edge | None = None
    on_close: Callable[[], object] = lambda: None

    def described(self) -> Item:
        """The track as `GET session` shows it to its receiver."""
        return {
            "location": "remote",
            "mid": self.mid,
            "sessionId": self.track.session_id,
            "trackName": self.track.name,
            "status": "inactive" if self.edge is None else "active",
        }

    def opened(self, edge: Edge) -> None:
        """Media may flow: what was asked for meanwhile is passed on."""
        self.edge = edge
        if self.paused:
            edge.set_paused(True)
        if self.preferred_rid is not None:
            edge.set_preferred_rid(self.preferred_rid)

    def prefer(self, request: TrackRequest) -> None:
        """Changes the preferred layer; ItemError for another source, or a layer that isn't there."""
        other_name = request.track_name not in (None, self.track.name)
        if other_name or request.session_id not in (None, self.track.session_id):
            raise ItemError("update_track_error", "another source is not offered here: close and pull again")
        self.preferred_rid = chosen_rid(self.track.publication.rids, request)
        if self.edge is not None:
            self.edge.set_preferred_rid(self.preferred_rid)


def chosen_rid(rids: Sequence[str], request: TrackRequest) -> str | None:
    """The layer a request prefers, or the one that stands in for it; ItemError when there is none."""
    wanted = request.preferred_rid
    if not rids:
        raise ItemError("update_track_error", "the track is not simulcast")
    if wanted is None or wanted in rids:
        return wanted
    if not request.rid_fallback:
        raise ItemError("update_track_error", f"the track has no rid {wanted!r}, only {', '.join(rids)}")
    ordered = sorted(rids)
    return next((rid for rid in ordered if rid > wanted), ordered[0])


def error_fields(error: ItemError, path: str = "") -> Item:
    """An item's error as the API shows it; the path says which entry of the request it is."""
    where = f"{path.rstrip('.')}: " if path else ""
    return {"errorCode": error.code, "errorDescription": f"{where}{error.description}"}
