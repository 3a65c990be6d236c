"""Time zones: their names in a file, and their offsets for whoever may read zone data (run, sim, face; never core)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from fleetfoot.spec.errors import Wrong, did_you_mean, shown
from fleetfoot.spec.forms import Form

HORIZON = 3 * 86_400_000  # ms ahead a change of the offset is told: a ramp and a start-up lie within
_FRESH = 3_600_000  # ms an answer holds
_STEP = 6 * 3_600_000  # ms; no zone changes twice within it
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Offset = tuple[int, int, int]  # ms from UTC; ms at which it changes (0: not within HORIZON); ms from UTC after that


def zone_named(name: str) -> tzinfo:
    """Raises ``Wrong`` for a name nobody knows, or where this machine has no zone data."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        known = available_timezones()
    if not known:
        raise Wrong(f"{shown(name)} cannot be looked up: this machine has no zone data; install tzdata, or write UTC")
    raise Wrong(f"{shown(name)} is no time zone: write one such as Asia/Seoul", suggestion=did_you_mean(name, known))


class ZoneForm(Form):
    """A name of the IANA zone database."""

    noun = "a time zone"
    examples = "Asia/Seoul, Europe/Berlin or UTC"

    def parse(self, text: str) -> str:
        zone_named(text)
        return text

    def python(self, value: Any) -> str:
        raise self.refuse(value)


def offset_at(zone: tzinfo, wall: int) -> int:
    """ms from UTC at the instant ``wall`` (ms)."""
    offset = (_EPOCH + timedelta(milliseconds=wall)).astimezone(zone).utcoffset()
    return round(offset.total_seconds() * 1000) if offset is not None else 0


def change_after(zone: tzinfo, wall: int, span: int = HORIZON) -> tuple[int, int] | None:
    """The first instant after ``wall``, within ``span`` ms, at which the offset is another, and that offset."""
    before = offset_at(zone, wall)
    for start in range(wall, wall + span, _STEP):
        low, high = start, min(start + _STEP, wall + span)
        if offset_at(zone, high) == before:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset_at(zone, middle) == before else (low, middle)
        return high, offset_at(zone, high)
    return None


class Zones:
    """The offsets of some zones at any instant; asked again only once an hour, and at a change."""

    def __init__(self, names: Iterable[str]) -> None:
        self._zones = {name: zone_named(name) for name in names}
        self._since = self._until = 0
        self._known: dict[str, Offset] = {}

    def at(self, wall: int) -> dict[str, Offset]:
        """Zone -> offset at ``wall`` (ms)."""
        if self._zones and not self._since <= wall < self._until:
            self._known = {}
            self._since, self._until = wall, wall + _FRESH
            for name, zone in self._zones.items():
                at, then = change_after(zone, wall) or (0, 0)
                self._known[name] = (offset_at(zone, wall), at, then)
                self._until = min(self._until, at or self._until)
        return self._known
