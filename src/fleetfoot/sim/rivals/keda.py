"""KEDA: wakes a fleet from zero itself and hands one to N to the HPA (docs/rivals.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from fleetfoot.core.hpa.sync import SYNC
from fleetfoot.sim.rivals.hpa_scaler import Average, Hpa, Served
from fleetfoot.sim.scaler import Counts, Feed

POLL = 30_000  # ms, pollingInterval
COOLDOWN = 300_000  # ms, cooldownPeriod: only before zero


class Fallback(NamedTuple):
    """What a trigger reports after more than ``threshold`` failed reads in a row."""

    replicas: int
    threshold: int = 3
    behavior: str = "static"  # static | currentReplicas | currentReplicasIfHigher | currentReplicasIfLower

    def valid(self) -> bool:
        return self.replicas >= 0 and self.threshold >= 0

    def count(self, current: int) -> int:
        return {
            "static": self.replicas,
            "currentReplicas": current,
            "currentReplicasIfHigher": max(self.replicas, current),
            "currentReplicasIfLower": min(self.replicas, current),
        }[self.behavior]


@dataclass(slots=True)
class Health:
    """Failed reads of one trigger in a row."""

    failures: int = 0

    def read(
        self, value: float | None, target: float, fallback: Fallback | None, current: int, ready: int | None = None
    ) -> float | None:
        """``value``, or what stands in for a failed read; None = an error the HPA sees.

        ``ready`` is given for a Value target, which the HPA multiplies by the ready pods again.
        """
        if value is not None:
            self.failures = 0
            return value
        self.failures += 1
        if fallback is None or not fallback.valid() or self.failures <= fallback.threshold:
            return None
        report = target * fallback.count(current)
        return report if ready is None else report / max(1, ready)


@dataclass(slots=True)
class Activation:
    """Zero to one and back, judged at every poll."""

    threshold: float = 0.0  # strictly above is active
    idle: int | None = None  # idleReplicaCount
    cooldown: int = COOLDOWN
    last_active: int | None = field(default=None, init=False)

    def judge(self, now: int, value: float | None, current: int, minimum: int, fallback: Fallback | None) -> int | None:
        """The count to set, None to leave it to the HPA (or as it is)."""
        if self.last_active is None:
            self.last_active = now
        if value is None:
            lost = fallback is not None and fallback.replicas > 0 and current == 0
            return fallback.replicas if lost and fallback is not None else None
        asleep = current == 0 or current == self.idle
        if value > self.threshold:
            self.last_active = now
            return max(1, minimum) if asleep else None
        if asleep or self.last_active + self.cooldown >= now:
            return None
        lowest = minimum if self.idle is None else self.idle
        return lowest if lowest < current and (self.idle is not None or minimum == 0) else None


class Trigger(NamedTuple):
    """A metric of the HPA that KEDA reads live at every sync, with its fallback."""

    source: Average
    health: Health
    fallback: Fallback | None = None

    def propose(self, now: int, fleet: Counts, feed: Feed, served: Served) -> int | None:  # noqa: ARG002
        value = self.health.read(self.source.read(feed), self.source.target, self.fallback, fleet.desired)
        return None if value is None else self.source.share(value, fleet.desired)


@dataclass(slots=True)
class Keda:
    """The HPA's sync, and at every second of them KEDA's own poll."""

    name: str
    source: Average
    fallback: Fallback | None = None
    activation: Activation = field(default_factory=Activation)
    period: int = SYNC
    hpa: Hpa = field(init=False)

    def __post_init__(self) -> None:
        self.hpa = Hpa(self.name, (Trigger(self.source, Health(), self.fallback),))

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:
        if now % POLL == 0:
            value = self.source.read(feed)
            count = self.activation.judge(now, value, fleet.desired, fleet.minimum, self.fallback)
            if count is not None:
                return count
        return self.hpa.decide(now, fleet, feed)
