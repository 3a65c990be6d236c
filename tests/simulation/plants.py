"""The same requests through the compiled queue and through the plain one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleetfoot.sim import draws
from fleetfoot.sim.plant import Plant
from fleetfoot.sim.setup import Setup
from tests.simulation.reference import Queue, Request

Changes = list[tuple[float, int]]

WAVE = 120.0 + 90.0 * np.sin(np.arange(600) / 60.0)
GROWN: Changes = [(0, 7), (40.0, 4), (95.25, 3), (200.0, -9), (300.5, 8), (301.0, 2), (450.0, -3)]
HOSTILE = Setup(cs2=4.0, retries=3, retry_share=0.6, patience=3000.0, knee=9, cold=20_000, shed=None, queue_limit=400)


def requests(rates: NDArray[np.float64], setup: Setup, seed: int) -> list[tuple[float, float]]:
    """(arrival s, work s) of all new requests, as the plant draws them."""
    kind = draws.FIXED if setup.cs2 == 0 else draws.EXPONENTIAL if setup.cs2 == 1 else draws.LOGNORMAL
    sigma = float(np.sqrt(np.log(1 + setup.cs2)))
    found: list[tuple[float, float]] = []
    for second, rate in enumerate(rates):
        found += [
            (float(at), float(work))
            for at, work in draws.requests(seed, second, float(rate), kind, setup.service / 1000.0, sigma)
        ]
    return found


def compiled(rates: NDArray[np.float64], setup: Setup, changes: Changes, seed: int) -> NDArray[np.float64]:
    """The plant's rows; ``changes`` at second 0 begin, additions at any time, removals at whole seconds."""
    plant = Plant(rates, setup, seed)
    plant.begin(sum(n for at, n in changes if at == 0))
    for second in range(len(rates) + plant.tail):
        for at, tasks in changes:
            if tasks < 0 and at == second and at > 0:
                plant.remove(-tasks)
            elif tasks > 0 and second <= at < second + 1 and at > 0:
                plant.add(tasks, 1000 * at)
        plant.advance(second, 1)
    return plant.rows[: len(rates) + plant.tail]


def plain(rates: NDArray[np.float64], setup: Setup, changes: Changes, seed: int) -> list[Request]:
    queue = Queue(changes, setup.timeout / 1000.0, setup.queue_limit)
    return queue.run(requests(rates, setup, seed))
