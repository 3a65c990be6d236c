"""Histories: the grid, what is not known, files, and local days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from math import isnan
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fleetfoot.predict.calendar import calendar
from fleetfoot.predict.history import History, HistoryError, Part, from_file, joined, slotted
from tests.unit.predict.made import MONDAY, daily, history

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_slot_is_the_time_weighted_mean_of_what_was_measured_in_it() -> None:
    found = slotted([Part(0, 60, 10.0), Part(60, 180, 20.0), Part(240, 120, 40.0)])
    assert found.values[0] == pytest.approx((60 * 10 + 180 * 20 + 60 * 40) / 300)


def test_a_slot_that_was_measured_for_less_than_half_is_not_known() -> None:
    found = slotted([Part(0, 300, 10.0), Part(300, 140, 10.0), Part(600, 300, 30.0)])
    assert found.values[0] == 10.0
    assert isnan(found.values[1])
    assert found.values[2] == 30.0


def test_where_two_histories_tell_the_newer_counts() -> None:
    both = joined(History(0, (1.0, 2.0, 3.0)), History(600, (9.0, 4.0)))
    assert both == History(0, (1.0, 2.0, 9.0, 4.0), name="")


def test_a_finer_past_is_joined_to_a_coarser_one_hour_by_whole_hour() -> None:
    hours = History(0, (10.0, 20.0), 3600)
    minutes = History(7200, tuple(float(i) for i in range(30)))  # two and a half hours
    both = joined(hours, minutes)
    assert (both.step, both.end) == (3600, 4 * 3600)
    assert list(both.values) == pytest.approx([10.0, 20.0, 5.5, 17.5])


def test_an_hourly_file_keeps_its_hours(tmp_path: Path) -> None:
    file = tmp_path / "hours.csv"
    file.write_text("timestamp,value\n" + "".join(f"2026-03-02T{h:02}:00:00Z,{h}\n" for h in range(24)))
    found = from_file(file)
    assert (found.start, found.step) == (MONDAY, 3600)
    assert found.values == tuple(float(h) for h in range(24))


def test_a_hole_in_a_file_stays_a_hole(tmp_path: Path) -> None:
    file = tmp_path / "hole.csv"
    file.write_text("timestamp,value\n0,1\n300,2\n1200,5\n1500,6\n")
    found = from_file(file).values
    assert found[:2] == (1.0, 2.0)
    assert all(isnan(value) for value in found[2:4])
    assert found[4:] == (5.0, 6.0)


def test_a_file_that_is_no_history_is_told(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("time,load\n1,2\n")
    with pytest.raises(HistoryError, match="first line must be timestamp,value"):
        from_file(file)


def test_a_file_off_the_day_is_told(tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("timestamp,value\n0,1\n700,2\n1400,5\n")
    with pytest.raises(HistoryError, match="does not divide the day"):
        from_file(file)


@pytest.mark.parametrize("month", [3, 10], ids=["an hour is skipped", "an hour comes twice"])
def test_the_same_local_hour_has_the_same_number_before_and_after_the_clocks_change(month: int) -> None:
    day = 29 if month == 3 else 25  # the last Sunday
    start = int(datetime(2026, month, day - 2, tzinfo=BERLIN).timestamp())
    seen = calendar(history(5, start, BERLIN), BERLIN)
    noon = [seen.values[d * seen.per_day + seen.per_day // 2] for d in range(4)]
    expected = daily(datetime(2026, month, day, 12, tzinfo=BERLIN).timestamp(), BERLIN)
    assert noon == pytest.approx([expected] * 4)


def test_the_day_on_which_the_clocks_change_is_no_example() -> None:
    start = int(datetime(2026, 3, 27, tzinfo=BERLIN).timestamp())
    seen = calendar(history(5, start, BERLIN), BERLIN)
    assert seen.odd == {2}
    assert isnan(seen.values[2 * seen.per_day + 2 * 12])  # half past two in the morning was skipped


def test_a_listed_holiday_is_no_example() -> None:
    seen = calendar(history(5), UTC, frozenset({date(2026, 3, 4)}))
    assert not seen.usable(2 * seen.per_day + 100)
    assert seen.usable(3 * seen.per_day + 100)
