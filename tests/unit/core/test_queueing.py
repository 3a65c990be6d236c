"""The queue's model: Erlang's formula, and what a count carries."""

from __future__ import annotations

from fractions import Fraction
from math import exp, factorial, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.core.queueing import MANY, carries, slack, tasks_for, waits, waits_at_most

rates = st.floats(0.0, 5_000.0)
throughputs = st.sampled_from([0.5, 1.0, 20.0, 333.0])
lates = st.sampled_from([0.001, 0.01, 0.1])
spans = st.sampled_from([0.002, 0.05, 0.5, 0.95, 10.0])


def erlang_c(tasks: int, load: Fraction) -> float:
    """The textbook's sum, exact."""
    full = load**tasks / factorial(tasks) * Fraction(tasks) / (tasks - load)
    return float(full / (sum(load**n / factorial(n) for n in range(tasks)) + full))


@pytest.mark.parametrize(
    ("tasks", "load"), [(1, Fraction(1, 2)), (2, Fraction(1)), (5, Fraction(4)), (10, Fraction(8)), (60, Fraction(57))]
)
def test_the_share_that_waits_is_erlangs(tasks: int, load: Fraction) -> None:
    assert waits(tasks, float(load)) == pytest.approx(erlang_c(tasks, load), rel=1e-12)


def test_one_task_makes_as_many_wait_as_it_is_busy_and_two_at_half_load_a_third() -> None:
    assert waits(1, 0.3) == pytest.approx(0.3)
    assert waits(2, 1.0) == pytest.approx(1 / 3)


@pytest.mark.parametrize("share", [waits, waits_at_most])
def test_nobody_waits_without_load_and_everybody_in_overload(share: object) -> None:
    assert callable(share)
    assert share(4, 0.0) == pytest.approx(0.0, abs=1e-300)
    assert share(4, 4.0) == 1.0
    assert share(4, 400.0) == 1.0


@pytest.mark.parametrize("tasks", [1, 2, 7, MANY - 1, MANY, 300, 1_000])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.95, 0.99, 0.9999])
def test_the_bound_never_promises_less_waiting_than_there_is_and_hardly_more(tasks: int, share: float) -> None:
    exact, bound = waits(tasks, share * tasks), waits_at_most(tasks, share * tasks)
    assert bound >= exact * (1 - 1e-9)
    assert bound <= exact * (1.002 if tasks >= MANY else 1.05) or exact < 1e-12


def test_with_the_least_load_of_many_tasks_the_bound_is_still_a_number() -> None:
    assert 0.0 <= waits_at_most(10**6, 1e-9) < 1e-300


@pytest.mark.parametrize("tasks", [1, 3, 12, MANY - 1, MANY, 200])
def test_at_what_a_count_carries_just_so_many_wait_too_long(tasks: int) -> None:
    late, wait, throughput = 0.01, 0.5, 20.0
    rate = carries(tasks, throughput, late, wait)
    assert waits(tasks, rate / throughput) * exp(-(tasks * throughput - rate) * wait) == pytest.approx(late, rel=2e-3)


def test_two_tasks_of_twenty_carry_what_the_formula_says() -> None:
    """By hand: 40 - rate = log(C / 0.01) / 0.5 with C = load^2 / (2 + load), load = rate / 20; rate 31.27, C 0.686."""
    rate = carries(2, 20.0, 0.01, 0.5)
    load = rate / 20.0
    assert rate == pytest.approx(31.5, abs=0.3)
    assert 40.0 - rate == pytest.approx(log(load**2 / (2 + load) / 0.01) / 0.5, rel=1e-6)


def test_what_a_count_carries_is_between_the_certain_and_all_it_can() -> None:
    for tasks in (1, 5, MANY, 1_000):
        assert tasks * 20.0 - slack(0.01, 0.5) <= carries(tasks, 20.0, 0.01, 0.5) < tasks * 20.0


@given(st.integers(0, 2 * MANY), throughputs, lates, spans)
def test_one_task_more_carries_more(tasks: int, throughput: float, late: float, wait: float) -> None:
    """Across the count from which the bound is taken too."""
    assert carries(tasks + 1, throughput, late, wait) > carries(tasks, throughput, late, wait)


@given(st.integers(1, 2 * MANY), throughputs, lates, st.sampled_from([(0.05, 0.5), (0.5, 0.95)]))
def test_less_patience_and_a_stricter_share_carry_less(
    tasks: int, throughput: float, late: float, spans: tuple[float, float]
) -> None:
    short, long = spans
    assert carries(tasks, throughput, late, short) < carries(tasks, throughput, late, long)
    assert carries(tasks, throughput, late / 2, long) < carries(tasks, throughput, late, long)


@given(rates, throughputs, lates, spans)
def test_the_fewest_tasks_carry_the_rate_and_one_fewer_does_not(
    rate: float, throughput: float, late: float, wait: float
) -> None:
    tasks = tasks_for(rate, throughput, late, wait)
    assert carries(tasks, throughput, late, wait) >= rate * (1 - 1e-7)
    assert tasks == 1 or carries(tasks - 1, throughput, late, wait) < rate


@given(rates, rates, throughputs, lates, spans)
def test_more_rate_never_needs_fewer_tasks(
    one: float, other: float, throughput: float, late: float, wait: float
) -> None:
    low, high = sorted((one, other))
    assert tasks_for(low, throughput, late, wait) <= tasks_for(high, throughput, late, wait)


def test_a_wait_next_to_nothing_needs_idle_tasks_and_not_thousands() -> None:
    """A fifth of a millisecond for eight tasks' work: so few may wait at all that 16 are enough."""
    assert 14 <= tasks_for(160.0, 20.0, 0.01, 0.0002) <= 18


@pytest.mark.parametrize(
    ("rate", "throughput", "tasks"),
    [
        pytest.param(0.0, 20.0, 1, id="no traffic"),
        pytest.param(1e-300, 20.0, 1, id="hardly any"),
        pytest.param(1.0, 1e12, 1, id="a task for everybody"),
        pytest.param(1e12, 20.0, 50_000_000_001, id="more than the world has"),
    ],
)
def test_silly_rates_have_sober_answers(rate: float, throughput: float, tasks: int) -> None:
    assert tasks_for(rate, throughput, 0.01, 0.95) == pytest.approx(tasks, abs=1)


def test_no_task_and_a_task_that_carries_nothing_carry_nothing() -> None:
    assert carries(0, 20.0, 0.01, 0.95) == 0.0
    assert carries(5, 0.0, 0.01, 0.95) == 0.0
