"""A policy ``schedule`` as scheduled actions: the week cut where the bounds change, one action for each cut.

An action of AWS sets bounds that hold until the next one; a window holds them and gives them back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fleetfoot.spec import Capacity
from fleetfoot.spec.policies import SchedulePolicy
from fleetfoot.spec.when import Weekly, When

DAY = 24 * 60  # minutes
WEEK = 7 * DAY
SHORT = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
Bounds = tuple[int, int]


def why_not(policy: SchedulePolicy) -> Iterator[str]:
    """What of the schedule no row of weekly actions can say."""
    zones = {window.zone or policy.zone for window in policy.windows.values()}
    if len(zones) > 1:
        yield f"windows of several time zones ({', '.join(sorted(zones))}) cannot be cut into one week"
    for name, window in policy.windows.items():
        if window.ramp:
            yield f"window {name}: AWS sets a minimum at once, there is no ramp"
        if not window.holidays or policy.holidays_like is not None:
            yield f"window {name}: AWS knows no holidays"
        if any(not isinstance(day, Weekly) for when in window.when for day in when.days):
            yield f"window {name}: AWS's cron has days of the week, not {window.when[0].text}"


def scheduled(policy: SchedulePolicy, capacity: Capacity) -> list[dict[str, Any]]:
    """Scheduled actions of a target, in the order of the week."""
    cuts = sorted({minute for window in policy.windows.values() for when in window.when for minute in _edges(when)})
    zone = next(iter({window.zone or policy.zone for window in policy.windows.values()}))
    found: dict[tuple[int, Bounds], list[int]] = {}
    before = _bounds(policy, capacity, cuts[-1]) if cuts else None
    for minute in cuts:
        bounds = _bounds(policy, capacity, minute)
        if bounds != before:
            found.setdefault((minute % DAY, bounds), []).append(minute // DAY)
        before = bounds
    return [
        {
            "ScheduledActionName": f"{_days(days).lower()}-{of_day // 60:02}{of_day % 60:02}",
            "Schedule": f"cron({of_day % 60} {of_day // 60} ? * {_days(days)} *)", "Timezone": zone,
            "ScalableTargetAction": {"MinCapacity": least, "MaxCapacity": most},
        }
        for (of_day, (least, most)), days in found.items()
    ]  # fmt: skip


def _edges(when: When) -> Iterator[int]:
    """The minutes of the week, 0 on Monday 00:00, at which a window opens and closes."""
    for begin, end in _spans(when):
        yield from (begin, end % WEEK)


def _spans(when: When) -> Iterator[tuple[int, int]]:
    for rule in when.days:
        if isinstance(rule, Weekly):
            for day in rule.days:
                yield day * DAY + when.start, (day + when.nights) * DAY + when.end


def _open(when: When, minute: int) -> bool:
    return any(begin <= at < end for begin, end in _spans(when) for at in (minute, minute + WEEK))


def _bounds(policy: SchedulePolicy, capacity: Capacity, minute: int) -> Bounds:
    """(min, max) in force from ``minute`` on: the highest floor, the lowest ceiling of the open windows."""
    open_ = [w for w in policy.windows.values() if any(_open(when, minute) for when in w.when)]
    least = max([capacity.min, *(w.min for w in open_ if w.min is not None)])
    most = min([w.max for w in open_ if w.max is not None], default=capacity.max)
    return least, max(most, least)


def _days(days: list[int]) -> str:
    """``MON-FRI``, ``SAT,SUN``, ``*``."""
    rows = sorted(set(days))
    if len(rows) == 7:
        return "MON-SUN"
    runs = len(rows) > 2 and rows[-1] - rows[0] == len(rows) - 1
    return f"{SHORT[rows[0]]}-{SHORT[rows[-1]]}" if runs else ",".join(SHORT[day] for day in rows)
