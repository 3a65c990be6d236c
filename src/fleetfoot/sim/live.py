"""The live engine as a scaler: the very observations the loop builds, through a metric source with its delay."""

from __future__ import annotations

from dataclasses import dataclass, field

from fleetfoot.core.compile import compile_service
from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import EMPTY, FRESH, HOLD, Decision, Fleet, Observation, Signal
from fleetfoot.core.settings import Settings
from fleetfoot.sim import layout as k
from fleetfoot.sim.feed import Measured
from fleetfoot.sim.foresight import Foresight, foresight_of
from fleetfoot.sim.scaler import Counts, Feed
from fleetfoot.spec import Service
from fleetfoot.spec.zones import Zones

MEMORY = 0.5  # share of what a task may use: no request of this world takes memory
START = 1_700_000_000_000  # ms: the wall clock's time when a run begins, where nobody says another


@dataclass(frozen=True, slots=True)
class Source:
    """How measurements reach the engine: means over ``period`` ms, ``delay`` ms after the period's end.

    ``wakes``: it is the data plane of this machine, which asks for a step as soon as work queues (``sim/wakes.py``).
    """

    name: str
    period: int
    delay: int
    wakes: bool = False


#: Delays are assumptions of ours where the publisher names none: CloudWatch shows a period some seconds after its
#: end, a scrape is asked for within its interval, metrics-server keeps a window of a scrape interval.
SOURCES = {
    source.name: source
    for source in (
        Source("plane", 1_000, 0, wakes=True),
        Source("push", 1_000, 0),
        Source("cloudwatch10", 10_000, 5_000),
        Source("cloudwatch20", 20_000, 10_000),
        Source("cloudwatch60", 60_000, 60_000),
        Source("prometheus15", 15_000, 5_000),
        Source("metrics-server", 15_000, 15_000),
    )
}
Rest = tuple[int, int, int, int, float]  # end, received, span, period, coverage of a signal
PLANE, PUSH = SOURCES["plane"], SOURCES["push"]
_make = tuple.__new__  # a third of the time of Signal(...), which is most of what an observation takes
HINT_EVERY, HINT_CHANGE = 5_000, 0.05  # ms and share: when the data plane is told what a task carries, as run/wire.py


@dataclass(slots=True)
class Engine:
    """``settings`` in charge, one step every ``period`` ms. ``acted``: the decisions that changed the count."""

    settings: Settings
    source: Source = PLANE
    name: str = "fleetfoot"
    period: int = 1_000
    start: int = START
    lost: int | None = None  # ms at which its signals break off
    memory: Memory = field(default_factory=Memory)
    acted: list[Decision] = field(default_factory=list)
    foresight: Foresight | None = None
    _signals: dict[str, Signal] = field(default_factory=dict)
    _end: int = 0  # of the newest period shown
    _cpu: bool = False
    _memory: bool = False
    _used: tuple[float, float] = (0.0, 0.0)  # servers busy and there, means of the last second
    _told: float = 0.0  # requests/s a task carries, to the data plane
    _hint_at: int = 0
    _zones: Zones = field(default_factory=lambda: Zones(()))

    def __post_init__(self) -> None:
        self._zones = Zones(self.settings.zones)
        read = {name for policy in self.settings.policies for name in policy.reads}
        read |= {name for formula in self.settings.formulas.values() for name in formula.reads}
        self._cpu, self._memory = "cpu" in read, "memory" in read

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:
        return self.acts(step(self.settings, self.memory, self.look(now, fleet, feed)))

    def look(self, now: int, fleet: Counts, feed: Feed) -> Observation:
        """What the loop would have observed by now."""
        if not isinstance(feed, Measured):
            raise TypeError("the engine needs the world's own measurements")
        source = self.source
        if source.wakes:
            if now:
                self._signals = self._newest(feed, now)
            if now >= self._hint_at:
                self._hint(feed, now)
        else:
            newest = now - source.delay if self.lost is None else min(now - source.delay, self.lost)
            end = newest // source.period * source.period
            if end > self._end:
                self._signals = self._read(feed, end, source)
                self._end = end
        at, signals, (_, desired, serving, starting, draining, _, _) = self.start + now, self._signals, fleet
        seen = Fleet(at, desired, serving, 0, starting, draining)
        starts = feed.take_starts()
        if starts:
            seen = seen._replace(starts=starts)
        if self.foresight is not None:
            signals = signals | self.foresight.signals(now, feed)
        return Observation(at, at, signals, seen, offsets=self._zones.at(at))

    def acts(self, decision: Decision) -> int | None:
        """The count to order, if any; such a decision is kept."""
        if decision.action is HOLD:
            return None
        self.acted.append(decision)
        return decision.desired

    def _hint(self, feed: Measured, now: int) -> None:
        """Watch the data plane, and tell it what a task carries when that was learnt anew, as ``run/wire.py``."""
        if not now:
            feed.watch(self.settings.throughput or 0.0)
        learnt = self.memory.learnt.get("")
        rate = learnt.throughput if learnt is not None else None
        if rate and abs(rate - self._told) > HINT_CHANGE * rate:
            self._told = rate
            feed.watch(rate)
        self._hint_at = now + HINT_EVERY

    def _newest(self, feed: Measured, now: int) -> dict[str, Signal]:
        """The data plane's reading at ``now``: counts since the one before, which may be part of a second only."""
        span = feed.span
        if now % 1000 == 0:
            row = feed.row(now // 1000 - 1)
            self._used = row[k.IN_SERVICE], row[k.SERVERS]  # cpu is read once a second and stands until the next one
        if span != 1000:
            row = feed.part()
        at = self.start + now
        return self._signals_of(row, feed.queued, (at, at, span, 1000, 1.0), (at, at, 1000, 1000, 1.0))

    def _read(self, feed: Measured, end: int, source: Source) -> dict[str, Signal]:
        """The signals of the period that ended at ``end`` ms."""
        period, second = source.period, end // 1000
        row = feed.row(second - 1) if period == 1000 else feed.means(second - period // 1000, second)
        self._used = row[k.IN_SERVICE], row[k.SERVERS]
        rest = (self.start + end, self.start + end + source.delay, period, period, 1.0)
        return self._signals_of(row, feed.queued, rest, rest)

    def _signals_of(self, row: list[float], queued: bool, rest: Rest, level: Rest) -> dict[str, Signal]:
        """The signals, as ``edge/sources/plane.py`` makes them: ``rest`` of those that were counted, ``level`` of
        those that are."""
        lost = row[k.FAILED] + row[k.SHED]
        completed = row[k.COMPLETED]
        ended = completed + lost
        latency, in_flight, queue = row[k.LATENCY], row[k.BUSY_END], row[k.QUEUE_END]
        if not queued:
            in_flight, queue = in_flight + queue, 0.0
        errors = lost / ended if ended else 0.0
        end, came, span, each, all_ = rest
        at, seen, whole, period, full = level
        signals = {
            "requests": _make(Signal, ("requests", row[k.REQUESTS], end, came, span, each, all_, FRESH)),
            "completed": _make(Signal, ("completed", completed, end, came, span, each, all_, FRESH)),
            "errors": _make(Signal, ("errors", errors, end, came, span, each, all_, FRESH if ended else EMPTY)),
            "latency": _make(Signal, ("latency", latency, end, came, span, each, all_, FRESH if latency else EMPTY)),
            "in_flight": _make(Signal, ("in_flight", in_flight, at, seen, whole, period, full, FRESH)),
            "queue": _make(Signal, ("queue", queue, at, seen, whole, period, full, FRESH)),
        }
        if self._cpu:
            busy, servers = self._used
            used = min(busy / servers, 1.0) if servers else 0.0
            signals["cpu"] = _make(Signal, ("cpu", used, *level, FRESH if servers else EMPTY))
        if self._memory:
            signals["memory"] = _make(Signal, ("memory", MEMORY, *level, FRESH))
        return signals


def engine(
    service: Service, source: Source = PLANE, name: str = "", start: int = START, settings: Settings | None = None
) -> Engine:
    """The engine with a service of fleetfoot.yaml, compiled as live; its run begins at the wall clock's ``start``.

    ``settings``: as compiled from its whole file, with what all services share.
    """
    known = name or " + ".join(policy.name for policy in service.policies)
    found = settings or compile_service(service)
    return Engine(found, source, known, start=start, foresight=foresight_of(service, start))
