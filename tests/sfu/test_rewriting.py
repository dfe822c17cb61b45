from hypothesis import given
from hypothesis import strategies as st

from shinsatsu.rtc import payloads
from shinsatsu.sfu.rewriting import PictureIdMap, SequenceMap

OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["map", "map", "map", "map", "skip", "begin", "stop"]), st.integers(-40, 12)),
    max_size=200,
)


@given(OPERATIONS)
def test_no_number_is_given_out_twice(operations: list[tuple[str, int]]) -> None:
    """Each source number is offered once, as a layer does: in order, late, skipped, across stops and segments."""
    numbers = SequenceMap(65000)
    newest, offered, given_out = 70000, set(), []
    for operation, distance in operations:
        number = newest + distance
        if operation == "stop":
            numbers.stop()
            continue
        if number in offered:
            continue
        newest = max(newest, number)
        if operation == "begin":
            numbers.begin(number)
        offered.add(number)
        if operation == "skip":
            numbers.skip(number)
        elif (out := numbers.map(number)) is not None:
            given_out.append(out)

    assert len(given_out) == len(set(given_out))


@given(st.integers(0, 0xFFFF), st.permutations(range(100, 130)), st.sets(st.integers(100, 129)))
def test_order_and_gaps_are_the_sources(first: int, order: list[int], lost: set[int]) -> None:
    numbers = SequenceMap(first)
    numbers.begin(100)

    mapped = {number: numbers.map(number) for number in order if number not in lost}

    assert mapped == {number: first + number - 100 for number in mapped}
    assert {number: numbers.source(out & 0xFFFF) for number, out in mapped.items() if out is not None} == {
        number: number for number in mapped
    }


def test_what_is_older_than_the_segment_stays_unsent() -> None:
    numbers = SequenceMap(0)
    numbers.begin(10)
    assert [numbers.map(number) for number in (10, 11)] == [0, 1]
    numbers.stop()
    assert numbers.map(12) is None
    assert numbers.source(1) is None

    numbers.begin(20)

    assert [numbers.map(number) for number in (19, 20, 12)] == [None, 2, None]
    assert numbers.source(1) is None


def test_padding_leaves_no_gap() -> None:
    numbers = SequenceMap(0)
    numbers.begin(10)
    assert numbers.map(10) == 0

    numbers.skip(12)

    assert [numbers.map(number) for number in (13, 11, 12, 14)] == [2, 1, None, 3]
    assert [numbers.source(out) for out in (0, 1, 2, 3)] == [10, 11, 13, 14]


def test_many_skips_are_forgotten_with_what_came_before_them() -> None:
    numbers = SequenceMap(0)
    numbers.begin(0)
    for number in range(1, 500, 2):
        numbers.skip(number)
        numbers.map(number + 1)

    assert numbers.map(2 - 2) is None


def a_picture(picture_id: int, tl0_pic_idx: int) -> bytes:
    return b"\x90\xc0" + (0x8000 | picture_id).to_bytes(2, "big") + bytes((tl0_pic_idx,)) + b"\x10\x00"


def test_pictures_follow_each_other_across_segments() -> None:
    pictures = PictureIdMap()
    pictures.begin(a_picture(32767, 255))
    pictures.sent(pictures.map(a_picture(32767, 255)))

    pictures.begin(a_picture(500, 9))
    first = payloads.parse_vp8(pictures.map(a_picture(500, 9)))
    second = payloads.parse_vp8(pictures.map(a_picture(501, 9)))

    assert first is not None
    assert second is not None
    assert (first.picture_id, first.tl0_pic_idx, second.picture_id) == (0, 0, 1)
