"""The event stream as a plain object: order, gaps, signs of life, limits."""

import json
import random

import pytest

from shinsatsu.realtime.messages import MediaState
from shinsatsu.realtime.session import (
    BURST,
    HEARTBEAT_INTERVAL,
    MAX_MESSAGE_CHARACTERS,
    MAX_WAITING,
    SILENCE_LIMIT,
    CloseCode,
    EventStream,
)


def numbered(seq: int) -> str:
    return json.dumps({"type": "session_status", "seq": seq})


def numbers(stream: EventStream) -> list[int]:
    return [json.loads(text)["seq"] for text in stream.take()]


def code_of(stream: EventStream) -> CloseCode | None:
    return stream.closing.code if stream.closing else None


def test_events_in_order_go_straight_out() -> None:
    stream = EventStream(after=4, now=0)
    stream.event(5, numbered(5))
    stream.event(6, None)
    assert stream.take() == [numbered(5), '{"seq":6}']
    assert stream.last == 6
    assert not stream.gap


def test_any_order_of_arrival_leaves_in_order_once() -> None:
    source = random.Random(7)
    arrivals = [*range(1, 101), *range(20, 60)]
    source.shuffle(arrivals)
    stream = EventStream(after=0, now=0)
    sent: list[int] = []
    for seq in arrivals:
        stream.event(seq, numbered(seq))
        sent += numbers(stream)
    assert sent == list(range(1, 101))


def test_a_missing_number_holds_back_what_follows_until_the_store_is_read() -> None:
    stream = EventStream(after=1, now=0)
    stream.event(3, numbered(3))
    assert stream.gap
    assert stream.take() == []
    stream.event(2, numbered(2))
    assert numbers(stream) == [2, 3]


def test_events_before_the_snapshot_follow_it_or_are_in_it() -> None:
    stream = EventStream(after=None, now=0)
    for seq in (7, 8, 9):
        stream.event(seq, numbered(seq))
    assert stream.take() == []
    stream.snapshot(8, json.dumps({"type": "snapshot", "seq": 8}))
    assert numbers(stream) == [8, 9]


def test_a_gap_that_is_never_filled_ends_in_a_resync() -> None:
    stream = EventStream(after=0, now=0)
    for seq in range(2, MAX_WAITING + 3):
        stream.event(seq, numbered(seq))
    assert stream.closing is not None
    assert stream.closing.code is CloseCode.RESYNC_REQUIRED


def test_heartbeats_come_at_their_interval() -> None:
    stream = EventStream(after=0, now=100)
    stream.tick(100 + HEARTBEAT_INTERVAL - 0.01)
    assert stream.take() == []
    stream.tick(stream.deadline)
    assert stream.take() == ['{"type":"heartbeat"}']
    assert stream.deadline == 100 + 2 * HEARTBEAT_INTERVAL


def test_a_silent_client_is_given_up_and_a_heard_one_is_not() -> None:
    stream = EventStream(after=0, now=0)
    assert stream.receive('{"type":"heartbeat"}', 20) is None
    stream.tick(SILENCE_LIMIT + 1)
    stream.tick(19 + SILENCE_LIMIT)
    assert code_of(stream) is None
    stream.tick(20 + SILENCE_LIMIT)
    assert code_of(stream) is CloseCode.GOING_AWAY


def test_own_microphone_and_camera_are_understood() -> None:
    stream = EventStream(after=0, now=0)
    said = stream.receive('{"type":"media_state","audioMuted":true,"videoMuted":false}', 1)
    assert said == MediaState(audio_muted=True, video_muted=False)
    assert stream.take() == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "JSON"),
        ("[]", "JSON"),
        ("[" * 4000, "JSON"),
        ('{"type":"mute_others"}', "type"),
        ('{"type":["heartbeat"]}', "type"),
        ('{"type":"media_state"}', "audioMuted"),
        ('{"type":"media_state","audioMuted":true,"videoMuted":"no"}', "videoMuted"),
        ('{"type":"media_state","audioMuted":1,"videoMuted":false}', "audioMuted"),
    ],
)
def test_nonsense_is_answered_and_changes_nothing(text: str, names: str) -> None:
    stream = EventStream(after=0, now=0)
    assert stream.receive(text, 1) is None
    (answer,) = map(json.loads, stream.take())
    assert (answer["type"], answer["code"]) == ("error", "invalid_message")
    assert names in answer["detail"]
    assert stream.closing is None


def test_an_oversized_message_ends_the_stream() -> None:
    stream = EventStream(after=0, now=0)
    stream.receive("x" * (MAX_MESSAGE_CHARACTERS + 1), 1)
    assert stream.closing is not None
    assert stream.closing.code is CloseCode.TOO_LARGE


def test_a_flood_ends_the_stream_and_a_steady_client_does_not() -> None:
    steady = EventStream(after=0, now=0)
    for second in range(300):
        steady.receive('{"type":"heartbeat"}', float(second))
    assert steady.closing is None
    flood = EventStream(after=0, now=0)
    for _ in range(BURST + 1):
        flood.receive('{"type":"heartbeat"}', 0.1)
    assert flood.closing is not None
    assert flood.closing.code is CloseCode.TOO_MANY


def test_after_the_end_nothing_more_is_sent_and_the_first_reason_stays() -> None:
    stream = EventStream(after=0, now=0)
    stream.event(1, numbered(1))
    stream.close(CloseCode.SESSION_OVER, "session over")
    stream.close(CloseCode.TOO_MANY, "too many messages")
    stream.event(2, numbered(2))
    stream.tick(1000)
    assert numbers(stream) == [1]
    assert stream.closing is not None
    assert stream.closing.code is CloseCode.SESSION_OVER
