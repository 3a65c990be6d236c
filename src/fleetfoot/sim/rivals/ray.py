"""Ray Serve's autoscaling by ongoing requests (docs/rivals.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

from fleetfoot.sim.scaler import Counts, Feed

TURN = 100  # ms of one turn of the control loop, in which the delays are counted


class Config(NamedTuple):
    target: float = 2.0  # ongoing requests a replica
    up_factor: float = 1.0
    down_factor: float = 1.0
    up_delay: float = 30.0  # s
    down_delay: float = 600.0  # s
    zero_delay: float | None = None  # s, from 1 to 0; as down_delay when None

    def turns(self, seconds: float) -> int:
        return int(seconds / (TURN / 1000.0))


def want(running: int, total: float, config: Config) -> int:
    """Replicas for ``total`` ongoing requests on ``running`` replicas, before bounds and delays."""
    desired = running * total / (config.target * running)
    factor = config.up_factor if desired > running else config.down_factor
    scaled = ceil(running + factor * (desired - running))
    return scaled - 1 if ceil(desired) < running and scaled == running else scaled


@dataclass(slots=True)
class Ray:
    """Push every 10 s, mean of the last 30 s, and a wish that must hold for turn after turn of the loop.

    ``turns`` of the loop pass between two decisions here, all with the same measurement.
    """

    name: str
    config: Config = Config()  # noqa: RUF009 - a NamedTuple, immutable
    push: int = 10_000  # ms
    look_back: int = 3  # pushes
    period: int = 1_000
    counter: int = field(default=0, init=False)  # turns in a row above (positive) or below

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:  # noqa: ARG002
        points = feed.points("concurrency", self.push, 0, self.look_back)
        if not points:
            return None
        total = sum(points) / len(points)
        wanted = self.settle(fleet.serving, fleet.desired, total, fleet.minimum, fleet.maximum, self.period // TURN)
        return None if wanted == fleet.desired else wanted

    def settle(self, running: int, target: int, total: float, minimum: int, maximum: int, turns: int = 1) -> int:
        """The count after ``turns`` more turns: ``target`` until the wish has held for its delay."""
        if running == 0:
            return max(ceil(self.config.up_factor), target) if total > 0 else target
        wanted = min(max(want(running, total, self.config), minimum), maximum)
        if wanted == target:
            self.counter = 0
        elif wanted > target:
            self.counter = max(self.counter, 0) + turns
        else:
            self.counter = min(self.counter, 0) - turns
            wanted = wanted if target == 1 else max(1, wanted)
        if abs(self.counter) <= self.config.turns(self._delay(wanted, target)):
            return target
        self.counter = 0
        return wanted

    def _delay(self, wanted: int, target: int) -> float:
        if wanted > target:
            return self.config.up_delay
        zero = self.config.zero_delay
        return zero if target == 1 and zero is not None else self.config.down_delay
