"""The score of a run: what users felt, what it cost, how restless it was. Plain numbers, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetfoot.core.over import second_is_over
from fleetfoot.sim import layout as k
from fleetfoot.sim.fleet import Change
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.stationary import tasks_for

JUDGED_FROM = 600  # s: a scaler may find its feet before


class Order(NamedTuple):
    """One change of the desired count at ``at`` ms."""

    at: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Score:
    """Of the judged seconds, first to last; shares are 0..1.

    A second is over by ``core/over.py``. Requests count in the second of their arrival, a client's second try
    as another request. ``task_hours`` are billed from the order until drained; ``needed_hours`` is what the
    stationary model asks for each second's rate, without start-up or noise: an orientation, not a bound.
    """

    seconds: int
    seconds_over: int
    requests: int
    late: int
    failed: int
    shed: int
    task_hours: float
    money: float
    needed_hours: float
    actions: int
    turns: int  # changes of direction
    over_clairvoyant: float | None = None  # cost as a multiple of the clairvoyant bound, where one was computed

    @property
    def share_over(self) -> float:
        return self.seconds_over / self.seconds if self.seconds else 0.0

    @property
    def bad(self) -> int:
        return self.late + self.failed + self.shed

    @property
    def share_bad(self) -> float:
        return self.bad / self.requests if self.requests else 0.0

    @property
    def over_provisioning(self) -> float:
        """Task-hours billed as a multiple of those needed, less one."""
        return self.task_hours / self.needed_hours - 1.0 if self.needed_hours else 0.0

    @property
    def actions_per_hour(self) -> float:
        return self.actions * 3600.0 / self.seconds if self.seconds else 0.0

    @property
    def turns_per_hour(self) -> float:
        return self.turns * 3600.0 / self.seconds if self.seconds else 0.0

    def against(self, clairvoyant_hours: float) -> Score:
        """The same with its cost set against a bound's task-hours over the same seconds."""
        return replace(self, over_clairvoyant=self.task_hours / clairvoyant_hours)

    def to_json(self) -> dict[str, Any]:
        derived = ("share_over", "bad", "share_bad", "over_provisioning", "actions_per_hour", "turns_per_hour")
        return asdict(self) | {name: getattr(self, name) for name in derived}


@dataclass(slots=True)
class Tally:
    """Adds up a run block by block, so that a year needs no more memory than a day."""

    setup: Setup
    judged_from: int  # s
    seconds: int = 0
    over: int = 0
    sums: NDArray[np.float64] = field(default_factory=lambda: np.zeros(k.COLUMNS))
    needed: float = 0.0

    def add(self, rows: NDArray[np.float64], first: int) -> None:
        """``rows`` (one a second, columns as in ``kernel``) from second ``first`` on, every verdict final."""
        judged = rows[max(0, self.judged_from - first) :]
        self.seconds += len(judged)
        self.over += len(seconds_over(judged, self.setup.percentile))
        self.sums += judged.sum(axis=0)
        self.needed += needed_hours(judged[:, k.REQUESTS], self.setup)

    def score(self, changes: list[Change], orders: list[Order], end: int, task_hour: float) -> Score:
        begin = 1000 * self.judged_from
        acted = [order for order in orders if order.at >= begin]
        hours = task_hours(changes, begin, end)
        return Score(
            seconds=self.seconds,
            seconds_over=self.over,
            requests=int(self.sums[k.REQUESTS]),
            late=int(self.sums[k.WAS_LATE]),
            failed=int(self.sums[k.WAS_LOST]),
            shed=int(self.sums[k.SHED]),
            task_hours=hours,
            money=hours * task_hour,
            needed_hours=self.needed,
            actions=len(acted),
            turns=sum((a.after > a.before) != (b.after > b.before) for a, b in pairwise(acted)),
        )


def seconds_over(rows: NDArray[np.float64], percentile: float) -> list[int]:
    """Which of the seconds were over the objective."""
    bad = rows[:, k.WAS_LATE] + rows[:, k.WAS_LOST] + rows[:, k.SHED]
    arrived = rows[:, k.REQUESTS]
    return [int(i) for i in np.flatnonzero(bad) if second_is_over(int(arrived[i]), float(bad[i]), percentile)]


def task_hours(changes: list[Change], begin: int, end: int) -> float:
    """Task-hours billed between two moments (ms)."""
    total = 0
    for i, change in enumerate(changes):
        until = changes[i + 1].at if i + 1 < len(changes) else end
        total += change.billed * max(0, min(until, end) - max(change.at, begin))
    return total / 3_600_000.0


def needed_hours(arrivals: NDArray[np.float64], setup: Setup) -> float:
    """What the stationary model asks for the mean rate of each minute."""
    if not len(arrivals):
        return 0.0
    minutes = [float(part.mean()) for part in np.split(arrivals, range(60, len(arrivals), 60))]
    known: dict[int, int] = {}
    seconds = 0
    for i, rate in enumerate(minutes):
        whole = round(rate)
        if whole not in known:
            known[whole] = tasks_for(rate, setup)
        seconds += known[whole] * min(60, len(arrivals) - 60 * i)
    return seconds / 3600.0
