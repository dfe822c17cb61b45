"""Tells the media plane to shut, open and close edges, all receivers in parallel, and says how each one stands then."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from shinsatsu.domain.errors import MediaPlaneError, MediaSessionGone
from shinsatsu.domain.subscriptions import Subscription, SubscriptionState
from shinsatsu.domain.tracks import Track
from shinsatsu.media.edge_plan import Plan, by_receiver
from shinsatsu.service.ports import MediaPlane

Outcome = Mapping[Subscription, SubscriptionState]

ABANDON_TIMEOUT = 1.0
"""Seconds for dropping a session: its edges were cut before, and the next revocation must not wait behind it."""


class Gates:
    """The orders of one reconciler; `timeout` in seconds bounds each call."""

    def __init__(self, plane: MediaPlane, timeout: float) -> None:
        self._plane = plane
        self._timeout = timeout

    async def obey(self, todo: Plan) -> Outcome:
        """Carries out the cuts and switches of a plan; a cut that is not confirmed stands as `cutting`."""
        outcomes = await asyncio.gather(
            *(self._cut(rcv, pulls) for rcv, pulls in by_receiver(todo.cut).items()),
            *(self._switch(rcv, pulls, paused=True) for rcv, pulls in by_receiver(todo.shut).items()),
            *(self._switch(rcv, pulls, paused=False) for rcv, pulls in by_receiver(todo.open).items()),
        )
        return {pull: state for outcome in outcomes for pull, state in outcome.items()}

    async def silence(self, sources: Iterable[Track]) -> None:
        """Closes publications where they come from, which stops them for everybody."""
        placed = [(track.media_session_id, track.mid) for track in sources]
        await asyncio.gather(*(self.close(media_id, [mid]) for media_id, mid in placed if media_id and mid))

    async def abandon(self, media_id: str, published: Sequence[str]) -> bool:
        """Closes the mids that were published on it and drops it; False when the plane did not confirm both."""
        closed = await self.close(media_id, published) if published else frozenset()
        try:
            async with asyncio.timeout(ABANDON_TIMEOUT):
                await self._plane.abandon(media_id)
        except MediaSessionGone:
            return True
        except (MediaPlaneError, TimeoutError):
            return False
        return closed.issuperset(published)

    async def close(self, media_id: str, mids: Sequence[str]) -> frozenset[str]:
        """Force-closes m-lines; those that the plane confirmed."""
        try:
            results = await self._plane.close_tracks(media_id, mids, self._timeout)
        except MediaSessionGone:
            return frozenset(mids)
        except MediaPlaneError:
            return frozenset()
        return frozenset(result.mid for result in results if result.error_code is None)

    async def _cut(self, rcv: str, pulls: Sequence[Subscription]) -> Outcome:
        closed = await self.close(rcv, [pull.mid or "" for pull in pulls])
        return {pull: SubscriptionState.CLOSED if pull.mid in closed else SubscriptionState.CUTTING for pull in pulls}

    async def _switch(self, rcv: str, pulls: Sequence[Subscription], *, paused: bool) -> Outcome:
        """Without a confirmation nobody knows how the gate stands, and the order may still arrive: then it is closed
        for good, which no late order undoes, and pulled anew by a receiver that has the right to it.
        """
        try:
            if await self._plane.set_paused(rcv, [pull.mid or "" for pull in pulls], paused, self._timeout):
                state = SubscriptionState.PAUSED if paused else SubscriptionState.FLOWING
                return dict.fromkeys(pulls, state)
        except MediaSessionGone:
            return dict.fromkeys(pulls, SubscriptionState.CLOSED)
        except MediaPlaneError:
            pass  # as on a plane that knows no gates
        return await self._cut(rcv, pulls)
