"""One service of fleetfoot.yaml under one piece of traffic: the run, its score beside the bound, its surge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetfoot.core.model import Decision
from fleetfoot.core.settings import Settings
from fleetfoot.sim.clocks import CALM, Clocks, clocks
from fleetfoot.sim.limits import Limits, limits
from fleetfoot.sim.live import PLANE, START, Source, engine
from fleetfoot.sim.score import JUDGED_FROM, Score
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.world import Run, run
from fleetfoot.spec import Service

SPAN = 60  # s before and after a moment that tell how much traffic rises there
RISE = 1.3  # times: less is no surge to take the clocks of


@dataclass(frozen=True)
class Surge:
    """The largest rise: its second, requests/s in the minute before and after, and the clocks from it on."""

    onset: int
    before: float
    after: float
    clocks: Clocks


@dataclass(frozen=True)
class Simulated:
    """``decisions``: those that changed the count; ``surge``: None where nothing rises by a third in a minute;
    ``start``: the wall clock's time at second 0, ms."""

    run: Run
    score: Score
    limits: Limits
    surge: Surge | None
    decisions: list[Decision]
    start: int = START

    def second(self, decision: Decision) -> int:
        """The second of the run in which it was decided."""
        return (decision.now - self.start) // 1000

    def to_json(self) -> dict[str, Any]:
        surge = None
        if self.surge is not None:
            found = self.surge.clocks
            surge = {
                "onset_s": self.surge.onset, "before": self.surge.before, "after": self.surge.after,
                "decided_ms": found.command, "commanded_ms": found.command, "serving_ms": found.serving,
                "relief_ms": found.relief,
            }  # fmt: skip
        return self.score.to_json() | {
            "clairvoyant_hours": self.limits.hours, "clairvoyant_gap": self.limits.gap, "surge": surge,
        }  # fmt: skip


def simulate(
    service: Service,
    rates: NDArray[np.float64],
    setup: Setup,
    *,
    source: Source = PLANE,
    seed: int = 1,
    start: int = START,
    task_hour: float = 0.0,
    settings: Settings | None = None,
    progress: Callable[[int], None] | None = None,
) -> Simulated:
    """``service``, with its settings as live, in charge of ``setup`` under ``rates``.

    ``start``: the wall clock's time when it begins, for schedules. The first 600 s are not judged; of traffic
    shorter than 1200 s the first half is not. ``settings``: as compiled from its whole file, with its shared limits.
    """
    judged_from = min(JUDGED_FROM, len(rates) // 2)
    scaler = engine(service, source, start=start, settings=settings)
    done = run(rates, setup, scaler, seed, judged_from=judged_from, task_hour=task_hour, progress=progress)
    return judged(done, scaler.acted, judged_from, start)


def judged(done: Run, acted: list[Decision], judged_from: int, start: int) -> Simulated:
    """A run beside its bound."""
    bound = limits(done.rates, done.setup, judged_from)
    score = done.score.against(bound.hours) if bound.hours else done.score
    return Simulated(done, score, bound, surge_of(done, judged_from), acted, start)


def surge_of(done: Run, judged_from: int) -> Surge | None:
    """The largest rise of the judged traffic and its clocks, over the half hour after it."""
    onset = steepest(done.rates, judged_from)
    if onset is None or done.step != 1:
        return None
    before, after = _around(done.rates, onset)
    return Surge(onset, before, after, clocks(done, onset, min(len(done.rows), onset + 1800)))


def steepest(rates: NDArray[np.float64], first: int = 0) -> int | None:
    """The second from ``first`` on where a minute's mean rises most above that of the minute before; None for none.

    A rise counts from a third more on; it begins where the rate first stays a tenth of the way above what was.
    """
    if len(rates) < 2 * SPAN + first:
        return None
    sums = np.concatenate(([0.0], np.cumsum(rates)))
    means = (sums[SPAN:] - sums[:-SPAN]) / SPAN  # of the minute that begins at each second
    rise = means[SPAN:] - means[:-SPAN]
    begin = max(0, first - SPAN)
    at = begin + int(rise[begin:].argmax()) + SPAN
    before, after = _around(rates, at)
    if after <= RISE * before:
        return None
    base = float(rates[max(0, at - 2 * SPAN) : at - SPAN].mean()) if at > SPAN else before
    level = base + (after - base) / 10.0
    return next((second for second in range(at - SPAN, at) if rates[second : second + CALM].min() > level), at)


def _around(rates: NDArray[np.float64], onset: int) -> tuple[float, float]:
    return float(rates[onset - SPAN : onset].mean()), float(rates[onset : onset + SPAN].mean())
