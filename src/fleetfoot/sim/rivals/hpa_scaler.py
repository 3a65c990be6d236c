"""The HPA in the simulated world: what its metric sources show it, and the order of one sync (docs/rivals.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from fleetfoot.core.hpa.behavior import Behavior
from fleetfoot.core.hpa.replicas import TOLERANCE, Groups, Pod, by_average, classify, replicas
from fleetfoot.core.hpa.sync import SYNC, Past, moved, sync
from fleetfoot.sim.scaler import Counts, Feed

Served = Sequence[tuple[int, int]]  # (ms, serving tasks) of earlier syncs, oldest first


class Metric(Protocol):
    def propose(self, now: int, fleet: Counts, feed: Feed, served: Served) -> int | None:
        """The count this metric asks for; None when it cannot be read."""
        ...


class Cpu(NamedTuple):
    """Mean CPU of the pods from the metrics-server, against a utilisation target in per cent of the request.

    A point is a rate over one scrape interval of 30 s; it is 5 s old when scraped, the mean age of a sample the
    kubelet takes every 10 s. A starting task is Pending. A task that began to serve inside the sample's
    window has no sample to be trusted yet; the world shows counts, so the youngest are told from their growth.
    """

    target: int
    resolution: int = 30_000  # ms between scrapes, and the window of a sample
    delay: int = 5_000  # ms
    tolerance: float = TOLERANCE

    def propose(self, now: int, fleet: Counts, feed: Feed, served: Served) -> int | None:
        points = feed.points("cpu", self.resolution, self.delay, 1)
        if not points:
            return None
        sampled = (now - self.delay) // self.resolution * self.resolution
        before = [count for at, count in served if at <= sampled - self.resolution]
        old = min(fleet.serving, before[-1] if before else fleet.serving)
        usage = round(1000 * points[-1])
        seasoned = Pod(usage, started=now - 10**9, sampled=sampled, window=self.resolution)
        young = Pod(usage, started=now, ready_since=sampled, sampled=sampled, window=self.resolution)
        pods = [seasoned] * old + [young] * (fleet.serving - old) + [Pod(phase="pending")] * fleet.starting
        groups: Groups = classify(pods, now, cpu=True)
        return replicas(fleet.desired, groups, self.target, tolerance=self.tolerance)


class Average(NamedTuple):
    """A total read through an adapter, shared out to ``target`` a pod: requests/s counted at the ingress.

    Prometheus scrapes every 15 s; the rate is over the last two scrapes, the shortest range that always has two.
    """

    signal: str
    target: float
    scrape: int = 15_000  # ms
    scrapes: int = 2
    delay: int = 1_000  # ms from a scrape to its being queried
    tolerance: float = TOLERANCE

    def read(self, feed: Feed) -> float | None:
        points = feed.points(self.signal, self.scrape, self.delay, self.scrapes)
        return sum(points) / len(points) if points else None

    def propose(self, now: int, fleet: Counts, feed: Feed, served: Served) -> int | None:  # noqa: ARG002
        value = self.read(feed)
        return None if value is None else self.share(value, fleet.desired)

    def share(self, value: float, current: int) -> int:
        return by_average(current, round(1000 * value), round(1000 * self.target), self.tolerance)


@dataclass(slots=True)
class Hpa:
    """A sync every 15 s: metrics, the largest, stabilised, rate-limited. ``behavior`` None = the form before v2."""

    name: str
    metrics: tuple[Metric, ...]
    behavior: Behavior | None = Behavior()  # noqa: RUF009 - a NamedTuple, immutable
    period: int = SYNC
    past: Past = field(default_factory=dict, init=False)
    served: list[tuple[int, int]] = field(default_factory=list, init=False)

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:
        current = fleet.desired
        self.served = [row for row in self.served if row[0] > now - 120_000]
        wanted = None
        if current:  # at 0 it is disabled by hand
            wanted = sync(
                self.past, now, current, fleet.minimum, fleet.maximum, self.behavior,
                lambda: [metric.propose(now, fleet, feed, self.served) for metric in self.metrics],
            ).replicas  # fmt: skip
        self.served.append((now, fleet.serving))
        if wanted is None or wanted == current:
            return None
        moved(self.past, now, current, wanted)
        return wanted
