from __future__ import annotations

from datetime import datetime

import pytest

from fleetfoot.face.times import NotATime, clock_time, date_time, length_ms, window

NOON = round(datetime(2031, 5, 4, 12, 0, 0).astimezone().timestamp() * 1000)
MINUTE = 60_000


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("90s", 90_000),
        ("30m", 30 * MINUTE),
        ("1h30m", 90 * MINUTE),
        ("2 days", 2 * 86_400_000),
        ("1.5 h", 90 * MINUTE),
        ("2 min", 2 * MINUTE),
        ("250ms", 250),
    ],
)
def test_lengths_are_read_as_people_write_them(text: str, ms: int) -> None:
    assert length_ms(text) == ms


@pytest.mark.parametrize("text", ["", "soon", "5", "-5m", "5 parsecs", "0s", "m5"])
def test_what_is_no_length_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(NotATime, match="1h30m"):
        length_ms(text)


def test_a_minute_means_all_of_it() -> None:
    assert window("09:03", NOON) == (NOON - 177 * MINUTE, NOON - 176 * MINUTE - 1)


def test_a_second_means_a_little_around_it() -> None:
    at = NOON - 177 * MINUTE + 12_000
    assert window("09:03:12", NOON) == (at - 15_000, at + 15_000)


def test_a_time_of_day_yet_to_come_was_yesterday() -> None:
    start, _ = window("13:00", NOON)
    assert date_time(start) == "2031-05-03 13:00:00"


def test_the_present_minute_is_today() -> None:
    assert window("12:00", NOON)[0] == NOON


def test_ago_and_now_are_understood() -> None:
    assert window("2 min ago", NOON) == (NOON - 2 * MINUTE - 15_000, NOON - 2 * MINUTE + 15_000)
    assert window("now", NOON) == (NOON - 15_000, NOON)


@pytest.mark.parametrize(
    ("text", "start", "length"),
    [
        ("2031-05-04", "2031-05-04 00:00:00", 86_399_999),
        ("2031-05-04T09:03", "2031-05-04 09:03:00", 59_999),
        ("2031-05-04 09:03:12", "2031-05-04 09:02:57", 30_000),
    ],
)
def test_iso_times_are_as_wide_as_they_are_exact(text: str, start: str, length: int) -> None:
    begin, end = window(text, NOON)
    assert date_time(begin) == start
    assert end - begin == length


def test_an_iso_time_with_a_zone_is_that_instant() -> None:
    start, _ = window("2031-05-04T00:00+00:00", NOON)
    assert start == 1_935_619_200_000


@pytest.mark.parametrize("text", ["25:00", "09:61", "yesterday", "9", "x ago", "2031-13-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(NotATime):
        window(text, NOON)


def test_times_are_shown_in_the_local_zone() -> None:
    assert clock_time(NOON) == "12:00:00"
    assert date_time(NOON) == "2031-05-04 12:00:00"
