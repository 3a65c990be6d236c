"""What is kept of a run: every second of one of some days, every minute of a longer one, and the tally of both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleetfoot.sim import layout as k
from fleetfoot.sim.plant import Plant
from fleetfoot.sim.score import Tally

BLOCK = 36 * 3600  # s: what is taken out of the plant at a time; two of them and the tail fit what it keeps
COARSE = 60  # s in a row of a run that is longer than LONGEST
LONGEST = 4 * 24 * 3600  # s of which every second is kept


class Record:
    """Takes rows out of the plant before they are overwritten."""

    def __init__(self, plant: Plant, seconds: int, tally: Tally) -> None:
        self.step = 1 if seconds <= LONGEST else COARSE
        self.tally = tally
        self._plant = plant
        self._taken = 0
        self._blocks: list[NDArray[np.float64]] = []
        self.limit = BLOCK + plant.tail  # the second the plant may go to before ``take_block``

    def take(self, until: int) -> None:
        """Keep what is final of the seconds before ``until``."""
        begin, kept = self._taken, self._plant.rows
        block = kept.take(np.arange(begin, until) & (len(kept) - 1), axis=0)
        self.tally.add(block, begin)
        self._blocks.append(block if self.step == 1 else coarse(block, self.step))
        self._taken = until
        self.limit = until + BLOCK + self._plant.tail

    def take_block(self) -> None:
        self.take(self._taken + BLOCK)

    def rows(self) -> NDArray[np.float64]:
        return np.concatenate(self._blocks)


def coarse(rows: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """Means a second over ``step`` seconds each, and their largest p95."""
    at = np.arange(0, len(rows), step)
    found: NDArray[np.float64] = np.add.reduceat(rows, at, axis=0)
    found /= np.diff(np.append(at, len(rows)))[:, None]
    found[:, k.LATENCY] = np.maximum.reduceat(rows[:, k.LATENCY], at)
    return found
