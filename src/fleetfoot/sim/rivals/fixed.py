"""The fleet without a scaler, sized for the peak: what most services ran, and what a cost is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from fleetfoot.sim.scaler import Counts, Feed


def for_peak(rate: float, throughput: float, utilisation: float) -> int:
    """Tasks that carry ``rate`` requests/s, ``throughput`` a task, at that utilisation."""
    return max(1, ceil(rate / (throughput * utilisation)))


@dataclass(slots=True)
class Fixed:
    name: str
    count: int
    period: int = 60_000

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:  # noqa: ARG002
        wanted = min(max(self.count, fleet.minimum), fleet.maximum)
        return None if wanted == fleet.desired else wanted
