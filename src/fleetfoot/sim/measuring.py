"""The measuring plant: one service and one way to prepare traffic, so that figures can be compared.

20 requests/s per task, 50 ms of exponential work, p95 objective 1 s, start-up 30 s and registration 10 s, drain
30 s billed, 2 to 200 tasks, time-out 10 s. Traffic: a window of two days with the peak at two thirds of it,
shorter traffic repeated to two hours, scaled so that its mean is what 8 (or 2, or 400) tasks carry by the
stationary model, then down if the peak passes what 170 tasks (3,400/s) could.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, isinf

import numpy as np
from numpy.typing import NDArray

from fleetfoot.sim.setup import Setup
from fleetfoot.sim.stationary import carries
from fleetfoot.traffic.shape import Shape

FRIENDLY = Setup()
WINDOW = 48 * 3600  # s
SHORTEST = 2 * 3600  # s
PEAK_PER_TASK = 3400.0 / 8  # requests/s at most at the peak, for every task of the mean
#: USD an hour: 0.5 vCPU and 1 GB on Fargate x86, us-east-1; 0.04048 a vCPU-hour and 0.004445 a GB-hour, as
#: infracost's price files of 2025-07 have it.
TASK_HOUR = 0.5 * 0.04048 + 0.004445


def friendly(tasks: int = 8) -> Setup:
    """The measuring plant for a fleet of about ``tasks``: 2 to 25 times as many."""
    return replace(FRIENDLY, maximum=25 * max(tasks, 8))


def hostile(rates: NDArray[np.float64], tasks: int = 8) -> Setup:
    """The same service in a world that is against it; every value is a guess at a bad day, none is fitted.

    Work of cs2 4, clients that ask again after 3 s without an answer (every other one, up to twice), a database
    that slows everybody once more is in service than the peak of ``rates`` needs, tasks cold (twice the work) for
    20 s, start-up spans spread by a third, and one start in twenty failing.
    """
    busy = float(rates.max()) * FRIENDLY.service / 1000.0
    return replace(
        friendly(tasks), cs2=4.0, retries=2, retry_share=0.5, patience=3000.0, knee=max(busy, 2.0), knee_slope=0.25,
        cold=20_000, startup_spread=0.33, failed_starts=0.05,
    )  # fmt: skip


def per_second(shape: Shape, seconds: int | None = None) -> NDArray[np.float64]:
    """The mean rate of every second of ``shape``. Raises ValueError for endless traffic without ``seconds``."""
    if seconds is None:
        if isinf(shape.duration):
            raise ValueError("endless traffic needs a number of seconds")
        seconds = ceil(shape.duration)
    totals = np.array([shape.total(float(second)) for second in range(seconds + 1)])
    return np.maximum(np.diff(totals), 0.0)


def window(rates: NDArray[np.float64], seconds: int = WINDOW, shortest: int = SHORTEST) -> NDArray[np.float64]:
    """``seconds`` of ``rates`` with the peak at two thirds; shorter ones are repeated to ``shortest``."""
    if len(rates) > seconds:
        begin = min(max(int(rates.argmax()) - 2 * seconds // 3, 0), len(rates) - seconds)
        return rates[begin : begin + seconds]
    times = -(-shortest // len(rates))
    return np.tile(rates, times)[: max(len(rates), shortest)] if times > 1 else rates


def scaled(rates: NDArray[np.float64], setup: Setup = FRIENDLY, tasks: int = 8) -> NDArray[np.float64]:
    """``rates`` times one factor: the mean is what ``tasks`` carry, the peak at most ``PEAK_PER_TASK`` each."""
    found = rates * (carries(tasks, setup) / float(rates.mean()))
    return found * min(1.0, PEAK_PER_TASK * max(tasks, 8) / float(found.max()))


def prepared(shape: Shape, tasks: int = 8, seconds: int = WINDOW) -> NDArray[np.float64]:
    """Traffic as the measuring plant wants it: ``window`` then ``scaled``."""
    whole = per_second(shape, seconds if isinf(shape.duration) else None)
    return scaled(window(whole, seconds), FRIENDLY, tasks)
