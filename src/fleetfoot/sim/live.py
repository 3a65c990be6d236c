"""The live engine as a scaler: the very observations the loop builds, through a metric source with its delay."""

from __future__ import annotations

from dataclasses import dataclass, field

from fleetfoot.core.compile import compile_service
from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Action, Decision, Fleet, Observation, Signal, State
from fleetfoot.core.settings import Settings
from fleetfoot.sim import kernel as k
from fleetfoot.sim.feed import Measured
from fleetfoot.sim.scaler import Counts, Feed
from fleetfoot.spec import Service

MEMORY = 0.5  # share of what a task may use: no request of this world takes memory
START = 1_700_000_000_000  # ms: the wall clock's time when a run begins, where nobody says another


@dataclass(frozen=True, slots=True)
class Source:
    """How measurements reach the engine: means over ``period`` ms, ``delay`` ms after the period's end."""

    name: str
    period: int
    delay: int


#: Delays are assumptions of ours where the publisher names none: CloudWatch shows a period some seconds after its
#: end, a scrape is asked for within its interval, metrics-server keeps a window of a scrape interval.
SOURCES = {
    source.name: source
    for source in (
        Source("push", 1_000, 0),
        Source("cloudwatch10", 10_000, 5_000),
        Source("cloudwatch20", 20_000, 10_000),
        Source("cloudwatch60", 60_000, 60_000),
        Source("prometheus15", 15_000, 5_000),
        Source("metrics-server", 15_000, 15_000),
    )
}
PUSH = SOURCES["push"]


@dataclass(slots=True)
class Engine:
    """``settings`` in charge, one step every ``period`` ms. ``acted``: the decisions that changed the count."""

    settings: Settings
    source: Source = PUSH
    name: str = "fleetfoot"
    period: int = 1_000
    start: int = START
    memory: Memory = field(default_factory=Memory)
    acted: list[Decision] = field(default_factory=list)
    _signals: dict[str, Signal] = field(default_factory=dict)
    _end: int = 0  # of the newest period shown
    _cpu: bool = False
    _memory: bool = False

    def __post_init__(self) -> None:
        self._cpu, self._memory = (
            any(name in policy.reads for policy in self.settings.policies) for name in ("cpu", "memory")
        )

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:
        if not isinstance(feed, Measured):
            raise TypeError("the engine needs the world's own measurements")
        source = self.source
        end = (now - source.delay) // source.period * source.period
        if end > self._end:
            self._signals = self._read(feed, end, source)
            self._end = end
        at = self.start + now
        seen = Fleet(at, fleet.desired, fleet.serving, 0, fleet.starting, fleet.draining, starts=feed.take_starts())
        decision = step(self.settings, self.memory, Observation(at, at, self._signals, seen))
        if decision.action is Action.HOLD:
            return None
        self.acted.append(decision)
        return decision.desired

    def _read(self, feed: Measured, end: int, source: Source) -> dict[str, Signal]:
        """The signals of the period that ended at ``end`` ms, as ``edge/sources/plane.py`` makes them."""
        period, second = source.period, end // 1000
        row = feed.row(second - 1) if period == 1000 else feed.means(second - period // 1000, second)
        shown, received = self.start + end, self.start + end + source.delay
        rest = (shown, received, period, period, 1.0)
        lost = row[k.FAILED] + row[k.SHED]
        completed = row[k.COMPLETED]
        ended = completed + lost
        latency = row[k.LATENCY]
        fresh, empty = State.FRESH, State.EMPTY
        make = tuple.__new__  # a third of the time of Signal(...), which is most of this function's
        signals = {
            "requests": make(Signal, ("requests", row[k.REQUESTS], *rest, fresh)),
            "completed": make(Signal, ("completed", completed, *rest, fresh)),
            "errors": make(Signal, ("errors", lost / ended if ended else 0.0, *rest, fresh if ended else empty)),
            "latency": make(Signal, ("latency", latency, *rest, fresh if latency else empty)),
            "in_flight": make(Signal, ("in_flight", row[k.BUSY_END], *rest, fresh)),
            "queue": make(Signal, ("queue", row[k.QUEUE_END], *rest, fresh)),
        }
        if self._cpu:
            used = min(row[k.IN_SERVICE] / row[k.SERVERS], 1.0) if row[k.SERVERS] else 0.0
            signals["cpu"] = make(Signal, ("cpu", used, *rest, fresh if row[k.SERVERS] else empty))
        if self._memory:
            signals["memory"] = make(Signal, ("memory", MEMORY, *rest, fresh))
        return signals


def engine(service: Service, source: Source = PUSH, name: str = "") -> Engine:
    """The engine with a service of fleetfoot.yaml, compiled as live."""
    return Engine(compile_service(service), source, name or " + ".join(policy.name for policy in service.policies))
