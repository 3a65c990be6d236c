"""When schedules change the bounds of a service: instants, worked out with zone data and the engine's own rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any, NamedTuple

from fleetfoot.core.compile import compile_service
from fleetfoot.core.schedule import DAY, Window, hold
from fleetfoot.core.settings import Settings
from fleetfoot.spec import Service
from fleetfoot.spec.zones import Offset, Zones, change_after, offset_at, zone_named

LOOKS = (9, 40, 400, 1500)  # days: further only while there are too few changes
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Change(NamedTuple):
    """From ``at`` (ms) on other bounds hold; ``opens`` and ``closes`` name windows and their zone."""

    at: int
    minimum: int
    maximum: int
    before: tuple[int, int]
    opens: tuple[tuple[str, str], ...]
    closes: tuple[tuple[str, str], ...]

    @property
    def zone(self) -> str:
        return next(zone for _, zone in (*self.opens, *self.closes))

    def to_json(self) -> dict[str, Any]:
        return {
            "utc": said(self.at, "UTC", "seconds"), "local": said(self.at, self.zone, "seconds"), "zone": self.zone,
            "min": self.minimum, "max": self.maximum, "before": {"min": self.before[0], "max": self.before[1]},
            "opens": [name for name, _ in self.opens], "closes": [name for name, _ in self.closes],
        }  # fmt: skip


def changes(service: Service, wall: int, most: int = 10) -> list[Change]:
    """The next ``most`` changes of the bounds after ``wall`` (ms), looked for within four years."""
    settings = compile_service(service)
    if settings.timetable is None:
        return []
    found: list[Change] = []
    for days in LOOKS:
        found = list(_within(settings, wall, wall + days * DAY))
        if len(found) >= most:
            break
    return found[:most]


def _within(settings: Settings, wall: int, end: int) -> Iterator[Change]:
    marks: dict[int, tuple[list[tuple[str, str]], list[tuple[str, str]]]] = {}
    windows = settings.timetable.windows if settings.timetable is not None else ()
    for window in windows:
        for opens, closes in intervals(window, wall, end):
            for at, side in ((opens, 0), (closes, 1)):
                if wall < at <= end:
                    marks.setdefault(at, ([], []))[side].append((window.name, window.zone))
    zones = Zones(settings.zones)
    for at in sorted(marks):
        before, after = (_bounds(settings, windows, zones.at(instant), instant) for instant in (at - 1, at))
        if before != after:
            yield Change(at, *after, before, *(tuple(side) for side in marks[at]))


def _bounds(settings: Settings, windows: tuple[Window, ...], offsets: Mapping[str, Offset], at: int) -> tuple[int, int]:
    """Minimum and maximum at ``at``, without what is ordered ahead of a start."""
    held = hold(windows, at, offsets, -1 << 62, settings.minimum, settings.maximum)
    return held.minimum, held.maximum


def intervals(window: Window, begin: int, end: int) -> list[tuple[int, int]]:
    """The instants (ms) between which ``window`` is open, those that reach into ``begin`` to ``end``."""
    zone = zone_named(window.zone)
    found: list[tuple[int, int]] = []
    for since, until in _pieces(zone, begin - 2 * DAY, end + 2 * DAY):
        offset = offset_at(zone, since)
        for day in range((since + offset) // DAY, (until + offset) // DAY + 1):
            for opens, closes in window.spans(day):
                low, high = max(since, opens - offset), min(until, closes - offset)
                if low < high:
                    found.append((low, high))
    merged: list[tuple[int, int]] = []
    for low, high in sorted(found):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return [(low, high) for low, high in merged if high > begin and low < end]


def _pieces(zone: tzinfo, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of one offset each."""
    edges = [begin]
    while (change := change_after(zone, edges[-1], end - edges[-1])) is not None:
        edges.append(change[0])
    yield from pairwise([*edges, end])


def said(at: int, zone: str, fine: str = "minutes") -> str:
    """``2024-11-29 08:00`` in ``zone``; ``fine`` "seconds": as ISO 8601 with the offset."""
    local = (_EPOCH + timedelta(milliseconds=at)).astimezone(zone_named(zone))
    return local.isoformat(timespec="seconds") if fine == "seconds" else local.strftime("%Y-%m-%d %H:%M")


def weekday(at: int, zone: str) -> str:
    return (_EPOCH + timedelta(milliseconds=at)).astimezone(zone_named(zone)).strftime("%a")


def rows(service: Service, wall: int) -> list[str]:
    """The next ten changes, a line each."""
    return [
        f"{weekday(c.at, c.zone)} {said(c.at, c.zone)} {c.zone}  ({said(c.at, 'UTC')} UTC)  {_move(c)}  {_why(c)}"
        for c in changes(service, wall)
    ]


def _move(change: Change) -> str:
    parts = []
    for name, before, after in zip(("min", "max"), change.before, (change.minimum, change.maximum), strict=True):
        if before != after:
            parts.append(f"{name} {before} -> {after}")
    return ", ".join(parts)


def _why(change: Change) -> str:
    sides = (("opens", change.opens), ("ends", change.closes))
    return "; ".join(f"{', '.join(name for name, _ in windows)} {verb}" for verb, windows in sides if windows)


def instant(text: str, service: Service) -> int:
    """ms of an ISO time; without an offset in the zone of the service's first window, else UTC. Raises ValueError."""
    at = datetime.fromisoformat(text.strip())
    zones = compile_service(service).zones
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone_named(zones[0] if zones else "UTC"))
    return round(at.timestamp() * 1000)
