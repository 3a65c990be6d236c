"""CloudWatch's alarms over simulated metrics (AWS-published semantics; AE = its page on alarm evaluation).

- A period under a minute is looked at every 10 s, any other once a minute.
- M of N: ALARM where at least M of the newest N points breach. Points that are missing are looked past as long as
  there are N real ones in the evaluation range, which is N + 2 periods (the page's example has 5 for N = 3).
- Missing data counts only where real points are fewer than N: notBreaching, breaching, ignore keeps the state, and
  missing makes it INSUFFICIENT_DATA once nothing real is left.
- A scaling action goes out on the change to ALARM, and once a minute while it lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fleetfoot.sim.rivals.aws import Alarm as Repeat
from fleetfoot.sim.scaler import Feed
from fleetfoot.spec.cloudwatch import PUBLISHED

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
EVERY = 10_000  # ms between two looks
BEYOND = 2  # periods of the evaluation range beyond N
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, level: value > level,
    "GreaterThanOrEqualToThreshold": lambda value, level: value >= level,
    "LessThanThreshold": lambda value, level: value < level,
    "LessThanOrEqualToThreshold": lambda value, level: value <= level,
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the world measured by ``now``, ms, of which nothing came after ``lost``."""

    feed: Feed
    now: int
    lost: int | None = None

    def points(self, name: str, period: int, delay: int, count: int) -> list[float]:
        """None at all once the newest is not whole: target tracking has then too little to go by."""
        newest = (self.now - delay) // period * period
        return [] if self.lost is not None and newest > self.lost else self.feed.points(name, period, delay, count)

    def mean(self, name: str, span: int, delay: int = 0) -> float | None:
        return self.feed.mean(name, span, delay)


class Metric(NamedTuple):
    """A metric in the world's words: ``signal`` times ``unit``, seen ``delay`` ms after the end of its period.

    ``shared``: divided by the serving tasks, as a mean of what each publishes. ``summed``: ms between the values that
    are added up over a period; 0 where none are.
    """

    signal: str
    period: int
    delay: int
    unit: float = 1.0
    shared: bool = False
    summed: int = 0

    def points(self, shown: Shown, count: int) -> list[float | None]:
        """The newest ``count`` periods, oldest first; None where nothing came, half a sum where half of it did."""
        feed, lost = shown.feed, shown.lost
        values = feed.points(self.signal, self.period, self.delay, count)
        tasks = feed.points("serving", self.period, self.delay, count) if self.shared else [1.0] * len(values)
        scale = self.unit * (self.period / self.summed if self.summed else 1.0)
        last = (shown.now - self.delay) // self.period
        found: list[float | None] = []
        for index, (value, serving) in enumerate(zip(values, tasks, strict=True), last - len(values)):
            share = 1.0 if lost is None else min(max((lost - index * self.period) / self.period, 0.0), 1.0)
            whole = scale * value / max(1.0, serving)
            found.append(None if share == 0 else whole * share if self.summed else whole)
        return found


@dataclass(slots=True)
class MetricAlarm:
    """One alarm and its state. ``need`` of the newest ``of`` points must breach."""

    name: str
    metric: Metric
    comparison: str
    threshold: float
    need: int = 1
    of: int = 1
    missing: str = "missing"
    state: str = field(default=INSUFFICIENT, init=False)
    repeat: Repeat = field(default_factory=Repeat, init=False)

    def look(self, now: int, shown: Shown) -> list[float] | None:
        """The points its scaling action is asked with, when it is asked now; else None.

        ``now``: ms of CloudWatch's own clock, by which it looks.
        """
        if now % (EVERY if self.metric.period < 60_000 else 60_000) >= EVERY:
            return None
        points = self.metric.points(shown, self.of + BEYOND)
        self.state = self.judge(points)
        if not self.repeat.look(now, self.state == ALARM):
            return None
        return [point for point in points if point is not None][-self.of :]

    def judge(self, points: Sequence[float | None]) -> str:
        """The state after ``points``, the evaluation range, oldest first."""
        breaches = COMPARISONS[self.comparison]
        real = [breaches(point, self.threshold) for point in points if point is not None][-self.of :]
        if len(real) < self.of:
            if self.missing == "ignore" or not real:
                absent = {"ignore": self.state, "missing": INSUFFICIENT, "breaching": ALARM, "notBreaching": OK}
                return absent[self.missing]
            real += [self.missing == "breaching"] * (self.of - len(real) if self.missing != "missing" else 0)
        return ALARM if sum(real) >= self.need else OK


#: names of metrics in the namespace of a service -> what the world calls them; each task publishes its own share
OF_TASKS = {
    "RequestsPerSecond": "requests", "CompletedPerSecond": "completed", "ActiveConnections": "in_flight",
    "RequestQueueLength": "queue",
}  # fmt: skip


def metric_of(namespace: str, name: str, statistic: str, period: int) -> Metric:
    """A metric of a template. Raises ValueError with the reason for one the world does not measure."""
    late = 60_000 if period >= 60_000 else 30_000 if namespace.startswith("AWS/") else 5_000
    if name in OF_TASKS and statistic == "Sum":
        return Metric(OF_TASKS[name], period, late, summed=PUBLISHED)
    if name in OF_TASKS and statistic in ("Average", "Maximum", "Minimum"):
        return Metric(OF_TASKS[name], period, late, shared=True)  # tasks are alike here
    if name == "CPUUtilization":
        return Metric("cpu", period, late, unit=100.0)
    if name in ("ResponseTime", "AverageResponseTime", "TargetResponseTime"):
        return Metric("latency", period, late, unit=0.001 if name.startswith("Target") else 1.0)
    if name == "ErrorRate":
        return Metric("errors", period, late, unit=100.0)
    if name in ("RequestCount", "RequestCountPerTarget") and statistic == "Sum":
        return Metric("requests", period, late, shared=name.endswith("Target"), summed=1_000)
    raise ValueError(f"the simulated world has no {statistic} of {namespace} {name}")
