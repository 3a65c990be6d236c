"""The stationary queue M/M/c: how many requests are late for good at a steady rate, and what a count carries.

Erlang's delay formula and the sojourn time of first come, first served (Kleinrock, Queueing Systems I, 1975).
Used to scale traffic and to size the first second; it knows nothing of changes.
"""

from __future__ import annotations

from math import exp

from fleetfoot.core.queueing import waits
from fleetfoot.sim.setup import Setup


def late(rate: float, tasks: int, setup: Setup) -> float:
    """The share of requests at ``rate``/s that take longer than the objective on ``tasks`` tasks."""
    servers = tasks * setup.concurrency
    served = 1000.0 / setup.service  # requests/s and server
    spare = servers * served - rate
    if spare <= 0.0:
        return 1.0
    limit = setup.objective / 1000.0
    wait = waits(servers, rate / served)
    if abs(spare - served) < 1e-9 * served:
        return exp(-served * limit) * (1.0 + wait * served * limit)
    queued = (spare * exp(-served * limit) - served * exp(-spare * limit)) / (spare - served)
    return (1.0 - wait) * exp(-served * limit) + wait * queued


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
