"""``when``: days and hours, as a person says them: weekdays 08:00-19:00, the day after the fourth Thursday of May.

A window belongs to the day it starts on; one that ends at or before its start ends on the next day.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, NamedTuple

from fleetfoot.spec.errors import Wrong, did_you_mean, shown
from fleetfoot.spec.forms import Form

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
LONGEST = 31  # days a window that names its last day may be open
MIDNIGHT = 24 * 60  # minutes
_DAYS_IN = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_GROUPS = {"weekdays": range(5), "weekday": range(5), "weekends": (5, 6), "weekend": (5, 6)} | dict.fromkeys(
    ("", "every day", "daily"), range(7)
)
_CLOCK = r"(\d{1,2}:\d{2})"
_HOURS = re.compile(rf"(.*?)\s*\b{_CLOCK}\s*(?:-|to|until)\s*{_CLOCK}")
_ACROSS = re.compile(rf"(.+?)\s+{_CLOCK}\s*(?:-|to|until)\s*(.+?)\s+{_CLOCK}")
_SHIFT = re.compile(r"(?:the )?(?:(\d{1,2}) days?|day) (before|after) (.+)")
_NTH = re.compile(r"(?:the )?(\w+) (\w+) of (.+)")
_DAY_OF = re.compile(r"(?:the )?(?:day )?(\d{1,2})(?:st|nd|rd|th)?(?: day)? of (.+)")
EVERY_MONTH = ("every month", "each month")


class Weekly(NamedTuple):
    """On these days of the week; 0 is Monday."""

    days: tuple[int, ...]


class Yearly(NamedTuple):
    """From (month, day) to (month, day), both included; it may pass the new year."""

    first: tuple[int, int]
    last: tuple[int, int]


class Dated(NamedTuple):
    """From one date to another, both included, as proleptic ordinals."""

    first: int
    last: int


class Nth(NamedTuple):
    """The ``number``-th (-1: last) ``weekday`` (None: day) of ``month`` (0: of every month)."""

    number: int
    weekday: int | None
    month: int


class Holidays(NamedTuple):
    """On the dates of the list of holidays."""


class Shifted(NamedTuple):
    """``by`` days after ``rule``; negative: before it."""

    by: int
    rule: Weekly | Yearly | Dated | Nth | Holidays


Day = Weekly | Yearly | Dated | Nth | Holidays | Shifted


class When(NamedTuple):
    """On ``days`` from ``start`` (minute of the day) to ``end``, ``nights`` days later."""

    days: tuple[Day, ...]
    start: int
    end: int
    nights: int
    text: str


class WhenForm(Form):
    """Days, hours or both."""

    noun = "days and hours"
    examples = (
        "weekdays 08:00-19:00, Sat Sun, 24 Dec 18:00-24:00, 2026-11-27, Sat 09:00 - Mon 08:00 or "
        "day after the fourth Thursday of November 08:00-24:00"
    )

    def parse(self, text: str) -> When:
        plain = " ".join(text.lower().split())
        across = _ACROSS.fullmatch(plain)
        if across is not None and not _HOURS.fullmatch(across[1]):
            return self._across(text, *across.groups())
        match = _HOURS.fullmatch(plain)
        days, start, end = (match[1], _minute(match[2]), _minute(match[3])) if match else (plain, 0, MIDNIGHT)
        if start == MIDNIGHT:
            raise Wrong(f"{shown(text)} starts at 24:00: write 00:00 of the next day")
        return When(self._days(days), start, end, int(end <= start), text)

    def python(self, value: Any) -> When:
        raise self.refuse(value)

    def read(self, value: Any) -> Any:
        return value if isinstance(value, When) else super().read(value)

    def show(self, value: Any) -> str:
        return str(value.text)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"\S"}

    def _across(self, text: str, first: str, opens: str, last: str, closes: str) -> When:
        """One window over several days: ``sat 09:00 - mon 08:00``, ``2026-11-26 20:00 - 2026-11-28 02:00``."""
        begin, finish, start, end = self._one(first), self._one(last), _minute(opens), _minute(closes)
        if isinstance(begin, Weekly) and isinstance(finish, Weekly) and len(begin.days) == len(finish.days) == 1:
            nights = (finish.days[0] - begin.days[0]) % 7
            nights = 7 if nights == 0 and end <= start else nights
        elif isinstance(begin, Dated) and isinstance(finish, Dated):
            nights = finish.first - begin.first
        else:
            raise Wrong(f"{shown(text)}: from a day to a day wants two days of the week or two dates")
        if not 0 <= nights <= LONGEST or (nights == 0 and end <= start):
            raise Wrong(f"{shown(text)} must end after it starts, within {LONGEST} days")
        return When((begin,), start % MIDNIGHT, end, nights, text)

    def _days(self, text: str) -> tuple[Day, ...]:
        if text in _GROUPS:
            return (Weekly(tuple(_GROUPS[text])),)
        parts = [part for part in re.split(r",| and ", text) if part.strip()]
        if not parts:
            raise self.refuse(text)
        return tuple(self._one(part.strip()) for part in parts)

    def _one(self, text: str) -> Day:
        """One rule for days."""
        if text in _GROUPS and text:
            return Weekly(tuple(_GROUPS[text]))
        if re.fullmatch(r"(the |public )?holidays?", text):
            return Holidays()
        if shift := _SHIFT.fullmatch(text):
            by, rule = int(shift[1] or 1), self._one(shift[3])
            if isinstance(rule, Shifted):
                raise Wrong(f"{shown(text)}: write one 'before' or 'after'")
            return Shifted(by if shift[2] == "after" else -by, rule)
        if match := _DAY_OF.fullmatch(text):
            return self._day_of(text, int(match[1]), match[2])
        if match := _NTH.fullmatch(text):
            return self._nth(*match.groups())
        return self._range(text)

    def _nth(self, ordinal: str, day: str, month: str) -> Nth:
        if ordinal not in ORDINALS:
            raise Wrong(f"{shown(ordinal)} is no such word: write {', '.join(ORDINALS)}", suggestion=_near(ordinal))
        weekday = None if day == "day" else self._weekday(day)
        return Nth(ORDINALS[ordinal], weekday, 0 if month in EVERY_MONTH else self._month(month))

    def _day_of(self, text: str, number: int, month: str) -> Nth:
        which = 0 if month in EVERY_MONTH else self._month(month)
        if not 1 <= number <= (_DAYS_IN[which - 1] if which else 31):
            raise Wrong(f"{shown(text)} is no day")
        return Nth(number, None, which)

    def _range(self, text: str) -> Day:
        """``a``, ``a to b``, ``a-b`` of days of the week, or a row of them."""
        ends = re.split(r" to | - ", text)
        if len(ends) == 1 and re.fullmatch(r"[a-z]+-[a-z]+", text):
            ends = text.split("-")
        if len(ends) == 2:
            return self._between(text, self._single(ends[0].strip()), self._single(ends[1].strip()))
        words = text.split()
        if len(words) > 1 and all(_index(WEEKDAYS, word) is not None for word in words):
            return Weekly(tuple(sorted({self._weekday(word) for word in words})))
        return self._single(text)

    def _between(self, text: str, first: Day, last: Day) -> Day:
        if isinstance(first, Weekly) and isinstance(last, Weekly):
            span = (last.days[0] - first.days[0]) % 7
            return Weekly(tuple(sorted((first.days[0] + i) % 7 for i in range(span + 1))))
        if isinstance(first, Dated) and isinstance(last, Dated):
            if last.first < first.first:
                raise Wrong(f"{shown(text)} ends before it begins")
            return Dated(first.first, last.first)
        if isinstance(first, Yearly) and isinstance(last, Yearly):
            return Yearly(first.first, last.first)
        raise Wrong(f"{shown(text)}: both ends must be of one kind")

    def _single(self, text: str) -> Weekly | Yearly | Dated:
        """One day of the week, one day of the year, one date."""
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return Dated(*(date_of(text),) * 2)
        words = text.replace(".", "").split()
        if len(words) == 2 and any(word.isdigit() for word in words):
            number, name = words if words[0].isdigit() else words[::-1]
            month, day = self._month(name), int(number)
            if not 1 <= day <= _DAYS_IN[month - 1]:
                raise Wrong(f"{shown(text)} is no day: {MONTHS[month - 1].title()} has {_DAYS_IN[month - 1]}")
            return Yearly((month, day), (month, day))
        if len(words) == 1:
            return Weekly((self._weekday(words[0]),))
        raise self.refuse(text)

    def _weekday(self, word: str) -> int:
        found = _index(WEEKDAYS, word)
        if found is None:
            raise Wrong(f"{shown(word)} is no day: write {self.examples}", suggestion=_near(word))
        return found

    def _month(self, word: str) -> int:
        found = _index(MONTHS, word)
        if found is None:
            raise Wrong(f"{shown(word)} is no month: write one such as November", suggestion=_near(word))
        return found + 1


class DateForm(Form):
    """``2026-11-27`` -> its proleptic ordinal."""

    noun = "a date"
    examples = "2026-11-27"

    def parse(self, text: str) -> int:
        return date_of(text)

    def python(self, value: Any) -> int:
        return int(super().python(value))

    def show(self, value: Any) -> str:
        return date.fromordinal(value).isoformat()

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^ *[0-9]{4}-[0-9]{2}-[0-9]{2} *$"}


class WeekdayForm(Form):
    """``Sunday`` -> 6."""

    noun = "a day of the week"
    examples = "Sunday"

    def parse(self, text: str) -> int:
        found = _index(WEEKDAYS, text.lower())
        if found is None:
            raise Wrong(
                f"{shown(text)} is no day of the week: write one such as Sunday", suggestion=_near(text.lower())
            )
        return found

    def show(self, value: Any) -> str:
        return WEEKDAYS[value].title()


def date_of(text: str) -> int:
    """The ordinal of an ISO date. Raises ``Wrong``."""
    try:
        return date.fromisoformat(text if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else "").toordinal()
    except ValueError:
        raise Wrong(f"{shown(text)} is no date: write year-month-day, such as 2026-11-27") from None


def _minute(text: str) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    if minute > 59 or hour * 60 + minute > MIDNIGHT:
        raise Wrong(f"{shown(text)} is no time of day: write 00:00 to 24:00")
    return hour * 60 + minute


def _index(names: tuple[str, ...], word: str) -> int | None:
    """The place of a name or of the first letters of it, three at the least."""
    if len(word) < 3:
        return None
    return next((i for i, name in enumerate(names) if name.startswith(word.removesuffix("s") or word)), None)


def _near(word: str) -> str:
    return did_you_mean(word, (*WEEKDAYS, *MONTHS, *ORDINALS, *(group for group in _GROUPS if group)))
