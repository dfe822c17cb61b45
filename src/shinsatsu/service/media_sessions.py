"""The two media-plane sessions of a participant: made at first use, one negotiation at a time, never handed out."""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import MediaPlaneError, NegotiationInProgress
from shinsatsu.domain.roles import AuthUser
from shinsatsu.domain.subscriptions import Direction, MediaSession
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize_media
from shinsatsu.service.ports import MediaPlane
from shinsatsu.service.repositories import UnitOfWork

Result = TypeVar("Result")
Intent = Callable[[UnitOfWork, Consultation, MediaSession], Awaitable[Result]]

PLANE_MAY_TAKE = timedelta(seconds=20)
"""Longer than a pull waits for its publisher (15 s); after a crash in between, the hold ends by itself."""


class MediaSessions:
    """Finds, makes and holds media sessions for a negotiation."""

    def __init__(self, commands: Commands, plane: MediaPlane) -> None:
        self._commands = commands
        self._plane = plane

    async def negotiate(
        self, actor: AuthUser, session_id: str, participant_id: str, direction: Direction, intent: Intent[Result]
    ) -> Result:
        """Commits an intent while holding the participant's media session, which is made if there is none yet.

        The caller lets go of the hold. Raises NegotiationInProgress, and whatever `intent` raises.
        """
        fresh = await self._make_if_missing(actor, session_id, participant_id, direction)

        async def change(unit: UnitOfWork, consultation: Consultation) -> Result:
            authorize_media(actor, consultation)
            consultation.session.own(actor, participant_id)
            now = self._commands.clock.now()
            if fresh is not None:
                await unit.media.add(fresh, now)
            media = await unit.media.current(participant_id, direction)
            until = now + PLANE_MAY_TAKE
            if media is None or not await unit.media.hold(media.id, now, until):
                raise NegotiationInProgress("The previous offer of this connection was not answered yet.")
            return await intent(unit, consultation, replace(media, negotiating_until=until))

        try:
            return await self._commands.on_session(session_id, change)
        except Exception:
            if fresh is not None:
                await self.drop(fresh)
            raise

    async def let_go(self, media: MediaSession) -> None:
        """Ends the hold, unless a later negotiation holds it by now."""

        async def transaction(unit: UnitOfWork) -> None:
            if media.negotiating_until is not None:
                await unit.media.release(media.id, media.negotiating_until)

        await self._commands.transact(transaction)

    async def lost(self, media: MediaSession) -> None:
        """Notes that the plane no longer knows it, so that the next negotiation makes a fresh one."""

        async def transaction(unit: UnitOfWork) -> None:
            await unit.media.abandoned(media.id, self._commands.clock.now())

        await self._commands.transact(transaction)

    async def take_back(self, media: MediaSession, mids: Sequence[str]) -> None:
        """Force-closes what the plane took for somebody who may not have it any more."""
        if mids:
            with contextlib.suppress(
                MediaPlaneError
            ):  # only we could hand on what is there, and the session is dropped
                await self._plane.close_tracks(media.id, mids)

    async def drop(self, fresh: MediaSession) -> None:
        """A session that no transaction kept is known to nobody but us: drop it now."""
        with contextlib.suppress(MediaPlaneError):  # the plane lets unconnected sessions expire
            await self._plane.abandon(fresh.id)

    async def _make_if_missing(
        self, actor: AuthUser, session_id: str, participant_id: str, direction: Direction
    ) -> MediaSession | None:
        async with self._commands.units_of_work.read() as unit:
            media = await unit.media.current(participant_id, direction)
        if media is not None:
            return None
        consultation = await self._commands.look(session_id)
        authorize_media(actor, consultation)
        consultation.session.own(actor, participant_id)
        return MediaSession(await self._plane.new_session(), session_id, participant_id, direction)
