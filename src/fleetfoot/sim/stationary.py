"""The queue at rest, M/G/c: how many requests are late for good at a steady rate, and what a count carries.

Erlang's delay formula for the share that waits (Kleinrock, Queueing Systems I, 1975) and an exponential wait
stretched by (1 + cs2) / 2 (Allen and Cunneen, as in ``core/queueing.py``): exact at cs2 = 1, near for others. Used to
scale traffic, to size the first second and for the bounds. It knows nothing of changes, nor of what a hostile plant
adds to work that varies: the database's knee, cold tasks, clients that come again, starts that fail.
"""

from __future__ import annotations

from functools import lru_cache
from math import erfc, exp, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from fleetfoot.core.queueing import waits
from fleetfoot.sim.setup import Setup

NODES = 64  # of the integral over lognormal work
LOWEST = -8.0  # deviations of the logarithm below which nothing is looked at


def late(rate: float, tasks: int, setup: Setup) -> float:
    """The share of requests at ``rate``/s that take longer than the objective on ``tasks`` tasks."""
    servers = tasks * setup.concurrency
    served = 1000.0 / setup.service  # requests/s and server
    spare = servers * served - rate
    if spare <= 0.0:
        return 1.0
    limit = setup.objective / 1000.0
    wait = waits(servers, rate / served)
    if setup.cs2 == 1.0:
        return _exponential(spare, served, limit, wait)
    fading = 2.0 * spare / (1.0 + setup.cs2)
    if setup.cs2 == 0.0:
        left = limit - 1.0 / served
        return wait * exp(-fading * left) if left >= 0.0 else 1.0
    works, weights, longer = _lognormal(1.0 / served, setup.cs2, limit)
    return longer + wait * float(weights @ np.exp(-fading * (limit - works)))


def _exponential(spare: float, served: float, limit: float, wait: float) -> float:
    if abs(spare - served) < 1e-9 * served:
        return exp(-served * limit) * (1.0 + wait * served * limit)
    queued = (spare * exp(-served * limit) - served * exp(-spare * limit)) / (spare - served)
    return (1.0 - wait) * exp(-served * limit) + wait * queued


@lru_cache(maxsize=64)
def _lognormal(mean: float, cs2: float, limit: float) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Lognormal work: spans up to ``limit`` (s) with their weights, and the share that takes longer by itself."""
    sigma = sqrt(log(1.0 + cs2))
    middle = log(mean) - sigma * sigma / 2.0
    top = (log(limit) - middle) / sigma
    longer = erfc(top / sqrt(2.0)) / 2.0
    if top <= LOWEST:
        return np.zeros(0), np.zeros(0), longer
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    half = (top - LOWEST) / 2.0
    normal = LOWEST + half * (nodes + 1.0)
    density = weights * half * np.exp(-normal * normal / 2.0) / sqrt(2.0 * pi)
    return np.exp(middle + sigma * normal), density, longer


def carries(tasks: int, setup: Setup) -> float:
    """The highest rate in requests/s at which no more are late than the objective's percentile allows."""
    low, high = 0.0, tasks * setup.throughput
    for _ in range(60):
        middle = (low + high) / 2.0
        if late(middle, tasks, setup) <= 1.0 - setup.percentile:
            low = middle
        else:
            high = middle
    return low


def tasks_for(rate: float, setup: Setup) -> int:
    """The fewest tasks that keep the objective at a steady ``rate``, within minimum and maximum."""
    tasks = max(setup.minimum, int(rate / setup.throughput))
    while tasks < setup.maximum and late(rate, tasks, setup) > 1.0 - setup.percentile:
        tasks += 1
    return min(tasks, setup.maximum)
