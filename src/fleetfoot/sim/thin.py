"""A run in few points, as plain lists: for pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetfoot.sim import layout as k
from fleetfoot.sim.fleet import Change
from fleetfoot.sim.score import seconds_over
from fleetfoot.sim.world import Run


@dataclass(frozen=True)
class Thin:
    """Columns of one length; a point stands for ``step`` seconds.

    Means: ``offered``, ``completed`` (requests/s), ``queue`` (requests); the largest ``latency`` (p95, ms; 0 for
    none); counts of tasks at its end; ``over``: whether one of its seconds was over the objective, which runs of
    more than four days do not keep.
    """

    step: int
    offered: list[float]
    completed: list[float]
    queue: list[float]
    latency: list[float]
    desired: list[int]
    serving: list[int]
    starting: list[int]
    draining: list[int]
    over: list[bool]


def thin(run: Run, most: int) -> Thin:
    """``run`` in at most ``most`` points."""
    every = -(-len(run.rows) // most)
    at = np.arange(0, len(run.rows), every)
    last = np.minimum(at + every, len(run.rows)) - 1

    def mean(column: int) -> list[float]:
        found: NDArray[np.float64] = np.add.reduceat(run.rows[:, column], at) / (last - at + 1)
        return [float(value) for value in found]

    over = np.zeros(len(run.rows), bool)
    if run.step == 1:
        over[seconds_over(run.rows, run.setup.percentile)] = True

    def counted(what: Callable[[Change], int]) -> list[int]:
        return [int(count) for count in run.tasks(what)[last]]

    return Thin(
        every * run.step,
        mean(k.REQUESTS),
        mean(k.COMPLETED),
        mean(k.QUEUE),
        [float(value) for value in np.maximum.reduceat(run.latency, at)],
        counted(lambda change: change.desired),
        counted(lambda change: change.serving),
        counted(lambda change: change.starting),
        counted(lambda change: change.draining),
        [bool(value) for value in np.logical_or.reduceat(over, at)],
    )
