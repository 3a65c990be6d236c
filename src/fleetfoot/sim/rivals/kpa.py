"""Knative's Pod Autoscaler: two windows, panic, excess burst capacity (docs/rivals.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, floor
from typing import NamedTuple

from fleetfoot.sim.scaler import Counts, Feed

TICK = 2_000  # ms


class Decider(NamedTuple):
    """``total`` is what a pod can take, ``target`` what it should: 70 % of 100 in flight, or 200 requests/s."""

    target: float = 70.0
    total: float = 100.0
    burst: float = 211.0  # target burst capacity; 0 = none asked, negative = unlimited
    panic_threshold: float = 2.0
    up_rate: float = 1000.0
    down_rate: float = 2.0
    stable_window: int = 60_000  # ms
    panic_share: float = 0.1  # of the stable window
    activation: int = 1
    reachable: bool = True
    down_delay: int = 0  # ms

    @property
    def panic_window(self) -> int:
        """ms, whole seconds, at least one."""
        return max(1000, round(self.stable_window * self.panic_share / 1000) * 1000)


class Scale(NamedTuple):
    pods: int
    excess_burst: int


@dataclass(slots=True)
class Autoscaler:
    """The decision and what it remembers: since when it panics, and the highest count wanted meanwhile."""

    decider: Decider
    panic_since: int | None = None  # ms
    peak: int = 0
    recent: list[tuple[int, int]] = field(default_factory=list, init=False)  # (tick, want) inside the delay

    @classmethod
    def begin(cls, decider: Decider, ready: int, now: int) -> Autoscaler:
        """In panic when more than one pod is ready, so that a restart without history shrinks nothing."""
        return cls(decider, now if ready > 1 else None, ready)

    def scale(self, now: int, stable: float | None, panic: float | None, ready: int | None) -> Scale | None:
        """The count from the means of both windows; None (change nothing) without data or without a pod count."""
        if stable is None or panic is None or ready is None:
            return None
        d, pods = self.decider, max(1, ready)
        over = ceil(panic / d.target) / pods >= d.panic_threshold
        self._panic(now, over)
        want = self._clamped(stable, pods)
        if self.panic_since is not None:
            want = self.peak = max(want, self._clamped(panic, pods), self.peak)
        return Scale(self._delayed(now, want), self._excess(panic, ready))

    def _panic(self, now: int, over: bool) -> None:
        if over:
            self.panic_since = now
        elif self.panic_since is not None and self.panic_since + self.decider.stable_window < now:
            self.panic_since, self.peak = None, 0

    def _clamped(self, value: float, pods: int) -> int:
        d = self.decider
        want = ceil(value / d.target)
        lowest = floor(pods / d.down_rate) if d.reachable else 0
        clamped = min(max(want, lowest), ceil(d.up_rate * pods))
        return max(clamped, d.activation) if d.activation > 1 and want > 0 else clamped

    def _delayed(self, now: int, want: int) -> int:
        d = self.decider
        if d.down_delay <= 0 or not d.reachable:
            return want
        tick = now // TICK
        self.recent = [row for row in self.recent if row[0] > tick - ceil(d.down_delay / TICK)] + [(tick, want)]
        return max(count for _, count in self.recent)

    def _excess(self, panic: float, ready: int) -> int:
        d = self.decider
        if d.burst == 0:
            return 0
        return -1 if d.burst < 0 else floor(ready * d.total - d.burst - panic)


@dataclass(slots=True)
class ToZero:
    """Lets a want of nothing through: after a stable window of activity, then the longer of grace and retention."""

    window: int = 60_000  # ms
    grace: int = 30_000  # ms
    retention: int = 0  # ms
    active_since: int | None = field(default=None, init=False)
    idle_since: int | None = field(default=None, init=False)

    def apply(self, now: int, want: int) -> int:
        if self.active_since is None:
            self.active_since = now
        if want > 0:
            if self.idle_since is not None:
                self.active_since = now
            self.idle_since = None
            return want
        if self.idle_since is None:
            if now - self.active_since < self.window:
                return 1
            self.idle_since = now
        return 0 if now - self.idle_since >= max(self.grace, self.retention) else 1


@dataclass(slots=True)
class Kpa:
    """A tick every 2 s on the mean over 60 s and over 6 s of a signal measured each second.

    A second is seen 1 s after it ended: the report of the queue proxy and the scrape, each every second, wait
    half a second each in the mean.
    """

    name: str
    decider: Decider
    signal: str = "concurrency"  # or "requests"
    delay: int = 1_000  # ms
    period: int = TICK
    zero: ToZero = field(default_factory=ToZero)
    scaler: Autoscaler | None = field(default=None, init=False)

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:
        if self.scaler is None:
            self.scaler = Autoscaler.begin(self.decider, fleet.serving, now)
        d = self.decider
        stable = feed.mean(self.signal, d.stable_window, self.delay)
        panic = feed.mean(self.signal, d.panic_window, self.delay)
        scale = self.scaler.scale(now, stable, panic, fleet.serving)
        if scale is None:
            return None
        want = min(max(self.zero.apply(now, scale.pods), fleet.minimum), fleet.maximum)
        return None if want == fleet.desired else want
