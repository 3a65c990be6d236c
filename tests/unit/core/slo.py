"""A service under the policy `slo`, and traffic for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from fleetfoot.core.model import Decision
from fleetfoot.core.policies.slo import NOISE, Slo
from fleetfoot.core.queueing import tasks_for
from fleetfoot.sim.harness import poisson
from tests.unit.core.build import Service

CALM: dict[str, Any] = {"latency": 80.0, "errors": 0.0, "in_flight": 2.0, "queue": 0.0}
LATE, WAIT = 0.01, 0.92  # a fifth of p95's twentieth may wait longer than what 80 ms leave of a second


def made(tasks: int = 8, startup: int = 30_000, spare: int = 0, **changes: Any) -> Service:
    """Tasks of 20/s that take half a minute to start, as their file says; p95 under a second."""
    found = Service(Slo(spare), tasks=tasks, startup=startup, **changes)
    found.settings = replace(found.settings, startup=startup)
    return found


def played(
    service: Service, rate: Callable[[float], float], seconds: int, seed: int | None = None, **shown: Any
) -> list[Decision]:
    """``rate`` of the seconds since the beginning; Poisson counts of it with a ``seed``."""
    rng = None if seed is None else Random(seed)
    found = []
    for second in range(seconds):
        mean = rate(float(second))
        seen = mean if rng is None else float(poisson(rng, mean))
        found.append(service.tick(requests=seen, **{**CALM, "completed": seen, **shown}))
    return found


def fewest(rate: float) -> int:
    """By the model alone, noise of the counts included."""
    return tasks_for(rate + NOISE * rate**0.5, 20.0, LATE, WAIT)
