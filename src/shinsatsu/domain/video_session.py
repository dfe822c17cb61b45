"""The VideoSession aggregate: its life, its participants, and the events each change records (spec §2 and §8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shinsatsu.domain.audit import GENESIS
from shinsatsu.domain.errors import InvalidTransition, NotFound, SessionEnded, SessionNotOpen, StaleParticipant
from shinsatsu.domain.events import Event, EventType, Texts
from shinsatsu.domain.participant import Admission, Devices, Participant
from shinsatsu.domain.roles import AuthUser, Relation, UserKey, UserType
from shinsatsu.domain.session_status import (
    OPEN,
    OVER,
    TRANSITIONS,
    EndReason,
    Outcome,
    SessionMetadata,
    SessionStatus,
    Timeout,
)
from shinsatsu.domain.timestamps import to_milliseconds
from shinsatsu.domain.tracks import Track, TrackType, named, track_name

DOCTORS = frozenset({Relation.IN_CHARGE, Relation.SUPPORT})


@dataclass(slots=True)
class VideoSession:
    """One consultation's session. `participants` are those present and those removed; the rest is history.

    Every change appends to `events`; the store numbers them from `last_seq` and writes what `added`, `changed` and
    `granted` collect. `last_track_ms` keeps the timestamps in track names from repeating. What staff do is in
    `moderation`, the clocks (`alone_since` … `deadline_at`) are kept by `deadlines`.
    """

    id: str
    appointment_id: str
    metadata: SessionMetadata
    created_at: datetime
    status: SessionStatus = SessionStatus.SCHEDULED
    realtime_session_id: str | None = None
    created_by: UserKey | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    locked: bool = False
    screen_share_allowed: bool = True
    alone_since: datetime | None = None
    idle_since: datetime | None = None
    ends_at: datetime | None = None
    warned_minutes: int | None = None
    deadline_at: datetime | None = None
    participants: list[Participant] = field(default_factory=list)
    version: int = 0
    last_seq: int = 0
    last_hash: str = GENESIS
    last_track_ms: int = 0
    events: list[Event] = field(default_factory=list)
    added: list[Participant] = field(default_factory=list)
    changed: list[Participant] = field(default_factory=list)
    granted: list[Track] = field(default_factory=list)

    @classmethod
    def schedule(
        cls, session_id: str, appointment_id: str, scheduled_duration: int, actor: AuthUser, now: datetime
    ) -> "VideoSession":
        """A session that is booked and not open yet."""
        session = cls(session_id, appointment_id, SessionMetadata(scheduled_duration), now)
        session.record(EventType.CREATED, actor, now, appointmentId=appointment_id)
        return session

    @property
    def over(self) -> bool:
        return self.status in OVER

    @property
    def present(self) -> list[Participant]:
        """Those who are in it now, waiting ones too."""
        return [participant for participant in self.participants if participant.is_active]

    def find(self, key: UserKey) -> Participant | None:
        """The user's present participant, else the one that was removed or left while sent back."""
        return next((participant for participant in reversed(self.participants) if participant.key == key), None)

    def own(self, actor: AuthUser, participant_id: str) -> Participant:
        """The actor's present participant of that id; StaleParticipant when it was superseded or has left."""
        self.require_open()
        participant = next((one for one in self.present if one.id == participant_id), None)
        if participant is None:
            raise StaleParticipant("This participant was superseded or has left.", field="participantId")
        if participant.key != actor.key:
            raise NotFound("You have no such participant.", field="participantId")
        return participant

    def require_open(self) -> None:
        """Raises SessionEnded or SessionNotOpen unless it is waiting or active."""
        if self.over:
            raise SessionEnded("The session is over.")
        if self.status not in OPEN:
            raise SessionNotOpen("The session is only scheduled: create it first.")

    def open(self, actor: AuthUser, realtime_session_id: str, now: datetime) -> None:
        """Turns the booked session into one that waits for its people."""
        self._move_to(SessionStatus.WAITING)
        self.created_by = actor.key
        self.realtime_session_id = realtime_session_id
        self.record(EventType.OPENED, actor, now, status=self.status)

    def join(
        self,
        actor: AuthUser,
        relation: Relation,
        participant_id: str,
        now: datetime,
        reason: str | None = None,
        devices: Devices | None = None,
    ) -> Participant:
        """Adds the actor: workers are in, patients and guests wait.

        An earlier stay of the same user is superseded and hands on its admission, its mutes and what staff noted.
        """
        self.require_open()
        joined = Participant.newcomer(actor, relation, participant_id, now, reason, devices)
        earlier = self._take_over(joined, actor, now)
        if joined.waits and joined.waiting_since is None:
            joined.waiting_since = now
        self.participants.append(joined)
        self.added.append(joined)
        tracks = self.name_tracks(joined, now) if joined.admitted else []
        self.record(
            EventType.JOINED,
            actor,
            now,
            participantId=joined.id,
            role=joined.role,
            relation=joined.relation,
            admission=joined.admission,
            rejoined=earlier is not None,
            supersedes=earlier.id if earlier else None,
            reasonGiven=joined.join_reason is not None,
            tracks=named(tracks),
            texts={"reason": joined.join_reason},
        )
        return joined

    def _take_over(self, joined: Participant, actor: AuthUser, now: datetime) -> Participant | None:
        """Has a newcomer inherit from the same user's earlier stay, which ends; the stay, where one was present."""
        past = self.find(actor.key)
        earlier = past if past is not None and past.is_active else None
        if past is not None and past.admission is Admission.SENT_BACK:  # also after leaving: only staff let them in
            joined.admission, past.admission = Admission.SENT_BACK, Admission.LEFT
            self.mark(past)
        if earlier is not None:
            joined.take_over(earlier)
            self.depart(earlier, actor, now, reason="superseded", superseded_by=joined.id)
        return earlier

    def grant_track(self, participant: Participant, track_type: TrackType, actor: AuthUser, now: datetime) -> Track:
        """Grants one more name to a present participant; the caller gives an unused one again."""
        track = self._name_track(participant, track_type, now)
        self.record_track(EventType.TRACK_GRANTED, track, actor, now)
        return track

    def record_track(self, event_type: EventType, track: Track, actor: AuthUser, now: datetime, **more: Any) -> None:
        """Records what happened to one track."""
        self.record(event_type, actor, now, participantId=track.participant_id, **named([track])[0], **more)

    def leave(self, actor: AuthUser, participant_id: str, now: datetime) -> Participant:
        """Ends the actor's own stay."""
        participant = self.own(actor, participant_id)
        self.depart(participant, actor, now, reason="left")
        return participant

    def connect(self, actor: AuthUser, participant_id: str, connection_id: str, now: datetime) -> None:
        """Notes that the participant is there, by stream or by media; a patient and a doctor there make it active."""
        participant = self.own(actor, participant_id)
        was_connected = participant.connected
        participant.connection_id = connection_id
        self.mark(participant)
        if not was_connected:
            self.record(EventType.CONNECTED, actor, now, participantId=participant.id)
        self.begin_if_both_in(actor, now)

    def begin_if_both_in(self, actor: AuthUser, now: datetime) -> None:
        """Makes a waiting session active once a patient and a doctor are both admitted and connected (spec §8)."""
        there = {one.relation for one in self.present if one.admitted and one.connected}
        if self.status is SessionStatus.WAITING and Relation.OWN in there and there & DOCTORS:
            self._move_to(SessionStatus.ACTIVE)
            self.started_at = now
            self.record(EventType.ACTIVATED, actor, now, status=self.status)

    def disconnect(self, actor: AuthUser, participant_id: str, connection_id: str, now: datetime) -> bool:
        """Notes that the stream is gone; False when a newer stream carries the presence, or nothing does any more."""
        participant = next((one for one in self.present if one.id == participant_id and one.key == actor.key), None)
        if participant is None or participant.connection_id != connection_id:
            return False
        participant.connection_id = None
        self.mark(participant)
        self.record(EventType.DISCONNECTED, actor, now, participantId=participant.id)
        return True

    def media_state(self, actor: AuthUser, participant_id: str, muted: Mapping[TrackType, bool], now: datetime) -> None:
        """Notes the actor's own microphone and camera; a mute by staff is not lifted by it."""
        participant = self.own(actor, participant_id)
        for kind, value in muted.items():
            if kind not in participant.muted_by and participant.set_muted(kind, value):
                self.mark(participant)
                event_type = EventType.MUTED if value else EventType.UNMUTED
                self.record(event_type, actor, now, participantId=participant.id, kind=kind, byStaff=False)

    def end(
        self, actor: AuthUser, now: datetime, outcome: Outcome | None = None, timeout: Timeout | None = None
    ) -> None:
        """Ends it for everybody: by a time that ran out, or completed (by a worker, once active), or cancelled."""
        self._move_to(SessionStatus.ENDED)
        completed = self.started_at is not None and actor.user_type is UserType.WORKER
        ended_as = EndReason.COMPLETED if completed else EndReason.CANCELLED
        self.metadata.end_reason = ended_as if timeout is None else EndReason.TIMEOUT
        self.metadata.outcome, self.metadata.timeout = outcome or self.metadata.outcome, timeout
        self._close(actor, now)
        known = self.metadata
        how: dict[str, Any] = {
            "endReason": known.end_reason,
            "timeout": timeout,
            "actualDuration": known.actual_duration,
        }
        self.record(EventType.ENDED, actor, now, status=self.status, **how, role=actor.role, outcome=known.outcome)
        self._all_leave(actor, now)

    def fail(self, actor: AuthUser, failure: str, now: datetime) -> None:
        """Gives it up for an error of ours or of the media plane; `failure` is the sub-reason's code."""
        self._move_to(SessionStatus.FAILED)
        self.metadata.end_reason = EndReason.ERROR
        self.metadata.failure = failure
        self._close(actor, now)
        self.record(EventType.FAILED, actor, now, status=self.status, failure=failure)
        self._all_leave(actor, now)

    def record(
        self, event_type: EventType, actor: AuthUser, now: datetime, texts: Texts = None, **metadata: Any
    ) -> None:
        """Appends an event, with what a person wrote at it; the store numbers it on commit."""
        written = {name: text for name, text in (texts or {}).items() if text}
        self.events.append(Event(event_type, actor.user_type, actor.user_id, actor.role, metadata, now, written))

    def _move_to(self, status: SessionStatus) -> None:
        if status in TRANSITIONS[self.status]:
            self.status = status
        elif self.over:
            raise SessionEnded("The session is over.")
        else:
            raise InvalidTransition(f"A session that is {self.status} does not become {status}.")

    def _close(self, actor: AuthUser, now: datetime) -> None:
        self.ended_at = now
        self.metadata.ended_by = actor.key
        if self.started_at is not None:
            self.metadata.actual_duration = round((now - self.started_at).total_seconds() / 60)

    def _all_leave(self, actor: AuthUser, now: datetime) -> None:
        for participant in self.present:
            self.depart(participant, actor, now, reason="ended")

    def depart(
        self,
        participant: Participant,
        actor: AuthUser,
        now: datetime,
        reason: str,
        admission: Admission = Admission.LEFT,
        superseded_by: str | None = None,
    ) -> None:
        """Ends one stay and records why; somebody sent back who leaves is still sent back when they return."""
        if admission is Admission.LEFT and participant.admission is Admission.SENT_BACK and superseded_by is None:
            admission = Admission.SENT_BACK
        whose: dict[str, Any] = {"userType": participant.user_type, "userId": participant.user_id}
        whose["wasAdmitted"] = participant.admitted
        participant.depart(now, admission, superseded_by)
        self.mark(participant)
        texts = {"note": participant.removal_note if reason == "removed" else None}
        self.record(EventType.LEFT, actor, now, texts, participantId=participant.id, **whose, reason=reason)

    def name_tracks(self, participant: Participant, now: datetime) -> list[Track]:
        """Grants the two names that everybody gets with their admission (spec §3)."""
        return [self._name_track(participant, kind, now) for kind in (TrackType.AUDIO, TrackType.VIDEO)]

    def mark(self, participant: Participant) -> None:
        """Has the store write this participant."""
        if participant not in self.added and participant not in self.changed:
            self.changed.append(participant)

    def _name_track(self, participant: Participant, track_type: TrackType, now: datetime) -> Track:
        self.last_track_ms = max(to_milliseconds(now), self.last_track_ms + 1)
        name = track_name(participant.user_type, participant.user_id, track_type, self.last_track_ms)
        track = Track(name, track_type, participant.id, participant.user_type, participant.user_id)
        self.granted.append(track)
        return track
