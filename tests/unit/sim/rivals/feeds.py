"""A feed made by hand: signals as functions of the second, seen as a metric source would show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fleetfoot.sim.scaler import Counts, Scaler

Signal = Callable[[int], float]  # the second that begins at it -> its value


@dataclass(slots=True)
class HandFeed:
    signals: dict[str, Signal]
    now: int = 0  # ms

    def points(self, name: str, period: int, delay: int, count: int) -> list[float]:
        newest = (self.now - delay) // period
        return [self._mean(name, i * period, (i + 1) * period) for i in range(max(0, newest - count), max(0, newest))]

    def mean(self, name: str, span: int, delay: int = 0) -> float | None:
        until = self.now - delay
        return self._mean(name, max(0, until - span), until) if until >= 1000 else None

    def _mean(self, name: str, since: int, until: int) -> float:
        seconds = range(since // 1000, until // 1000)
        return sum(map(self.signals[name], seconds)) / len(seconds)


def fleet(desired: int, serving: int | None = None, minimum: int = 1, maximum: int = 1000, at: int = 0) -> Counts:
    running = desired if serving is None else serving
    return Counts(at, desired, running, max(0, desired - running), 0, minimum, maximum)


@dataclass(slots=True)
class Run:
    """A scaler over hand-made signals on a fleet that starts tasks in ``startup`` ms and stops them at once."""

    scaler: Scaler
    signals: dict[str, Signal]
    desired: int
    startup: int = 40_000  # ms
    minimum: int = 1
    maximum: int = 1000
    serving: int = field(init=False)
    orders: list[tuple[float, int]] = field(default_factory=list, init=False)  # (s, count)
    due: list[tuple[int, int]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.serving = self.desired

    def until(self, seconds: int) -> list[tuple[float, int]]:
        feed = HandFeed({"serving": lambda _: float(self.serving), **self.signals})
        for now in range(self.scaler.period, seconds * 1000 + 1, self.scaler.period):
            feed.now = now
            self.serving = max([self.serving, *(count for at, count in self.due if at <= now)])
            self.serving = min(self.serving, self.desired)
            wanted = self.scaler.decide(now, fleet(self.desired, self.serving, self.minimum, self.maximum, now), feed)
            if wanted is not None:
                self.orders.append((now / 1000, wanted))
                self.desired = wanted
                self.due.append((now + self.startup, wanted))
        return self.orders


def step(before: float, after: float, at: int) -> Signal:
    return lambda second: after if second >= at else before
