"""Made-up services, for property tests: any policies under any guards."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from fleetfoot.core.hpa.behavior import Behavior, Policy, Rules
from fleetfoot.core.hpa.replicas import EACH, SHARED, UTILISATION, VALUE
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
