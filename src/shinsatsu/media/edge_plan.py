"""What the media plane has to be told so that nothing flows that should not (media-control.md): pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shinsatsu.domain.edges import media_participants, permitted_edges
from shinsatsu.domain.subscriptions import MediaSession, Subscription, SubscriptionState
from shinsatsu.domain.tracks import Track
from shinsatsu.domain.video_session import VideoSession

PULL_LOST_AFTER = timedelta(seconds=30)
"""Longer than any pull takes: nobody will record its mid any more."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What is known of one consultation: the rights, and what the plane was asked for."""

    session: VideoSession
    tracks: Sequence[Track]
    media: Sequence[MediaSession]
    subscriptions: Sequence[Subscription]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, in this order: `mark` as to be cut, `cut` on the plane, `abandon` on the plane.

    `give_up` are pulls that were lost in a crash and harm nobody; `pending` says that something is not decided yet.
    """

    mark: Sequence[Subscription]
    cut: Sequence[Subscription]
    abandon: Sequence[MediaSession]
    give_up: Sequence[Subscription]
    pending: bool

    @property
    def settled(self) -> bool:
        return not (self.mark or self.cut or self.abandon or self.give_up or self.pending)


def plan(flow: Flow, now: datetime) -> Plan:
    """Compares what flows with what is permitted. A receiving session with an edge nobody can name is abandoned."""
    permitted = permitted_edges(flow.session, flow.tracks)
    entitled = media_participants(flow.session)
    cutting = SubscriptionState.CUTTING
    mark = [pull for pull in flow.subscriptions if pull.state is not cutting and pull.edge not in permitted]
    doomed = [pull for pull in flow.subscriptions if pull.state is cutting or pull in mark]
    lost = [pull for pull in flow.subscriptions if pull.mid is None and now - pull.changed_at > PULL_LOST_AFTER]
    nameless = {pull.rcv_session for pull in lost if pull in doomed}
    return Plan(
        mark=mark,
        cut=[pull for pull in doomed if pull.mid is not None],
        abandon=[one for one in flow.media if one.participant_id not in entitled or one.id in nameless],
        give_up=[pull for pull in lost if pull not in doomed],
        pending=any(pull.mid is None for pull in flow.subscriptions),
    )


def by_receiver(pulls: Sequence[Subscription]) -> dict[str, list[Subscription]]:
    """The cuts of each receiving session: one call to the plane each."""
    grouped: dict[str, list[Subscription]] = defaultdict(list)
    for pull in pulls:
        grouped[pull.rcv_session].append(pull)
    return grouped
