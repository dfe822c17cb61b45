"""What staff do to people and to a session, and what follows by itself: changes of the aggregate and their events.

Who may do it is the policy's affair, asked before. Saying a thing twice changes nothing.
"""

from collections.abc import Iterable
from datetime import datetime

from shinsatsu.domain.events import EventType
from shinsatsu.domain.participant import Admission, IdentityCheck, IdentityMethod, Participant
from shinsatsu.domain.roles import TIMER, AuthUser
from shinsatsu.domain.session_status import Outcome
from shinsatsu.domain.tracks import TrackType, named
from shinsatsu.domain.video_session import DOCTORS, VideoSession

MUTABLE = (TrackType.AUDIO, TrackType.VIDEO)
"""What is muted and opened again; a screen share that staff stop is over."""


def admit(session: VideoSession, participant: Participant, actor: AuthUser, now: datetime) -> None:
    """Lets somebody in who waits."""
    if participant.waits:
        participant.admission, participant.waiting_since = Admission.ADMITTED, None
        session.mark(participant)
        tracks = named(session.name_tracks(participant, now))
        session.record(EventType.ADMITTED, actor, now, participantId=participant.id, tracks=tracks)
        session.begin_if_both_in(actor, now)


def restore(session: VideoSession, participant: Participant, actor: AuthUser, now: datetime) -> None:
    """Lifts a removal, so that a fresh link brings the person back to the waiting room."""
    if participant.admission is Admission.REMOVED:
        participant.admission = Admission.LEFT
        session.mark(participant)
        session.record(
            EventType.RESTORED,
            actor,
            now,
            participantId=participant.id,
            userType=participant.user_type,
            userId=participant.user_id,
        )


def admit_automatically(session: VideoSession, identity_required: bool, now: datetime) -> None:
    """Lets in whoever waits for the first time, once a doctor of the appointment is in and while it is not locked."""
    if session.locked or not any(one.admitted and one.relation in DOCTORS for one in session.present):
        return
    for participant in session.present:
        checked = participant.identity is not None or not identity_required
        if participant.admission is Admission.WAITING and checked:
            admit(session, participant, TIMER, now)


def send_back(session: VideoSession, participant: Participant, actor: AuthUser, now: datetime) -> None:
    """Returns somebody to the waiting room; letting them in again is a new decision."""
    if participant.admission is Admission.WAITING:
        participant.admission = Admission.SENT_BACK  # from now on nobody lets them in automatically
    elif participant.admitted:
        participant.admission, participant.waiting_since = Admission.SENT_BACK, now
    else:
        return
    session.mark(participant)
    session.record(EventType.SENT_BACK, actor, now, participantId=participant.id)


def remove(session: VideoSession, participant: Participant, actor: AuthUser, note: str, now: datetime) -> None:
    """Puts somebody out of the session; only staff bring them back."""
    if participant.is_active:
        participant.removal_note = note
        session.depart(participant, actor, now, reason="removed", admission=Admission.REMOVED)


def mute(
    session: VideoSession, participant: Participant, kinds: Iterable[TrackType], actor: AuthUser, now: datetime
) -> None:
    """Shuts somebody's microphone or camera: it flows to nobody until its owner opens it."""
    for kind in MUTABLE:
        if kind in kinds and kind not in participant.muted_by:
            participant.muted_by = {**participant.muted_by, kind: actor.key}
            participant.set_muted(kind, True)
            session.mark(participant)
            session.record(EventType.MUTED, actor, now, participantId=participant.id, kind=kind, byStaff=True)


def unmute(
    session: VideoSession, participant: Participant, kinds: Iterable[TrackType], actor: AuthUser, now: datetime
) -> None:
    """Opens one's own microphone or camera, a mute by staff too."""
    for kind in MUTABLE:
        shut = kind in participant.muted_by
        if kind in kinds and (participant.set_muted(kind, False) or shut):
            participant.muted_by = {other: by for other, by in participant.muted_by.items() if other is not kind}
            session.mark(participant)
            session.record(EventType.UNMUTED, actor, now, participantId=participant.id, kind=kind, byStaff=shut)


def request_unmute(
    session: VideoSession, participant: Participant, kinds: Iterable[TrackType], actor: AuthUser, now: datetime
) -> None:
    """Asks somebody to switch on; nobody does it for them."""
    session.record(EventType.UNMUTE_REQUESTED, actor, now, participantId=participant.id, kinds=sorted(kinds))


def check_identity(
    session: VideoSession, participant: Participant, method: IdentityMethod, actor: AuthUser, now: datetime
) -> None:
    """Notes how somebody's identity was made sure of; a new check takes the place of the last one."""
    if participant.identity is not None and (participant.identity.method, participant.identity.by) == (
        method,
        actor.key,
    ):
        return
    participant.identity = IdentityCheck(method, actor.key, now)
    session.mark(participant)
    session.record(EventType.IDENTITY_CHECKED, actor, now, participantId=participant.id, method=method)


def lock(session: VideoSession, locked: bool, actor: AuthUser, now: datetime) -> None:
    """Keeps everybody out who is not in, or no longer."""
    if session.locked is not locked:
        session.locked = locked
        session.record(EventType.LOCKED if locked else EventType.UNLOCKED, actor, now)


def allow_screen_share(session: VideoSession, allowed: bool, actor: AuthUser, now: datetime) -> None:
    """Switches screen sharing on or off for patients and guests."""
    if session.screen_share_allowed is not allowed:
        session.screen_share_allowed = allowed
        session.record(EventType.SCREEN_SHARE_SET, actor, now, allowed=allowed)


def set_outcome(session: VideoSession, outcome: Outcome, actor: AuthUser, now: datetime) -> None:
    """Notes how it went, also after the end."""
    if session.metadata.outcome is not outcome:
        session.metadata.outcome = outcome
        session.record(EventType.OUTCOME_SET, actor, now, outcome=outcome)
