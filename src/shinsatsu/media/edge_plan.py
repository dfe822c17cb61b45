"""What the media plane has to be told so that what flows is what may flow (media-control.md): pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shinsatsu.domain.edges import Edge, held_edges, media_participants, permitted_edges
from shinsatsu.domain.subscriptions import ANSWER_MAY_TAKE, MediaSession, Subscription, SubscriptionState
from shinsatsu.domain.tracks import Track
from shinsatsu.domain.video_session import VideoSession

PULL_LOST_AFTER = timedelta(seconds=30)
"""Longer than any pull takes: nobody will record its mid any more."""
SWITCH_LOST_AFTER = timedelta(seconds=2)
"""Longer than whoever shuts or opens an edge takes: by then they are gone, and how the gate stands is not known."""
UNDECIDED = frozenset({SubscriptionState.PULLING, SubscriptionState.OFFERED, SubscriptionState.SWITCHING})


@dataclass(frozen=True, slots=True)
class Flow:
    """What is known of one consultation: the rights, and what the plane was asked for."""

    session: VideoSession
    tracks: Sequence[Track]
    media: Sequence[MediaSession]
    subscriptions: Sequence[Subscription]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done to the flow: subscriptions to `cut` for good, to `shut` and to `open`, sessions to `abandon`.

    `give_up` are pulls that were lost in a crash and harm nobody; `pending` says that something is not decided yet.
    """

    cut: Sequence[Subscription] = ()
    shut: Sequence[Subscription] = ()
    open: Sequence[Subscription] = ()
    abandon: Sequence[MediaSession] = ()
    give_up: Sequence[Subscription] = ()
    pending: bool = False

    @property
    def nothing_to_do(self) -> bool:
        return not (self.cut or self.shut or self.open or self.abandon or self.give_up)

    @property
    def switches(self) -> bool:
        """Whether a gate is moved: then the rights are to be looked at once more when it has."""
        return bool(self.shut or self.open)


def plan(flow: Flow, now: datetime) -> Plan:
    """Compares what flows with what may. A receiving session with an edge nobody can name is abandoned."""
    permitted, held = permitted_edges(flow.session, flow.tracks), held_edges(flow.session, flow.tracks)
    entitled = media_participants(flow.session)
    standing = {one.id for one in flow.media if one.participant_id in entitled and not one.retired}
    fates: dict[str, list[Subscription]] = defaultdict(list)
    for pull in flow.subscriptions:
        may_stay = pull.rcv_session in standing
        fates[_fate(pull, permitted if may_stay else (), held if may_stay else (), now)].append(pull)
    nameless = {pull.rcv_session for pull in fates["cut"] if _lost(pull, now)}
    return Plan(
        cut=fates["cut"],
        shut=fates["shut"],
        open=fates["open"],
        abandon=[one for one in flow.media if one.id not in standing or one.id in nameless],
        give_up=fates["give_up"],
        pending=any(pull.state in UNDECIDED for pull in fates["keep"])
        or any(pull.mid is None for pull in fates["cut"]),
    )


def _fate(pull: Subscription, permitted: Iterable[Edge], held: Iterable[Edge], now: datetime) -> str:
    """A mute shuts what flows and no more: what is still on its way is closed, and pulled anew when it may flow."""
    if pull.state is SubscriptionState.CUTTING or _overdue(pull, now):
        return "cut"
    if pull.edge in permitted:
        if _lost(pull, now):
            return "give_up"
        return "open" if pull.state is SubscriptionState.PAUSED else "keep"
    if pull.edge in held:
        match pull.state:
            case SubscriptionState.FLOWING:
                return "shut"
            case SubscriptionState.PAUSED | SubscriptionState.SWITCHING:
                return "keep"
    return "cut"


def _overdue(pull: Subscription, now: datetime) -> bool:
    """Whether the browser, or whoever was switching, will not finish any more."""
    limits = {SubscriptionState.OFFERED: ANSWER_MAY_TAKE, SubscriptionState.SWITCHING: SWITCH_LOST_AFTER}
    return pull.state in limits and now - pull.changed_at >= limits[pull.state]


def _lost(pull: Subscription, now: datetime) -> bool:
    return pull.mid is None and now - pull.changed_at > PULL_LOST_AFTER


def by_receiver(pulls: Iterable[Subscription]) -> dict[str, list[Subscription]]:
    """Those whose mid is known, by receiving session: one call to the plane each."""
    grouped: dict[str, list[Subscription]] = defaultdict(list)
    for pull in pulls:
        if pull.mid is not None:
            grouped[pull.rcv_session].append(pull)
    return grouped
