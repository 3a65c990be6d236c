"""Application Auto Scaling as a template has set it up: step policies on alarms, target tracking, scheduled bounds.

Several that want to grow: the largest count wins. Target tracking shrinks where all of it agree; a step shrinks by
itself; neither while a growth rests. The algorithms are those of the rivals (sim/rivals), with the template's numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from fleetfoot.sim.native.cloudwatch import EVERY, MetricAlarm, Shown
from fleetfoot.sim.rivals.aws import Cooldown
from fleetfoot.sim.rivals.step_scaling import Watch
from fleetfoot.sim.rivals.target_tracking import Policy, agree
from fleetfoot.sim.scaler import Counts, Feed, Scaler

WEEK = 7 * 86_400_000  # ms


class Bounds(NamedTuple):
    least: int
    most: int


@dataclass(slots=True)
class StepPolicy:
    """An alarm and what its breach asks for. ``watch``: the steps from the alarm's threshold on."""

    alarm: MetricAlarm
    watch: Watch
    cooldown: Cooldown


@dataclass(slots=True)
class Native:
    """A template in charge. ``week``: (ms of the week UTC, bounds) of its scheduled actions; ``phase``: ms by which
    AWS's looks are off the clock's tens of seconds; ``lost``: ms at which the metrics break off."""

    name: str
    bounds: Bounds
    steps: tuple[StepPolicy, ...] = ()
    tracking: tuple[Policy, ...] = ()
    week: tuple[tuple[int, Bounds], ...] = ()
    start: int = 0
    phase: int = 0
    lost: int | None = None
    period: int = 1_000
    held: Bounds | None = field(default=None, init=False)

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:
        bounds = self.at(now)
        moved = self.held is not None and bounds != self.held
        self.held = bounds
        due = now >= self.phase and (now - self.phase) % EVERY == 0
        wanted = self.scaled(now - self.phase, fleet, Shown(feed, now, self.lost)) if due else None
        if wanted is None:
            wanted = fleet.desired if moved or fleet.desired < bounds.least else None
        if wanted is None:
            return None
        wanted = min(max(wanted, bounds.least), bounds.most)
        return None if wanted == fleet.desired else wanted

    def at(self, now: int) -> Bounds:
        """The bounds in force: of the last scheduled action, the week over."""
        if not self.week:
            return self.bounds
        at = (self.start + now) % WEEK
        return self.week[bisect_right(self.week, at, key=lambda row: row[0]) - 1][1]

    def scaled(self, now: int, fleet: Counts, feed: Shown) -> int | None:
        current, most = fleet.desired, self.at(feed.now).most
        asked = [(step, step.alarm.look(now, feed)) for step in self.steps]
        seen = [(policy, policy.track.points(feed)) for policy in self.tracking]
        growth = [policy.grow(now, current, fleet.serving, points) for policy, points in seen]
        for step, points in asked:
            if points is not None and step.watch.above:
                growth.append(self._step(step, now, fleet, points, most))
        wanted = agree(current, growth)
        return wanted if wanted is not None else self._shrunk(now, current, asked, seen)

    def _step(self, step: StepPolicy, now: int, fleet: Counts, points: list[float], most: int) -> int | None:
        return step.cooldown.grow(
            now, fleet.desired, fleet.serving, lambda base: min(most, step.watch.wanted(base, points))
        )

    def _shrunk(
        self,
        now: int,
        current: int,
        asked: list[tuple[StepPolicy, list[float] | None]],
        seen: list[tuple[Policy, list[float]]],
    ) -> int | None:
        rests = [step.cooldown.out_until for step, _ in asked] + [policy.cooldown.out_until for policy, _ in seen]
        if any(now < until for until in rests):
            return None
        down = [(policy, points) for policy, points in seen if policy.track.scale_in]
        wanted = agree(current, [policy.shrink(now, current, points) for policy, points in down])
        if wanted is not None:
            for policy, _ in down:
                policy.cooldown.shrink(now, current, wanted)
            return wanted
        wants = [
            step.cooldown.shrink(now, current, step.watch.wanted(current, points))
            for step, points in asked
            if points is not None and not step.watch.above
        ]
        return max((want for want in wants if want is not None), default=None)


@dataclass(slots=True)
class Backstopped:
    """The engine in charge, and a template's scale-out armed above it. ``gone``: ms (from, to) without the engine."""

    engine: Scaler
    native: Native
    gone: tuple[int, int] | None = None
    name: str = "controller"
    period: int = 1_000

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:
        away = self.gone is not None and self.gone[0] <= now < self.gone[1]
        ours = None if away else self.engine.decide(now, fleet, feed)
        theirs = self.native.decide(now, fleet, feed)
        counts = [count for count in (ours, theirs) if count is not None]
        return max(counts, default=None)
