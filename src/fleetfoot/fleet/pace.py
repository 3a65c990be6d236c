"""Whether the version that is being deployed is too slow: beyond the objective, where the old one beside it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ENOUGH = 10  # answers of the next version that can tell something
MUCH_SLOWER = 2  # times the old version's p95
LONGEST_MS = 30_000  # by then the slow first answers of cold tasks are out of their p95, which covers 10 to 20 s


class Pace:
    """What is remembered from second to second. ``why`` is empty while the next version is fast enough."""

    def __init__(self) -> None:
        self.why = ""
        self._slow_ms = 0

    @property
    def hopeless(self) -> bool:
        """It has been too slow for so long that this is no cold start."""
        return self._slow_ms >= LONGEST_MS

    def see(
        self, new: Sequence[Mapping[str, Any]], old: Sequence[Mapping[str, Any]], objective_ms: int, span_ms: int
    ) -> None:
        """Compare the tasks of both versions over the last ``span_ms``. Each is as the balancer counts it."""
        theirs, before = _p95_ms(new), _p95_ms(old)
        enough = sum(int(one["served"]) for one in new) >= ENOUGH
        fast = before <= objective_ms  # both slow: the load, or what both depend on
        if enough and before and fast and theirs > max(objective_ms, MUCH_SLOWER * before):
            self._slow_ms += span_ms
            self.why = f"p95 of its tasks is {theirs:.0f} ms, of the old version's {before:.0f} ms"
        else:
            self._slow_ms, self.why = 0, ""


def _p95_ms(tasks: Sequence[Mapping[str, Any]]) -> float:
    """Of the task in the middle, the faster of two; 0.0 when none was asked lately."""
    asked = sorted(p95 for one in tasks if (p95 := float(one.get("p95_ms", 0.0))))
    return asked[(len(asked) - 1) // 2] if asked else 0.0
