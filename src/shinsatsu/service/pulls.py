"""Subscribing: pulls of other people's tracks, guarded against rights that go while the plane is at work."""

from collections.abc import Sequence

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.edges import Edge, permitted_edges
from shinsatsu.domain.errors import (
    DuplicateTrack,
    Forbidden,
    MediaNegotiationRefused,
    MediaPlaneError,
    MediaSessionGone,
    NegotiationInProgress,
    NotFound,
)
from shinsatsu.domain.roles import AuthUser
from shinsatsu.domain.subscriptions import Direction, MediaSession, SubscriptionState
from shinsatsu.domain.two_way import note_two_way_media, two_way_media
from shinsatsu.service.commands import Commands
from shinsatsu.service.fresh_receiver import FreshReceiver
from shinsatsu.service.guard import authorize_media
from shinsatsu.service.media_sessions import MediaSessions
from shinsatsu.service.ports import MediaPlane, Negotiated
from shinsatsu.service.pull_outcome import Outcome, in_order, record_pulls
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.wanted import Pulling, Wanted, intend_pulls, wanted_tracks

ANSWERED = frozenset({SubscriptionState.FLOWING, SubscriptionState.SWITCHING, SubscriptionState.PAUSED})


class Pulls:
    """The life of subscriptions from the receiver's side; the reconciler ends those that are not permitted."""

    def __init__(self, commands: Commands, plane: MediaPlane, media: MediaSessions) -> None:
        self._commands = commands
        self._plane = plane
        self._media = media
        self._fresh = FreshReceiver(commands, plane, media)

    async def pull(
        self, actor: AuthUser, session_id: str, participant_id: str, track_names: Sequence[str]
    ) -> Negotiated:
        """See `TrackManager.subscribe`."""
        if len(set(track_names)) != len(track_names):
            raise DuplicateTrack("A track is named twice.", field="tracks")
        wanted = await self._look(actor, session_id, participant_id, track_names)
        if wanted.gated:
            await self._commands.edges.settle(session_id)
            wanted = await self._look(actor, session_id, participant_id, track_names)
        if not wanted.missing:
            return Negotiated(None, in_order(track_names, wanted.flowing, ()))

        async def intend(unit: UnitOfWork, consultation: Consultation, media: MediaSession) -> Pulling:
            now = self._commands.clock.now()
            return await intend_pulls(unit, consultation, participant_id, media, track_names, now)

        intent = await self._media.negotiate(actor, session_id, participant_id, Direction.RECEIVE, intend)
        if not intent.pulls:
            await self._media.let_go(intent.media)
            return Negotiated(None, in_order(track_names, intent.flowing, ()))
        if intent.overdue:  # their m-lines are closed first: no plane may take the new ones for them
            await self._commands.edges.settle(session_id)
        used = wanted.media is not None and wanted.media.id == intent.media.id
        intent, answer = await self._ask(intent, used=used)
        outcome = await self._record(intent, answer)
        if outcome.withheld:
            await self._refuse(actor, session_id, participant_id, outcome)
        return Negotiated(answer.sdp, in_order(track_names, intent.flowing, outcome.results), answer.fresh)

    async def give_up(self, unit: UnitOfWork, session_id: str, publication: str, receiver: str) -> None:
        """Notes that a receiver no longer wants a track; the reconciler closes it."""
        edge = Edge(publication, receiver)
        for pull in await unit.media.subscriptions(session_id):
            if pull.edge == edge and pull.state in {*ANSWERED, SubscriptionState.OFFERED}:
                now = self._commands.clock.now()
                await unit.media.settle(pull, pull.state, SubscriptionState.CUTTING, pull.mid, now)

    async def answered(self, media: MediaSession) -> None:
        """The browser's answer has reached the plane: what was offered flows, unless the right to it is gone."""

        async def change(unit: UnitOfWork, consultation: Consultation) -> bool:
            session, now = consultation.session, self._commands.clock.now()
            tracks = await unit.tracks.of_session(session.id)
            pulls = await unit.media.subscriptions(session.id)
            offered = [one for one in pulls if one.rcv_session == media.id and one.state is SubscriptionState.OFFERED]
            permitted = permitted_edges(session, tracks)
            for pull in offered:
                state = SubscriptionState.FLOWING if pull.edge in permitted else SubscriptionState.CUTTING
                await unit.media.settle(pull, pull.state, state, pull.mid, now)
            if media.negotiating_until is not None:
                await unit.media.release(media.id, media.negotiating_until)
            flowing = {pull.edge for pull in pulls if pull.state in ANSWERED or pull in offered} & permitted
            note_two_way_media(session, two_way_media(session, tracks, flowing), now)
            return any(pull.edge not in permitted for pull in offered)

        if await self._commands.on_session(media.session_id, change):
            await self._commands.edges.settle(media.session_id)

    async def _look(self, actor: AuthUser, session_id: str, participant_id: str, track_names: Sequence[str]) -> Wanted:
        async with self._commands.units_of_work.read() as unit:
            consultation = await unit.sessions.get(session_id)
            if consultation is None:
                raise NotFound("There is no such consultation.")
            authorize_media(actor, consultation)
            consultation.session.own(actor, participant_id)
            media = await unit.media.current(participant_id, Direction.RECEIVE)
            return await wanted_tracks(unit, consultation, participant_id, media, track_names)

    async def _ask(self, intent: Pulling, *, used: bool) -> tuple[Pulling, Negotiated]:
        """Asks the plane; where a session that was `used` before gives out, once more on a fresh one."""
        try:
            answer = await self._plane.pull(intent.media.id, intent.sources)
        except (MediaSessionGone, MediaNegotiationRefused) as error:
            gone = isinstance(error, MediaSessionGone)
            moved = await self._fresh.move(intent, gone=gone) if used else None
            if moved is not None:
                return moved
            await (self._media.lost(intent.media) if gone else self._record(intent, Negotiated(None, ())))
            raise
        except MediaPlaneError:
            await self._record(intent, Negotiated(None, ()))
            raise
        if used and intent.again and all(result.error_code is not None for result in answer.tracks):
            return await self._fresh.move(intent, gone=False) or (intent, answer)
        return intent, answer

    async def _record(self, intent: Pulling, answer: Negotiated) -> Outcome:
        async def transaction(unit: UnitOfWork) -> Outcome:
            return await record_pulls(unit, intent, answer, self._commands.clock.now())

        outcome = await self._commands.transact(transaction)
        await self._media.take_back(intent.media, outcome.orphans)
        return outcome

    async def _refuse(self, actor: AuthUser, session_id: str, participant_id: str, outcome: Outcome) -> None:
        """Has what came too late cut, and says which right is gone; one that is back already is to be used anew."""
        await self._commands.edges.settle(session_id)
        consultation = await self._commands.look(session_id)
        authorize_media(actor, consultation)
        consultation.session.own(actor, participant_id)
        if outcome.forbidden:
            raise Forbidden("edge_not_permitted", "The right to this track was lost meanwhile.")
        raise NegotiationInProgress("This track was shut and opened meanwhile.")
