"""What is learnt of a revision: how long its tasks take to start, and what one of them carries.

Start-up comes from finished starts. Throughput starts from the declared figure. It falls towards
the completed rate per serving task while the fleet is saturated (its queue does not drain, and
as many serve as did all of the while), and rises again with what tasks were seen to carry inside the objective.
Without a declared figure it is the most a serving task was seen to carry inside the objective.
Warming tasks teach nothing.

A fleet sized for slow tasks never shows that they are fast again: each has little to do. So after a
fall the figure is tried upward by a tenth now and then, back to what was declared or seen before. A
try that saturates the fleet is taken back by that, and the next one waits twice as long.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

STARTS_KEPT = 50
FALL = 0.05  # share of the way a saturated second moves the throughput
FLOOR = 0.25  # of the declared throughput: below it something else is wrong than the guess
LEAST = 0.001  # requests/s: the floor where nothing was declared; a fleet that hangs must not teach zero
UNDECLARED = 1.0  # requests/s: the first guess when nothing was declared or seen
TRY = 0.1  # share by which a throughput that fell is tried upward
FIRST_TRY, LAST_TRY = 600_000, 86_400_000  # ms without saturation before a try, and how long that can become


@dataclass(slots=True)
class Learnt:
    starts: list[int] = field(default_factory=list)  # ms, newest last
    startup_p50: int | None = None  # ms
    startup_p95: int | None = None  # ms
    throughput: float | None = None  # requests/s and task
    declared: float | None = None
    at: int = 0  # ms: the newest lesson
    serving: int = 0  # tasks, at the newest lesson
    since: int = 0  # ms: so many have served ever since
    most: float = 0.0  # requests/s and task: the most seen inside the objective
    moved: int = 0  # ms: when the throughput fell or was tried upward
    wait: int = FIRST_TRY  # ms before the next try
    trying: bool = False  # the newest move was a try

    def started(self, span: int) -> None:
        """One task took ``span`` ms from its order to ready."""
        self.starts = [*self.starts[1 - STARTS_KEPT :], span]
        ranked = sorted(self.starts)
        self.startup_p50 = ranked[(len(ranked) - 1) // 2]
        self.startup_p95 = ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))]

    def declare(self, throughput: float | None) -> None:
        """The file says something else than before: what was learnt began from the old figure."""
        self.declared, self.throughput, self.most, self.wait, self.trying = throughput, None, 0.0, FIRST_TRY, False

    def saturated(self, per_task: float, now: int) -> None:
        """All was late for a while and work waits; each serving task completed ``per_task`` requests/s."""
        known = self._known()
        if per_task >= known:
            return
        floor = LEAST if self.declared is None else FLOOR * self.declared
        self.throughput = max(known + FALL * (per_task - known), floor)
        if self.trying:
            self.wait, self.trying = min(2 * self.wait, LAST_TRY), False
        self.moved = now

    def carried(self, per_task: float, now: int) -> None:
        """Each serving task completed ``per_task`` requests/s, and requests were inside the objective."""
        known = self._known()
        if per_task > self.most:
            self.most = per_task
        highest = self.most if self.declared is None else self.declared
        known = max(known, min(per_task, highest))
        if known >= highest:
            self.wait, self.trying = FIRST_TRY, False
        elif now - self.moved >= self.wait:
            known, self.moved, self.trying = min(known * (1 + TRY), highest), now, True
        self.throughput = known

    def not_below(self, throughput: float) -> None:
        """Take back what saturation taught: it was somebody else's slowness."""
        if self.throughput is not None and self.throughput < throughput:
            self.throughput = throughput

    def _known(self) -> float:
        if self.throughput is not None:
            return self.throughput
        return self.declared if self.declared is not None else UNDECLARED

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Learnt:
        """Keys of a later version are left out: one that goes back keeps what it can read."""
        return cls(**{field.name: data[field.name] for field in fields(cls) if field.name in data})
