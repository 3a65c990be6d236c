"""The simulated world: a virtual clock, traffic, the plant, a fleet that takes time to change, and one scaler.

Event-ordered: the clock jumps to the next decision or the next task that is ready or drained, and the compiled
plant lives through the time between, or until its data plane wakes the scaler. Nothing reads a real clock; two runs
are the same to the byte.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetfoot.sim import layout as k
from fleetfoot.sim.feed import Measured
from fleetfoot.sim.fleet import Change, SimFleet
from fleetfoot.sim.heaps import quantile
from fleetfoot.sim.plant import Plant
from fleetfoot.sim.record import Record
from fleetfoot.sim.scaler import Scaler
from fleetfoot.sim.score import JUDGED_FROM, Order, Score, Tally
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.stationary import tasks_for

NEVER = 1 << 60  # ms
Rates = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Run:
    """What happened. Arrays have one entry for every ``step`` seconds: 1, or 60 in runs of more than four days.

    ``rows``: the columns named in ``sim/layout.py`` (requests, completed, failed and shed in the second, p95 in
    ms, means of requests in service and waiting, servers, levels at the end, and of its arrivals how many were
    late and lost), where step is 60 as means a second and the largest p95; ``changes``: the counts of tasks from
    some ms on; ``orders``: what the scaler had changed; ``end``: ms.
    """

    name: str
    seed: int
    setup: Setup
    rates: NDArray[np.float64]
    rows: NDArray[np.float64]
    step: int
    changes: list[Change]
    orders: list[Order]
    end: int
    score: Score
    latencies: NDArray[np.int64]  # requests answered or timed out in the whole run, by ``heaps.bucket``
    woken: int  # times the data plane woke the scaler within a second

    def took(self, share: float) -> float:
        """The latency in ms under which ``share`` of all requests lie, those refused left out; 0 where none were."""
        total = int(self.latencies.sum())
        return float(quantile(self.latencies, total, share)) if total else 0.0

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
        """A count of tasks at the end of every entry, e.g. ``run.tasks(lambda change: change.serving)``."""
        ends = np.minimum(np.arange(1, len(self.rows) + 1) * self.step * 1000, self.end)
        at = np.searchsorted([change.at for change in self.changes], ends - 1, side="right") - 1
        return np.array([what(change) for change in self.changes], np.float64)[at]


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
    arrivals: NDArray[np.float64] | None = None,
) -> Run:
    """``scaler`` in charge of the service ``setup`` under ``rates`` (requests/s, one for every second).

    ``seed``: the same requests with the same work for every scaler. ``initial``: tasks that serve at the
    beginning; None sizes them for the first second by the stationary model. ``judged_from``: the second from
    which on the score counts. ``task_hour``: its price, for the score. ``progress`` is told seconds done, about
    every simulated hour and at the end. ``arrivals``: when each request comes (s), where they are known themselves.
    """
    given = np.asarray(rates, np.float64)
    plant = Plant(given, setup, seed, arrivals)
    if initial is None:
        initial = tasks_for(float(given[0]), setup)
    fleet = SimFleet(plant, setup, seed, initial)
    world = World(plant, fleet, scaler, Record(plant, len(given), Tally(setup, judged_from)))
    world.run(len(given), progress)
    return world.told(given, seed, task_hour)


class World:
    """One run while it goes on."""

    def __init__(self, plant: Plant, fleet: SimFleet, scaler: Scaler, record: Record) -> None:
        if scaler.period <= 0 or scaler.period % 1000:
            raise ValueError(f"a scaler's period is a multiple of 1000 ms, not {scaler.period}")
        self.plant, self.fleet, self.scaler, self.record = plant, fleet, scaler, record
        self.feed = Measured(plant, fleet.starts)
        self.orders: list[Order] = []
        self.woken = 0

    def run(self, seconds: int, progress: Callable[[int], None] | None = None) -> None:
        """From the first second to the last, and on until every request is judged; those seconds are not billed."""
        fleet, period = self.fleet, self.scaler.period // 1000
        due, second, told = fleet.due, 0, 0
        while second < seconds:
            now = 1000 * second
            if due and due[0].at <= now:
                fleet.happen(now)
            if second % period == 0:
                self._decide(now)
            stop = second + 1 if period == 1 else self._stop(second, seconds)
            self.advance(second, stop)
            second = stop
            if progress is not None and second - told >= 3600:
                progress(second)
                told = second
        self.end(seconds)
        if progress is not None:
            progress(seconds)

    def advance(self, second: int, stop: int) -> None:
        """Live through the seconds from ``second`` to ``stop``."""
        due, plant = self.fleet.due, self.plant
        if due and due[0].at < 1000 * second + 1000:
            plant.pause(due[0].at)
        left = plant.advance(second, stop - second)
        if left:
            self._within(second, left)
        if stop >= self.record.limit:
            self.record.take_block()

    def end(self, seconds: int) -> None:
        """Go on until every request is judged; nobody is woken any more."""
        self.plant.unwatch()
        self.plant.advance(seconds, self.plant.tail)
        self.record.take(seconds)
        self.plant.check()

    def order(self, desired: int | None, now: int) -> None:
        """Carry out what was decided; None leaves the fleet as it is."""
        if desired is None:
            return
        fleet, before = self.fleet, self.fleet.desired
        if desired != before:
            fleet.order(desired, now)
            if fleet.desired != before:
                self.orders.append(Order(now, before, fleet.desired))

    def told(self, rates: NDArray[np.float64], seed: int, task_hour: float) -> Run:
        """What happened, after ``end``."""
        record, fleet, end = self.record, self.fleet, 1000 * len(rates)
        score = record.tally.score(fleet.changes, self.orders, end, task_hour)
        return Run(
            self.scaler.name, seed, fleet.setup, rates, record.rows(), record.step, fleet.changes, self.orders, end,
            score, self.plant.took, self.woken,
        )  # fmt: skip

    def _stop(self, second: int, seconds: int) -> int:
        """Where the next stretch ends: with this second where something is due in it, else before the next one in which
        something happens, a decision, a task that is ready, the end."""
        period = self.scaler.period // 1000
        stop = min(second - second % period + period, seconds, self.record.limit)
        due = self.fleet.due
        return max(min(stop, due[0].at // 1000), second + 1) if due else stop

    def _within(self, second: int, left: int) -> None:
        """The rest of a second that was left at ``left`` ms for a woken scaler, or at -1 for what is due."""
        fleet, plant, feed, looked = self.fleet, self.plant, self.feed, 1000 * second
        due, end = fleet.due, 1000 * second + 1000
        while left:
            if left > 0:
                self.woken += 1
                fleet.happen(left)
                feed.span, looked = left - looked, left
                self._decide(left)
            else:
                fleet.happen(due[0].at)
            plant.pause(due[0].at if due and due[0].at < end else NEVER)
            left = plant.advance(second, 1)
        feed.span = end - looked

    def _decide(self, now: int) -> None:
        feed, fleet = self.feed, self.fleet
        feed.now = now
        desired = self.scaler.decide(now, fleet.counts(now), feed)
        feed.span = 1000
        self.order(desired, now)
