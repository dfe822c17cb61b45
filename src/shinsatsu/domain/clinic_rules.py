"""What a clinic decides once for all its consultations, and what follows from it after every change."""

from dataclasses import dataclass, field
from datetime import datetime

from shinsatsu.domain.appointment import AdmissionMode, Appointment
from shinsatsu.domain.deadlines import Timeouts, keep_clocks
from shinsatsu.domain.moderation import admit_automatically
from shinsatsu.domain.video_session import VideoSession


@dataclass(frozen=True, slots=True)
class ClinicRules:
    """Settings of the consultation itself; the defaults are the spec's and the law's (regulation.md)."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    identity_check_required: bool = False
    one_consultation_per_doctor: bool = True


def keep_up(session: VideoSession, appointment: Appointment, rules: ClinicRules, now: datetime) -> None:
    """What follows by itself from any change, before it is saved: automatic admission, and the clocks."""
    if appointment.admission is AdmissionMode.AUTOMATIC:
        admit_automatically(session, rules.identity_check_required, now)
    keep_clocks(session, appointment.starts_at, rules.timeouts, now)
