"""AWS Application Auto Scaling, target tracking, at 60 s and at 20 s (docs/rivals.md).

A closed service: what it does not publish is an assumption below, each with its reason, and each can be set.

- ``LOW_MARK``: the low alarm lies "as a rule more than 10 %" under the target. Taken as 0.9 of it.
- Growth: "rounded so that too little is never added": the proportional ``ceil(C * metric / target)`` of the newest
  point, the reading every comparable service publishes.
- Shrink: "rounded so that too much is never removed, more gradual": the same formula of the highest of the points.
  It cannot bounce, so the refusal of an anticipated flap has nothing to refuse.
- Datapoints at 20 s: 3 and 15 as at 60 s, the only published shape.
- Publication: 60 s for one-minute metrics and 30 s for the 20 s ones. With three points the trigger then comes 180 to
  250 s after a surge (published: 180 s at least, 363 s in AWS's test) and 70 to 100 s (86 s in AWS's test). Where the
  tests leave room, the rival gets the faster reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

from fleetfoot.sim.rivals.aws import Alarm, Cooldown, breached
from fleetfoot.sim.scaler import Counts, Feed

LOW_MARK = 0.9  # of the target
EXACT_TO = 9  # decimals a wanted count is rounded to before it is rounded up: 10 * 55 / 50 is 11, not a hair more


def proportional(current: int, metric: float, target: float) -> int:
    """The count at which ``metric`` would be at ``target``, rounded up.

    >>> proportional(10, 85, 50)
    17
    """
    return ceil(round(current * metric / target, EXACT_TO))


def agree(current: int, wants: Sequence[int | None]) -> int | None:
    """Several policies, each with a count or None for no action: any may grow, all must shrink, the largest wins."""
    counts = [count for count in wants if count is not None]
    if not counts:
        return None
    largest = max(counts)
    if largest < current and len(counts) < len(wants):
        return None
    return None if largest == current else largest


class Track(NamedTuple):
    """One metric and its target. ``per_task``: the signal is a rate, counted per minute and serving task."""

    signal: str
    target: float
    resolution: int = 60_000  # ms
    delay: int = 60_000  # ms from the end of a period to its being seen
    high: int = 3  # datapoints
    low: int = 15
    per_task: bool = False
    scale_in: bool = True

    def points(self, feed: Feed) -> list[float]:
        count = max(self.high, self.low)
        points = feed.points(self.signal, self.resolution, self.delay, count)
        if not self.per_task:
            return points
        tasks = feed.points("serving", self.resolution, self.delay, count)
        return [60.0 * rate / max(1.0, served) for rate, served in zip(points, tasks, strict=False)]


@dataclass(slots=True)
class Policy:
    """One target-tracking policy: two alarms and their cooldowns."""

    track: Track
    cooldown: Cooldown
    up: Alarm = field(default_factory=Alarm)
    down: Alarm = field(default_factory=Alarm)

    def grow(self, now: int, current: int, running: int, points: Sequence[float]) -> int | None:
        track = self.track
        if not self.up.look(now, breached(points, track.target, track.high)):
            return None
        return self.cooldown.grow(now, current, running, lambda base: proportional(base, points[-1], track.target))

    def shrink(self, now: int, current: int, points: Sequence[float]) -> int | None:
        """The count this policy would shrink to; None when it does not agree to any."""
        track = self.track
        low = breached(points, track.target * LOW_MARK, track.low, above=False)
        if not self.down.look(now, low) or not self.cooldown.may_shrink(now):
            return None
        return proportional(current, max(points[-track.low :]), track.target)


@dataclass(slots=True)
class TargetTracking:
    """Looks at its alarms every 10 s, so that a datapoint acts soon after it appears."""

    name: str
    tracks: tuple[Track, ...]
    cooldown_out: int = 300_000  # ms
    cooldown_in: int = 300_000  # ms
    period: int = 10_000
    policies: tuple[Policy, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.policies = tuple(Policy(track, Cooldown(self.cooldown_out, self.cooldown_in)) for track in self.tracks)

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:
        current = fleet.desired
        seen = [(policy, policy.track.points(feed)) for policy in self.policies]
        growth = [policy.grow(now, current, fleet.serving, points) for policy, points in seen]
        wanted = agree(current, growth)
        if wanted is None:
            shrinking = [(policy, points) for policy, points in seen if policy.track.scale_in]
            wants = [policy.shrink(now, current, points) for policy, points in shrinking]
            wanted = agree(current, wants)
            if wanted is None or wanted > current:
                return None
            for policy, _ in shrinking:
                policy.cooldown.shrink(now, current, wanted)
        wanted = min(max(wanted, fleet.minimum), fleet.maximum)
        return None if wanted == current else wanted
