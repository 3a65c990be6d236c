"""A receiver of pushes with a clock the test moves, and tasks that push when told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetfoot.core.model import Signal
from fleetfoot.edge.sources.push import Limits, Receiver
from fleetfoot_agent.histogram import Histogram
from fleetfoot_agent.wire import Push

START = 1_000_000  # ms: the receiver's clock when a test begins


class World:
    """A receiver with a clock the test moves, and tasks that push when told."""

    def __init__(self, limits: Limits | None = None, answer: dict[str, int] | None = None) -> None:
        self.now = START
        self.answer: dict[str, int] = answer or {}
        self.receiver = Receiver(["orders"], lambda: self.now, lambda service: self.answer, limits or Limits())

    def signals(
        self, serving: int = 1, tasks: list[str] | None = None, percentile: float = 0.95
    ) -> Mapping[str, Signal]:
        return self.receiver.signals("orders", self.now, serving, percentile, tasks)

    def value(self, name: str, serving: int = 1) -> float:
        return self.signals(serving)[f"app.{name}"].value


class Task:
    """A task whose incarnation begins when it is made."""

    def __init__(self, world: World, name: str = "a", incarnation: str = "00000001", ran: int = 0) -> None:
        """``ran``: ms for which it has been running before the world began to look."""
        self.world = world
        self.born = world.now - ran
        self.at = self.born  # end of its last interval, by the receiver's clock
        self.push = Push("orders", name, "r1", incarnation, 0, 0, 0, 0.0, 0, 0, {}, Histogram(), 0, 0)

    def serve(self, ended: int = 0, ms: float = 50, errors: int = 0, open_: int = 0, **more: Any) -> Task:
        """So many requests ended since, of which so many failed; ``open_`` are in flight now."""
        latency = self.push.latency.copy()
        for _ in range(ended):
            latency.record_ms(ms)
        status = {
            "2xx": self.push.status.get("2xx", 0) + ended - errors,
            "5xx": self.push.status.get("5xx", 0) + errors,
        }
        self.push = self.push._replace(
            requests=sum(status.values()) + open_,
            errors=self.push.errors + errors,
            status=status,
            latency=latency,
            in_flight=open_,
            in_flight_max=max(open_, self.push.in_flight),
            **more,
        )
        return self

    def make(self, final: bool = False) -> Push:
        """The push of the interval that ends now."""
        start, end = self.at - self.born, self.world.now - self.born
        self.at = self.world.now
        self.push = self.push._replace(
            sequence=self.push.sequence + 1, start=start, end=end, length=float(end - start), final=final
        )
        return self.push

    def send(self, final: bool = False) -> dict[str, Any]:
        return self.world.receiver.take(self.make(final))


def tick(world: World, *tasks: Task, ended: int = 0, ms: int = 1000, **more: Any) -> None:
    """``ms`` later every task has served so many requests and pushes."""
    world.now += ms
    for task in tasks:
        task.serve(ended, **more).send()
