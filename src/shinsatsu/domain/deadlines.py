"""When a session ends by itself (spec §6.1 and §8): pure rules over the clocks of the aggregate; `now` is an argument.

Every saved change keeps the clocks, and `deadline_at` says when there is something to do next; the database finds the
sessions by it. Whoever comes first calls `fire` under the session's row lock, and what was due is due no more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shinsatsu.domain.events import EventType
from shinsatsu.domain.roles import TIMER, AuthUser, Relation
from shinsatsu.domain.session_status import SessionStatus, Timeout
from shinsatsu.domain.timestamps import to_text
from shinsatsu.domain.video_session import DOCTORS, VideoSession

WARNING_MINUTES = (5, 1)
"""Everybody is warned so long before the longest duration is over."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """JOIN_TIMEOUT, IDLE_TIMEOUT and MAX_DURATION."""

    join: timedelta = timedelta(minutes=5)
    idle: timedelta = timedelta(minutes=15)
    maximum: timedelta = timedelta(hours=1)


def keep_clocks(session: VideoSession, starts_at: datetime, timeouts: Timeouts, now: datetime) -> None:
    """Starts and stops the clocks after a change, and says when the next deadline is.

    Somebody is alone in a waiting session until patient and doctor are both connected; an active one is idle while
    nobody is.
    """
    waiting, active = session.status is SessionStatus.WAITING, session.status is SessionStatus.ACTIVE
    alone = waiting and bool(session.present) and not _both_connected(session)
    idle = active and not any(one.connected for one in session.present)
    session.alone_since = (session.alone_since or now) if alone else None
    session.idle_since = (session.idle_since or now) if idle else None
    if active and session.started_at is not None and session.ends_at is None:
        session.ends_at = session.started_at + timeouts.maximum
    session.deadline_at = _next_deadline(session, starts_at, timeouts)


def fire(session: VideoSession, starts_at: datetime, timeouts: Timeouts, now: datetime) -> None:
    """Does what is due: ends the session for the time that ran out, or warns that it soon will."""
    timeout = _run_out(session, starts_at, timeouts, now)
    if timeout is not None:
        session.end(TIMER, now, timeout=timeout)
        return
    due = [minutes for minutes, moment in _warnings(session) if moment <= now]
    if due:
        _warn(session, min(due), now)


def extend(session: VideoSession, minutes: int, actor: AuthUser, now: datetime) -> None:
    """Moves the longest duration's end of an active session; the warnings are given anew."""
    if session.ends_at is not None:
        session.ends_at = max(session.ends_at, now) + timedelta(minutes=minutes)
        past = [minutes for minutes in WARNING_MINUTES if session.ends_at - timedelta(minutes=minutes) <= now]
        session.warned_minutes = min(past, default=None)
        session.record(EventType.EXTENDED, actor, now, minutes=minutes, endsAt=to_text(session.ends_at))


def after_outage(session: VideoSession, now: datetime) -> None:
    """Nobody is ended for time in which we were not there: waits start anew, an overdue end gives its first warning."""
    if session.alone_since is not None or session.idle_since is not None:
        session.alone_since = now if session.alone_since else None
        session.idle_since = now if session.idle_since else None
        session.record(EventType.RESUMED, TIMER, now)
    if session.status is SessionStatus.ACTIVE and session.ends_at is not None and session.ends_at <= now:
        session.ends_at = now + timedelta(minutes=WARNING_MINUTES[0])
        _warn(session, WARNING_MINUTES[0], now)


def _next_deadline(session: VideoSession, starts_at: datetime, timeouts: Timeouts) -> datetime | None:
    moments = [moment for _, moment in _ends(session, starts_at, timeouts)]
    moments += [moment for _, moment in _warnings(session)]
    return min(moments, default=None)


def _run_out(session: VideoSession, starts_at: datetime, timeouts: Timeouts, now: datetime) -> Timeout | None:
    return next((timeout for timeout, moment in _ends(session, starts_at, timeouts) if moment <= now), None)


def _ends(session: VideoSession, starts_at: datetime, timeouts: Timeouts) -> list[tuple[Timeout, datetime]]:
    ends = []
    if session.status is SessionStatus.WAITING and session.alone_since is not None:
        ends.append((Timeout.JOIN, max(starts_at, session.alone_since) + timeouts.join))
    if session.status is SessionStatus.ACTIVE and session.idle_since is not None:
        ends.append((Timeout.IDLE, session.idle_since + timeouts.idle))
    if session.status is SessionStatus.ACTIVE and session.ends_at is not None:
        ends.append((Timeout.MAX, session.ends_at))
    return ends


def _warnings(session: VideoSession) -> list[tuple[int, datetime]]:
    """Those still to be given; a duration so short that a warning would come before its start does without it."""
    if session.status is not SessionStatus.ACTIVE or session.ends_at is None or session.started_at is None:
        return []
    moments = [(minutes, session.ends_at - timedelta(minutes=minutes)) for minutes in WARNING_MINUTES]
    given = session.warned_minutes
    return [
        (minutes, moment)
        for minutes, moment in moments
        if moment > session.started_at and (given is None or minutes < given)
    ]


def _warn(session: VideoSession, minutes: int, now: datetime) -> None:
    session.warned_minutes = minutes
    ends_at = to_text(session.ends_at) if session.ends_at else None
    session.record(EventType.TIME_WARNING, TIMER, now, minutesLeft=minutes, endsAt=ends_at)


def _both_connected(session: VideoSession) -> bool:
    there = {one.relation for one in session.present if one.connected}
    return Relation.OWN in there and bool(there & DOCTORS)
