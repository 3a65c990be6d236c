"""When each request of a shape arrives. Pure: a random generator is passed in, never made here."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from fleetfoot.traffic.shape import Shape


def paced(shape: Shape) -> Iterator[float]:
    """Arrival times in seconds, as even as the shape allows: request ``k`` when ``k - 1/2`` requests are due.

    The half keeps arrivals off whole seconds, so a rate of 200/s is 200 in every second, and a shape
    of ``n`` requests has ``n`` arrivals, rounded.
    """
    k = 0.5
    while math.isfinite(t := shape.when(k)):
        yield t
        k += 1


def poisson(shape: Shape, rng: random.Random) -> Iterator[float]:
    """Arrival times in seconds of a Poisson process with the shape's rate: independent users, in bunches and gaps.

    A unit-rate process carried through the inverse of the integral: exact for any shape, no thinning,
    one random number per arrival, so the same seed is the same traffic.
    """
    due = rng.expovariate(1.0)
    while math.isfinite(t := shape.when(due)):
        yield t
        due += rng.expovariate(1.0)
