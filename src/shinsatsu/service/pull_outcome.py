"""Records what the plane made of pulls, under the policy of that moment: a right may have gone while it was at work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shinsatsu.domain.edges import media_participants, permitted_edges
from shinsatsu.domain.subscriptions import ANSWER_MAY_TAKE, Subscription, SubscriptionState
from shinsatsu.domain.tracks import TrackState
from shinsatsu.service.ports import Negotiated, TrackResult
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.wanted import Pulling

GONE = "not_found_track_error"
"""The Calls API's word for a track that is not there any more."""


@dataclass(slots=True)
class Outcome:
    """A result for each pull. `withheld`: a right was lost, so nobody gets the offer; `forbidden`: it is still gone.

    `orphans` are mids that no row leads to any more, so that nobody else would cut them.
    """

    results: list[TrackResult] = field(default_factory=list)
    withheld: bool = False
    forbidden: bool = False
    orphans: list[str] = field(default_factory=list)


async def record_pulls(unit: UnitOfWork, intent: Pulling, answer: Negotiated, now: datetime) -> Outcome:
    """Settles each pull; one that worked but must not flow is left to be cut."""
    session_id = intent.media.session_id
    consultation = await unit.sessions.get(session_id, for_update=True)
    tracks = await unit.tracks.of_session(session_id)
    permitted = permitted_edges(consultation.session, tracks) if consultation else frozenset()
    entitled = media_participants(consultation.session) if consultation else frozenset()
    published = {track.track_name for track in tracks if track.state is TrackState.PUBLISHED}
    done = SubscriptionState.OFFERED if answer.sdp is not None else SubscriptionState.FLOWING
    answers = {result.track_name: result for result in answer.tracks}
    mids = {name: result.mid for name, result in answers.items()}
    outcome = Outcome()
    for pull in intent.pulls:
        result = _result_for(pull, answers)
        if result.error_code is not None:
            await _settle(unit, pull, SubscriptionState.CLOSED, None, now)
        elif pull.edge not in permitted or not await unit.media.settle(pull, pull.state, done, result.mid, now):
            # The reconciler may have marked it, or dropped its session, while its mid was not known.
            if not await _settle(unit, pull, SubscriptionState.CUTTING, result.mid, now):
                outcome.orphans.append(result.mid)
            if pull.publication in published or pull.receiver not in entitled:
                outcome.withheld = True
                outcome.forbidden |= pull.edge not in permitted
            result = _gone(pull)
        outcome.results.append(result)
    if outcome.withheld:  # nobody will answer that offer: it goes as a whole, and does not hold up the next one
        for pull in intent.pulls:
            await unit.media.settle(pull, done, SubscriptionState.CUTTING, mids.get(pull.publication), now)
    awaits_answer = answer.sdp is not None and not outcome.withheld
    await unit.media.keep_holding(intent.media.id, now + ANSWER_MAY_TAKE if awaits_answer else None)
    return outcome


async def _settle(
    unit: UnitOfWork, pull: Subscription, state: SubscriptionState, mid: str | None, now: datetime
) -> bool:
    """Moves a pull on, whether or not it was marked as to be cut meanwhile; False when it is over already."""
    for expected in (SubscriptionState.PULLING, SubscriptionState.CUTTING):
        if await unit.media.settle(pull, expected, state, mid, now):
            return True
    return False


def _result_for(pull: Subscription, answers: Mapping[str, TrackResult]) -> TrackResult:
    return answers.get(pull.publication) or _gone(pull)


def _gone(pull: Subscription) -> TrackResult:
    return TrackResult(pull.publication, "", GONE, "The publication has ended.")


def in_order(
    names: Sequence[str], flowing: Mapping[str, str], results: Sequence[TrackResult]
) -> tuple[TrackResult, ...]:
    """The results in the order asked for, what flowed already among them; what was carried along comes last."""
    known = {name: TrackResult(name, mid) for name, mid in flowing.items()}
    known |= {result.track_name: result for result in results}
    return tuple(known[name] for name in [*names, *(name for name in known if name not in names)])
