"""What a receiver asks for, as it stands: what flows already, what may be pulled from where, what may not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.edges import Edge, permitted_edges
from shinsatsu.domain.errors import Forbidden, NegotiationInProgress, TrackNotFound
from shinsatsu.domain.subscriptions import MediaSession, Subscription, SubscriptionState
from shinsatsu.domain.tracks import Track, TrackState
from shinsatsu.service.ports import RemoteTrack
from shinsatsu.service.repositories import UnitOfWork

GATED = frozenset({SubscriptionState.PAUSED, SubscriptionState.SWITCHING})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The tracks that a receiver may have: `standing` are its present subscriptions to them, by track name.

    On `media`, `others` is what flows beside them, by track name, and `offered` whatever awaits the browser's answer.
    """

    media: MediaSession | None
    sources: Mapping[str, RemoteTrack]
    standing: Mapping[str, Subscription]
    others: Mapping[str, RemoteTrack]
    offered: Sequence[Subscription]

    @property
    def flowing(self) -> dict[str, str]:
        """Track name → mid of what flows already."""
        flowing = SubscriptionState.FLOWING
        return {name: pull.mid for name, pull in self.standing.items() if pull.state is flowing and pull.mid}

    @property
    def missing(self) -> list[str]:
        return [name for name in self.sources if name not in self.flowing]

    @property
    def gated(self) -> bool:
        """Whether one of them was shut for a while and may flow again."""
        return any(pull.state in GATED for pull in self.standing.values())


@dataclass(frozen=True, slots=True)
class Pulling:
    """A committed intent to pull: the receiving session, the generation of each pull, and where to pull from.

    `flowing` was asked for and flows already, `others` is all that flows on that session; `overdue` says that the
    m-lines of an unanswered offer are to be closed first.
    """

    media: MediaSession
    pulls: Sequence[Subscription]
    sources: Sequence[RemoteTrack]
    flowing: Mapping[str, str]
    others: Mapping[str, RemoteTrack]
    overdue: bool = False

    @property
    def again(self) -> bool:
        """Whether this receiver had one of the tracks before."""
        return any(pull.generation > 1 for pull in self.pulls)


async def wanted_tracks(
    unit: UnitOfWork, consultation: Consultation, receiver: str, media: MediaSession | None, names: Sequence[str]
) -> Wanted:
    """Raises TrackNotFound and Forbidden (`edge_not_permitted`) for the first name that cannot be had."""
    tracks = {track.track_name: track for track in await unit.tracks.of_session(consultation.session.id)}
    permitted = permitted_edges(consultation.session, tracks.values())
    sources = {}
    for index, name in enumerate(names):
        sources[name] = _source(tracks.get(name), name, f"tracks[{index}].trackName")
        if Edge(name, receiver) not in permitted:
            raise Forbidden("edge_not_permitted", f"The track {name!r} may not flow to this participant.")
    standing, others, offered = {}, {}, []
    for pull in await unit.media.subscriptions(consultation.session.id):
        if media is None or pull.rcv_session != media.id or pull.state is SubscriptionState.CUTTING:
            continue
        if pull.state is SubscriptionState.OFFERED:
            offered.append(pull)
        elif pull.publication in sources:
            standing[pull.publication] = pull
        elif pull.state is SubscriptionState.FLOWING and pull.edge in permitted:
            others[pull.publication] = _source(tracks.get(pull.publication), pull.publication, "tracks")
    return Wanted(media, sources, standing, others, offered)


async def intend_pulls(
    unit: UnitOfWork,
    consultation: Consultation,
    receiver: str,
    media: MediaSession,
    names: Sequence[str],
    now: datetime,
) -> Pulling:
    """Starts the pulls of what does not flow yet, for whoever holds the session's negotiation.

    Raises NegotiationInProgress while one of the tracks is in other hands: a pull of a server that died, a gate that is
    being moved.
    """
    wanted = await wanted_tracks(unit, consultation, receiver, media, names)
    for name in wanted.missing:
        if name in wanted.standing:
            raise NegotiationInProgress(f"The track {name!r} is being opened at this moment.")
    for pull in wanted.offered:  # whoever holds the negotiation knows that no answer to them will come any more
        await unit.media.settle(pull, pull.state, SubscriptionState.CUTTING, pull.mid, now)
    pulling = SubscriptionState.PULLING
    pulls = [
        Subscription(consultation.session.id, name, receiver, 0, media.id, pulling, None, now)
        for name in wanted.missing
    ]
    started = await unit.media.start_pull(pulls) if pulls else []
    sources = [wanted.sources[name] for name in wanted.missing]
    others = {**wanted.others, **{name: wanted.sources[name] for name in wanted.flowing}}
    return Pulling(media, started, sources, wanted.flowing, others, bool(wanted.offered))


def _source(track: Track | None, name: str, field: str) -> RemoteTrack:
    if track is None or track.state is not TrackState.PUBLISHED or track.media_session_id is None:
        raise TrackNotFound(f"There is no published track {name!r}.", field=field)
    return RemoteTrack(track.media_session_id, name)
