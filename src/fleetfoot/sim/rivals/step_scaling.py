"""AWS step scaling on the user's own alarm, as Application Auto Scaling does it (docs/rivals.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import NamedTuple

from fleetfoot.core.policies.step import CHANGE, EXACT, EXACT_TO, PERCENT, change
from fleetfoot.sim.rivals.aws import Alarm, Cooldown, breached
from fleetfoot.sim.scaler import Counts, Feed

KINDS = (CHANGE, PERCENT, EXACT)


class Step(NamedTuple):
    """Distances from the threshold between which ``adjustment`` holds; None is open."""

    lower: float | None
    upper: float | None
    adjustment: float


def faults(steps: tuple[Step, ...], kind: str = CHANGE) -> list[str]:
    """Why AWS would refuse these steps; empty when it would not."""
    found = [] if kind in KINDS else [f"unknown kind {kind}"]
    if any(step.lower is None and step.upper is None for step in steps):
        found.append("a step is open on both sides")
    rows = sorted(steps, key=lambda step: -inf if step.lower is None else step.lower)
    spans = [(-inf if s.lower is None else s.lower, inf if s.upper is None else s.upper) for s in rows]
    found += [f"{low} to {high} is empty" for low, high in spans if high <= low]
    for (_, end), (begin, _) in pairwise(spans):
        if begin > end:
            found.append(f"a gap from {end} to {begin}")
        if begin < end:
            found.append(f"an overlap from {begin} to {end}")
    if sum(step.lower is None for step in steps) > 1 or sum(step.upper is None for step in steps) > 1:
        found.append("more than one step is open on the same side")
    if any(low < 0 for low, _ in spans) and all(step.lower is not None for step in steps):
        found.append("a negative lower bound needs a step without a lower one")
    if any(high > 0 for _, high in spans) and all(step.upper is not None for step in steps):
        found.append("a positive upper bound needs a step without an upper one")
    if kind == EXACT and any(step.adjustment < 0 for step in steps):
        found.append("an exact count is negative")
    return found


def pick(steps: tuple[Step, ...], distance: float, above: bool) -> float | None:
    """The adjustment of the step that holds ``distance`` (measured minus threshold), None outside of all."""
    for step in steps:
        low = -inf if step.lower is None else step.lower
        high = inf if step.upper is None else step.upper
        if (low <= distance < high) if above else (low < distance <= high):
            return step.adjustment
    return None


class Watch(NamedTuple):
    """An alarm and the steps of its policy. The statistic is the mean of the datapoints."""

    threshold: float
    steps: tuple[Step, ...]
    above: bool = True
    kind: str = CHANGE
    datapoints: int = 1
    at_least: int = 1

    def wanted(self, current: int, points: list[float]) -> int:
        recent = points[-self.datapoints :]
        distance = round(sum(recent) / len(recent) - self.threshold, EXACT_TO)
        adjustment = pick(self.steps, distance, self.above)
        return current if adjustment is None else current + change(self.kind, adjustment, current, self.at_least)


@dataclass(slots=True)
class StepScaling:
    """A policy that grows and one that shrinks, each with its alarm, on one metric."""

    name: str
    signal: str
    up: Watch
    down: Watch
    resolution: int = 60_000  # ms
    delay: int = 60_000  # ms, as in target tracking
    cooldown_out: int = 300_000  # ms
    cooldown_in: int = 300_000  # ms
    period: int = 10_000
    cooldown: Cooldown = field(init=False)
    alarms: tuple[Alarm, Alarm] = field(default_factory=lambda: (Alarm(), Alarm()), init=False)

    def __post_init__(self) -> None:
        wrong = faults(self.up.steps, self.up.kind) + faults(self.down.steps, self.down.kind)
        if wrong:
            raise ValueError("; ".join(wrong))
        self.cooldown = Cooldown(self.cooldown_out, self.cooldown_in)

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:
        points = feed.points(self.signal, self.resolution, self.delay, max(self.up.datapoints, self.down.datapoints))
        current, wanted = fleet.desired, None
        up, down = self.alarms
        if up.look(now, breached(points, self.up.threshold, self.up.datapoints)):
            wanted = self.cooldown.grow(
                now, current, fleet.serving, lambda base: min(fleet.maximum, self.up.wanted(base, points))
            )
        if down.look(now, breached(points, self.down.threshold, self.down.datapoints, above=False)):
            wanted = self.cooldown.shrink(now, current, max(fleet.minimum, self.down.wanted(current, points)))
        return wanted
