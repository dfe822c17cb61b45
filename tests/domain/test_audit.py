"""The canonical form: what RFC 8785 says for what events hold, and refusals for the rest."""

import hashlib
import json

import pytest

from shinsatsu.domain.audit import (
    GENESIS,
    Kind,
    canonical,
    digest,
    event_body,
    event_id,
    head_statement,
    statement,
    text_hash,
)

METADATA = canonical({"participantId": "p1", "name": '試験 \u2028\n"\\', "n": None})


def body(**changes: object) -> str:
    values: dict[str, object] = {
        "chain": "s1",
        "seq": 2,
        "event_id": "s1:2",
        "event_type": "joined",
        "user_type": "worker",
        "user_id": 3,
        "role": "doctor",
        "address": "203.0.113.9",
        "request_id": None,
        "session_id": None,
        "metadata": METADATA,
        "created_at": "2026-11-23T05:30:00.000Z",
        "prev_hash": GENESIS,
    }
    return event_body(**{**values, **changes})  # type: ignore[arg-type]


def test_keys_are_sorted_and_nothing_is_escaped_but_what_must_be() -> None:
    found = canonical({"b": [1, True, None], "a": "é\t\x01\x7f"})
    assert found == '{"a":"é\\t\\u0001\x7f","b":[1,true,null]}'


@pytest.mark.parametrize("value", [1.5, float("nan"), 2**53, {1: "x"}, {"é": 1}, {"a": [b"x"]}, object()])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="canonical"):
        canonical(value)


def test_an_event_is_what_canonical_json_makes_of_its_members() -> None:
    assert canonical(json.loads(body())) == body()
    assert json.loads(body())["metadata"] == json.loads(METADATA)
    assert canonical(json.loads(body(user_id=None, session_id="s9"))) == body(user_id=None, session_id="s9")


def test_every_member_counts() -> None:
    texts = (
        "chain",
        "event_id",
        "event_type",
        "user_type",
        "role",
        "address",
        "request_id",
        "session_id",
        "created_at",
    )
    other: dict[str, object] = {**dict.fromkeys((*texts, "prev_hash"), "x"), "seq": 9, "user_id": 9}
    changes: list[dict[str, object]] = [{name: value} for name, value in other.items()]
    changes += [{"metadata": METADATA.replace(",", ", ", 1)}, {"role": None}, {"user_id": None}]
    hashes = {digest(body()), *(digest(body(**change)) for change in changes)}
    assert len(hashes) == len(changes) + 1
    assert digest(body()) == hashlib.sha256(body().encode()).hexdigest()


def test_a_head_is_written_as_every_statement() -> None:
    members = {"chain": 's"1', "seq": 3, "hash": "ab"}
    assert head_statement('s"1', 3, "ab", "now", "k") == statement(Kind.HEAD, "now", "k", members)
    assert event_id("s1", 3) == "s1:3"


def test_a_text_is_hashed_with_its_salt() -> None:
    assert text_hash("0" * 64, "an") != text_hash("1" * 64, "an")
    assert text_hash("0" * 64, "an") == hashlib.sha256(b"0" * 64 + b"an").hexdigest()
