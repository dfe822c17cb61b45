"""Subscribing: pulls of other people's tracks, guarded against rights that go while the plane is at work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.edges import Edge, media_participants, permitted_edges
from shinsatsu.domain.errors import DuplicateTrack, Forbidden, MediaPlaneError, MediaSessionGone, TrackNotFound
from shinsatsu.domain.roles import AuthUser
from shinsatsu.domain.subscriptions import Direction, MediaSession, Subscription, SubscriptionState
from shinsatsu.domain.tracks import Track, TrackState
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize_media
from shinsatsu.service.media_sessions import ANSWER_MAY_TAKE, MediaSessions
from shinsatsu.service.ports import MediaPlane, Negotiated, RemoteTrack, TrackResult
from shinsatsu.service.repositories import UnitOfWork

GONE = "not_found_track_error"
"""The Calls API's word for a track that is not there any more."""


@dataclass(frozen=True, slots=True)
class Pulling:
    """A committed intent to pull: the receiving session, the generation of each pull, and where to pull from."""

    media: MediaSession
    pulls: Sequence[Subscription]
    sources: Sequence[RemoteTrack]


class Pulls:
    """The life of subscriptions from the receiver's side; the reconciler ends those that are not permitted."""

    def __init__(self, commands: Commands, plane: MediaPlane, media: MediaSessions) -> None:
        self._commands = commands
        self._plane = plane
        self._media = media

    async def pull(
        self, actor: AuthUser, session_id: str, participant_id: str, track_names: Sequence[str]
    ) -> Negotiated:
        """See `TrackManager.subscribe`."""

        async def intend(unit: UnitOfWork, consultation: Consultation, media: MediaSession) -> Pulling:
            tracks = await unit.tracks.of_session(session_id)
            live = await unit.media.subscriptions(session_id)
            sources = [
                self._source(consultation, tracks, live, participant_id, name, f"tracks[{index}].trackName")
                for index, name in enumerate(track_names)
            ]
            if len(set(track_names)) != len(track_names):
                raise DuplicateTrack("A track is named twice.", field="tracks")
            now = self._commands.clock.now()
            wanted = [
                Subscription(session_id, name, participant_id, 0, media.id, SubscriptionState.PULLING, None, now)
                for name in track_names
            ]
            return Pulling(media, await unit.media.start_pull(wanted), sources)

        intent = await self._media.negotiate(actor, session_id, participant_id, Direction.RECEIVE, intend)
        try:
            answer = await self._plane.pull(intent.media.id, intent.sources)
        except MediaSessionGone:
            await self._media.lost(intent.media)
            raise
        except MediaPlaneError:
            await self._record(session_id, intent, Negotiated(None, ()))
            raise
        return await self._accept(actor, session_id, participant_id, intent, answer)

    async def give_up(self, unit: UnitOfWork, session_id: str, publication: str, receiver: str) -> None:
        """Notes that a receiver no longer wants a track; the reconciler closes it."""
        edge = Edge(publication, receiver)
        for pull in await unit.media.subscriptions(session_id):
            if pull.edge == edge and pull.state is SubscriptionState.FLOWING:
                now = self._commands.clock.now()
                await unit.media.settle(pull, pull.state, SubscriptionState.CUTTING, pull.mid, now)

    def _source(
        self,
        consultation: Consultation,
        tracks: Sequence[Track],
        live: Sequence[Subscription],
        receiver: str,
        name: str,
        field: str,
    ) -> RemoteTrack:
        track = next((one for one in tracks if one.track_name == name), None)
        if track is None or track.state is not TrackState.PUBLISHED or track.media_session_id is None:
            raise TrackNotFound(f"There is no published track {name!r}.", field=field)
        if Edge(name, receiver) not in permitted_edges(consultation.session, tracks):
            raise Forbidden("edge_not_permitted", f"The track {name!r} may not flow to this participant.")
        running = (SubscriptionState.PULLING, SubscriptionState.FLOWING)
        if any(pull.edge == Edge(name, receiver) and pull.state in running for pull in live):
            raise DuplicateTrack(f"{name!r} flows to this participant already.", field=field)
        return RemoteTrack(track.media_session_id, name)

    async def _accept(
        self, actor: AuthUser, session_id: str, participant_id: str, intent: Pulling, answer: Negotiated
    ) -> Negotiated:
        """Hands the offer on, unless the right to one of its tracks went while the plane was at work."""
        withheld, results = await self._record(session_id, intent, answer)
        if withheld:
            await self._commands.edges.settle(session_id)
            consultation = await self._commands.look(session_id)
            authorize_media(actor, consultation)
            consultation.session.own(actor, participant_id)
            raise Forbidden("edge_not_permitted", "The right to this track was lost meanwhile.")
        return Negotiated(answer.sdp, results)

    async def _record(
        self, session_id: str, intent: Pulling, answer: Negotiated
    ) -> tuple[bool, tuple[TrackResult, ...]]:
        """Settles each pull under the policy of this moment; whether a lost right withholds the offer, and results."""
        outcome = {result.track_name: result for result in answer.tracks}

        async def transaction(unit: UnitOfWork) -> tuple[bool, tuple[TrackResult, ...]]:
            consultation = await unit.sessions.get(session_id, for_update=True)
            tracks = await unit.tracks.of_session(session_id)
            permitted = permitted_edges(consultation.session, tracks) if consultation else frozenset()
            entitled = media_participants(consultation.session) if consultation else frozenset()
            published = {track.track_name for track in tracks if track.state is TrackState.PUBLISHED}
            now = self._commands.clock.now()
            until = now + ANSWER_MAY_TAKE if answer.sdp is not None else None
            await unit.media.keep_holding(intent.media.id, until)
            withheld, results = False, []
            for pull in intent.pulls:
                missing = TrackResult(pull.publication, "", GONE, "The publication has ended.")
                result = outcome.get(pull.publication, missing)
                if not await _settle(unit, pull, result, permitted, now):
                    withheld = withheld or pull.publication in published or pull.receiver not in entitled
                    result = missing
                results.append(result)
            return withheld, tuple(results)

        return await self._commands.transact(transaction)


async def _settle(
    unit: UnitOfWork, pull: Subscription, result: TrackResult, permitted: frozenset[Edge], now: datetime
) -> bool:
    """Records one pull's result; False when it worked but must not flow, and is left to be cut."""
    pulling, cutting = SubscriptionState.PULLING, SubscriptionState.CUTTING
    if result.error_code is not None:
        for state in (pulling, cutting):
            await unit.media.settle(pull, state, SubscriptionState.CLOSED, None, now)
        return True
    if pull.edge in permitted and await unit.media.settle(pull, pulling, SubscriptionState.FLOWING, result.mid, now):
        return True
    for state in (pulling, cutting):  # the reconciler may have marked it while its mid was not known
        await unit.media.settle(pull, state, cutting, result.mid, now)
    return False
