"""Publish, subscribe, close: what the media plane is asked, and what it is never asked."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.errors import (
    DuplicateTrack,
    Forbidden,
    InvalidSessionDescription,
    InvalidTransition,
    MediaPlaneError,
    NegotiationInProgress,
    NotFound,
    SessionEnded,
    StaleParticipant,
    TrackNotFound,
    TrackNotGranted,
)
from shinsatsu.domain.offers import ClaimedTrack
from shinsatsu.domain.roles import AuthUser
from shinsatsu.domain.session_status import SessionStatus
from shinsatsu.domain.tracks import TrackType
from shinsatsu.service.views import Joined
from tests.house import DOCTOR, OTHER_PATIENT, PATIENT, House
from tests.media_plane import InMemoryMediaPlane


@pytest.fixture(params=["extended", "plain"])
def house(request: pytest.FixtureRequest, engine: AsyncEngine) -> House:
    """The clinic on either kind of media plane."""
    return House(engine, plane=InMemoryMediaPlane(extensions=request.param == "extended"))


def offer(*kinds: str, direction: str = "sendonly", first_mid: int = 0) -> str:
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-ufrag:abcd", "a=ice-pwd:0123456789abcdefghijkl"]
    lines.append("a=fingerprint:sha-256 " + ":".join(["AB"] * 32))
    for mid, kind in enumerate(kinds, first_mid):
        payload = "111 opus/48000/2" if kind == "audio" else "96 VP8/90000"
        lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {payload.split()[0]}", "c=IN IP4 0.0.0.0", f"a=mid:{mid}"]
        lines += ["a=setup:actpass", f"a={direction}", "a=rtcp-mux", f"a=rtpmap:{payload}"]
    return "\r\n".join(lines) + "\r\n"


def claims_of(joined: Joined) -> list[ClaimedTrack]:
    return [ClaimedTrack(str(mid), track.track_name) for mid, track in enumerate(joined.tracks)]


async def publish(house: House, actor: AuthUser, session_id: str) -> Joined:
    joined = await house.enter(actor, session_id)
    await house.tracks.publish(actor, session_id, joined.participant_id, offer("audio", "video"), claims_of(joined))
    return joined


async def call(house: House) -> tuple[str, Joined, Joined]:
    """Patient and doctor publish, and each receives the other."""
    session_id = await house.opened()
    patient, doctor = [await publish(house, actor, session_id) for actor in (PATIENT, DOCTOR)]
    for actor, own, other in ((PATIENT, patient, doctor), (DOCTOR, doctor, patient)):
        names = [track.track_name for track in other.tracks]
        answer = await house.tracks.subscribe(actor, session_id, own.participant_id, names)
        assert answer.sdp is not None
        await house.tracks.renegotiate(actor, session_id, own.participant_id, "answer")
    return session_id, patient, doctor


async def test_a_call_flows_both_ways_and_its_story_is_told(house: House) -> None:
    session_id, patient, doctor = await call(house)
    assert len(house.plane.flowing()) == 4
    published = ["track_published", "track_published", "connected"]
    coming_in = ["joined", "admitted", *published, "joined", *published]
    assert (await house.story(session_id))[2:] == [*coming_in, "activated", "two_way_media"]
    snapshot = await house.sessions.snapshot(PATIENT, session_id)
    assert {track.participant_id for track in snapshot.tracks} == {patient.participant_id, doctor.participant_id}
    assert snapshot.seq == 13


@pytest.mark.parametrize(
    ("sdp", "claims", "error", "field"),
    [
        ("nonsense", [("0", 0)], InvalidSessionDescription, "sessionDescription.sdp"),
        (offer("video", "audio"), [("0", 0), ("1", 1)], InvalidSessionDescription, "tracks[0].mid"),
        (offer("audio"), [("0", 0), ("1", 1)], InvalidSessionDescription, "tracks[1].mid"),
        (offer("audio", "video"), [("0", 0)], InvalidSessionDescription, "sessionDescription.sdp"),
        (offer("audio", "audio"), [("0", 0), ("1", 0)], DuplicateTrack, "tracks[1].trackName"),
        (offer("audio"), [("0", "worker-3-audio-1")], TrackNotGranted, "tracks[0].trackName"),
    ],
)
async def test_offers_that_never_reach_the_plane(
    house: House, sdp: str, claims: list[tuple[str, int | str]], error: type[Exception], field: str
) -> None:
    session_id = await house.opened()
    joined = await house.enter(PATIENT, session_id)
    names = [name if isinstance(name, str) else joined.tracks[name].track_name for _, name in claims]
    claimed = [ClaimedTrack(mid, name) for (mid, _), name in zip(claims, names, strict=True)]
    with pytest.raises(error) as refused:
        await house.tracks.publish(PATIENT, session_id, joined.participant_id, sdp, claimed)
    assert getattr(refused.value, "field", None) == field
    assert "publish" not in house.plane.calls
    assert house.plane.in_use() == set()
    await house.tracks.publish(PATIENT, session_id, joined.participant_id, offer("audio", "video"), claims_of(joined))


async def test_only_ones_own_names_and_only_while_there(house: House) -> None:
    session_id, patient, doctor = await call(house)
    with pytest.raises(TrackNotGranted):
        await house.tracks.publish(PATIENT, session_id, patient.participant_id, offer("audio"), claims_of(doctor)[:1])
    with pytest.raises(NotFound):
        await house.tracks.publish(PATIENT, session_id, doctor.participant_id, offer("audio"), claims_of(doctor)[:1])
    with pytest.raises(NotFound):
        await house.tracks.subscribe(OTHER_PATIENT, session_id, patient.participant_id, ["x"])
    with pytest.raises(TrackNotFound):
        await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, ["patient-9-audio-1"])
    with pytest.raises(Forbidden):
        await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, [patient.tracks[0].track_name])
    again = await house.enter(PATIENT, session_id)
    with pytest.raises(StaleParticipant):
        await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, [doctor.tracks[0].track_name])
    answer = await house.tracks.subscribe(PATIENT, session_id, again.participant_id, [doctor.tracks[0].track_name])
    assert answer.sdp == "offer"


async def test_one_negotiation_at_a_time_for_ten_seconds(house: House) -> None:
    session_id = await house.opened()
    doctor = await publish(house, DOCTOR, session_id)
    patient = await house.enter(PATIENT, session_id)
    audio, video = (track.track_name for track in doctor.tracks)
    await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, [audio])
    with pytest.raises(NegotiationInProgress):
        await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, [video])
    house.clock.pass_time(seconds=10)
    await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, [video])
    await house.tracks.renegotiate(PATIENT, session_id, patient.participant_id, "answer")
    with pytest.raises(InvalidTransition):
        await house.tracks.renegotiate(PATIENT, session_id, patient.participant_id, "answer")
    again = await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, [video])
    assert (again.sdp, [result.mid for result in again.tracks]) == (None, ["1"])


async def test_a_screen_has_a_name_of_its_own_each_time(house: House) -> None:
    session_id, patient, doctor = await call(house)
    first = await house.tracks.grant(PATIENT, session_id, patient.participant_id, TrackType.SCREEN)
    again = await house.tracks.grant(PATIENT, session_id, patient.participant_id, TrackType.SCREEN)
    assert first.track_name == again.track_name  # until it is used: asking costs nothing
    screen = offer("audio", "video", "video")
    await house.tracks.publish(
        PATIENT, session_id, patient.participant_id, screen, [ClaimedTrack("2", first.track_name)]
    )
    await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [first.track_name])
    await house.tracks.renegotiate(DOCTOR, session_id, doctor.participant_id, "answer")
    await house.tracks.close(PATIENT, session_id, patient.participant_id, [first.track_name])
    assert first.track_name not in {name for name, _ in house.plane.flowing()}
    second = await house.tracks.grant(PATIENT, session_id, patient.participant_id, TrackType.SCREEN)
    assert second.track_name != first.track_name
    with pytest.raises(TrackNotFound):
        await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [first.track_name])


async def test_a_track_named_twice_is_closed_once(house: House) -> None:
    session_id, patient, _ = await call(house)
    name = patient.tracks[0].track_name
    with pytest.raises(DuplicateTrack):
        await house.tracks.close(PATIENT, session_id, patient.participant_id, [name, name])
    await house.tracks.close(PATIENT, session_id, patient.participant_id, [name])
    assert (await house.story(session_id)).count("track_closed") == 1


async def test_both_publishing_makes_it_active_without_any_stream(house: House) -> None:
    session_id, _, _ = await call(house)
    view = await house.sessions.get(DOCTOR, session_id)
    assert view.session.status is SessionStatus.ACTIVE


async def test_an_answer_after_its_time_is_no_answer(house: House) -> None:
    session_id = await house.opened()
    patient = await publish(house, PATIENT, session_id)
    doctor = await house.sessions.join(DOCTOR, session_id)
    names = [track.track_name for track in patient.tracks]
    await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, names)
    house.clock.pass_time(seconds=11)
    with pytest.raises(InvalidTransition):
        await house.tracks.renegotiate(DOCTOR, session_id, doctor.participant_id, "answer")


async def test_a_receiver_may_end_receiving_and_take_it_up_again(house: House) -> None:
    session_id, patient, doctor = await call(house)
    name = patient.tracks[0].track_name
    await house.tracks.close(DOCTOR, session_id, doctor.participant_id, [name])
    assert name not in {flowing for flowing, _ in house.plane.flowing()}
    await house.tracks.subscribe(DOCTOR, session_id, doctor.participant_id, [name])
    await house.tracks.renegotiate(DOCTOR, session_id, doctor.participant_id, "answer")
    assert name in {flowing for flowing, _ in house.plane.flowing()}


async def test_a_pull_that_comes_back_after_the_right_is_gone_is_withheld(house: House) -> None:
    session_id = await house.opened()
    doctor = await publish(house, DOCTOR, session_id)
    patient = await house.enter(PATIENT, session_id)

    async def end() -> None:
        await house.sessions.end(DOCTOR, session_id)

    house.plane.during_pull = end
    with pytest.raises(SessionEnded):
        await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, [doctor.tracks[0].track_name])
    await house.reconciler.settle(session_id)
    assert house.plane.in_use() == set()


async def test_a_superseded_receiver_gets_no_offer(house: House) -> None:
    session_id = await house.opened()
    doctor = await publish(house, DOCTOR, session_id)
    patient = await house.enter(PATIENT, session_id)

    async def join_again() -> None:
        await house.enter(PATIENT, session_id)

    house.plane.during_pull = join_again
    with pytest.raises(StaleParticipant):
        await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, [doctor.tracks[0].track_name])
    assert house.plane.flowing() == set()


async def test_a_track_closed_while_pulled_fails_alone(house: House) -> None:
    session_id = await house.opened()
    doctor = await publish(house, DOCTOR, session_id)
    patient = await house.enter(PATIENT, session_id)
    audio, video = (track.track_name for track in doctor.tracks)

    async def close() -> None:
        await house.tracks.close(DOCTOR, session_id, doctor.participant_id, [video])

    house.plane.during_pull = close
    answer = await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, [audio, video])
    assert answer.sdp == "offer"
    assert [result.error_code for result in answer.tracks] == [None, "not_found_track_error"]
    await house.tracks.renegotiate(PATIENT, session_id, patient.participant_id, "answer")
    await house.reconciler.settle(session_id)
    assert {name for name, _ in house.plane.flowing()} == {audio}


@pytest.mark.parametrize("call_name", ["new_session", "publish", "pull"])
async def test_a_plane_that_fails_leaves_the_way_open(house: House, call_name: str) -> None:
    session_id = await house.opened()
    house.plane.failing.add(call_name)
    doctor = await house.sessions.join(DOCTOR, session_id)
    patient = await house.enter(PATIENT, session_id)
    claims = claims_of(doctor)

    async def first_attempt() -> None:
        await house.tracks.publish(DOCTOR, session_id, doctor.participant_id, offer("audio", "video"), claims)
        await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, [claims[0].track_name])

    with pytest.raises(MediaPlaneError):
        await first_attempt()
    house.plane.failing.clear()
    if call_name != "pull":
        await house.tracks.publish(DOCTOR, session_id, doctor.participant_id, offer("audio", "video"), claims)
    answer = await house.tracks.subscribe(PATIENT, session_id, patient.participant_id, [claims[0].track_name])
    assert answer.sdp == "offer"
