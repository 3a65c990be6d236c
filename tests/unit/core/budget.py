"""A service that has a budget."""

from __future__ import annotations

from typing import Any

from fleetfoot.core.settings import Budget, Shared
from tests.unit.core.build import Says, Service, told, want

HOURLY = (("hour", None, 100.0),)  # 100 USD an hour, and more is denied
DAILY = (("day", 1000.0, None),)  # 1,000 USD a day, and more is limited
MIDNIGHT = 1_700_006_400_000  # ms: a midnight of UTC


def service(tasks: int, wants: int, limits: Any = HOURLY, **changes: Any) -> Service:
    shared = changes.pop("shared", None) or Shared(budget=Budget("USD", limits))
    return Service(Says("p", want(wants)), tasks=tasks, shared=shared, **{"price": 1.0, **changes})


def spend(one: Service, hours: float, **shown: Any) -> set[str]:
    """Let hours pass, a step a minute; every code that was told."""
    return {code for _ in range(round(hours * 60)) for code in told(one.tick(60_000, **shown))}
