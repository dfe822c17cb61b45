"""Moves a receiver to a fresh media session where the present one gives out: make before break."""

from dataclasses import replace

from shinsatsu.domain.edges import media_participants
from shinsatsu.domain.errors import MediaPlaneError, NegotiationInProgress
from shinsatsu.domain.subscriptions import Direction, MediaSession, Subscription, SubscriptionState
from shinsatsu.service.commands import Commands
from shinsatsu.service.media_sessions import PLANE_MAY_TAKE, MediaSessions
from shinsatsu.service.ports import MediaPlane, Negotiated
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.wanted import Pulling


class FreshReceiver:
    """Pulls on a new session what was asked for and all that flowed on the old one, which goes when that worked."""

    def __init__(self, commands: Commands, plane: MediaPlane, media: MediaSessions) -> None:
        self._commands = commands
        self._plane = plane
        self._media = media

    async def move(self, intent: Pulling, *, gone: bool) -> tuple[Pulling, Negotiated] | None:
        """The intent on the fresh session and the plane's answer; None when that does no better than the old one.

        `gone`: the plane no longer knows the old session.
        """
        await self._hold_on(intent.media)
        old = intent.media
        try:
            fresh = MediaSession(await self._plane.new_session(), old.session_id, old.participant_id, Direction.RECEIVE)
        except MediaPlaneError:
            return None
        sources = [*intent.sources, *intent.others.values()]
        try:
            answer = await self._plane.pull(fresh.id, sources)
            asked = {pull.publication for pull in intent.pulls}
            if not any(result.error_code is None for result in answer.tracks if result.track_name in asked):
                await self._media.drop(fresh)
                return None
            return await self._swap(intent, fresh, gone=gone), replace(answer, fresh=True)
        except MediaPlaneError:
            await self._media.drop(fresh)
            return None
        except BaseException:
            await self._media.drop(fresh)
            raise

    async def _hold_on(self, media: MediaSession) -> None:
        async def transaction(unit: UnitOfWork) -> None:
            await unit.media.keep_holding(media.id, self._commands.clock.now() + PLANE_MAY_TAKE)

        await self._commands.transact(transaction)

    async def _swap(self, intent: Pulling, fresh: MediaSession, *, gone: bool) -> Pulling:
        """Puts the fresh session in the old one's place; what the old one carries is cut by the reconciler."""
        old = intent.media

        async def transaction(unit: UnitOfWork) -> Pulling:
            consultation = await unit.sessions.get(old.session_id, for_update=True)
            current = await unit.media.current(old.participant_id, Direction.RECEIVE)
            entitled = media_participants(consultation.session) if consultation else frozenset()
            if current is None or current.id != old.id or old.participant_id not in entitled:
                raise NegotiationInProgress("This connection was taken away meanwhile.")
            now = self._commands.clock.now()
            for pull in intent.pulls:
                await unit.media.settle(pull, pull.state, SubscriptionState.CLOSED, None, now)
            await (unit.media.abandoned(old.id, now) if gone else unit.media.retire(old.id, now))
            await unit.media.add(fresh, now)
            await unit.media.hold(fresh.id, now, now + PLANE_MAY_TAKE)
            names = [*(pull.publication for pull in intent.pulls), *intent.others]
            pulling = SubscriptionState.PULLING
            pulls = [
                Subscription(old.session_id, name, old.participant_id, 0, fresh.id, pulling, None, now)
                for name in names
            ]
            sources = [*intent.sources, *intent.others.values()]
            return Pulling(fresh, await unit.media.start_pull(pulls), sources, {}, {})

        return await self._commands.transact(transaction)
