"""The simulated world: a virtual clock, traffic, the plant, a fleet that takes time to change, and one scaler.

Event-ordered: the clock jumps to the next decision or the next task that is ready or drained, and the compiled
plant lives through the seconds between. Nothing reads a real clock; two runs are the same to the byte.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fleetfoot.sim import kernel as k
from fleetfoot.sim.feed import Measured
from fleetfoot.sim.fleet import Change, SimFleet
from fleetfoot.sim.plant import Plant
from fleetfoot.sim.scaler import Scaler
from fleetfoot.sim.score import JUDGED_FROM, Order, Score, score
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.stationary import tasks_for

Rates = Sequence[float] | NDArray[np.float64]


@dataclass(slots=True)
class Run:
    """What happened. Arrays have one entry a second.

    ``rows``: the columns named in ``sim/kernel.py`` (requests, completed, failed and shed in the second, p95 in
    ms, means of requests in service and waiting, servers, levels at the end, and of its arrivals how many were
    late and lost); ``changes``: the counts of tasks from some ms on; ``orders``: what the scaler had changed.
    """

    name: str
    seed: int
    setup: Setup
    rates: NDArray[np.float64]
    rows: NDArray[np.float64]
    changes: list[Change]
    orders: list[Order]
    end: int  # ms
    score: Score = field(init=False)

    @property
    def arrivals(self) -> NDArray[np.float64]:
        return self.rows[:, k.REQUESTS]

    @property
    def latency(self) -> NDArray[np.float64]:
        """p95 of what completed or was late and open in the second, ms; 0 where nothing was."""
        return self.rows[:, k.LATENCY]

    @property
    def bad(self) -> NDArray[np.float64]:
        """Of the second's arrivals: late, failed or refused."""
        return self.rows[:, k.WAS_LATE] + self.rows[:, k.WAS_LOST] + self.rows[:, k.SHED]

    def tasks(self, what: Callable[[Change], int]) -> NDArray[np.float64]:
        """A count of tasks at the end of every second, e.g. ``run.tasks(lambda change: change.serving)``."""
        found = np.zeros(len(self.rows))
        for i, change in enumerate(self.changes):
            until = self.changes[i + 1].at if i + 1 < len(self.changes) else self.end
            found[max(0, -(-change.at // 1000) - 1 if change.at else 0) : -(-until // 1000)] = what(change)
        return found


def run(
    rates: Rates,
    setup: Setup,
    scaler: Scaler,
    seed: int = 1,
    *,
    initial: int | None = None,
    judged_from: int = JUDGED_FROM,
    task_hour: float = 0.0,
    progress: Callable[[int], None] | None = None,
) -> Run:
    """``scaler`` in charge of the service ``setup`` under ``rates`` (requests/s, one for every second).

    ``seed``: the same requests with the same work for every scaler. ``initial``: tasks that serve at the
    beginning; None sizes them for the first second by the stationary model. ``judged_from``: the second from
    which on the score counts. ``task_hour``: its price, for the score. ``progress`` is told seconds done.
    """
    given = np.asarray(rates, np.float64)
    world = World(given, setup, scaler, seed, tasks_for(float(given[0]), setup) if initial is None else initial)
    world.run(progress)
    rows = world.plant.rows[: len(given)].copy()
    fleet, end = world.fleet, 1000 * len(given)
    done = Run(scaler.name, seed, setup, given, rows, fleet.changes, world.orders, end)
    done.score = score(rows, fleet.changes, world.orders, setup, end, judged_from, task_hour)
    return done


class World:
    """One run while it goes on."""

    def __init__(self, rates: NDArray[np.float64], setup: Setup, scaler: Scaler, seed: int, initial: int) -> None:
        if scaler.period <= 0 or scaler.period % 1000:
            raise ValueError(f"a scaler's period is a multiple of 1000 ms, not {scaler.period}")
        self.seconds = len(rates)
        self.plant = Plant(rates, setup, seed)
        self.fleet = SimFleet(self.plant, setup, seed, initial)
        self.scaler = scaler
        self.feed = Measured(self.plant, self.fleet.starts)
        self.orders: list[Order] = []

    def run(self, progress: Callable[[int], None] | None = None) -> None:
        """From the first second to the last, and on until every request is judged; those seconds are not billed."""
        fleet, plant, period = self.fleet, self.plant, self.scaler.period // 1000
        second = 0
        while second < self.seconds:
            fleet.happen(1000 * second)
            if second % period == 0:
                self._decide(1000 * second)
            fleet.happen(1000 * second + 999)
            stop = min(self.seconds, second - second % period + period)
            coming = fleet.next()
            if coming is not None and coming < 1000 * stop:
                stop = coming // 1000
            plant.advance(second, stop - second)
            second = stop
            if progress is not None and second % 3600 == 0:
                progress(second)
        plant.advance(self.seconds, plant.tail)

    def _decide(self, now: int) -> None:
        feed, fleet = self.feed, self.fleet
        feed.now = now
        desired = self.scaler.decide(now, fleet.counts(now), feed)
        if desired is not None and desired != fleet.desired:
            before = fleet.desired
            fleet.order(desired, now)
            if fleet.desired != before:
                self.orders.append(Order(now, before, fleet.desired))
