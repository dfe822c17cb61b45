"""`media_sessions` and `subscriptions`: what the media plane was asked for and has confirmed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, text, update

from shinsatsu.domain.subscriptions import Direction, MediaSession, Subscription, SubscriptionState
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.store import rows
from shinsatsu.store.statements import Statements
from shinsatsu.store.tables import media_sessions, subscriptions, video_sessions

LIVE = select(media_sessions).where(media_sessions.c.abandoned_at.is_(None))
CURRENT = LIVE.where(
    media_sessions.c.retired_at.is_(None),
    media_sessions.c.participant_id == bindparam("participant"),
    media_sessions.c.direction == bindparam("way"),
)
OF_SESSION = LIVE.where(media_sessions.c.video_session_id == bindparam("key")).order_by(media_sessions.c.id)
HOLD = (
    update(media_sessions)
    .where(
        media_sessions.c.id == bindparam("key"),
        media_sessions.c.abandoned_at.is_(None),
        media_sessions.c.retired_at.is_(None),
        or_(media_sessions.c.negotiating_until.is_(None), media_sessions.c.negotiating_until <= bindparam("now")),
    )
    .values(negotiating_until=bindparam("until"))
)
RELEASE = (
    update(media_sessions)
    .where(media_sessions.c.id == bindparam("key"), media_sessions.c.negotiating_until == bindparam("held"))
    .values(negotiating_until=None)
)
ONE = update(media_sessions).where(media_sessions.c.id == bindparam("key"))
RETIRE_ALL_OF = (
    update(media_sessions)
    .where(
        media_sessions.c.participant_id == bindparam("key"),
        media_sessions.c.abandoned_at.is_(None),
        media_sessions.c.retired_at.is_(None),
    )
    .values(retired_at=bindparam("now"))
)
"""For the transaction that takes somebody's admission away: what comes back later gets media sessions of its own."""
SUBSCRIPTIONS = (
    select(subscriptions)
    .where(subscriptions.c.video_session_id == bindparam("key"), subscriptions.c.state != SubscriptionState.CLOSED)
    .order_by(subscriptions.c.publication, subscriptions.c.receiver, subscriptions.c.generation)
)
EDGE = (
    subscriptions.c.video_session_id == bindparam("key"),
    subscriptions.c.publication == bindparam("publication_key"),
    subscriptions.c.receiver == bindparam("receiver_key"),
)
LAST_GENERATION = select(func.coalesce(func.max(subscriptions.c.generation), 0)).where(*EDGE)
SETTLE = update(subscriptions).where(
    *EDGE,
    subscriptions.c.generation == bindparam("generation_key"),
    subscriptions.c.state == bindparam("expected"),
)
MOVE_ALL_OF = (
    update(subscriptions)
    .where(subscriptions.c.rcv_session == bindparam("key"), subscriptions.c.state != SubscriptionState.CLOSED)
    .values(state=bindparam("to"), changed_at=bindparam("now"))
)
WATCHED = select(video_sessions.c.id, video_sessions.c.version).where(
    video_sessions.c.id.in_(select(media_sessions.c.video_session_id).where(media_sessions.c.abandoned_at.is_(None)))
)
INSERT_MEDIA, INSERT_PULLS = insert(media_sessions), insert(subscriptions)
# As in the partial index `idx_subscriptions_unsettled`, which the databases use for this very text alone.
IS_UNSETTLED = text("subscriptions.state NOT IN ('flowing', 'paused', 'closed')")
UNSETTLED = select(subscriptions.c.video_session_id).where(IS_UNSETTLED).distinct()
UNCONFIRMED = (
    select(subscriptions)
    .where(
        subscriptions.c.video_session_id == bindparam("key"),
        subscriptions.c.state.in_([SubscriptionState.CUTTING, SubscriptionState.SWITCHING]),
        subscriptions.c.changed_at < bindparam("before"),
    )
    .order_by(subscriptions.c.publication, subscriptions.c.receiver, subscriptions.c.generation)
)


class SqlMedia:
    """Implements `MediaRepository`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def current(self, participant_id: str, direction: Direction) -> MediaSession | None:
        found = await self._connection.execute(CURRENT, {"participant": participant_id, "way": direction})
        row = found.first()
        return None if row is None else _media_session_of(row)

    async def of_session(self, session_id: str) -> list[MediaSession]:
        found = await self._connection.execute(OF_SESSION, {"key": session_id})
        return [_media_session_of(row) for row in found]

    async def add(self, media: MediaSession, now: datetime) -> bool:
        if await self.current(media.participant_id, media.direction) is not None:
            return False
        values = {
            "id": media.id,
            "video_session_id": media.session_id,
            "participant_id": media.participant_id,
            "direction": media.direction,
            "created_at": to_text(now),
        }
        await self._connection.execute(INSERT_MEDIA, values)
        return True

    async def hold(self, media_id: str, now: datetime, until: datetime) -> bool:
        values = {"key": media_id, "now": to_text(now), "until": to_text(until)}
        return (await self._connection.execute(HOLD, values)).rowcount == 1

    async def keep_holding(self, media_id: str, until: datetime | None) -> None:
        await self._connection.execute(ONE, {"key": media_id, "negotiating_until": rows.moment_text(until)})

    async def release(self, media_id: str, held_until: datetime) -> None:
        await self._connection.execute(RELEASE, {"key": media_id, "held": to_text(held_until)})

    async def retire(self, media_id: str, now: datetime) -> None:
        await self._connection.execute(ONE, {"key": media_id, "retired_at": to_text(now)})
        await self._move_all(media_id, SubscriptionState.CUTTING, now)

    async def abandoned(self, media_id: str, now: datetime) -> None:
        await self._connection.execute(ONE, {"key": media_id, "abandoned_at": to_text(now)})
        await self._move_all(media_id, SubscriptionState.CLOSED, now)

    async def subscriptions(self, session_id: str) -> list[Subscription]:
        found = await self._connection.execute(SUBSCRIPTIONS, {"key": session_id})
        return [_subscription_of(row) for row in found]

    async def start_pull(self, pulls: Sequence[Subscription]) -> list[Subscription]:
        started = []
        for pull in pulls:
            last = (await self._connection.execute(LAST_GENERATION, _edge_values(pull))).scalar_one()
            started.append(replace(pull, generation=last + 1))
        await self._connection.execute(INSERT_PULLS, [_values(pull) for pull in started])
        return started

    async def settle(
        self, pull: Subscription, expected: SubscriptionState, state: SubscriptionState, mid: str | None, now: datetime
    ) -> bool:
        values = {
            **_edge_values(pull),
            "generation_key": pull.generation,
            "expected": expected,
            "state": state,
            "mid": mid,
            "changed_at": to_text(now),
        }
        return (await self._connection.execute(SETTLE, values)).rowcount == 1

    async def unconfirmed(self, session_id: str, before: datetime) -> list[Subscription]:
        found = await self._connection.execute(UNCONFIRMED, {"key": session_id, "before": to_text(before)})
        return [_subscription_of(row) for row in found]

    async def watched(self) -> dict[str, int]:
        return {row.id: row.version for row in await self._connection.execute(WATCHED)}

    async def unsettled(self) -> set[str]:
        return set((await self._connection.execute(UNSETTLED)).scalars())

    async def _move_all(self, media_id: str, state: SubscriptionState, now: datetime) -> None:
        await self._connection.execute(MOVE_ALL_OF, {"key": media_id, "to": state, "now": to_text(now)})


def _edge_values(pull: Subscription) -> rows.Values:
    return {"key": pull.session_id, "publication_key": pull.publication, "receiver_key": pull.receiver}


def _values(pull: Subscription) -> rows.Values:
    return {
        "video_session_id": pull.session_id,
        "publication": pull.publication,
        "receiver": pull.receiver,
        "generation": pull.generation,
        "rcv_session": pull.rcv_session,
        "mid": pull.mid,
        "state": pull.state,
        "changed_at": to_text(pull.changed_at),
    }


def _media_session_of(row: Any) -> MediaSession:
    return MediaSession(
        id=row.id,
        session_id=row.video_session_id,
        participant_id=row.participant_id,
        direction=Direction(row.direction),
        negotiating_until=rows.moment(row.negotiating_until),
        retired=row.retired_at is not None,
    )


def _subscription_of(row: Any) -> Subscription:
    return Subscription(
        session_id=row.video_session_id,
        publication=row.publication,
        receiver=row.receiver,
        generation=row.generation,
        rcv_session=row.rcv_session,
        state=SubscriptionState(row.state),
        mid=row.mid,
        changed_at=from_text(row.changed_at),
    )
