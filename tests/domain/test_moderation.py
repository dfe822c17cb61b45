"""What staff do to people: each change once, its event once, and who sees whom afterwards."""

from datetime import UTC, datetime, timedelta

import pytest

from shinsatsu.domain import moderation
from shinsatsu.domain.appointment import AdmissionMode, Appointment
from shinsatsu.domain.clinic_rules import ClinicRules, keep_up
from shinsatsu.domain.edges import permitted_edges
from shinsatsu.domain.events import EventType
from shinsatsu.domain.participant import Admission, IdentityMethod, Participant
from shinsatsu.domain.roles import TIMER, AuthUser, Relation, UserType, WorkerRole
from shinsatsu.domain.session_status import Outcome, SessionMetadata, SessionStatus
from shinsatsu.domain.sight import Sight, sees, sight_of
from shinsatsu.domain.tracks import TrackType
from shinsatsu.domain.two_way import note_two_way_media
from shinsatsu.domain.video_session import VideoSession

NOW = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
PATIENT = AuthUser(UserType.PATIENT, 7, None, "patient")
GUEST = AuthUser(UserType.PATIENT, 8, None, "guest")
DOCTOR = AuthUser(UserType.WORKER, 3, WorkerRole.DOCTOR, "doctor")
ADMIN = AuthUser(UserType.WORKER, 30, WorkerRole.ADMIN, "admin")
APPOINTMENT = Appointment("a1", 7, 3, (), NOW, 15, admission=AdmissionMode.AUTOMATIC)


def waiting_session() -> VideoSession:
    return VideoSession("s1", "a1", SessionMetadata(15), NOW, SessionStatus.WAITING)


def come(session: VideoSession, actor: AuthUser, relation: Relation) -> Participant:
    stay = session.join(actor, relation, f"p{actor.user_id}-{len(session.participants)}", NOW)
    session.connect(actor, stay.id, f"c-{stay.id}", NOW)
    return stay


def told(session: VideoSession, event_type: EventType) -> int:
    return sum(event.event_type is event_type for event in session.events)


def test_patients_and_guests_wait_workers_do_not() -> None:
    session = waiting_session()
    stays = [
        come(session, PATIENT, Relation.OWN),
        come(session, GUEST, Relation.GUEST),
        come(session, DOCTOR, Relation.IN_CHARGE),
    ]
    assert [stay.admission for stay in stays] == [Admission.WAITING, Admission.WAITING, Admission.ADMITTED]
    assert [stay.waiting_since for stay in stays] == [NOW, NOW, None]
    assert {track.participant_id for track in session.granted} == {stays[2].id}


def test_admitting_gives_names_once_and_begins_the_consultation() -> None:
    session = waiting_session()
    patient = come(session, PATIENT, Relation.OWN)
    come(session, DOCTOR, Relation.IN_CHARGE)
    assert told(session, EventType.ACTIVATED) == 0
    for _ in range(2):
        moderation.admit(session, patient, DOCTOR, NOW)
    assert session.status is SessionStatus.ACTIVE
    assert told(session, EventType.ADMITTED) == 1
    names = [track for track in session.granted if track.participant_id == patient.id]
    assert [track.track_type for track in names] == [TrackType.AUDIO, TrackType.VIDEO]


def test_sent_back_waits_anew_and_is_let_in_by_a_new_decision_only() -> None:
    session = waiting_session()
    patient = come(session, PATIENT, Relation.OWN)
    come(session, DOCTOR, Relation.IN_CHARGE)
    keep_up(session, APPOINTMENT, ClinicRules(), NOW)
    assert patient.admitted
    later = NOW + timedelta(minutes=3)
    for _ in range(2):
        moderation.send_back(session, patient, DOCTOR, later)
        keep_up(session, APPOINTMENT, ClinicRules(), later)
    assert (patient.admission, patient.waiting_since) == (Admission.SENT_BACK, later)
    assert told(session, EventType.SENT_BACK) == 1
    again = session.join(PATIENT, Relation.OWN, "again", later)
    keep_up(session, APPOINTMENT, ClinicRules(), later)
    assert again.admission is Admission.SENT_BACK
    moderation.admit(session, again, DOCTOR, later)
    names = [track.track_name for track in session.granted if track.user_id == PATIENT.user_id]
    assert len(set(names)) == len(names) == 4


@pytest.mark.parametrize(("actor", "relation"), [(PATIENT, Relation.OWN), (ADMIN, Relation.STAFF)])
def test_leaving_does_not_undo_being_sent_back(actor: AuthUser, relation: Relation) -> None:
    session = waiting_session()
    come(session, DOCTOR, Relation.IN_CHARGE)
    stay = come(session, actor, relation)
    moderation.admit(session, stay, DOCTOR, NOW)
    moderation.send_back(session, stay, DOCTOR, NOW)
    session.leave(actor, stay.id, NOW)
    again = come(session, actor, relation)
    keep_up(session, APPOINTMENT, ClinicRules(), NOW)
    assert again.admission is Admission.SENT_BACK
    moderation.admit(session, again, DOCTOR, NOW)
    session.leave(actor, again.id, NOW)
    once_more = come(session, actor, relation)
    assert once_more.admission is (Admission.WAITING if actor is PATIENT else Admission.ADMITTED)


def test_a_locked_session_lets_nobody_in_by_itself() -> None:
    session = waiting_session()
    come(session, DOCTOR, Relation.IN_CHARGE)
    moderation.lock(session, True, DOCTOR, NOW)
    patient = come(session, PATIENT, Relation.OWN)
    keep_up(session, APPOINTMENT, ClinicRules(), NOW)
    assert patient.admission is Admission.WAITING
    moderation.lock(session, False, DOCTOR, NOW)
    keep_up(session, APPOINTMENT, ClinicRules(), NOW)
    assert patient.admitted


def test_an_outcome_noted_before_the_end_outlives_it() -> None:
    session = waiting_session()
    moderation.set_outcome(session, Outcome.MOVED_TO_PHONE, DOCTOR, NOW)
    session.end(DOCTOR, NOW)
    assert session.metadata.outcome is Outcome.MOVED_TO_PHONE


def test_somebody_who_waits_and_is_sent_back_is_not_let_in_by_the_server() -> None:
    session = waiting_session()
    patient = come(session, PATIENT, Relation.OWN)
    moderation.send_back(session, patient, ADMIN, NOW)
    come(session, DOCTOR, Relation.IN_CHARGE)
    keep_up(session, APPOINTMENT, ClinicRules(), NOW)
    assert patient.admission is Admission.SENT_BACK


def test_the_server_lets_in_once_a_doctor_is_there_and_the_identity_is_known() -> None:
    session = waiting_session()
    patient = come(session, PATIENT, Relation.OWN)
    rules = ClinicRules(identity_check_required=True)
    keep_up(session, APPOINTMENT, rules, NOW)
    come(session, DOCTOR, Relation.IN_CHARGE)
    keep_up(session, APPOINTMENT, rules, NOW)
    assert patient.admission is Admission.WAITING
    moderation.check_identity(session, patient, IdentityMethod.PASSPORT, DOCTOR, NOW)
    keep_up(session, APPOINTMENT, rules, NOW)
    assert patient.admitted
    admitted = next(event for event in session.events if event.event_type is EventType.ADMITTED)
    assert (admitted.user_type, admitted.user_id) == TIMER.key


def test_leaving_and_coming_back_is_a_new_admission_losing_the_connection_is_not() -> None:
    session = waiting_session()
    patient = come(session, PATIENT, Relation.OWN)
    moderation.admit(session, patient, DOCTOR, NOW)
    again = come(session, PATIENT, Relation.OWN)
    assert again.admitted
    session.leave(PATIENT, again.id, NOW)
    assert come(session, PATIENT, Relation.OWN).admission is Admission.WAITING


@pytest.mark.parametrize("kind", [TrackType.AUDIO, TrackType.VIDEO])
def test_a_mute_by_staff_is_lifted_by_its_owners_act_alone(kind: TrackType) -> None:
    session = waiting_session()
    patient = come(session, PATIENT, Relation.OWN)
    come(session, DOCTOR, Relation.IN_CHARGE)
    moderation.admit(session, patient, DOCTOR, NOW)
    published = [track.published("pub", "0") for track in session.granted if track.participant_id == patient.id]
    for _ in range(2):
        moderation.mute(session, patient, [kind], DOCTOR, NOW)
    assert told(session, EventType.MUTED) == 1
    assert patient.muted_by == {kind: DOCTOR.key}
    flowing = {edge.publication for edge in permitted_edges(session, published)}
    assert flowing == {track.track_name for track in published if track.track_type is not kind}
    session.media_state(PATIENT, patient.id, {kind: False}, NOW)
    assert kind in patient.muted_by
    again = come(session, PATIENT, Relation.OWN)
    assert kind in again.muted_by
    for _ in range(2):
        moderation.unmute(session, again, [kind], PATIENT, NOW)
    assert again.muted_by == {}
    assert told(session, EventType.UNMUTED) == 1


def test_removal_ends_the_stay_and_only_staff_lift_it() -> None:
    session = waiting_session()
    patient = come(session, PATIENT, Relation.OWN)
    for _ in range(2):
        moderation.remove(session, patient, DOCTOR, "wrong person", NOW)
    assert told(session, EventType.LEFT) == 1
    assert (patient.admission, patient.removal_note, patient.is_active) == (Admission.REMOVED, "wrong person", False)
    assert all("wrong" not in str(event.metadata) for event in session.events)
    assert session.find(PATIENT.key) is patient
    moderation.admit(session, patient, DOCTOR, NOW)
    assert told(session, EventType.ADMITTED) == 0
    for _ in range(2):
        moderation.restore(session, patient, DOCTOR, NOW)
    assert (told(session, EventType.RESTORED), told(session, EventType.ADMITTED)) == (1, 0)
    assert come(session, PATIENT, Relation.OWN).admission is Admission.WAITING


def test_switches_of_the_session_are_events_once() -> None:
    session = waiting_session()
    for _ in range(2):
        moderation.lock(session, True, DOCTOR, NOW)
        moderation.allow_screen_share(session, False, DOCTOR, NOW)
        moderation.set_outcome(session, Outcome.MOVED_TO_PHONE, DOCTOR, NOW)
    once = (EventType.LOCKED, EventType.SCREEN_SHARE_SET, EventType.OUTCOME_SET)
    assert [told(session, event_type) for event_type in once] == [1, 1, 1]
    moderation.lock(session, False, DOCTOR, NOW)
    assert told(session, EventType.UNLOCKED) == 1


def test_who_sees_whom() -> None:
    session = waiting_session()
    patient, guest = come(session, PATIENT, Relation.OWN), come(session, GUEST, Relation.GUEST)
    doctor = come(session, DOCTOR, Relation.IN_CHARGE)

    def seen_by(viewer: AuthUser) -> set[str]:
        sight = sight_of(viewer, session)
        return {one.id for one in session.present if sees(viewer, sight, one)}

    assert seen_by(DOCTOR) == seen_by(ADMIN) == {patient.id, guest.id, doctor.id}
    assert (seen_by(PATIENT), seen_by(GUEST)) == ({patient.id}, {guest.id})
    moderation.admit(session, patient, DOCTOR, NOW)
    assert (seen_by(PATIENT), seen_by(GUEST)) == ({patient.id, doctor.id}, {guest.id})
    moderation.send_back(session, patient, DOCTOR, NOW)
    assert seen_by(PATIENT) == {patient.id}
    assert sight_of(AuthUser("robot", 1, None, ""), session) is Sight.SELF  # type: ignore[arg-type]


def test_two_way_media_is_noted_once_and_stays() -> None:
    session = waiting_session()
    note_two_way_media(session, [TrackType.AUDIO], NOW)
    note_two_way_media(session, [TrackType.AUDIO], NOW)
    note_two_way_media(session, [TrackType.VIDEO], NOW)
    assert session.metadata.two_way_media == {TrackType.AUDIO, TrackType.VIDEO}
    assert told(session, EventType.TWO_WAY_MEDIA) == 2
