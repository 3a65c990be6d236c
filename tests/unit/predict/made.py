"""Made-up pasts with a known season."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from math import cos, pi
from random import Random

from fleetfoot.predict.calendar import Calendar, calendar
from fleetfoot.predict.history import DAY, STEP, History

MONDAY = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())


def daily(at: float, zone: tzinfo = UTC) -> float:
    """40/s at two at night, 160/s at two in the afternoon, by the local clock."""
    local = datetime.fromtimestamp(at, zone)
    hours = local.hour + local.minute / 60
    return 100.0 - 60.0 * cos(2 * pi * (hours - 2) / 24)


def history(days: float, start: int = MONDAY, zone: tzinfo = UTC, noise: float = 0.0, step: int = STEP) -> History:
    rng = Random(1)
    times = range(start, start + round(days * DAY), step)
    return History(start, tuple(daily(at, zone) * (1 + noise * rng.uniform(-1, 1)) for at in times), step, "made")


def seen(days: float, **more: float) -> Calendar:
    return calendar(history(days, **more))  # type: ignore[arg-type]
