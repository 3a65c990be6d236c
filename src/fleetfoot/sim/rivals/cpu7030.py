"""The CPU 70/30 engine of the third source document: above 70 % grow towards 60 %, below 30 % shrink.

As the document writes it: growth to ``int(C * cpu / 60)``, cut towards zero, so two instances do not grow below
90 %. Its infrastructure metrics come once a minute and its cooldown is 300 s. Assumed where it is silent:

- the amount of a shrink: one instance, as in the same document's web application;
- the cooldown spaces actions of either direction, as the document's other scaler does;
- the minute's mean is read 1 s after its end: the document collects it itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fleetfoot.sim.scaler import Counts, Feed


def engine(cpu: float, current: int, minimum: int, maximum: int, high: float = 70.0, low: float = 30.0) -> int:
    """The count for a mean CPU in per cent; ``current`` when nothing is to do."""
    if cpu > high and current < maximum:
        return min(int(current * (cpu / 60)), maximum)
    if cpu < low and current > minimum:
        return current - 1
    return current


@dataclass(slots=True)
class Cpu7030:
    name: str
    cooldown: int = 300_000  # ms
    delay: int = 1_000  # ms
    period: int = 60_000
    acted: int | None = field(default=None, init=False)

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:
        points = feed.points("cpu", self.period, self.delay, 1)
        if not points or (self.acted is not None and now - self.acted <= self.cooldown):
            return None
        wanted = engine(100.0 * points[-1], fleet.desired, fleet.minimum, fleet.maximum)
        if wanted == fleet.desired:
            return None
        self.acted = now
        return wanted
