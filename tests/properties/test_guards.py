"""Each guard's own promise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from math import ceil, trunc
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from fleetfoot.core.model import Action, Decision, State
from fleetfoot.core.policies import Default, Target
from fleetfoot.core.settings import PERCENT, TASKS, GuardSettings, Rate, Settings
from tests.properties.services import all_settings, defaults, several, targets
from tests.properties.worlds import Stretch, actor, counts, fewer, inside, lives
from tests.unit.core.build import OPEN, START, Service, told

HARMLESS = {"deploying": False, "state": State.FRESH, "revision": ""}


def alone(**rules: Any) -> st.SearchStrategy[Settings]:
    """Any policies under one guard."""
    return all_settings(rules=st.just(replace(OPEN, **rules)))


@given(
    all_settings(
        several(st.one_of(defaults, targets)), st.just(replace(OPEN, launches_slow_after=2, launches_stop_after=4))
    ),
    lives,
)
def test_launches_while_starts_fail_growth_is_one_task_a_minute_at_most(known: Settings, life: list[Stretch]) -> None:
    known = replace(known, minimum=0)
    playing = actor(known, min(4, known.maximum))
    failing = [replace(part, starts="bad", fleet=HARMLESS) for part in life]
    grown: list[int] = []
    for number, decision in enumerate(playing.play(failing)):
        if number >= 4 and decision.action is Action.GROW:
            assert decision.desired == decision.current + 1
            grown.append(decision.now)
    assert all(later - earlier >= 60_000 for earlier, later in pairwise(grown[1:]))


@fewer
@given(st.integers(1, 8), st.floats(20.0, 400.0), st.sampled_from([0.3, 0.9, 1.5]))
def test_pay_growth_that_brings_nothing_ends(tasks: int, rate: float, fullness: float) -> None:
    """Whatever is ordered, the same is completed, as late: somebody else is slow."""
    guards = GuardSettings(rate_out=(Rate(4, TASKS, 30_000),))
    known = Settings("orders", 1, 1000, (Default(),), guards, throughput=20.0, startup=1_000)
    playing = Service()
    playing.settings = known
    playing.set(tasks)
    stuck: dict[str, Any] = {"completed": rate * 0.9, "latency": 9_000.0, "errors": 0.0, "queue": rate * 10 * fullness}
    made = list(playing.ticks(900, requests=rate, in_flight=10.0, **stuck))
    late = [decision for decision in made[300:] if decision.action is Action.GROW]
    assert len(late) <= 3  # probes, one in five minutes
    assert all(decision.desired == decision.current + 1 for decision in late)
    if late:
        assert "capacity_does_not_help" in {code for decision in made for code in told(decision)}


@given(
    st.integers(5, 60), st.floats(20.0, 500.0), st.floats(0.0, 0.6), st.sampled_from(["errors", "latency", "in_flight"])
)
def test_incident_a_fall_of_demand_while_something_rises_is_held(
    tasks: int, rate: float, left: float, rising: str
) -> None:
    known = Settings(
        "orders", 1, 100, (Target("t", "requests", 14.0, per_task=True, window=1_000),),
        replace(OPEN, incident=True, incident_hold=600_000), seeing=0,
    )  # fmt: skip
    service = Service(tasks=tasks)
    service.settings = known
    calm: dict[str, Any] = {"completed": rate, "latency": 80.0, "errors": 0.0, "in_flight": 2.0, "queue": 0.0}
    service.run(120, requests=rate, **calm)
    bad = {**calm, "errors": 0.5, "latency": 8_000.0, "in_flight": 5_000.0}
    worse = {**calm, rising: bad[rising]}
    service.run(2, requests=rate, **worse)  # the first sign is not later than the fall
    before = service.tasks
    for decision in service.ticks(60, requests=rate * left, **worse):
        if "incident_hold" in told(decision):
            break
    for decision in service.ticks(500, requests=rate * left, **worse):
        assert decision.action is not Action.SHRINK
    assert service.tasks <= before


@given(alone(stabilise_in=20_000), counts, lives)
def test_stabilisation_nothing_is_let_go_that_was_wanted_inside_the_window(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    wished: list[tuple[int, int]] = []
    for decision in actor(known, inside(known, tasks)).play(life):
        wished.append((decision.now, max(decision.wanted, min(known.minimum, decision.current))))
        if decision.action is Action.SHRINK and decision.current <= known.maximum:
            inside_window = [count for at, count in wished if at >= decision.now - 20_000]
            assert decision.desired >= min(max(inside_window), known.maximum)


def least_wished(known: Settings, tasks: int, life: list[Stretch], window: int) -> Iterator[tuple[Decision, int]]:
    """Each decision with the smallest count that was wanted within ``window`` ms; before the first it was ``tasks``."""
    wished: list[tuple[int, int]] = []
    for decision in actor(known, tasks).play(life):
        if not wished:
            wished.append((decision.now, tasks))
        wished.append((decision.now, decision.wanted))
        yield decision, min(count for at, count in wished if at >= decision.now - window)


@given(alone(stabilise_out=20_000), counts, lives)
def test_stabilisation_nothing_is_grown_that_was_not_wanted_all_of_the_window(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    for decision, least in least_wished(known, inside(known, tasks), life, 20_000):
        if decision.action is Action.GROW and decision.desired > known.minimum:
            assert decision.desired <= least


@given(alone(stabilise_out=20_000), counts, lives)
def test_stabilisation_what_was_wanted_all_of_the_window_is_grown(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    for decision, least in least_wished(known, inside(known, tasks), life, 20_000):
        if least > decision.current:
            assert decision.desired == min(least, known.maximum)


@given(all_settings(), counts, lives)
def test_nothing_shrinks_before_the_windows_are_full_nor_within_a_start_up_of_a_surge(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    known = replace(known, seeing=30_000)
    playing = actor(known, inside(known, tasks))
    surge = None
    for decision in playing.play(life):
        if decision.action is Action.SHRINK and decision.current <= known.maximum:
            assert decision.now - START >= 30_000
            assert surge is None or decision.now - surge >= min(900, known.startup)
        if decision.urgent:
            surge = decision.now


@given(alone(cooldown_in=30_000, cooldown_out=10_000), counts, lives)
def test_cooldown_after_any_change_no_shrink_and_only_a_larger_growth(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    changed, by, before = None, 0, None
    for decision in actor(known, inside(known, tasks)).play(life):
        if before is not None and decision.current != before:
            changed, by = decision.now, decision.current - before
        before = decision.current
        if changed is None or decision.current > known.maximum:
            continue
        if decision.action is Action.SHRINK:
            assert decision.now - changed >= 30_000
        if decision.action is Action.GROW and decision.now - changed < 10_000 and decision.desired > known.minimum:
            assert by <= 0 or decision.wanted - decision.current > by


def allowed(rule: Rate, start: int, sign: int) -> int:
    if rule.unit == PERCENT:
        exact = round(start * (1 + sign * rule.value / 100), 9)
        return ceil(exact) if sign > 0 else trunc(exact)
    return int(start + sign * rule.value)


@given(
    alone(
        rate_out=(Rate(50, PERCENT, 20_000), Rate(2, TASKS, 5_000)),
        rate_in=(Rate(25, PERCENT, 20_000), Rate(1, TASKS, 9_000)),
    ),
    counts,
    lives,
)
def test_rate_the_count_moves_no_further_within_a_period_than_the_largest_rule_allows(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    past: list[tuple[int, int]] = []

    def began(period: int, now: int) -> int:
        return next((count for at, count in reversed(past) if at <= now - period), past[0][1])

    for decision in actor(known, inside(known, tasks)).play(life):
        past.append((decision.now, decision.current))
        if decision.current > known.maximum:
            continue
        if decision.action is Action.GROW and decision.desired > known.minimum:
            assert decision.desired <= max(allowed(r, began(r.period, decision.now), 1) for r in known.guards.rate_out)
        if decision.action is Action.SHRINK:
            assert decision.desired >= min(allowed(r, began(r.period, decision.now), -1) for r in known.guards.rate_in)


@given(all_settings(), st.integers(0, 200), lives)
@example(known=Settings("orders", 0, 3, (Target("t", "cpu", 0.5),), OPEN, seeing=0), tasks=200, life=[])
def test_bounds_a_fleet_above_its_maximum_comes_down_by_a_tenth_in_ten_seconds_at_most(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    """A policy that wants a smaller fleet may go faster; this is what the maximum does of itself."""
    stepped = None
    for decision in actor(known, tasks).play(life):
        by_itself = decision.current > known.maximum and decision.wanted >= decision.current
        if by_itself and decision.action is Action.SHRINK:
            assert decision.current - decision.desired <= max(1, ceil(decision.current * 0.1))
            assert stepped is None or decision.now - stepped >= 10_000
            stepped = decision.now
