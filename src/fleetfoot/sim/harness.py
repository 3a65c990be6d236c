"""A small closed loop for the engine: Poisson or over-dispersed arrivals, a fluid queue, tasks that take time to start.

Deterministic for a seed. One engine step a simulated tick; ``ticks`` under a second give the engine the early
wake-ups it has live. The full simulator's plant takes its place where queueing inside the second matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import exp, sqrt
from random import Random

from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Decision, Fleet, Observation, Signal, Start
from fleetfoot.core.settings import Settings


def poisson(rng: Random, mean: float) -> int:
    """One Poisson count; the normal approximation above 60."""
    if mean > 60:
        return max(0, round(rng.gauss(mean, sqrt(mean))))
    limit, product, count = exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


@dataclass(slots=True)
class Plant:
    """Tasks of ``throughput`` requests/s each that serve ``startup`` ms after their order; one queue for all."""

    throughput: float
    startup: int
    serving: int
    service: float = 0.05  # s a request takes on an idle task
    queue: float = 0.0
    starting: list[int] = field(default_factory=list)  # ms at which each will serve
    started: int = 0
    fresh: list[Start] = field(default_factory=list)

    @property
    def desired(self) -> int:
        return self.serving + len(self.starting)

    def order(self, desired: int, now: int) -> None:
        """Absolute: start the difference, or stop it, the not yet serving first."""
        while self.desired < desired:
            self.starting.append(now + self.startup)
        while self.desired > max(desired, 0):
            if self.starting:
                self.starting.pop()
            else:
                self.serving -= 1

    def run(self, arrivals: int, now: int, span: int) -> float:
        """Advance to ``now`` over ``span`` ms; returns requests completed."""
        for at in [at for at in self.starting if at <= now]:
            self.starting.remove(at)
            self.serving += 1
            self.started += 1
            self.fresh.append(Start(self.started, "", self.startup, True))
        room = self.serving * self.throughput * span / 1000.0
        self.queue += arrivals
        done = min(self.queue, room)
        self.queue -= done
        return done

    def latency(self) -> float:
        """ms a request arriving now takes."""
        return 1000.0 * (self.service + self.queue / max(self.serving * self.throughput, 1e-9))


@dataclass(slots=True)
class Loop:
    """One service in closed loop with the engine."""

    settings: Settings
    plant: Plant
    rate: Callable[[float], float]  # seconds -> requests/s
    seed: int
    tick: int = 1000  # ms
    dispersion: float = 1.0  # variance over mean of the counts; above 1 the rate itself varies by gamma
    memory: Memory = field(default_factory=Memory)

    def run(self, seconds: float, start: int = 1_700_000_000_000) -> Iterator[tuple[int, int, Decision]]:
        """Yield (ms since start, arrivals, decision) for every tick."""
        rng = Random(self.seed)
        for elapsed in range(self.tick, int(seconds * 1000) + 1, self.tick):
            mean = self.rate(elapsed / 1000.0) * self.tick / 1000.0
            if self.dispersion > 1.0 and mean > 0:
                shape = mean / (self.dispersion - 1.0)
                mean = rng.gammavariate(shape, mean / shape)
            arrivals = poisson(rng, mean)
            decision = self.step(arrivals, start + elapsed)
            yield elapsed, arrivals, decision

    def step(self, arrivals: int, now: int) -> Decision:
        plant, span = self.plant, self.tick
        done = plant.run(arrivals, now, span)
        per_second = 1000.0 / span
        values = {
            "requests": arrivals * per_second,
            "completed": done * per_second,
            "latency": plant.latency(),
            "errors": 0.0,
            "in_flight": min(plant.queue, plant.serving) + done * plant.service * per_second,
            "queue": max(0.0, plant.queue - plant.serving),
        }
        signals = {name: Signal(name, value, now, now, span, span) for name, value in values.items()}
        fleet = Fleet(now, plant.desired, plant.serving, starting=len(plant.starting), starts=tuple(plant.fresh))
        plant.fresh = []
        decision = step(self.settings, self.memory, Observation(now, now, signals, fleet))
        if decision.desired != decision.current:
            plant.order(decision.desired, now)
        return decision
