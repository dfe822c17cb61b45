"""Lockout, idle logins, login names and passwords as plain rules."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinsatsu.domain.accounts import Attempts, browser_of, is_idle, name_key, shown_login_name
from shinsatsu.domain.errors import InvalidRequest
from shinsatsu.domain.login_errors import PasswordTooWeak
from shinsatsu.domain.passwords import COMMON, check_password, normal
from tests.house import START


def after(failures: int) -> Attempts:
    attempts = Attempts()
    for _ in range(failures):
        attempts = attempts.charged(START)
    return attempts


@pytest.mark.parametrize(
    ("failures", "minutes"), [(4, 0), (5, 1), (6, 2), (7, 4), (8, 8), (9, 16), (10, 32), (11, 60), (1000, 60)]
)
def test_the_lock_doubles_to_an_hour(failures: int, minutes: int) -> None:
    locked_until = after(failures).locked_until
    assert (locked_until - START if locked_until else timedelta()) == timedelta(minutes=minutes)


def test_a_lock_ends_to_the_millisecond_and_a_day_forgets() -> None:
    attempts = after(5)
    assert attempts.locked(START + timedelta(seconds=59, milliseconds=999))
    assert not attempts.locked(START + timedelta(minutes=1))
    assert attempts.charged(START + timedelta(hours=24)).failures == 6
    assert attempts.charged(START + timedelta(hours=24, milliseconds=1)).failures == 1


def test_a_right_answer_takes_its_own_charge_back_and_no_other() -> None:
    assert after(5).refunded() == Attempts(4, START, None)
    assert after(1).refunded() == Attempts()
    assert Attempts().refunded() == Attempts()


def test_idle_begins_with_the_last_sign_of_life_and_never_in_a_call() -> None:
    idle = timedelta(minutes=15)
    assert not is_idle(START, START + idle - timedelta(milliseconds=1), idle, in_call=False)
    assert is_idle(START, START + idle, idle, in_call=False)
    assert not is_idle(START, START + timedelta(days=1), idle, in_call=True)


@given(st.text(max_size=40))
def test_a_names_key_is_the_same_for_every_way_to_write_it(name: str) -> None:
    key = name_key(name)
    assert name_key(key) == key or name_key(name_key(key)) == name_key(key)
    try:
        shown = shown_login_name(name)
    except InvalidRequest:
        return
    assert name_key(shown) == key
    assert shown_login_name(shown) == shown


@pytest.mark.parametrize("name", ["", " ", "a b", "a\tb", "a\u202eb", "\ufeffa", "a\u00adb", "x" * 101, "\U000e0041"])
def test_a_name_that_hides_something_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        shown_login_name(name)
    assert refused.value.field == "loginName"


@pytest.mark.parametrize(
    "password", ["correct horse", "十二文字以上の合言葉ですよ", "!" * 3 + "abcdefghi", "x1" * 4 + "yzab"]
)
def test_any_kind_of_letters_is_enough(password: str) -> None:
    check_password(normal(password), "yamada")


@pytest.mark.parametrize("password", [*sorted(COMMON)[::12], "PASSWORD1234", "aaaaaaaaaaaaaaab", "Yamada is my name"])
def test_what_everybody_tries_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooWeak):
        check_password(normal(password), "yamada")


def test_every_common_password_is_long_enough_to_matter() -> None:
    assert all(len(one) >= 12 and one == one.casefold() for one in COMMON)


@pytest.mark.parametrize(
    ("agent", "browser"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/143.0 Safari/537.36 Edg/143.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/143.0 Mobile Safari/537.36", "Chrome · Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Gecko/20100101 Firefox/146.0", "Firefox · macOS"),
        ("curl/8.0\r\nX: y", ""),
        ("<script>alert(1)</script>", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_browser_is_named_in_a_word_and_never_in_its_own(agent: str | None, browser: str) -> None:
    assert browser_of(agent) == browser
