"""What is learnt of a revision: how long its tasks take to start, and what one of them carries.

Start-up comes from finished starts. Throughput starts from the declared figure. It falls towards
the completed rate per serving task while the fleet is saturated (its queue does not drain and
nothing is starting), and rises again with what tasks were seen to carry inside the objective.
Without a declared figure it is the most a serving task was seen to carry inside the objective.
Warming tasks teach nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

STARTS_KEPT = 50
FALL = 0.05  # share of the way a saturated second moves the throughput
FLOOR = 0.25  # of the declared throughput: below it something else is wrong than the guess
LEAST = 0.001  # requests/s: the floor where nothing was declared; a fleet that hangs must not teach zero
UNDECLARED = 1.0  # requests/s: the first guess when nothing was declared or seen


@dataclass(slots=True)
class Learnt:
    starts: list[int] = field(default_factory=list)  # ms, newest last
    startup_p50: int | None = None  # ms
    startup_p95: int | None = None  # ms
    throughput: float | None = None  # requests/s and task
    declared: float | None = None

    def started(self, span: int) -> None:
        """One task took ``span`` ms from its order to ready."""
        self.starts = [*self.starts[1 - STARTS_KEPT :], span]
        ranked = sorted(self.starts)
        self.startup_p50 = ranked[(len(ranked) - 1) // 2]
        self.startup_p95 = ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))]

    def saw(self, completed_per_task: float, saturated: bool, within: bool) -> None:
        """What each serving task completed of late, and whether the fleet was saturated or inside the objective."""
        known = self.throughput
        if known is None:
            known = self.declared if self.declared is not None else UNDECLARED
        if saturated and completed_per_task < known:
            known += FALL * (completed_per_task - known)
            known = max(known, LEAST if self.declared is None else FLOOR * self.declared)
        elif within and completed_per_task > known:
            known = completed_per_task if self.declared is None else min(completed_per_task, self.declared)
            known = max(known, self.throughput or 0.0)
        self.throughput = known

    def to_json(self) -> dict[str, Any]:
        return {
            "starts": self.starts,
            "startup_p50": self.startup_p50,
            "startup_p95": self.startup_p95,
            "throughput": self.throughput,
            "declared": self.declared,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Learnt:
        return cls(**data)
