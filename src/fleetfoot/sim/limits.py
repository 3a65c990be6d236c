"""The bounds of one piece of traffic, ready to be set beside a run: what it had to cost, and the plans as scalers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetfoot.sim.bounds import Plan, Tasks, Terms, clairvoyant, floor, needed, reactive
from fleetfoot.sim.record import LONGEST
from fleetfoot.sim.score import JUDGED_FROM
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.stationary import carries, tasks_for

EXACT = 200  # tasks up to which the table of what a count carries has every row


@dataclass(frozen=True)
class Limits:
    """``hours``: task-hours of the clairvoyant minimum over the judged seconds, and its ``gap`` above the floor.

    The gap is None for more than four days: its floor looks at every second many times.
    """

    hours: float
    gap: float | None


def terms(setup: Setup) -> Terms:
    return Terms(setup.lead / 1000.0, setup.drain / 1000.0, setup.minimum, setup.maximum)


def need(rates: NDArray[np.float64], setup: Setup) -> Tasks:
    """The tasks each second's rate needs by the stationary model."""
    top = tasks_for(float(rates.max()), setup)
    return needed(rates, carried(setup, top))


def carried(setup: Setup, top: int) -> NDArray[np.float64]:
    """The highest rate 1, 2, ... ``top`` tasks carry; beyond ``EXACT`` every fiftieth part, joined by straight lines.

    Between two such rows the curve bends by less than a thousandth of a task.
    """
    counts = list(range(1, min(top, EXACT) + 1))
    while counts[-1] < top:
        counts.append(min(top, counts[-1] + counts[-1] // 50))
    rows = [carries(count, setup) for count in counts]
    return np.interp(np.arange(1, top + 1), counts, rows)


def limits(rates: NDArray[np.float64], setup: Setup, judged_from: int = JUDGED_FROM) -> Limits:
    """The cost nobody goes below at that need, over the seconds that are judged, and how far it is from the floor."""
    judged = rates[judged_from:] if len(rates) > judged_from else rates
    best = clairvoyant(need(judged, setup), terms(setup)).cost
    if len(judged) > LONGEST:
        return Limits(best / 3600.0, None)
    within = setup.objective / 1000.0
    least = floor(judged, setup.throughput, terms(setup), within, setup.percentile)
    return Limits(best / 3600.0, best / least - 1.0 if least else 0.0)


def plan(name: str, rates: NDArray[np.float64], setup: Setup) -> Plan:
    """The plan of a bound by its name in ``contenders.BOUNDS``."""
    wanted = need(rates, setup)
    return clairvoyant(wanted, terms(setup)) if name == "clairvoyant" else reactive(wanted, terms(setup))
