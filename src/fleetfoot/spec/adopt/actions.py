"""Scheduled actions of AWS, and KEDA's cron triggers -> the policy ``schedule``.

An action sets bounds that hold until the next one; a window holds them and gives them back. So a week of cron
actions is cut into windows, from each action to the next and at every midnight; dates likewise, one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from fleetfoot.spec.adopt.at import At
from fleetfoot.spec.adopt.draft import Draft, flow, quoted

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHORT = {"MON": 0, "TUE": 1, "WED": 2, "THU": 3, "FRI": 4, "SAT": 5, "SUN": 6}
DAY = 24 * 60  # minutes
WEEK = 7 * DAY

Window = tuple[str, list[tuple[str, object]]]  # its name, and its keys with their values


class Set(NamedTuple):
    """Bounds that begin at ``minute`` of the week; none: what held before ends."""

    minute: int
    name: str
    bounds: tuple[tuple[str, int], ...]


def scheduled(actions: Sequence[tuple[str, At]], draft: Draft) -> list[str]:
    """The lines of a schedule policy; none without an action that can be carried over. One policy a time zone."""
    weeks: dict[str, list[Set]] = {}
    dates: dict[str, list[tuple[datetime, str, tuple[tuple[str, int], ...]]]] = {}
    for name, action in actions:
        zone, bounds = action.text("Timezone", "UTC"), _bounds(action)
        text = action.need("Schedule", "such as cron(0 8 ? * MON-FRI *)")
        action.skip("ScheduledActionName", "ServiceNamespace", "ResourceId", "ScalableDimension")
        for key in ("StartTime", "EndTime"):
            if key in action:
                draft.note(action.line(key), f"{name}: {key} is not carried over")
        if "DesiredCapacity" in action.of("ScalableTargetAction"):
            draft.note(action.place, f"{name}: DesiredCapacity sets the count once there; here only bounds are held")
        minutes = week_of(text) or unix_week_of(text)
        if minutes and bounds:
            weeks.setdefault(zone, []).extend(Set(minute, name, bounds) for minute in minutes)
        elif (at := re.fullmatch(r"at\((.+)\)", text)) and bounds:
            dates.setdefault(zone, []).append((_date(at[1], action), name, bounds))
        else:
            draft.note(
                action.line("Schedule"),
                f"{name} ({text}) is not carried over: read are at() and cron() of days of the week at one time",
            )
    lines: list[str] = []
    for zone in dict.fromkeys((*weeks, *dates)):
        windows = [*weekly(weeks.get(zone, [])), *_dated(sorted(dates.get(zone, [])), draft, actions)]
        lines += schedule(zone, windows)
    return lines


def schedule(zone: str, windows: Sequence[Window]) -> list[str]:
    """The lines of one policy."""
    rows = [f"    {quoted(name)}: {flow(pairs)}" for name, pairs in _named(windows)]
    return ["- schedule:", f"    zone: {zone}", *rows] if rows else []


def _bounds(action: At) -> tuple[tuple[str, int], ...]:
    found = action.of("ScalableTargetAction")
    pairs = (("min", "MinCapacity"), ("max", "MaxCapacity"))
    return tuple((word, found.whole(key)) for word, key in pairs if key in found)


def _date(text: str, action: At) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        action.refuse(f"at({text}) is no time: at(2026-11-27T09:00:00)", "Schedule")


def week_of(text: str) -> list[int]:
    """The minutes of the week at which cron(minute hour ? * days *) fires; none where it is no such cron.

    >>> week_of("cron(0 8 ? * MON-TUE *)")
    [480, 1920]
    """
    match = re.fullmatch(r"cron\((\d+) (\d+) (\?|\*) \* (\S+) \*\)", text.strip())
    if match is None:
        return []
    return _minutes(match[1], match[2], _days(match[4], sunday=1))


def unix_week_of(text: str) -> list[int]:
    """The same of a cron of Unix: minute hour * * days.

    >>> unix_week_of("30 8 * * 1-2")
    [510, 1950]
    """
    match = re.fullmatch(r"(\d+) (\d+) [*?] \* (\S+)", " ".join(text.split()))
    return _minutes(match[1], match[2], _days(match[3], sunday=0)) if match is not None else []


def _minutes(minute: str, hour: str, days: Sequence[int]) -> list[int]:
    return [day * DAY + int(hour) * 60 + int(minute) for day in days] if int(hour) < 24 and int(minute) < 60 else []


def _days(text: str, sunday: int) -> list[int]:
    """0 is Monday; ``sunday``: its number in the cron."""
    if text in ("*", "?"):
        return list(range(7))
    found: list[int] = []
    for part in text.upper().split(","):
        first, _, last = part.partition("-")
        ends = [
            SHORT.get(word, (int(word) - sunday - 1) % 7 if word and word in "01234567"[sunday:] else -1)
            for word in (first, last or first)
        ]
        if -1 in ends:
            return []
        found += range(ends[0], ends[1] + 1) if ends[0] <= ends[1] else [*range(ends[0], 7), *range(ends[1] + 1)]
    return sorted(set(found))


def weekly(sets: Sequence[Set]) -> list[Window]:
    """Windows from each of ``sets`` to the next, a week around."""
    rows = sorted(sets)
    pieces: dict[tuple[str, str, tuple[tuple[str, int], ...]], list[int]] = {}
    for number, one in enumerate(rows):
        begin, end = one.minute, rows[number + 1].minute if number + 1 < len(rows) else rows[0].minute + WEEK
        while begin < end and one.bounds:
            day, until = begin // DAY, min(end, (begin // DAY + 1) * DAY)
            hours = f"{_clock(begin - day * DAY)}-{_clock(until - day * DAY)}"
            pieces.setdefault((one.name, hours, one.bounds), []).append(day % 7)
            begin = until
    return [
        (name, [("when", f"{_said(sorted(set(days)))} {hours}"), *bounds])
        for (name, hours, bounds), days in pieces.items()
    ]  # fmt: skip


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _said(days: list[int]) -> str:
    """As the file says them; commas need quotes inside a flow mapping, "and" does not."""
    if days == list(range(7)):
        return "every day"
    if days == list(range(5)):
        return "weekdays"
    return "weekends" if days == [5, 6] else " and ".join(DAYS[day] for day in days)


def _dated(
    rows: Sequence[tuple[datetime, str, tuple[tuple[str, int], ...]]], draft: Draft, actions: Sequence[tuple[str, At]]
) -> list[Window]:  # fmt: skip
    found: list[Window] = []
    for number, (at, name, bounds) in enumerate(rows):
        if number + 1 == len(rows):
            place = next(action for other, action in actions if other == name).place
            draft.note(place, f"{name}, the last that is dated, holds for ever there: its bounds from {at} on are left "
                       "to capacity")  # fmt: skip
            continue
        end = rows[number + 1][0]
        found.append((name, [("when", f"{at:%Y-%m-%d %H:%M} - {end:%Y-%m-%d %H:%M}"), *bounds]))
    return found


def _named(windows: Sequence[Window]) -> list[Window]:
    """Each window under a name of its own."""
    found: dict[str, list[tuple[str, object]]] = {}
    for name, pairs in windows:
        base = re.sub(r"[^A-Za-z0-9 _-]+", "-", name)[:34] or "window"
        own, number = base, 1
        while own in found or own.lower() in ("name", "zone", "holidays"):
            number += 1
            own = f"{base} {number}"
        found[own] = pairs
    return [*found.items()]
