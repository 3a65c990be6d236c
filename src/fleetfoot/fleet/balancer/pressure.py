"""When to wake the loop early: the queue stands, or more arrives than the ready tasks carry."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

from .rates import Rates

QUEUE_STANDS_MS = 100.0  # a queue that empties sooner is the grain of arrivals, not a lack of tasks
WORK_S = 0.5  # without a queue: this much work handed to each ready task is as good as one
WINDOWS_MS = (500.0, 1000.0)  # a large surge shows in the first, a small one in the second
SIGMAS = 4.0  # steady Poisson arrivals exceed this once in 30,000 windows
EVERY_MS = 200.0  # at most five wakes a second for each reason


def beyond_chance(count: int, expected: float) -> bool:
    """Whether so many arrivals cannot be a fluctuation of ``expected`` ones."""
    return count - SIGMAS * sqrt(count) > expected


class Pressure:
    """Calls ``on_pressure("queue" | "arrivals")``, each at most five times a second. Times in ms."""

    __slots__ = ("_last", "_on_pressure", "hint")

    def __init__(self, on_pressure: Callable[[str], None]) -> None:
        self.hint: float | None = None  # requests/s one task carries
        self._on_pressure = on_pressure
        self._last: dict[str, float] = {}

    def check(self, now: float, queue_ms: float, outstanding: int, ready: int, limited: bool, rates: Rates) -> None:
        """``queue_ms``: how long the queue is non-empty; ``outstanding``: handed to tasks and waiting;
        ``limited``: tasks have a concurrency limit, so that what they cannot take is in the queue."""
        capacity = None if self.hint is None else self.hint * ready
        if queue_ms >= QUEUE_STANDS_MS or (not limited and capacity is not None and outstanding > capacity * WORK_S):
            self._tell("queue", now)
        if capacity is None:
            return
        for window in WINDOWS_MS:
            count, span = rates.arrived(window)
            if span and beyond_chance(count, capacity * span / 1000):
                self._tell("arrivals", now)
                return

    def _tell(self, why: str, now: float) -> None:
        if now - self._last.get(why, float("-inf")) >= EVERY_MS:
            self._last[why] = now
            self._on_pressure(why)
