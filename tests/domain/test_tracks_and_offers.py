"""Track names and permissions (spec §3), and what an offer may say."""

import pytest

from shinsatsu.domain.appointment import Appointment, relation_of, scope_of
from shinsatsu.domain.errors import DuplicateTrack, Invalid, InvalidSessionDescription, TrackNotGranted
from shinsatsu.domain.offers import ClaimedTrack, OfferedSection, check_offer, claimed_tracks
from shinsatsu.domain.roles import AuthUser, UserType, WorkerRole
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.domain.tracks import Track, TrackPermissions, TrackType, track_name, track_permissions

AUDIO = Track("patient-7-audio-1", TrackType.AUDIO, "p1", UserType.PATIENT, 7)
VIDEO = Track("patient-7-video-2", TrackType.VIDEO, "p1", UserType.PATIENT, 7)
SCREEN = Track("patient-7-screen-3", TrackType.SCREEN, "p1", UserType.PATIENT, 7)
OWN = [AUDIO, VIDEO, SCREEN]
SECTIONS = [OfferedSection("0", "audio", True), OfferedSection("1", "video", True)]
CLAIMS = [ClaimedTrack("0", AUDIO.track_name), ClaimedTrack("1", VIDEO.track_name)]


def test_names_are_the_specs() -> None:
    assert track_name(UserType.WORKER, 3, TrackType.SCREEN, 1700000000000) == "worker-3-screen-1700000000000"


@pytest.mark.parametrize(
    ("viewer", "expected"),
    [
        (AuthUser(UserType.PATIENT, 7, None, ""), TrackPermissions(True, True, True)),
        (AuthUser(UserType.PATIENT, 8, None, ""), TrackPermissions(False, True, False)),
        (AuthUser(UserType.WORKER, 7, WorkerRole.DOCTOR, ""), TrackPermissions(False, True, True)),
        (AuthUser(UserType.WORKER, 9, WorkerRole.OPERATOR, ""), TrackPermissions(False, True, True)),
    ],
)
def test_track_permissions(viewer: AuthUser, expected: TrackPermissions) -> None:
    assert track_permissions(viewer, AUDIO) == expected


def test_an_honest_offer_passes() -> None:
    tracks = claimed_tracks(CLAIMS, OWN)
    assert tracks == [AUDIO, VIDEO]
    check_offer([*SECTIONS, OfferedSection("2", "video", False)], CLAIMS, tracks)


@pytest.mark.parametrize(
    ("claims", "error", "field"),
    [
        ([ClaimedTrack("0", "patient-8-audio-1")], TrackNotGranted, "tracks[0].trackName"),
        ([*CLAIMS, ClaimedTrack("2", AUDIO.track_name)], DuplicateTrack, "tracks[2].trackName"),
    ],
)
def test_claims_that_are_refused(claims: list[ClaimedTrack], error: type[Invalid], field: str) -> None:
    with pytest.raises(error) as refused:
        claimed_tracks(claims, OWN)
    assert refused.value.field == field


def test_a_name_is_published_once() -> None:
    with pytest.raises(DuplicateTrack):
        claimed_tracks(CLAIMS[:1], [AUDIO.published("m1", "0")])
    with pytest.raises(TrackNotGranted):
        claimed_tracks(CLAIMS[:1], [AUDIO.closed()])


@pytest.mark.parametrize(
    ("sections", "claims", "field"),
    [
        (SECTIONS[:1], CLAIMS, "tracks[1].mid"),
        ([*SECTIONS, OfferedSection("2", "audio", True)], CLAIMS, "sessionDescription.sdp"),
        ([*SECTIONS, OfferedSection("1", "video", True)], CLAIMS, "sessionDescription.sdp"),
        (SECTIONS, [ClaimedTrack("1", AUDIO.track_name), ClaimedTrack("0", VIDEO.track_name)], "tracks[0].mid"),
        (SECTIONS, [CLAIMS[0], ClaimedTrack("0", VIDEO.track_name)], "tracks[1].mid"),
        ([OfferedSection("0", "audio", False), SECTIONS[1]], CLAIMS, "tracks[0].mid"),
        ([OfferedSection("0", "application", True), SECTIONS[1]], CLAIMS, "tracks[0].mid"),
    ],
)
def test_offers_that_are_refused(sections: list[OfferedSection], claims: list[ClaimedTrack], field: str) -> None:
    with pytest.raises(InvalidSessionDescription) as refused:
        check_offer(sections, claims, claimed_tracks(claims, OWN))
    assert refused.value.field == field


def test_what_is_published_already_may_go_on_sending_but_takes_no_second_name() -> None:
    sections = [*SECTIONS, OfferedSection("2", "video", True)]
    claim = [ClaimedTrack("2", SCREEN.track_name)]
    check_offer(sections, claim, [SCREEN], frozenset({"0", "1"}))
    with pytest.raises(InvalidSessionDescription):
        check_offer(sections, [ClaimedTrack("1", SCREEN.track_name)], [SCREEN], frozenset({"0", "1"}))


def test_the_scope_of_a_list_agrees_with_the_relation() -> None:
    moment = from_text("2026-11-23T05:30:00.123Z")
    appointments = [
        Appointment(f"a{patient}{doctor}{support}", patient, doctor, (support,), moment, 15)
        for patient in (1, 2)
        for doctor in (1, 2)
        for support in (3, 4)
    ]
    roles = [(UserType.SYSTEM, None), (UserType.PATIENT, None), *((UserType.WORKER, role) for role in WorkerRole)]
    for user_type, role in [*roles, (UserType.WORKER, None), (UserType.PATIENT, WorkerRole.ADMIN)]:
        for user_id in range(1, 5):
            for bound in (None, "a113"):
                user = AuthUser(user_type, user_id, role, "", bound)
                scope = scope_of(user)
                for one in appointments:
                    doctors = (one.doctor_id, *one.support_doctor_ids)
                    listed = (
                        not scope.nothing
                        and scope.appointment_id in (None, one.id)
                        and scope.patient_id in (None, one.patient_id)
                        and (scope.doctor_id is None or scope.doctor_id in doctors)
                    )
                    assert listed is (relation_of(user, one) is not None)


def test_timestamps_are_text_that_sorts() -> None:
    assert to_text(from_text("2026-11-23T14:30:00.123456+09:00")) == "2026-11-23T05:30:00.123Z"
    with pytest.raises(ValueError, match="zone"):
        from_text("2026-11-23T14:30:00")
