"""Step scaling: AWS's rounding, intervals and datapoints (the service's own documentation)."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.model import State, Want
from fleetfoot.core.policies.step import CHANGE, EXACT, PERCENT, Step, change
from tests.unit.core.build import UNUSABLE, Service, Shown, outcome
from tests.unit.core.steps import policy


@pytest.mark.parametrize(
    ("percent", "count", "by"),
    [
        # the worked case of the documentation: 10, +10 % -> 11, +30 % of 11 -> 14, -10 % of 14 -> 13, -30 % of 13 -> 10
        pytest.param(10, 10, 1, id="+10 % of 10"),
        pytest.param(30, 11, 3, id="+30 % of 11 is 3.3"),
        pytest.param(-10, 14, -1, id="-10 % of 14 is -1.4"),
        pytest.param(-30, 13, -3, id="-30 % of 13 is -3.9"),
        # the rounding table
        pytest.param(12.7, 100, 12, id="12.7 becomes 12"),
        pytest.param(0.67, 100, 1, id=".67 becomes 1"),
        pytest.param(-0.58, 100, -1, id="-.58 becomes -1"),
        pytest.param(-6.67, 100, -6, id="-6.67 becomes -6"),
        # whole numbers stay whole, whatever binary fractions make of them
        pytest.param(18.4, 375, 69, id="18.4 % of 375 is 69, not 68.99999999999999"),
        pytest.param(-258.4, 125, -323, id="-258.4 % of 125 is -323, not -322.99999999999994"),
        pytest.param(50, 4, 2, id="x1.5 of 4"),
        pytest.param(50, 5, 2, id="x1.5 of 5 is 2.5"),
        pytest.param(50, 1, 1, id="x1.5 of 1 is a half, so one"),
        pytest.param(0, 10, 0, id="nothing of 10"),
        pytest.param(100, 0, 0, id="all of nothing"),
    ],
)
def test_a_percentage_under_one_task_is_one_and_else_is_cut_towards_zero(percent: float, count: int, by: int) -> None:
    assert change(PERCENT, percent, count) == by


@pytest.mark.parametrize(
    ("percent", "count", "at_least", "by"),
    [
        pytest.param(10, 10, 2, 2, id="raised"),
        pytest.param(-10, 10, 3, -3, id="raised the other way"),
        pytest.param(50, 10, 2, 5, id="already more"),
        pytest.param(0, 10, 2, 0, id="no change stays none"),
    ],
)
def test_the_smallest_change_raises_a_percentage_and_nothing_else(
    percent: float, count: int, at_least: int, by: int
) -> None:
    assert change(PERCENT, percent, count, at_least) == by
    assert change(CHANGE, 1, count, at_least) == 1
    assert change(EXACT, 12, count, at_least) == 12 - count


@pytest.mark.parametrize(
    ("load", "want"),
    [
        pytest.param(99.0, "abstain", id="below the threshold"),
        pytest.param(100.0, "abstain", id="on the threshold: it must be passed"),
        pytest.param(100.5, "5", id="just above"),
        pytest.param(149.9, "5", id="end of the first step"),
        pytest.param(150.0, "6", id="a lower end belongs to its step"),
        pytest.param(199.9, "6", id="end of the second step"),
        pytest.param(200.0, "8", id="beginning of the last"),
        pytest.param(9_999.0, "8", id="the last has no end"),
    ],
)
def test_the_distance_above_the_threshold_picks_one_two_or_four_tasks(load: float, want: str) -> None:
    service = Service(policy())
    service.tick(load=load)
    assert outcome(service.vote) == want


@pytest.mark.parametrize(
    ("load", "want"),
    [
        pytest.param(50.0, "abstain", id="on the threshold"),
        pytest.param(49.0, "9", id="just below"),
        pytest.param(30.1, "9", id="before the second step"),
        pytest.param(30.0, "8", id="below, the far end belongs to the deeper step"),
        pytest.param(0.0, "8", id="idle"),
    ],
)
def test_below_the_threshold_distances_count_downwards_and_the_far_end_belongs(load: float, want: str) -> None:
    steps = ((None, -20.0, -2.0), (-20.0, 0.0, -1.0))
    service = Service(policy(steps, threshold=50.0, above=False), tasks=10)
    service.tick(load=load)
    assert outcome(service.vote) == want


def test_below_the_threshold_the_near_end_of_the_deepest_step_belongs_to_nobody() -> None:
    ends = policy(((-20.0, 0.0, -1.0),), threshold=50.0, above=False)
    assert [ends.pick(distance) for distance in (-20.0, -19.9, 0.0, 0.1)] == [None, -1.0, -1.0, None]


@pytest.mark.parametrize(
    ("cpu", "want"),
    [
        pytest.param(0.30, "3", id="30 % -> 3"),
        pytest.param(0.45, "3", id="up to the next step"),
        pytest.param(0.60, "5", id="60 % -> 5"),
        pytest.param(0.95, "5", id="and beyond"),
    ],
)
def test_an_exact_step_sets_the_count(cpu: float, want: str) -> None:
    service = Service(policy(((0.0, 0.3, 3.0), (0.3, None, 5.0)), EXACT, threshold=0.2999), tasks=4)
    service.tick(load=cpu + 0.0001)
    assert outcome(service.vote) == want


def test_an_exact_step_shrinks_to_its_count_too() -> None:
    service = Service(policy(((0.0, None, 3.0),), EXACT), tasks=8)
    service.tick(load=150.0)
    assert service.tasks == 3


@pytest.mark.parametrize(
    ("threshold", "value", "want"),
    [
        pytest.param(0.8, 0.9, "6", id="0.9 - 0.8 is a tenth, not 0.0999"),
        pytest.param(0.7, 0.8, "6", id="0.8 - 0.7"),
        pytest.param(0.1, 0.1, "abstain", id="on it"),
    ],
)
def test_decimal_distances_are_exact(threshold: float, value: float, want: str) -> None:
    service = Service(policy(((0.0, 0.1, 1.0), (0.1, None, 2.0)), threshold=threshold))
    service.run(30, load=0.05)
    service.tick(load=value)
    assert outcome(service.vote) == want


# -- datapoints and statistics


def test_every_datapoint_must_be_past_the_threshold_and_the_newest_picks_the_step() -> None:
    service = Service(policy(datapoints=3))
    loads = [120.0, 120.0, 90.0, 250.0, 250.0, 160.0]
    votes = []
    for load in loads:
        service.tick(load=load)
        votes.append(outcome(service.vote))
    assert votes == ["abstain"] * 5 + ["6"]


def test_three_minutes_of_datapoints_are_remembered() -> None:
    service = Service(policy(datapoints=3, period=60_000, cooldown=0))
    assert service.run(149, load=150.5).desired == 4
    assert service.tick(load=150.5).desired == 6  # half of the third minute is enough


def test_an_hour_as_one_period_is_remembered() -> None:
    service = Service(policy(period=3_600_000))
    assert service.run(1_790, ms=10_000, load=120.0).desired == 4
    assert service.tick(10_000, load=120.0).desired == 5


@pytest.mark.parametrize(
    ("statistic", "want"),
    [
        pytest.param("mean", "5", id="the mean of 90 and 170 is 130"),
        pytest.param("max", "6", id="the largest is 170"),
        pytest.param("min", "abstain", id="the smallest is 90"),
    ],
)
def test_the_statistic_says_what_a_period_was(statistic: str, want: str) -> None:
    service = Service(policy(period=10_000, statistic=statistic))
    for second in range(10):
        service.tick(load=170.0 if second % 2 else 90.0)
    assert outcome(service.vote) == want


def test_a_period_less_than_half_measured_is_no_datapoint() -> None:
    service = Service(policy(period=10_000))
    service.run(4, load=500.0)
    assert outcome(service.vote) == "abstain"
    assert service.vote.reason.code == "too_few_samples"
    service.tick(load=500.0)
    assert outcome(service.vote) == "8"


# -- sight


@pytest.mark.parametrize("shown", [pytest.param(value, id=name) for name, value in UNUSABLE.items()])
def test_without_its_signal_it_is_blind(shown: Shown) -> None:
    service = Service(policy())
    service.run(5, load=50.0)
    service.tick(load=shown)
    assert outcome(service.vote) == "blind"


@pytest.mark.parametrize(
    ("dim", "grown"),
    [
        pytest.param({"coverage": 0.5}, "8", id="half of the tasks silent"),  # 120 seen, 240 in truth
        pytest.param({"state": State.CENSORED}, "5", id="only a lower bound"),
    ],
)
def test_poor_sight_supports_growth_and_no_calm(dim: dict[str, Any], grown: str) -> None:
    grows, calm = Service(policy()), Service(policy())
    grows.tick(load={"value": 120.0, **dim})
    calm.tick(load={"value": 20.0, **dim})
    assert (outcome(grows.vote), outcome(calm.vote)) == (grown, "blind")


def test_the_vote_says_where_the_next_step_begins() -> None:
    service = Service(policy())
    service.tick(load=120.0)
    assert isinstance(service.vote, Want)
    assert service.vote.flip == 150.0


@pytest.mark.parametrize(
    ("given", "monotone"),
    [
        pytest.param(policy(), True, id="rising steps above"),
        pytest.param(policy(((0.0, 50.0, 4.0), (50.0, None, 1.0))), False, id="a smaller step further out"),
        pytest.param(policy(kind=EXACT), False, id="exact counts"),
        pytest.param(policy(((None, 0.0, -1.0),), above=False), False, id="below a threshold"),
    ],
)
def test_a_step_says_whether_more_load_may_want_fewer(given: Step, monotone: bool) -> None:
    assert given.monotone is monotone
