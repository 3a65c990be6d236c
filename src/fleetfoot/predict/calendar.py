"""The past by local days: the same hour of the day stands under the same number, whatever the clocks did.

A day has ``per_day`` slots by the local clock, also the days on which it is changed: what comes twice is the
mean of both, what is skipped is NaN. Such a day, and a listed holiday, is odd: left out of training, and no
example for other days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from math import isfinite, nan

from fleetfoot.predict.history import DAY, History


@dataclass(frozen=True, slots=True)
class Calendar:
    """``values[d * per_day + s]``: the mean rate of slot s of local day d, counted from ``first``; NaN: not known."""

    zone: tzinfo
    first: date
    per_day: int
    values: list[float]
    odd: frozenset[int]  # days
    known: int  # the first place after the newest slot that was measured
    usual: float  # mean rate of what is known, 1/s

    def place(self, at: float) -> int:
        """The place of the slot that holds instant ``at`` (s since 1970)."""
        local = datetime.fromtimestamp(at, self.zone)
        second = local.hour * 3600 + local.minute * 60 + local.second
        return (local.date() - self.first).days * self.per_day + second * self.per_day // DAY

    def weekday(self, place: int) -> int:
        """0 is Monday."""
        return (self.first.weekday() + place // self.per_day) % 7

    def date(self, place: int) -> date:
        return self.first + timedelta(days=place // self.per_day)

    def at(self, place: int) -> float:
        """The value there; NaN outside."""
        return self.values[place] if 0 <= place < len(self.values) else nan

    def usable(self, place: int) -> bool:
        """Whether there is a value that may serve as an example."""
        return isfinite(self.at(place)) and place // self.per_day not in self.odd


def calendar(history: History, zone: tzinfo = UTC, holidays: frozenset[date] = frozenset()) -> Calendar:
    """``history`` by the local days of ``zone``."""
    step, per_day = history.step, DAY // history.step
    first = datetime.fromtimestamp(history.start, zone).date()
    last = datetime.fromtimestamp(history.end - 1, zone).date()
    days = (last - first).days + 1
    values, twice = [nan] * (days * per_day), [0] * (days * per_day)
    empty = Calendar(zone, first, per_day, values, frozenset(), 0, 0.0)
    newest, total, count = 0, 0.0, 0
    for i, value in enumerate(history.values):
        if not isfinite(value):
            continue
        place = empty.place(history.start + i * step)
        values[place] = (values[place] * twice[place] + value) / (twice[place] + 1) if twice[place] else value
        twice[place] += 1
        newest, total, count = max(newest, place), total + value, count + 1
    odd = frozenset(
        d for d in range(days) if first + timedelta(days=d) in holidays or changes(first + timedelta(days=d), zone)
    )
    return Calendar(zone, first, per_day, values, odd, newest + 1, total / max(count, 1))


def changes(day: date, zone: tzinfo) -> bool:
    """Whether the clocks are changed on that day."""
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    after = day + timedelta(days=1)
    return begin.utcoffset() != datetime(after.year, after.month, after.day, tzinfo=zone).utcoffset()
