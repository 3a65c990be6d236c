"""Days and hours as a person says them. Every expected date was read off a calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from fleetfoot.core.schedule import falls
from fleetfoot.spec.errors import Wrong
from fleetfoot.spec.when import WhenForm

HOLIDAYS = frozenset({date(2026, 12, 25).toordinal()})  # a Friday


def dates(text: str, year: int, like: int | None = None) -> list[str]:
    """The days of ``year`` on which a window of this text starts, as MM-DD."""
    when = WhenForm().read(text)
    days = (date(year, 1, 1) + timedelta(i) for i in range(366))
    found = (day for day in days if day.year == year and any(falls(rule, day, HOLIDAYS, like) for rule in when.days))
    return [day.strftime("%m-%d") for day in found]


@pytest.mark.parametrize(
    ("text", "year", "expected"),
    [
        pytest.param("day after the fourth Thursday of November 08:00-24:00", 2024, ["11-29"], id="Black Friday 2024"),
        pytest.param("the day after the fourth Thursday of November", 2026, ["11-27"], id="Black Friday 2026"),
        pytest.param("fourth Friday of November", 2024, ["11-22"], id="which is another day"),
        pytest.param("24 Dec", 2025, ["12-24"], id="a day of the year"),
        pytest.param("Dec 24, December 31", 2025, ["12-24", "12-31"], id="two of them, the month first"),
        pytest.param("30 Dec to 2 Jan", 2025, ["01-01", "01-02", "12-30", "12-31"], id="over the new year"),
        pytest.param("2026-11-27", 2026, ["11-27"], id="a date"),
        pytest.param("2026-11-27", 2027, [], id="a date is once"),
        pytest.param("2026-11-26 to 2026-11-28", 2026, ["11-26", "11-27", "11-28"], id="from date to date"),
        pytest.param("29 Feb", 2026, [], id="29 February in a common year"),
        pytest.param("29 Feb", 2028, ["02-29"], id="29 February in a leap year"),
        pytest.param("last day of February", 2028, ["02-29"], id="the last day of a month"),
        pytest.param("last Monday of May", 2026, ["05-25"], id="the last Monday"),
        pytest.param("2 days before the last Thursday of November", 2026, ["11-24"], id="days before"),
        pytest.param("31 of every month", 2026, [f"{m:02}-31" for m in (1, 3, 5, 7, 8, 10, 12)], id="a 31st"),
        pytest.param("the 25th of every month", 2026, [f"{m:02}-25" for m in range(1, 13)], id="payday"),
        pytest.param("fifth Sunday of every month", 2026, ["03-29", "05-31", "08-30", "11-29"], id="a fifth Sunday"),
        pytest.param("holidays", 2026, ["12-25"], id="the holidays of the list"),
        pytest.param("day after holidays", 2026, ["12-26"], id="the day after one"),
    ],
)
def test_a_rule_names_these_days_of_the_year(text: str, year: int, expected: list[str]) -> None:
    assert dates(text, year) == expected


@pytest.mark.parametrize(
    ("text", "week"),
    [
        pytest.param("weekdays 08:00-19:00", "Mon Tue Wed Thu Fri", id="weekdays"),
        pytest.param("Sat Sun", "Sat Sun", id="a row"),
        pytest.param("weekends", "Sat Sun", id="weekends"),
        pytest.param("Sat and Monday", "Mon Sat", id="and"),
        pytest.param("Mon-Wed", "Mon Tue Wed", id="a hyphen"),
        pytest.param("Sat to Mon", "Mon Sat Sun", id="over Sunday"),
        pytest.param("08:00-09:00", "Mon Tue Wed Thu Fri Sat Sun", id="hours alone are daily"),
        pytest.param("every day", "Mon Tue Wed Thu Fri Sat Sun", id="every day"),
    ],
)
def test_a_rule_names_these_days_of_the_week(text: str, week: str) -> None:
    monday = date(2026, 6, 1)
    when = WhenForm().read(text)
    days = [monday + timedelta(i) for i in range(7)]
    assert " ".join(day.strftime("%a") for day in days if any(falls(rule, day) for rule in when.days)) == week


def test_a_holiday_may_have_the_week_of_another_day() -> None:
    assert "12-25" in dates("weekdays", 2026)
    assert "12-25" not in dates("weekdays", 2026, like=6)
    assert "12-25" in dates("Sunday", 2026, like=6)


@pytest.mark.parametrize(
    ("text", "start", "end", "nights"),
    [
        pytest.param("weekdays 08:00-11:30", 480, 690, 0, id="a morning"),
        pytest.param("Fri 23:00-8:00", 1380, 480, 1, id="past midnight"),
        pytest.param("Sat", 0, 1440, 0, id="a whole day"),
        pytest.param("Sat 08:00-24:00", 480, 1440, 0, id="to midnight"),
        pytest.param("Sat 08:00 until 00:00", 480, 0, 1, id="midnight is the next day's"),
        pytest.param("Sat 09:00 - Mon 08:00", 540, 480, 2, id="over a weekend"),
        pytest.param("Mon 09:00 - Mon 08:00", 540, 480, 7, id="a week less an hour"),
        pytest.param("2026-11-26 20:00 - 2026-11-28 02:00", 1200, 120, 2, id="over two nights"),
    ],
)
def test_hours_begin_and_end_and_may_last_nights(text: str, start: int, end: int, nights: int) -> None:
    when = WhenForm().read(text)
    assert (when.start, when.end, when.nights) == (start, end, nights)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("weekdayz 08:00-09:00", "'weekdayz' is no day"),
        ("forth Thursday of November", "did you mean"),
        ("31 Feb", "February has 29"),
        ("2026-02-30", "'2026-02-30' is no date"),
        ("weekdays 25:00-26:00", "'25:00' is no time of day"),
        ("weekdays 24:00-25:00", "no time of day"),
        ("Sat 24:00-08:00", "write 00:00 of the next day"),
        ("2026-11-27 to 2026-11-26", "ends before it begins"),
        ("2026-11-27 10:00 - Mon 08:00", "two days of the week or two dates"),
        ("2026-01-01 10:00 - 2026-12-01 08:00", "within 31 days"),
        ("Mon to 24 Dec", "both ends must be of one kind"),
        ("day after the day after Sunday", "one 'before' or 'after'"),
        ("32 of every month", "is no day"),
        ("", "has no value"),
    ],
)
def test_what_is_no_day_is_told(text: str, message: str) -> None:
    with pytest.raises(Wrong) as wrong:
        WhenForm().read(text)
    assert message in f"{wrong.value.message}; {wrong.value.suggestion}"
