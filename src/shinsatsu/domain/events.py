"""What happened, in the past tense: the rows of `session_events` (spec §5), the numbered stream of `docs/protocol.md`.

Metadata hold ids and states only: never a name, a token or SDP. What people wrote is kept apart, so that it can be
erased; the metadata have its salted hash. By type:

- created      `appointmentId`
- opened, activated  `status`
- ended        `status`, `endReason`, `timeout` (join | idle | max, or None), `actualDuration` (minutes or None),
               `role`, `outcome` (or None)
- failed       `status`, `failure` (sub-reason)
- joined       `participantId`, `role`, `relation`, `admission`, `rejoined`, `supersedes` (participant id or None),
               `reasonGiven`, `reasonHash` (where one was), `tracks` [{`trackName`, `trackType`}]
- admitted     `participantId`, `tracks` as above
- sent_back    `participantId`; it closes the participant's tracks
- restored     `participantId`, `userType`, `userId` (whose removal was lifted)
- left         `participantId`, `userType`, `userId` (whose stay), `wasAdmitted`, `reason` (left | superseded | moved |
               removed | blocked | booking_changed | withdrawn | ended), `noteHash` (of why, when removed);
               it closes the participant's tracks, too
- connected, disconnected  `participantId`
- muted, unmuted           `participantId`, `kind` (audio | video), `byStaff`
- unmute_requested         `participantId`, `kinds`
- identity_checked         `participantId`, `method`
- locked, unlocked
- screen_share_set         `allowed`
- extended     `minutes`, `endsAt`
- time_warning `minutesLeft`, `endsAt`
- resumed      the server was away: a wait that was running starts anew
- outcome_set  `outcome`
- two_way_media            `kinds` (audio, video) that by now flowed both ways between patient and doctor
- track_granted, track_published, track_closed  `participantId`, `trackName`, `trackType`; the last one `reason`
               (closed | muted | screen_share_off)
- guest_invited, guest_changed  `userType`, `userId`, `kind`, `withheld` (actions left out)
- guest_withdrawn  `userType`, `userId`
- rebooked     `before`, `after`: each `patientId`, `doctorId`, `supportDoctorIds`, `admission`
- access_revoked  `links`, `grants`, `invitations` (ids taken back), `reason` (removed | withdrawn | cancelled)
- link_minted  `linkId`, `forUserType`, `forUserId`, `invitationId` (where one was opened)
- link_exchanged  `linkId`, `grantId`
- link_revoked `linkId`, `grantId` (or None), `forUserType`, `forUserId`, `reason` (resent | revoked)
- invitation_sent, invitation_revoked, invitation_unlocked  `invitationId`, `forUserType`, `forUserId`; the first one
               `check`, the second one `reason` (resent | revoked)
- invitation_code_sent  `invitationId`, `forUserType`, `forUserId`, `kind` (phone | mail)
- invitation_check_failed  `invitationId`, `forUserType`, `forUserId`, `triesLeft`
- invitation_locked  `invitationId`, `forUserType`, `forUserId`: five wrong tries
- rescheduled  `startsAt`, `scheduledDuration`
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shinsatsu.domain.roles import UserType, WorkerRole

Texts = Mapping[str, str | None] | None
"""What a person wrote, by field, where they did."""


class EventType(StrEnum):
    """The value of `session_events.event_type`."""

    CREATED = "created"
    OPENED = "opened"
    ACTIVATED = "activated"
    ENDED = "ended"
    FAILED = "failed"
    RESCHEDULED = "rescheduled"
    REBOOKED = "rebooked"
    JOINED = "joined"
    LEFT = "left"
    ADMITTED = "admitted"
    SENT_BACK = "sent_back"
    RESTORED = "restored"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    MUTED = "muted"
    UNMUTED = "unmuted"
    UNMUTE_REQUESTED = "unmute_requested"
    IDENTITY_CHECKED = "identity_checked"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    SCREEN_SHARE_SET = "screen_share_set"
    EXTENDED = "extended"
    TIME_WARNING = "time_warning"
    RESUMED = "resumed"
    OUTCOME_SET = "outcome_set"
    TWO_WAY_MEDIA = "two_way_media"
    TRACK_GRANTED = "track_granted"
    TRACK_PUBLISHED = "track_published"
    TRACK_CLOSED = "track_closed"
    GUEST_INVITED = "guest_invited"
    GUEST_CHANGED = "guest_changed"
    GUEST_WITHDRAWN = "guest_withdrawn"
    ACCESS_REVOKED = "access_revoked"
    LINK_MINTED = "link_minted"
    LINK_EXCHANGED = "link_exchanged"
    LINK_REVOKED = "link_revoked"
    INVITATION_SENT = "invitation_sent"
    INVITATION_REVOKED = "invitation_revoked"
    INVITATION_UNLOCKED = "invitation_unlocked"
    INVITATION_CODE_SENT = "invitation_code_sent"
    INVITATION_CHECK_FAILED = "invitation_check_failed"
    INVITATION_LOCKED = "invitation_locked"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a session, before the store numbered it; the user is who did it.

    `texts` are what a person wrote at it, by field: the store keeps them apart under `{field}Hash`.
    """

    event_type: EventType
    user_type: UserType
    user_id: int
    role: WorkerRole | None
    metadata: Mapping[str, Any]
    created_at: datetime
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as committed; `seq` counts from 1 without gaps within its session."""

    seq: int
    session_id: str
    event_type: EventType
    user_type: UserType
    user_id: int
    metadata: Mapping[str, Any]
    created_at: datetime
    role: WorkerRole | None = None
    address: str | None = None
    request_id: str | None = None
