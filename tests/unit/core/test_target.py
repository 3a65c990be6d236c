"""Target tracking: proportional, tolerant, and never ordering the same task twice."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.model import State, Want
from fleetfoot.core.policies.target import Target
from tests.unit.core.build import UNUSABLE, Service, Shown, outcome


def share(value: float = 0.5, **changes: Any) -> Target:
    """A property of each task, such as cpu."""
    return Target("target", "cpu", value, window=1000, **changes)


def total(value: float = 14.0, **changes: Any) -> Target:
    """A total shared out among tasks, such as requests."""
    return Target("target", "load", value, per_task=True, window=1000, **changes)


@pytest.mark.parametrize(
    ("tasks", "cpu", "want"),
    [
        pytest.param(10, 0.85, 17, id="the worked case: 10 tasks at 85 for a target of 50"),
        pytest.param(1, 1.0, 2, id="twice the target, twice the tasks"),
        pytest.param(3, 0.6, 4, id="3.6 tasks are 4"),
        pytest.param(10, 0.25, 5, id="half the target, half the tasks"),
        pytest.param(10, 0.26, 6, id="5.2 tasks are 6: never too much is removed"),
        pytest.param(10, 0.0, 0, id="idle"),
        pytest.param(5, 0.7, 7, id="exactly 7, not 8 for a hair of binary"),
        pytest.param(10, 0.5, 10, id="on the target"),
    ],
)
def test_the_count_is_proportional_to_the_ratio_and_rounded_up(tasks: int, cpu: float, want: int) -> None:
    service = Service(share(), tasks=tasks)
    service.tick(cpu=cpu)
    assert outcome(service.vote) == str(want)


@pytest.mark.parametrize(
    ("cpu", "want"),
    [
        pytest.param(0.55, 10, id="10 % above is inside"),
        pytest.param(0.5501, 12, id="a hair more is outside"),
        pytest.param(0.45, 10, id="10 % below is inside"),
        pytest.param(0.4499, 9, id="a hair less is outside"),
    ],
)
def test_the_tolerance_includes_both_its_ends(cpu: float, want: int) -> None:
    service = Service(share(), tasks=10)
    service.tick(cpu=cpu)
    assert outcome(service.vote) == str(want)


def test_inside_the_tolerance_the_vote_holds_the_count_for_other_policies_too() -> None:
    service = Service(share(), tasks=10)
    service.tick(cpu=0.5)
    assert isinstance(service.vote, Want)
    assert (service.vote.tasks, service.vote.reason.code) == (10, "within_tolerance")


@pytest.mark.parametrize(
    ("load", "want"),
    [
        pytest.param(140.0, 10, id="ten times fourteen"),
        pytest.param(141.0, 11, id="a hair more"),
        pytest.param(280.0, 20, id="twice"),
        pytest.param(57.0, 4, id="inside the tolerance"),
        pytest.param(14.0, 1, id="one task's worth"),
        pytest.param(0.0, 0, id="nothing"),
    ],
)
def test_a_total_is_shared_out_among_tasks(load: float, want: int) -> None:
    service = Service(total(), tasks=4)
    service.tick(load=load)
    assert outcome(service.vote) == str(want)


def test_a_total_grows_from_no_task_at_all() -> None:
    service = Service(total(), tasks=0)
    service.tick(load=30.0)
    assert outcome(service.vote) == "3"


def test_a_share_of_no_task_says_nothing() -> None:
    service = Service(share(), tasks=0)
    service.tick(cpu=0.9)
    assert outcome(service.vote) == "abstain"


@pytest.mark.parametrize("policy", [pytest.param(share(), id="a share"), pytest.param(total(), id="a total")])
def test_tasks_that_start_are_not_ordered_twice(policy: Target) -> None:
    service = Service(policy, tasks=4, startup=30_000)
    counts = [decision.desired for decision in service.ticks(29, cpu=1.0, load=112.0)]
    assert counts == [8] * 29


def test_a_hot_fleet_that_waits_for_what_it_ordered_says_so() -> None:
    service = Service(share(), tasks=4, startup=30_000)
    service.tick(cpu=1.0)
    service.tick(cpu=0.8)  # 6.4 of the 8 that are ordered
    assert isinstance(service.vote, Want)
    assert (service.vote.reason.code, service.vote.reason.data["starting"]) == ("starting", 4)


def test_while_tasks_start_a_hotter_fleet_adds_only_what_is_still_missing() -> None:
    service = Service(share(), tasks=4, startup=30_000)
    service.tick(cpu=0.75)
    assert service.tasks == 6
    service.tick(cpu=1.0)
    assert service.tasks == 8


def test_a_policy_that_may_not_scale_in_holds() -> None:
    service = Service(share(scale_in=False), tasks=10)
    service.tick(cpu=0.1)
    assert outcome(service.vote) == "10"
    service.tick(cpu=1.0)
    assert outcome(service.vote) == "20"


def test_the_window_smooths() -> None:
    service = Service(Target("target", "cpu", 0.5, window=10_000), tasks=10)
    service.run(9, cpu=0.5)
    service.tick(cpu=1.0)
    assert outcome(service.vote) == "10"  # the mean is 0.55


def test_a_window_less_than_half_measured_says_nothing() -> None:
    service = Service(Target("target", "cpu", 0.5, window=10_000), tasks=10)
    service.run(4, cpu=1.0)
    assert outcome(service.vote) == "abstain"
    service.tick(cpu=1.0)
    assert outcome(service.vote) == "20"


def test_a_window_longer_than_two_minutes_is_kept() -> None:
    service = Service(Target("target", "cpu", 0.5, window=600_000), tasks=10)
    service.follows = False
    service.run(350, cpu=0.5)
    service.run(350, cpu=0.8)
    assert outcome(service.vote) == "14"  # (250 x 0.5 + 350 x 0.8) / 600 = 0.675


@pytest.mark.parametrize("shown", [pytest.param(value, id=name) for name, value in UNUSABLE.items()])
def test_a_target_without_its_signal_is_blind(shown: Shown) -> None:
    service = Service(share())
    service.run(5, cpu=0.5)
    service.tick(cpu=shown)
    assert outcome(service.vote) == "blind"


@pytest.mark.parametrize(
    "dim",
    [
        pytest.param({"coverage": 0.89}, id="one in nine silent"),
        pytest.param({"state": State.CENSORED}, id="only a lower bound"),
    ],
)
def test_poor_sight_supports_growth_and_no_scale_in(dim: dict[str, Any]) -> None:
    service = Service(share(), tasks=10)
    service.tick(cpu={"value": 1.0, **dim})
    assert outcome(service.vote) == "20"
    service = Service(share(), tasks=10)
    service.tick(cpu={"value": 0.1, **dim})
    assert outcome(service.vote) == "blind"


def test_an_empty_answer_is_a_true_zero() -> None:
    service = Service(total(), tasks=10)
    service.tick(load={"value": float("nan"), "state": State.EMPTY})
    assert outcome(service.vote) == "0"


def test_what_the_silent_tasks_would_have_said_is_added_to_a_total() -> None:
    service = Service(Target("target", "requests", 14.0, per_task=True, window=1000), tasks=2)
    service.tick(requests={"value": 70.0, "coverage": 0.5})
    assert outcome(service.vote) == "10"  # 140, not 70


def test_the_vote_says_at_which_value_it_would_grow() -> None:
    service = Service(share(), tasks=10)
    service.tick(cpu=0.5)
    assert isinstance(service.vote, Want)
    assert service.vote.flip == pytest.approx(0.55)
