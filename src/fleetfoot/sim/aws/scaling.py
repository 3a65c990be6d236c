"""Application Auto Scaling on the simulated AWS: a template's alarms and policies, looked at as its clock goes on.

They see what the service's tasks measured, second by second, and act on the count unless they are suspended. The
semantics are those of ``sim.native``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetfoot.sim.aws.world import SCALE_IN, SCALE_OUT, Service, World
from fleetfoot.sim.native.read import Executed
from fleetfoot.sim.native.scaling import Bounds
from fleetfoot.sim.scaler import Counts

MEASURED = ("requests", "completed", "in_flight", "queue", "cpu", "serving")  # names of ``sim.scaler.Feed``


class Log:
    """``sim.scaler.Feed`` of one service from ``began`` (s) on: means over the seconds that were told of."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.now = 0  # ms since then
        self._rows: list[dict[str, float]] = []

    def tell(self, at: float, measured: Mapping[str, float]) -> None:
        """What was measured in the second before ``at``; a second nobody told of measured the same."""
        missing = int(at - self.began) - len(self._rows)
        self._rows.extend([dict(measured)] * max(missing, 0))

    def points(self, name: str, period: int, delay: int, count: int) -> list[float]:
        last = min((self.now - delay) // period, 1000 * len(self._rows) // period)
        return [self._mean(name, i * period, (i + 1) * period) for i in range(max(last - count, 0), last)]

    def mean(self, name: str, span: int, delay: int = 0) -> float | None:
        until = min(self.now - delay, 1000 * len(self._rows))
        return self._mean(name, max(until - span, 0), until) if until >= 1000 else None

    def _mean(self, name: str, since: int, until: int) -> float:
        rows = self._rows[since // 1000 : until // 1000]
        return sum(row[name] for row in rows) / len(rows)


class Scaling:
    """A template in charge of one service of the world, beside whoever else sets its count."""

    def __init__(self, executed: Executed, began: float) -> None:
        """``began``: s, from when on the tasks tell ``log``. ValueError: it goes by what they do not measure."""
        self.log = Log(began)
        self._native = executed.make(round(1000 * began))
        signals = {step.alarm.metric.signal for step in self._native.steps}
        signals |= {policy.track.signal for policy in self._native.tracking}
        if unknown := signals - set(MEASURED):
            raise ValueError(f"the simulated tasks measure no {min(unknown)}: {', '.join(MEASURED)}")

    def tell(self, at: float, measured: Mapping[str, float]) -> None:
        """What the service's tasks measured in the second before ``at`` (s)."""
        self.log.tell(at, measured)

    def look(self, service: Service, target: Mapping[str, Any], now: float) -> int | None:
        """The count it sets at ``now`` (s); asked once every second. ``target``: the scalable target as registered."""
        self._native.bounds = Bounds(target["MinCapacity"], target["MaxCapacity"])
        self.log.now += 1000
        serving, desired = len(service.serving(now)), service.desired
        counts = Counts(self.log.now, desired, serving, max(desired - serving, 0), 0, *self._native.bounds)
        wanted = self._native.decide(self.log.now, counts, self.log)
        if wanted is None or target["SuspendedState"][SCALE_OUT if wanted > desired else SCALE_IN]:
            return None
        return wanted


def attach(world: World, service: Service, executed: Executed) -> Scaling:
    """Let a template scale a service of the world. ValueError: it goes by what the tasks do not measure."""
    made = world.scaling[service.resource] = Scaling(executed, world.clock.now())
    world.register(service.resource, *executed.bounds)
    return made
