"""The bounds against exhaustive search: no other choice of tasks is cheaper, and none goes below the floor."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetfoot.sim.bounds import Plan, Scheduled, Terms, clairvoyant, floor, needed, reactive
from fleetfoot.sim.scaler import Counts

SECONDS = 6
needs = st.lists(st.integers(0, 2), min_size=SECONDS, max_size=SECONDS)
terms = st.builds(Terms, st.integers(0, 4), st.integers(0, 3), st.integers(0, 1))
runs = st.lists(st.integers(0, 6), min_size=1, max_size=80)


def every_task() -> list[tuple[int, int]]:
    """Each way a task can serve: from its first second to the one after its last."""
    return [(begin, end) for begin in range(SECONDS) for end in range(begin + 1, SECONDS + 1)]


def billed(task: tuple[int, int], terms: Terms) -> float:
    """From the order to the end of the drain, inside the seconds that count."""
    begin, end = task
    return min(SECONDS, end + terms.drain) - max(0, begin - terms.lead)


def least_of_all(need: list[int], terms: Terms) -> float:
    """The cheapest of every set of at most four tasks: more are never of use where two are needed."""
    tasks = every_task()
    least = float("inf")
    for many in range(5):
        for chosen in combinations_with_replacement(tasks, many):
            cost = sum(billed(task, terms) for task in chosen)
            if cost < least and all(
                sum(begin <= t < end for begin, end in chosen) >= max(need[t], terms.minimum) for t in range(SECONDS)
            ):
                least = cost
    return least


def cost_of(serving: tuple[int, ...] | list[int], terms: Terms) -> float:
    """What a series of counts costs: area, a lead for each that begins, a drain for each that ends."""
    cost, before = float(sum(serving)), 0
    for second, count in enumerate(serving):
        cost += max(0, count - before) * min(terms.lead, second)
        cost += max(0, before - count) * min(terms.drain, len(serving) - second)
        before = count
    return cost


def by_dynamic_programme(need: list[int], terms: Terms) -> float:
    """The least cost over every series of counts, second by second."""
    top = max(*need, terms.minimum, 1)
    least = {0: 0.0}
    for second, low in enumerate(need):
        start, stop = min(terms.lead, second), min(terms.drain, len(need) - second)
        least = {
            now: now + min(cost + max(0, now - was) * start + max(0, was - now) * stop for was, cost in least.items())
            for now in range(max(low, terms.minimum), top + 1)
        }
    return min(least.values())


@settings(max_examples=25, deadline=None)
@given(needs, terms)
def test_no_set_of_tasks_is_cheaper_than_the_clairvoyant(need: list[int], terms: Terms) -> None:
    assert clairvoyant(np.array(need), terms).cost == least_of_all(need, terms)


@settings(max_examples=300, deadline=None)
@given(runs, st.builds(Terms, st.integers(0, 12), st.integers(0, 9), st.integers(0, 2)))
def test_the_clairvoyant_is_exact_over_longer_spans_too(need: list[int], terms: Terms) -> None:
    assert clairvoyant(np.array(need), terms).cost == by_dynamic_programme(need, terms)


@settings(max_examples=300, deadline=None)
@given(runs, st.builds(Terms, st.integers(0, 12), st.integers(0, 9), st.integers(0, 2)))
def test_the_plan_serves_the_need_and_costs_what_it_says(need: list[int], terms: Terms) -> None:
    plan = clairvoyant(np.array(need), terms)
    assert plan.short == 0
    assert (plan.serving >= np.maximum(need, terms.minimum)).all()
    assert plan.cost == cost_of(plan.serving.tolist(), terms)


@settings(max_examples=300, deadline=None)
@given(runs, st.builds(Terms, st.integers(0, 12), st.integers(0, 9), st.integers(0, 2)))
def test_the_plans_orders_give_its_capacity_when_growth_takes_the_lead(need: list[int], terms: Terms) -> None:
    plan, lead = clairvoyant(np.array(need), terms), int(terms.lead)
    for t in range(lead, len(need)):
        assert plan.serving[t] == plan.desired[t - lead : t + 1].min()
    assert plan.desired.max() <= max(plan.serving.max(), terms.minimum)


def feasible(serving: tuple[int, ...], arrivals: list[int], wait: int) -> bool:
    """Whether the work of each second can be done in it or the ``wait - 1`` seconds after it, by a fluid's rule."""
    return all(
        sum(serving[s : e + wait]) >= sum(arrivals[s : e + 1]) - 1e-9
        for s in range(len(arrivals))
        for e in range(s, len(arrivals) - wait + 1)
    )


def series() -> Iterator[tuple[int, ...]]:
    return product(range(4), repeat=SECONDS)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=SECONDS, max_size=SECONDS), st.integers(0, 5), st.integers(0, 3))
def test_nobody_who_keeps_every_second_goes_below_the_floor(arrivals: list[int], lead: int, drain: int) -> None:
    terms = Terms(lead, drain)
    least = min(cost_of(serving, terms) for serving in series() if feasible(serving, arrivals, 2))
    assert floor(np.array(arrivals), 1.0, terms, within=1.0, share=1.0) <= least + 1e-9


@settings(max_examples=200, deadline=None)
@given(runs, st.builds(Terms, st.integers(0, 12), st.integers(0, 9), st.integers(0, 2)))
def test_the_floor_is_never_above_the_plan(need: list[int], terms: Terms) -> None:
    assert floor(np.array(need) * 20.0, 20.0, terms) <= clairvoyant(np.array(need), terms).cost + 1e-9


def test_the_floor_comes_close_to_the_plan_under_steady_load() -> None:
    plan = clairvoyant(np.full(3600, 8), Terms(40, 30)).cost
    assert plan == 8 * 3600
    assert plan < 1.06 * floor(np.full(3600, 8 * 20.0), 20.0, Terms(40, 30), share=1.0)


@settings(max_examples=300, deadline=None)
@given(runs, st.integers(0, 12), st.integers(0, 9))
def test_whoever_only_reacts_pays_at_most_twice_the_clairvoyant(need: list[int], lead: int, drain: int) -> None:
    terms = Terms(lead, drain)
    assert reactive(np.array(need), terms).cost <= 2 * clairvoyant(np.array(need), terms).cost + max(need) * lead


def test_a_gap_is_bridged_until_a_new_start_is_cheaper() -> None:
    terms = Terms(lead=40, drain=30)
    for gap, serving in ((70, 2), (71, 1)):
        need = np.concatenate((np.full(100, 2), np.ones(gap), np.full(100, 2)))
        plan = clairvoyant(need, terms)
        assert plan.serving[150] == serving
        assert plan.cost == need.sum() + 70


def test_a_step_is_ordered_one_lead_before_it() -> None:
    plan = clairvoyant(np.concatenate((np.full(100, 2), np.full(100, 9))), Terms(40, 30))
    assert plan.desired[59] == 2
    assert plan.desired[60] == 9
    assert plan.cost == 100 * 2 + 100 * 9 + 7 * 40


def test_whoever_only_reacts_is_short_for_one_lead_after_a_step() -> None:
    need = np.concatenate((np.full(100, 2), np.full(100, 9), np.full(200, 2)))
    plan = reactive(need, Terms(40, 30))
    assert plan.short == 40
    assert np.flatnonzero(plan.serving == 9).tolist() == list(range(140, 270))
    assert plan.cost == 400 * 2 + 7 * (100 + 70) + 7 * 30


def test_without_a_hold_the_reactive_gives_back_at_once() -> None:
    need = np.concatenate((np.full(100, 2), np.full(100, 9), np.full(200, 2)))
    assert reactive(need, Terms(40, 30), hold=0).serving[200] == 2


def test_a_need_over_the_maximum_is_short_and_said_so() -> None:
    plan = clairvoyant(np.array([1, 5, 5, 1]), Terms(0, 0, minimum=1, maximum=3))
    assert plan.serving.tolist() == [1, 3, 3, 1]
    assert plan.short == 2
    assert reactive(np.array([5, 5]), Terms(0, 0, maximum=3)).short == 2


def test_the_minimum_is_paid_when_nothing_comes() -> None:
    assert clairvoyant(np.zeros(100), Terms(40, 30, minimum=2)).cost == 200
    assert floor(np.zeros(100), 20.0, Terms(40, 30, minimum=2)) == 200


@pytest.mark.parametrize(
    "bad", [[], [1.0, -1.0], [float("nan")], [[1.0]]], ids=["empty", "negative", "not a number", "two dimensions"]
)
def test_what_is_no_need_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="one number a second"):
        clairvoyant(np.array(bad), Terms(1, 1))


def test_the_need_is_the_fewest_tasks_that_carry_the_rate() -> None:
    found = needed(np.array([0, 0.1, 17, 17.1, 37, 60]), np.array([17, 37, 57]))
    assert found.tolist() == [0, 1, 1, 2, 2, 4]
    assert clairvoyant(found, Terms(0, 0, maximum=3)).short == 1
    with pytest.raises(ValueError, match="cannot carry less"):
        needed(np.array([1.0]), np.array([17, 16]))


def test_terms_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Terms(-1, 0)
    with pytest.raises(ValueError, match="at least 1 and the minimum"):
        Terms(1, 1, minimum=4, maximum=3)
    with pytest.raises(ValueError, match="hold"):
        reactive(np.array([1]), Terms(1, 1), hold=-1)
    with pytest.raises(ValueError, match="throughput"):
        floor(np.array([1]), 0.0, Terms(1, 1))


class Nothing:
    """A feed before the first measurement."""

    def points(self, name: str, period: int, delay: int, count: int) -> list[float]:
        return []

    def mean(self, name: str, span: int, delay: int = 0) -> float | None:
        return None


def test_a_plan_can_be_tried_as_a_scaler() -> None:
    plan = Plan(0.0, np.array([2, 2, 5]), np.array([2, 5, 5]), 0)
    scaler = Scheduled("clairvoyant", plan)
    fleet = Counts(0, 2, 2, 0, 0, 1, 9)
    assert [scaler.decide(now, fleet, Nothing()) for now in (0, 1000, 2000, 9000)] == [2, 5, 5, 5]
