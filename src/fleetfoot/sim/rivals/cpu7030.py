"""The CPU 70/30 engine of the design notes: above 70 % grow towards 60 %, below 30 % shrink.

As they write it: growth to ``int(C * cpu / 60)``, cut towards zero, so two instances do not grow below
90 %. Metrics of infrastructure come once a minute and the cooldown is 300 s. Assumed where they are silent:

- the amount of a shrink: one instance, as in the same notes' web application;
- the cooldown spaces actions of either direction, as the notes' other scaler does;
- the minute's mean is read 1 s after its end: they collect their metrics themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fleetfoot.sim.scaler import Counts, Feed

HIGH, AIM, LOW = 70.0, 60.0, 30.0  # per cent


def engine(cpu: float, current: int, minimum: int, maximum: int) -> int:
    """The count for a mean CPU in per cent; ``current`` when nothing is to do."""
    if cpu > HIGH and current < maximum:
        return min(int(current * (cpu / AIM)), maximum)
    if cpu < LOW and current > minimum:
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
