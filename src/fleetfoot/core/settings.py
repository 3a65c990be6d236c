"""Plain values compiled once from the spec (``core/compile.py``): what one step needs, nothing parsed per tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fleetfoot.core.contract import FALLBACK, IGNORE, VOTES, ZERO, Contract
from fleetfoot.core.schedule import Timetable

if TYPE_CHECKING:
    from fleetfoot.core.policies.base import Policy
    from fleetfoot.spec.formula import Formula

ROUTINE = frozenset(
    {"requests", "completed", "latency", "errors", "in_flight"}
)  # what guards and learning look back on
EACH = frozenset({"latency", "errors", "cpu", "memory"})  # properties of each task; every other signal is a total
PERCENT, TASKS = "percent", "tasks"
HOLD, REASSERT, YIELD = "hold", "reassert", "yield"  # what is done when somebody else writes the count
KEEP = 130_000  # ms of samples: two minutes and some slack; a policy that looks back further gets more


def is_total(metric: str) -> bool:
    """Whether ``metric`` sums over the tasks, so that what some do not report is missing from it."""
    own = metric.removeprefix("app.")
    return own not in EACH and not own.endswith(".mean")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``value`` percent of the count, or tasks, within any ``period`` ms."""

    value: float
    unit: str  # PERCENT or TASKS
    period: int


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """Every guard's settings; times in ms."""

    launches_slow_after: int = 3  # failed starts in a row
    launches_stop_after: int = 6
    pay: bool = True
    pay_window: int = 10_000
    incident: bool = True
    incident_hold: int = 1_800_000
    conflict: str = HOLD
    conflict_for: int = 600_000
    stabilise_out: int = 0
    stabilise_in: int = 120_000
    cooldown_out: int = 0
    cooldown_in: int = 60_000
    cooldown_adapt: bool = False  # by urgency, load and how often the count changed
    rate_out: tuple[Rate, ...] = (Rate(900, PERCENT, 60_000), Rate(10, TASKS, 60_000))
    rate_in: tuple[Rate, ...] = (Rate(50, PERCENT, 60_000), Rate(1, TASKS, 60_000))
    hard: bool = False  # the maximum may go below what present demand needs


@dataclass(frozen=True, slots=True)
class Launch:
    """How many tasks a platform starts: ``burst`` at once, ``rate`` a second in the long run, ``cpu`` cores in all."""

    burst: float
    rate: float
    cpu: float | None = None


@dataclass(frozen=True, slots=True)
class Replicas:
    """Another read replica is asked for at ``load`` (share of 1) and more than ``above`` tasks; ``most`` in all."""

    signal: str
    above: int = 10
    load: float = 0.7
    most: int = 3


@dataclass(frozen=True, slots=True)
class Database:
    """``connections`` that tasks may hold, reserved ones not counted; ``growth``: opened a second, None no limit."""

    name: str
    connections: int
    growth: float | None = None
    replicas: Replicas | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """What one task opens: between ``low`` and ``high`` connections. ``surge``: share of tasks beyond the count that a
    rollout runs."""

    database: Database
    low: int
    high: int
    surge: float = 0.25


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits in ``currency``, by hour, day and month: (span, soft, hard); None is no limit. ``emergency``: share of a
    limit at which the least important services are scaled down."""

    currency: str
    limits: tuple[tuple[str, float | None, float | None], ...]
    emergency: float = 1.5


@dataclass(frozen=True, slots=True)
class Shared:
    """What all services of a file share; one object, the same in each of their settings."""

    launch: Launch | None = None
    databases: Mapping[str, Database] = field(default_factory=dict)
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class WarmSettings:
    """The warm pool, in tasks; each is to carry ``utilisation`` of its throughput."""

    minimum: int
    maximum: int
    utilisation: float = 0.7


@dataclass(frozen=True, slots=True)
class Settings:
    """One service."""

    service: str
    minimum: int
    maximum: int
    policies: tuple[Policy, ...]
    guards: GuardSettings = field(default_factory=GuardSettings)
    objective: int = 1000  # ms, at ``percentile``
    percentile: float = 0.95
    errors: float = 0.01  # share
    throughput: float | None = None  # requests/s and task, as declared
    startup: int = 30_000  # ms, as declared; learnt from what is seen
    seeing: int = 60_000  # ms: the windows that must be full before a scale-in
    warm: WarmSettings | None = None  # None: its size is fixed, and nobody's decision
    ignored: frozenset[str] = frozenset()  # signals of the user's own whose absence is to hold nothing
    metrics: Mapping[str, str] = field(default_factory=dict)  # a signal of the user's own -> the source's name for it
    formulas: Mapping[str, Formula] = field(default_factory=dict)  # of the signals that are made of others
    contracts: Mapping[str, Contract] = field(default_factory=dict)  # of the signals that have one
    ages: Mapping[str, int] = field(init=False, default_factory=dict)  # from the contracts: signal -> ms
    fallbacks: Mapping[str, float] = field(init=False, default_factory=dict)
    roles: Mapping[str, str] = field(init=False, default_factory=dict)  # of those that do not vote
    never_zero: frozenset[str] = field(init=False, default=frozenset())  # signals whose empty answer is no zero
    windows: Mapping[str, int] = field(default_factory=dict)  # the signals whose past is kept, and for how many ms
    totals: frozenset[str] = frozenset()  # those of them that sum over the tasks
    priority: int = 2  # rank by which shares are granted: 0 critical, 1 high, 2 normal, 3 low
    cpu: float | None = None  # cores one task may use
    launch: Launch | None = None  # a limit of this service alone
    pool: Pool | None = None  # connections to a database
    price: float | None = None  # of one task an hour, in the budget's currency
    shared: Shared | None = None
    limited: bool = field(init=False, default=False)  # by what others use too, or by the platform
    timetable: Timetable | None = None  # the windows of all schedules, which may hold other bounds

    def __post_init__(self) -> None:
        windows = dict.fromkeys(sorted(ROUTINE), KEEP)
        for policy in self.policies:
            for name in policy.reads:
                windows[name] = max(windows.get(name, KEEP), policy.looks_back + 10_000)
        contracts = self.contracts
        for name, contract in contracts.items():
            if contract.window is not None:
                windows[name] = max(windows.get(name, KEEP), contract.window + 10_000)
        derived = {
            "ages": {name: one.age for name, one in contracts.items() if one.age is not None},
            "fallbacks": {name: one.fallback for name, one in contracts.items() if one.absent == FALLBACK},
            "roles": {name: one.role for name, one in contracts.items() if one.role != VOTES},
            "never_zero": frozenset(name for name, one in contracts.items() if one.absent != ZERO),
            "limited": any(limit is not None for limit in (self.shared, self.pool, self.launch)),
            "ignored": self.ignored.union(name for name, one in contracts.items() if one.absent == IGNORE),
        }
        for key, value in derived.items():
            object.__setattr__(self, key, value)
        object.__setattr__(self, "windows", windows)
        totals = frozenset(
            name for name in windows if name not in self.formulas and is_total(self.metrics.get(name, name))
        )
        object.__setattr__(self, "totals", totals)
        held = tuple(window for policy in self.policies for window in getattr(policy, "calendar", ()))
        object.__setattr__(self, "timetable", Timetable(held) if held else None)

    @property
    def zones(self) -> tuple[str, ...]:
        """The time zones whose offsets an observation must bring."""
        held = self.timetable.windows if self.timetable is not None else ()
        seasons = [zone for policy in self.policies if (zone := getattr(policy, "zone", "UTC")) != "UTC"]
        return tuple(dict.fromkeys((*(window.zone for window in held), *seasons)))
