"""What a schedule's windows hold at an instant: civil dates and a zone's offset, worked out without zone data.

Rules for whoever edits this file:
1. The caller resolves offsets (``Observation.offsets``); a window is open while its zone's local clock reads from
   its start to before its end. So a start that does not exist (clocks go forward) is the first moment after the
   gap, and an hour that comes twice counts both times.
2. Highest min; lowest max; min beats max. A window's max stands in place of the service's own, above it too.
3. A floor is ordered one start-up before the window opens, or rises in ``STEPS`` steps over ``ramp`` before that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from fleetfoot.core.model import Data, Offset, Reason
from fleetfoot.core.reasons import Code
from fleetfoot.spec.when import Dated, Day, Holidays, Nth, Shifted, Weekly, When, Yearly

MINUTE, DAY = 60_000, 86_400_000  # ms
STEPS = 10  # of a ramp
AHEAD = 3  # days a window is looked for: a ramp and a start-up lie within
REMEMBERED = 8  # days whose windows are kept
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST, _LAST = 1000 - _EPOCH, date.max.toordinal() - 1000 - _EPOCH

Span = tuple[int, int]  # local ms since 1970: open from, closed from


def falls(rule: Day, day: date, holidays: frozenset[int] = frozenset(), like: int | None = None) -> bool:
    """Whether ``rule`` names ``day``. ``like``: the day of the week a holiday stands for, None for its own."""
    if isinstance(rule, Weekly):
        weekday = like if like is not None and day.toordinal() in holidays else day.weekday()
        return weekday in rule.days
    if isinstance(rule, Dated):
        return rule.first <= day.toordinal() <= rule.last
    if isinstance(rule, Holidays):
        return day.toordinal() in holidays
    if isinstance(rule, Shifted):
        return falls(rule.rule, day - timedelta(rule.by), holidays, like)
    if isinstance(rule, Yearly):
        now = (day.month, day.day)
        return rule.first <= now <= rule.last if rule.first <= rule.last else now >= rule.first or now <= rule.last
    return _is_nth(rule, day)


def _is_nth(rule: Nth, day: date) -> bool:
    if rule.month not in (0, day.month) or (rule.weekday is not None and day.weekday() != rule.weekday):
        return False
    each = 1 if rule.weekday is None else 7
    if rule.number > 0:
        return (day.day - 1) // each + 1 == rule.number
    return (day + timedelta(each)).month != day.month


@dataclass(frozen=True, slots=True)
class Window:
    """``minimum`` and ``maximum``: tasks, None for no word. ``holidays``: ordinals of dates."""

    name: str
    zone: str
    whens: tuple[When, ...]
    minimum: int | None = None
    maximum: int | None = None
    ramp: int = 0  # ms
    holidays: frozenset[int] = frozenset()
    like: int | None = None
    on_holidays: bool = True
    _days: dict[int, tuple[Span, ...]] = field(default_factory=dict, compare=False, repr=False)

    def spans(self, day: int) -> tuple[Span, ...]:
        """When it is open around the local ``day`` (days since 1970), in order, apart from each other."""
        found = self._days.get(day)
        if found is None:
            if len(self._days) >= REMEMBERED:
                self._days.clear()
            found = self._days[day] = self._find(day) if _FIRST <= day <= _LAST else ()
        return found

    def _find(self, day: int) -> tuple[Span, ...]:
        found = []
        for when in self.whens:
            for first in range(day - when.nights - 1, day + AHEAD):
                if self._opens(when, date.fromordinal(first + _EPOCH)):
                    end = (first + when.nights) * DAY + when.end * MINUTE
                    found.append((first * DAY + when.start * MINUTE, end))
        merged: list[Span] = []
        for start, end in sorted(found):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return tuple(merged)

    def _opens(self, when: When, day: date) -> bool:
        if not self.on_holidays and day.toordinal() in self.holidays:
            return False
        return any(falls(rule, day, self.holidays, self.like) for rule in when.days)


class Held(NamedTuple):
    """The bounds at an instant, and why they differ from the service's own. ``unknown``: a zone without an offset."""

    minimum: int
    maximum: int
    floor: Reason | None = None
    ceiling: Reason | None = None
    unknown: str = ""


@dataclass(slots=True)
class Timetable:
    """All windows of a service. What they hold is worked out anew only when it may have changed."""

    windows: tuple[Window, ...]
    _last: tuple[int, int, tuple[Any, ...], Held] | None = field(default=None, compare=False, repr=False)

    def held(self, wall: int, offsets: Mapping[str, Offset], lead: int, minimum: int, maximum: int) -> Held:
        """``hold``, remembered: the same answer for the same question."""
        last, asked = self._last, (offsets, lead, minimum, maximum)
        if last is not None and last[0] <= wall < last[1] and last[2] == asked:
            return last[3]
        found, until = _hold(self.windows, wall, offsets, lead, minimum, maximum)
        self._last = (wall, until, asked, found)
        return found


def hold(
    windows: tuple[Window, ...], wall: int, offsets: Mapping[str, Offset], lead: int, minimum: int, maximum: int
) -> Held:
    """What ``windows`` make of the service's own ``minimum`` and ``maximum`` at ``wall`` (ms).

    ``lead``: ms from an order to a serving task.
    """
    return _hold(windows, wall, offsets, lead, minimum, maximum)[0]


def _hold(
    windows: tuple[Window, ...], wall: int, offsets: Mapping[str, Offset], lead: int, minimum: int, maximum: int
) -> tuple[Held, int]:
    """Also the instant up to which it stays so."""
    least, most, coming, floor, ceiling, unknown = minimum, None, [], None, None, ""
    until = wall + DAY
    for window in windows:
        offset = offsets.get(window.zone)
        if offset is None:
            unknown = window.zone
            continue
        local = wall + offset[0]
        until = min(until, wall + DAY - local % DAY, offset[1] if offset[1] > wall else until)
        span = next((span for span in window.spans(local // DAY) if local < span[1]), None)
        if span is None:
            continue
        if local < span[0]:
            opens = _opens_in(span[0], wall, offset)
            until = min(until, wall + _steady(opens, opens - lead, window.ramp))
            if window.minimum is not None:
                coming.append((window, span[0], opens - lead))
            continue
        until = min(until, wall + span[1] - local)
        if window.minimum is not None and window.minimum > least:
            least = window.minimum
            floor = _reason(Code.SCHEDULED, window, local, span[1], tasks=least)
        if window.maximum is not None and (most is None or window.maximum < most):
            most = window.maximum
            ceiling = _reason(Code.SCHEDULED_MAXIMUM, window, local, span[1], tasks=most)
    base = least
    for window, start, left in coming:
        tasks = _risen(base, window, left)
        if tasks > least:
            local = wall + offsets[window.zone][0]
            data: Data = {"tasks": tasks, "minimum": window.minimum or 0}
            least, floor = tasks, _reason(Code.SCHEDULED_RISE, window, local, start, **data)
    return Held(least, max(maximum if most is None else most, least), floor, ceiling, unknown), until


def _steady(opens: int, left: int, ramp: int) -> int:
    """ms for which nothing changes of a window that opens in ``opens`` ms; none while its floor rises."""
    if left <= 0:
        return opens
    return left - ramp if left > ramp else 0


def _opens_in(start: int, wall: int, offset: Offset) -> int:
    """ms until the local clock reads ``start``, or has jumped past it."""
    now, changes, then = offset
    at = start - now
    if changes and at >= changes:
        at = max(start - then, changes)
    return at - wall


def _risen(base: int, window: Window, left: int) -> int:
    """The floor ``left`` ms before all of it must be ordered."""
    least = window.minimum or 0
    if left <= 0:
        return least
    if left > window.ramp or least <= base:
        return base
    step = 1 + STEPS * (window.ramp - left) // window.ramp
    return base - (base - least) * min(step, STEPS) // STEPS


def _reason(code: Code, window: Window, local: int, at: int, **data: float | int | str) -> Reason:
    return Reason(code, {"window": window.name, "zone": window.zone, "at": _clock(at, local), **data})


def _clock(at: int, local: int) -> str:
    """Local ``at`` as a person says it at ``local``: 19:00, 24:00, 2024-11-30 06:00."""
    day, minute = divmod(at // MINUTE, DAY // MINUTE)
    today = local // DAY
    if minute == 0 and day == today + 1:
        return "24:00"
    clock = f"{minute // 60:02}:{minute % 60:02}"
    return clock if day == today else f"{date.fromordinal(day + _EPOCH).isoformat()} {clock}"
