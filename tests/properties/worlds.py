"""Made-up services and made-up lives for them, for property tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from fleetfoot.core.hpa.behavior import Behavior, Policy, Rules
from fleetfoot.core.hpa.replicas import EACH, SHARED, UTILISATION, VALUE
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Decision, Fleet, Observation, Operator, Signal, Start, State
from fleetfoot.core.policies import (
    Adaptive,
    Backlog,
    Composite,
    Default,
    Forecast,
    Graded,
    Hpa,
    Slo,
    Step,
    Target,
    Thresholds,
)
from fleetfoot.core.policies.base import Policy as AnyPolicy
from fleetfoot.core.policies.composite import Row
from fleetfoot.core.policies.graded import Phase
from fleetfoot.core.policies.hpa import Metric
from fleetfoot.core.policies.step import CHANGE, EXACT, PERCENT
from fleetfoot.core.settings import PERCENT as OF_COUNT
from fleetfoot.core.settings import TASKS, GuardSettings, Rate, Settings
from tests.unit.core.build import START, Service

LOADS = ("requests", "cpu", "load")

spans = st.sampled_from([0, 1_000, 5_000, 10_000, 60_000])
windows = st.sampled_from([1_000, 3_000, 10_000])
signals = st.sampled_from(LOADS)
levels = st.sampled_from([0.5, 10.0, 40.0, 100.0, 250.0])


@st.composite
def step_policies(draw: st.DrawFn, above: bool | None = None) -> Step:
    """Relative and exact steps with one to three rows, either way."""
    up = draw(st.booleans()) if above is None else above
    kind = draw(st.sampled_from([CHANGE, PERCENT, EXACT]))
    edges = sorted(draw(st.lists(st.sampled_from([5.0, 20.0, 50.0, 100.0]), max_size=2, unique=True)))
    sign = 1.0 if up or kind == EXACT else -1.0
    amounts = [sign * draw(st.sampled_from([1.0, 2.0, 4.0, 50.0])) for _ in range(len(edges) + 1)]
    bounds: list[float | None] = [0.0, *edges, None]
    rows = [(bounds[i], bounds[i + 1], amounts[i]) for i in range(len(amounts))]
    if not up:
        rows = [(None if high is None else -high, -(low or 0.0), by) for low, high, by in reversed(rows)]
    return Step(
        "step", draw(signals), draw(levels), up, kind, tuple(rows), draw(st.integers(1, 3)), draw(spans),
        draw(windows), draw(st.integers(1, 3)), draw(st.sampled_from(["mean", "max", "min"])),
    )  # fmt: skip


targets = st.builds(
    Target, st.just("target"), signals, levels, st.booleans(), windows, st.sampled_from([0.0, 0.1, 0.3]), st.booleans()
)
defaults = st.builds(Default, st.sampled_from([0.5, 0.7, 1.0]))
weighed = st.lists(
    st.tuples(signals, st.sampled_from([0.2, 0.5, 1.0])), min_size=1, max_size=3, unique_by=lambda r: r[0]
)
composites = weighed.map(
    lambda rows: Composite("composite", tuple(Row(*row, 100.0, 10.0) for row in rows), window=1_000, cooldown=5_000)
)
lengths = st.builds(
    Backlog, st.just("backlog"), signals, st.sampled_from([1.0, 10.0]), in_flight=st.sampled_from(["", "in_flight"]),
    activation=st.sampled_from([0.0, 5.0]),
)  # fmt: skip
drains = st.builds(Backlog, st.just("backlog"), signals, st.none(), st.sampled_from([1_000, 60_000]))
ages = st.builds(Backlog, st.just("backlog"), signals, st.none(), st.none(), st.sampled_from([0.5, 30.0]))
backlogs = st.one_of(lengths, drains, ages)
slos = st.builds(Slo, st.sampled_from([0, 0, 2]))


@st.composite
def threshold_policies(draw: st.DrawFn) -> Thresholds:
    out = draw(st.dictionaries(signals, levels, max_size=2))
    calm = draw(st.dictionaries(signals, levels, min_size=0 if out else 1, max_size=2))
    return Thresholds(
        "thresholds", tuple(out.items()), tuple(calm.items()), draw(st.integers(1, 3)), draw(st.integers(1, 3)),
        draw(spans), draw(windows),
    )  # fmt: skip


@st.composite
def hpas(draw: st.DrawFn) -> Hpa:
    """One or two metrics of any form; with behavior and without."""
    forms = st.sampled_from([UTILISATION, EACH, SHARED, VALUE])
    metric = st.builds(Metric, signals, forms, st.sampled_from([60, 14_000, 100_000]), windows)
    metrics = draw(st.lists(metric, min_size=1, max_size=2))
    select = st.sampled_from(["max", "min", "disabled"])
    rule = st.builds(Policy, st.sampled_from(["pods", "percent"]), st.sampled_from([4, 100]), st.just(15_000))
    rules = st.builds(Rules, st.lists(rule, min_size=1, max_size=2).map(tuple), select, spans)
    return Hpa("hpa", tuple(metrics), draw(st.none() | st.builds(Behavior, rules, rules)), draw(windows))


forecasts = st.builds(Forecast, scale=st.booleans(), scale_in=st.booleans())  # raising the maximum has its own tests
adaptives = st.builds(
    Adaptive, st.just("adaptive"), signals, st.sampled_from([0.7, 40.0]), st.sampled_from([40.0, 100.0]),
    st.sampled_from([None, 0.3, 10.0]), st.sampled_from([0.0, 0.2]), st.sampled_from([50, 288]), st.integers(1, 3),
    st.integers(1, 3), spans, windows,
)  # fmt: skip
phases = st.dictionaries(levels, st.tuples(st.sampled_from([20.0, 100.0, None]), spans), min_size=1, max_size=3).map(
    lambda rows: tuple(Phase(value, *row) for value, row in sorted(rows.items()))
)
gradeds = st.builds(
    Graded, st.just("graded"), signals, phases, st.sampled_from(["off", "moderate", "by urgency"]),
    st.sampled_from([None, 0.3]), spans, windows,
)  # fmt: skip
any_policy = st.one_of(
    defaults,
    slos,
    step_policies(),
    targets,
    threshold_policies(),
    hpas(),
    backlogs,
    composites,
    forecasts,
    adaptives,
    gradeds,
)


def several(each: st.SearchStrategy[AnyPolicy], least: int = 1) -> st.SearchStrategy[tuple[AnyPolicy, ...]]:
    """Up to four policies under names of their own."""
    rows = st.lists(each, min_size=least, max_size=4)
    return rows.map(lambda found: tuple(replace(p, name=f"{p.name}-{i}") for i, p in enumerate(found)))  # type: ignore[type-var]


rates = st.lists(
    st.builds(
        Rate, st.sampled_from([1, 4, 50, 100]), st.sampled_from([OF_COUNT, TASKS]), st.sampled_from([5_000, 30_000])
    ),
    max_size=2,
).map(tuple)

guards = st.builds(
    GuardSettings,
    launches_slow_after=st.integers(1, 4), launches_stop_after=st.integers(4, 8), pay=st.booleans(),
    pay_window=windows, conflict=st.sampled_from(["hold", "yield", "reassert"]),
    incident=st.booleans(), incident_hold=st.sampled_from([30_000, 1_800_000]),
    stabilise_out=spans, stabilise_in=spans, cooldown_out=spans, cooldown_in=spans, rate_out=rates, rate_in=rates,
    hard=st.booleans(),
)  # fmt: skip


@st.composite
def all_settings(
    draw: st.DrawFn,
    policies: st.SearchStrategy[tuple[AnyPolicy, ...]] | None = None,
    rules: st.SearchStrategy[GuardSettings] = guards,
) -> Settings:
    low = draw(st.integers(0, 5))
    return Settings(
        "orders", low, low + draw(st.integers(1, 60)),
        draw(several(any_policy) if policies is None else policies), draw(rules),
        throughput=draw(st.sampled_from([None, 1.0, 20.0])), startup=draw(st.sampled_from([500, 10_000])),
        seeing=draw(st.sampled_from([0, 10_000])),
    )  # fmt: skip


DISTURBANCES: Mapping[str, Mapping[str, Any]] = {
    "nothing": {},
    "half of the tasks silent": {"coverage": 0.5},
    "only a lower bound": {"state": State.CENSORED},
    "empty": {"state": State.EMPTY},
    "stale": {"state": State.STALE},
    "missing": {"state": State.MISSING},
    "no number": {"value": float("nan")},
}


@dataclass(frozen=True)
class Stretch:
    """So many ticks of the same."""

    ticks: int
    ms: int
    shown: Mapping[str, float]
    disturbed: tuple[str, ...]  # the signals the disturbance is on
    disturbance: str
    fleet: Mapping[str, Any]
    starts: str  # "good", "bad" or "none"


amounts = st.sampled_from([0.0, 0.3, 5.0, 30.0, 45.0, 80.0, 120.0, 300.0, 2_000.0])
small = st.sampled_from([0.0, 2.0, 30.0, 500.0])


@st.composite
def stretches(draw: st.DrawFn, ticks: int = 25) -> Stretch:
    load = draw(amounts)
    shown = {
        "requests": load, "cpu": draw(amounts), "load": draw(amounts), "completed": draw(st.sampled_from([load, 40.0])),
        "latency": draw(st.sampled_from([80.0, 700.0, 5_000.0])), "errors": draw(st.sampled_from([0.0, 0.3])),
        "in_flight": draw(small), "queue": draw(small),
    }  # fmt: skip
    disturbed = tuple(draw(st.lists(st.sampled_from(sorted(shown)), max_size=3, unique=True)))
    shown["forecast.upper"] = draw(amounts)  # never disturbed: a forecast that is lost blocks nothing, by design
    disturbance = draw(st.sampled_from(sorted(DISTURBANCES)))
    fleet: dict[str, Any] = {
        "deploying": draw(st.sampled_from([False, False, False, True])),
        "state": draw(st.sampled_from([State.FRESH, State.FRESH, State.FRESH, State.STALE])),
        "revision": draw(st.sampled_from(["", "", "r2"])),
    }
    ms = draw(st.sampled_from([1_000, 1_000, 250, 7_000, 90_000]))
    return Stretch(
        draw(st.integers(1, ticks)), ms, shown, disturbed, disturbance, fleet,
        draw(st.sampled_from(["none", "none", "good", "bad"])),
    )  # fmt: skip


lives = st.lists(stretches(), min_size=1, max_size=4)


@dataclass
class Actor:
    """Plays a life with a service; the same actor and life always give the same."""

    service: Service
    number: int = 0

    def observe(self, part: Stretch) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for name, value in part.shown.items():
            disturbance = DISTURBANCES[part.disturbance] if name in part.disturbed else {}
            shown[name] = {"value": value, **disturbance}
        fleet = dict(part.fleet)
        if part.starts != "none":
            self.number += 1
            good = part.starts == "good"
            fleet["starts"] = (Start(self.number, fleet["revision"], 900 * good, good, "" if good else "exited"),)
        return {"fleet": fleet, **shown}

    def play(self, life: list[Stretch]) -> Iterator[Decision]:
        for part in life:
            for _ in range(part.ticks):
                yield self.service.tick(part.ms, **self.observe(part))


def actor(given: Settings, tasks: int, startup: int = 0, start: int = START) -> Actor:
    service = Service(tasks=tasks, startup=startup)
    service.settings, service.memory, service.now = given, Memory(), start
    return Actor(service)


# -- anything at all

wild_numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.integers(-(10**20), 10**20).map(float), st.just(-0.0),
    st.sampled_from([1e308, 5e-324, 1e12, 0.1, 200.0]),
)  # fmt: skip
wild_counts = st.one_of(st.integers(-3, 40), st.integers(-(10**12), 10**12))
wild_gaps = st.one_of(st.integers(-2_000, 5_000), st.sampled_from([0, 1_000, 10**9, -(10**9), 10**15]))
EVERY = ("requests", "completed", "latency", "errors", "in_flight", "queue", "cpu", "load")


@st.composite
def wild_observations(draw: st.DrawFn, now: int) -> Observation:
    """Any shape of nonsense a broken source, clock or target could hand over."""
    found = {}
    for name in draw(st.lists(st.sampled_from(EVERY), max_size=8, unique=True)):
        found[name] = Signal(
            name, draw(wild_numbers), now + draw(wild_gaps), now + draw(wild_gaps), draw(wild_gaps), draw(wild_gaps),
            draw(st.one_of(st.floats(0, 1), wild_numbers)), draw(st.sampled_from(State)),
        )  # fmt: skip
    starts = st.builds(
        Start, wild_counts, st.sampled_from(["", "r2", "?"]), st.integers(-5, 10**7), st.booleans(), st.text(max_size=5)
    )
    tasks: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(
        ("desired", "serving", "warming", "starting", "draining", "warm", "failed"), wild_counts
    )
    fleet = Fleet(
        at=now + draw(wild_gaps), desired=0, revision=draw(st.sampled_from(["", "r2", "한글"])),
        deploying=draw(st.booleans()), starts=tuple(draw(st.lists(starts, max_size=3))),
        state=draw(st.sampled_from(State)),
    )  # fmt: skip
    fleet = fleet._replace(**draw(st.fixed_dictionaries(tasks)))
    operator = draw(
        st.one_of(
            st.just(Operator()),
            st.builds(Operator, st.none() | wild_counts, st.booleans(), st.booleans(), st.integers(-5, 10**14)),
        )
    )
    return Observation(now, draw(st.integers(-(10**15), 10**15)), found, fleet, draw(wild_gaps), operator)
