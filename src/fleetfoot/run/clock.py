"""The live clock: wall time at the start plus monotonic time since, so that it never goes backward.

A wall clock that is stepped (by a person, by NTP, by a resumed machine) changes ``wall`` and nothing
else: spans, ages, windows and cooldowns all live on ``now``.
"""

from __future__ import annotations

import time
from collections.abc import Callable

Now = Callable[[], int]

TICK_MS = 1000
GAP_TICKS = 3


class Clock:
    """``now`` for everything that is measured or compared, ``wall`` for words and schedules."""

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        mono_ns: Callable[[], int] = time.monotonic_ns,
        after: int = 0,
    ) -> None:
        """``after``: ms; the newest ``now`` ever journalled, which this clock's first ``now`` must pass."""
        self._wall_ns = wall_ns
        self._mono_ns = mono_ns
        self._zero = mono_ns()
        self.start = max(wall_ns() // 1_000_000, after + 1)

    def now(self) -> int:
        """Milliseconds; never backward, not even when the wall clock is."""
        return self.start + (self._mono_ns() - self._zero) // 1_000_000

    def wall(self) -> int:
        """Milliseconds since 1970 as the machine tells it at this moment."""
        return self._wall_ns() // 1_000_000

    def at_mono(self, mono_ms: float) -> int:
        """``now`` at the moment when this machine's monotonic clock showed ``mono_ms``."""
        return self.start + (int(mono_ms * 1_000_000) - self._zero) // 1_000_000


def gap(before: int | None, now: int) -> int:
    """The ms since the step before when they are more than three ticks, else 0."""
    if before is None or now - before <= GAP_TICKS * TICK_MS:
        return 0
    return now - before
