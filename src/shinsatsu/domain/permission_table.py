"""The one permission table (spec §8), as data: who, by what ties them to an appointment, may do what."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from shinsatsu.domain.roles import Action, Relation, UserType, WorkerRole
from shinsatsu.domain.tracks import TrackType


class Column(StrEnum):
    """The table's columns, left to right; the system's own stands outside the spec's table."""

    PATIENT = "patient"
    GUEST = "guest"
    DOCTOR_IN_CHARGE = "doctor_in_charge"
    SUPPORT_DOCTOR = "support_doctor"
    OPERATOR = "operator"
    ADMIN = "admin"
    SYSTEM = "system"


COLUMNS: Mapping[tuple[UserType, WorkerRole | None, Relation], Column] = MappingProxyType(
    {
        (UserType.PATIENT, None, Relation.OWN): Column.PATIENT,
        (UserType.PATIENT, None, Relation.GUEST): Column.GUEST,
        (UserType.WORKER, WorkerRole.DOCTOR, Relation.IN_CHARGE): Column.DOCTOR_IN_CHARGE,
        (UserType.WORKER, WorkerRole.DOCTOR, Relation.SUPPORT): Column.SUPPORT_DOCTOR,
        (UserType.WORKER, WorkerRole.OPERATOR, Relation.STAFF): Column.OPERATOR,
        (UserType.WORKER, WorkerRole.ADMIN, Relation.STAFF): Column.ADMIN,
        (UserType.SYSTEM, None, Relation.SYSTEM): Column.SYSTEM,
    }
)

# y yes · - no · c with the patient's consent · < only people further left · * anybody else
# p patients and guests of the session · b people of the booking, operators and admins · o one's own, by clinic setting
#                       patient guest in charge support operator admin system
_ROWS = {
    Action.VIEW:              "y  y  y  y  y  y  y",
    Action.JOIN:              "y  y  y  y  y  y  -",
    Action.LEAVE:             "y  y  y  y  y  y  -",
    Action.MUTE:              "y  y  y  y  y  y  -",
    Action.UNMUTE:            "y  y  y  y  y  y  -",
    Action.SHARE_SCREEN:      "y  y  y  y  y  y  -",
    Action.CREATE:            "y  -  y  -  y  y  y",
    Action.END_SESSION:       "-  -  y  y  y  y  y",
    Action.MUTE_OTHERS:       "-  -  y  y  y  y  -",
    Action.ADMIT:             "-  -  y  y  y  y  -",
    Action.LOCK:              "-  -  y  y  y  y  -",
    Action.EXTEND:            "-  -  y  y  y  y  -",
    Action.SEND_BACK:         "-  -  <  <  <  *  -",
    Action.REMOVE:            "-  -  <  <  <  *  -",
    Action.REQUEST_RECORDING: "-  -  y  y  y  y  -",
    Action.RECORD:            "-  -  c  c  c  y  -",
    Action.MINT_LINK:         "-  -  p  p  p  p  b",
    Action.INVITE_GUEST:      "-  -  y  y  y  y  -",
    Action.CHECK_IDENTITY:    "-  -  y  y  y  y  -",
    Action.SET_OUTCOME:       "-  -  y  y  y  y  -",
    Action.READ_HISTORY:      "-  -  y  y  y  y  -",
    Action.PLAY_RECORDING:    "o  -  y  -  -  y  -",
    Action.MANAGE_USERS:      "-  -  -  -  -  y  -",
    Action.MANAGE_KEYS:       "-  -  -  -  -  y  -",
    Action.READ_AUDIT:        "-  -  -  -  -  y  y",
    Action.PUT_APPOINTMENT:   "-  -  -  -  -  -  y",
    Action.EXPLAIN_PERMISSIONS: "-  -  -  -  y  y  -",
}  # fmt: skip
TABLE: Mapping[Action, Mapping[Column, str]] = MappingProxyType(
    {action: MappingProxyType(dict(zip(Column, row.split(), strict=True))) for action, row in _ROWS.items()}
)

NEEDS_OPEN_SESSION = frozenset(
    {
        Action.JOIN, Action.MUTE, Action.UNMUTE, Action.SHARE_SCREEN, Action.MUTE_OTHERS, Action.ADMIT, Action.LOCK,
        Action.EXTEND, Action.SEND_BACK, Action.REMOVE, Action.REQUEST_RECORDING, Action.RECORD,
    }
)  # fmt: skip
NEEDS_ADMISSION = frozenset({Action.SHARE_SCREEN})
PAST_A_LOCK = frozenset({Column.PATIENT, Column.DOCTOR_IN_CHARGE})
AT_OTHERS = frozenset({Action.ADMIT, Action.MUTE_OTHERS})
NOT_WHILE_SENT_BACK = frozenset(
    {
        Action.MUTE_OTHERS, Action.ADMIT, Action.LOCK, Action.EXTEND, Action.SEND_BACK, Action.REMOVE,
        Action.END_SESSION, Action.INVITE_GUEST,
    }
)  # fmt: skip
"""Staff who were sent back run the session no more until they are let in."""
MEDIA_ACTIONS: Mapping[TrackType, Action] = MappingProxyType(
    {
        TrackType.AUDIO: Action.UNMUTE,
        TrackType.VIDEO: Action.UNMUTE,
        TrackType.SCREEN: Action.SHARE_SCREEN,
    }
)
"""What publishing a track of that type takes."""
SPEC_ACTIONS = (
    Action.JOIN, Action.LEAVE, Action.MUTE, Action.UNMUTE, Action.SHARE_SCREEN, Action.RECORD, Action.END_SESSION,
)  # fmt: skip
"""The seven of spec §1, first in every list of permissions."""
OUTSIDE_A_CONSULTATION = frozenset({Action.PUT_APPOINTMENT, Action.EXPLAIN_PERMISSIONS})
"""In no list of permissions: what they are about is not what happens in a call."""
