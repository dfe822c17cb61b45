"""Sessions and their registry on a double of the media plane: what waits, what ends and what is swept away."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from shinsatsu.rtc.sdp import serialize_sdp
from shinsatsu.rtc.sdp_parse import parse_sdp
from shinsatsu.sfu.errors import Full, InvalidDescription, SessionGone, TooManyRequests
from shinsatsu.sfu.plane import ConnectionState
from shinsatsu.sfu.registry import Registry
from shinsatsu.sfu.requests import TrackRequest, TracksRequest
from shinsatsu.sfu.session import Session
from shinsatsu.sfu.tracks import Item, Limits
from tests.sfu.double import DoubleConnection, DoubleTransport
from tests.sfu.test_negotiation import answer_to

SAMPLES = Path(__file__).parent.parent / "rtc" / "samples"
QUICK = Limits(publisher_transport=0.01, first_packet=0.01)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Sfu:
    """A registry on a double, with what tests ask of it in short."""

    def __init__(self, limits: Limits = QUICK, *, connects_at_once: bool = True) -> None:
        self.clock = Clock()
        self.transport = DoubleTransport(connects_at_once)
        self.registry = Registry(self.transport, self.clock, limits)

    def session(self) -> tuple[Session, DoubleConnection]:
        session, _ = self.registry.create()
        return session, self.transport.connections[-1]

    def publisher(self, name: str = "chromium-156-push") -> tuple[Session, DoubleConnection]:
        session, connection = self.session()
        self.publish(session, name)
        return session, connection

    def publish(self, session: Session, name: str = "chromium-156-push") -> list[Item]:
        requests = [TrackRequest("", "0", "mic"), TrackRequest("", "1", "cam")]
        return session.publish(sample(name), requests, self.clock())[1]

    async def pull(self, receiver: Session, publisher: Session, *names: str) -> tuple[str | None, bool, list[Item]]:
        requests = tuple(TrackRequest("", track_name=name, session_id=publisher.id) for name in names)
        return await self.registry.pull(receiver, TracksRequest("remote", requests))

    async def pulled(self, receiver: Session, publisher: Session, *names: str) -> list[str]:
        """Pulls and answers; the mids."""
        sdp, _, items = await self.pull(receiver, publisher, *names)
        receiver.accept(serialize_sdp(answer_to(sdp)), self.clock())
        return [str(item["mid"]) for item in items]

    def sweep(self, now: float) -> None:
        self.clock.now = now
        self.registry.sweep(now)


def sample(name: str) -> str:
    return (SAMPLES / f"{name}.sdp").read_bytes().decode()


def code(item: Item) -> object:
    return item.get("errorCode")


async def test_what_is_published_flows_to_who_pulls_it() -> None:
    sfu = Sfu()
    publisher, sending = sfu.publisher()
    receiver, receiving = sfu.session()
    mids = await sfu.pulled(receiver, publisher, "mic", "cam")
    assert sending.started is not None
    assert sending.started[1] == "server"
    assert [edge.parameters.mid for edge in receiving.edges] == mids
    assert [edge.publication for edge in receiving.edges] == sending.publications
    assert {edge.parameters.cname for edge in receiving.edges} != {""}
    assert [item["status"] for item in receiver.describe()] == ["active", "active"]
    assert [item["trackName"] for item in publisher.describe()] == ["mic", "cam"]


async def test_no_edge_before_the_answer() -> None:
    sfu = Sfu()
    publisher, _ = sfu.publisher()
    receiver, receiving = sfu.session()
    _, offered, _ = await sfu.pull(receiver, publisher, "cam")
    assert offered
    assert receiving.edges == []
    assert receiver.describe()[0]["status"] == "inactive"


async def test_a_pull_waits_for_transport_and_first_packet() -> None:
    sfu = Sfu(Limits(), connects_at_once=False)
    publisher, sending = sfu.session()
    sending.flows_at_once = False
    sfu.publish(publisher)
    receiver, _ = sfu.session()
    pulling = asyncio.create_task(sfu.pull(receiver, publisher, "cam"))
    await asyncio.sleep(0)
    sending.connect()
    await asyncio.sleep(0)
    assert not pulling.done()
    sending.publications[1].packet(1.0)
    _, offered, [item] = await pulling
    assert offered
    assert code(item) is None


async def test_a_pull_of_nothing_says_why() -> None:
    sfu = Sfu(connects_at_once=False)
    publisher, sending = sfu.session()
    sending.flows_at_once = False
    sfu.publish(publisher)
    receiver, _ = sfu.session()
    sdp, offered, [nobody, unconnected] = await sfu.pull(receiver, publisher, "nobody", "cam")
    assert (sdp, offered) == (None, False)
    assert (code(nobody), code(unconnected)) == ("not_found_track_error", "empty_track_error")
    sending.connect()
    _, _, [silent] = await sfu.pull(receiver, publisher, "cam")
    assert (code(silent), silent["mid"]) == ("empty_track_error", "")


async def test_a_track_closed_while_waited_for_is_not_found() -> None:
    sfu = Sfu(Limits())
    publisher, sending = sfu.session()
    sending.flows_at_once = False
    sfu.publish(publisher)
    sending.publications[0].packet(0.0)
    receiver, _ = sfu.session()
    pulling = asyncio.create_task(sfu.pull(receiver, publisher, "mic", "cam"))
    await asyncio.sleep(0)
    publisher.close_forced(["0", "1"])
    assert [code(item) for item in (await pulling)[2]] == ["not_found_track_error"] * 2


async def test_a_receiver_gone_while_waiting_is_told_so() -> None:
    sfu = Sfu(Limits())
    publisher, sending = sfu.session()
    sending.flows_at_once = False
    sfu.publish(publisher)
    receiver, _ = sfu.session()
    pulling = asyncio.create_task(sfu.pull(receiver, publisher, "cam"))
    await asyncio.sleep(0)
    receiver.close()
    sending.publications[1].packet(1.0)
    with pytest.raises(SessionGone):
        await pulling


async def test_closing_a_publishers_mid_ends_its_edges_everywhere() -> None:
    sfu = Sfu()
    publisher, sending = sfu.publisher()
    one, two = sfu.session(), sfu.session()
    for receiver, _ in (one, two):
        await sfu.pulled(receiver, publisher, "mic", "cam")
    assert publisher.close_forced(["1"]) == [{"mid": "1"}]
    assert [publication.closed for publication in sending.publications] == [False, True]
    for receiver, connection in (one, two):
        assert [edge.closed for edge in connection.edges] == [False, True]
        assert [item["trackName"] for item in receiver.describe()] == ["mic"]
    assert code(publisher.close_forced(["1"])[0]) == "close_track_error"


async def test_a_publication_closed_before_the_answer_never_flows() -> None:
    sfu = Sfu()
    publisher, _ = sfu.publisher()
    receiver, receiving = sfu.session()
    sdp, _, _ = await sfu.pull(receiver, publisher, "cam")
    publisher.close_forced(["1"])
    receiver.accept(serialize_sdp(answer_to(sdp)), sfu.clock())
    assert receiving.edges == []
    await sfu.pulled(receiver, publisher, "mic")
    assert len(receiving.edges) == 1


async def test_pausing_holds_also_for_what_is_still_negotiated() -> None:
    sfu = Sfu()
    publisher, _ = sfu.publisher()
    receiver, receiving = sfu.session()
    sdp, _, [item] = await sfu.pull(receiver, publisher, "cam")
    mid = str(item["mid"])
    assert receiver.pause([(mid, True)]) == [{"mid": mid, "paused": True}]
    receiver.accept(serialize_sdp(answer_to(sdp)), sfu.clock())
    assert receiving.edges[0].paused
    receiver.pause([(mid, False)])
    assert not receiving.edges[0].paused


async def test_an_offer_left_unanswered_is_dropped_after_ten_seconds() -> None:
    sfu = Sfu()
    publisher, _ = sfu.publisher()
    receiver, _ = sfu.session()
    sdp, _, _ = await sfu.pull(receiver, publisher, "cam")
    sfu.clock.now = 9.9
    with pytest.raises(InvalidDescription):
        await sfu.pull(receiver, publisher, "mic")
    sfu.clock.now = 10.0
    _, offered, _ = await sfu.pull(receiver, publisher, "mic")
    assert offered
    assert [item["trackName"] for item in receiver.describe()] == ["mic"]
    with pytest.raises(InvalidDescription):
        receiver.accept(serialize_sdp(answer_to(sdp)).replace("a=mid:0", "a=mid:00"), sfu.clock())


async def test_the_sweep_drops_an_unanswered_offer_too() -> None:
    sfu = Sfu()
    publisher, _ = sfu.publisher()
    receiver, _ = sfu.session()
    await sfu.pull(receiver, publisher, "cam")
    sfu.sweep(10.0)
    assert receiver.describe() == []


def test_names_and_mids_are_published_once() -> None:
    sfu = Sfu()
    publisher, _ = sfu.publisher()
    again = [TrackRequest("tracks[0].", "0", "other"), TrackRequest("tracks[1].", "1", "cam")]
    items = publisher.publish(sample("chromium-156-push"), again, 0.0)[1]
    assert [code(item) for item in items] == ["repeated_local_track_error"] * 2
    assert "tracks[0]" in str(items[0]["errorDescription"])


def test_auto_discovery_names_what_it_finds() -> None:
    sfu = Sfu()
    session, connection = sfu.session()
    _, items = session.publish(sample("chromium-156-push"), [TrackRequest("", "0", "mic")], 0.0, auto_discover=True)
    assert [item["mid"] for item in items] == ["0", "1"]
    assert items[0]["trackName"] == "mic"
    assert len(str(items[1]["trackName"])) == 32
    assert len(connection.publications) == 2


async def test_the_layer_asked_for_is_passed_on() -> None:
    sfu = Sfu()
    publisher, _ = sfu.publisher("chromium-156-simulcast-data")
    receiver, receiving = sfu.session()
    mic, cam = await sfu.pulled(receiver, publisher, "mic", "cam")
    assert code(receiver.update([TrackRequest("", cam, preferred_rid="h")])[0]) is None
    assert receiving.edges[1].preferred_rid == "h"
    wrong = receiver.update(
        [
            TrackRequest("", cam, preferred_rid="x"),
            TrackRequest("", mic, preferred_rid="h"),
            TrackRequest("", "99", preferred_rid="h"),
            TrackRequest("", cam, track_name="mic"),
        ]
    )
    assert [code(item) for item in wrong] == [
        "update_track_error",
        "update_track_error",
        "not_found_track_error",
        "update_track_error",
    ]
    receiver.update([TrackRequest("", cam, preferred_rid="g", rid_fallback=True)])
    assert receiving.edges[1].preferred_rid == "h"


@pytest.mark.parametrize(("state", "seconds"), [("new", 60.0), ("connecting", 60.0), ("disconnected", 30.0)])
def test_sessions_without_a_connection_expire(state: ConnectionState, seconds: float) -> None:
    sfu = Sfu()
    session, connection = sfu.session()
    connection.state = state
    sfu.sweep(0.0)
    sfu.sweep(seconds - 0.1)
    assert sfu.registry.get(session.id) is session
    sfu.sweep(seconds)
    assert connection.state == "closed"
    with pytest.raises(SessionGone):
        sfu.registry.get(session.id)


def test_a_session_connected_again_in_time_stays() -> None:
    sfu = Sfu()
    session, connection = sfu.session()
    connection.state = "disconnected"
    sfu.sweep(0.0)
    connection.state = "connected"
    sfu.sweep(20.0)
    connection.state = "disconnected"
    sfu.sweep(40.0)
    assert sfu.registry.get(session.id) is session


async def test_a_peer_that_left_takes_its_tracks_along() -> None:
    sfu = Sfu()
    publisher, sending = sfu.publisher()
    receiver, receiving = sfu.session()
    await sfu.pulled(receiver, publisher, "cam")
    sending.close()
    sfu.sweep(1.0)
    assert receiving.edges[0].closed
    assert receiver.describe() == []


def test_silent_tracks_are_dropped_for_all() -> None:
    sfu = Sfu()
    publisher, sending = sfu.session()
    sending.flows_at_once = False
    sfu.publish(publisher)
    sending.publications[0].packet(20.0)
    sfu.sweep(30.1)
    assert list(publisher.tracks) == ["mic"]
    sfu.sweep(50.1)
    assert list(publisher.tracks) == []


def test_requests_are_bounded_a_second() -> None:
    session, _ = Sfu().session()
    for _ in range(50):
        session.admit(5.0)
    with pytest.raises(TooManyRequests):
        session.admit(5.9)
    session.admit(6.0)


def test_sessions_are_bounded() -> None:
    sfu = Sfu(Limits(sessions=2))
    sfu.session()
    sfu.session()
    with pytest.raises(Full):
        sfu.session()


def test_a_refused_first_offer_leaves_no_session() -> None:
    sfu = Sfu()
    with pytest.raises(InvalidDescription):
        sfu.registry.create("v=0\r\nm=audio")
    assert sfu.transport.connections[0].state == "closed"
    assert sfu.registry.health()["sessions"] == 0


def test_a_session_made_with_an_offer_is_started_and_publishes_nothing() -> None:
    sfu = Sfu()
    session, answer = sfu.registry.create(sample("chromium-156-push"))
    assert [media.direction for media in parse_sdp(answer or "").media] == ["inactive", "inactive"]
    assert sfu.transport.connections[0].started is not None
    assert session.describe() == []
    assert code(sfu.publish(session)[0]) is None


async def test_deleting_ends_everything() -> None:
    sfu = Sfu()
    publisher, _ = sfu.publisher()
    receiver, receiving = sfu.session()
    await sfu.pulled(receiver, publisher, "cam")
    sfu.registry.delete(receiver.id)
    assert receiving.state == "closed"
    assert receiving.edges[0].closed
    assert publisher.tracks["cam"].pulls == []
    with pytest.raises(SessionGone):
        sfu.publish(receiver)


async def test_tracks_of_one_stream_stay_in_one_and_others_apart() -> None:
    sfu = Sfu()
    publisher, _ = sfu.session()
    offer = parse_sdp(sample("firefox-153-push"))
    apart = replace(offer.media[1], msid=replace(offer.media[0].msid, stream="elsewhere"))  # type: ignore[type-var]
    sfu.publish(publisher, "firefox-153-push")
    assert len({track.stream for track in publisher.tracks.values()}) == 1
    other, _ = sfu.session()
    requests = [TrackRequest("", "0", "mic"), TrackRequest("", "1", "screen")]
    other.publish(serialize_sdp(replace(offer, media=(offer.media[0], apart))), requests, 0.0)
    assert len({track.stream for track in other.tracks.values()}) == 2
