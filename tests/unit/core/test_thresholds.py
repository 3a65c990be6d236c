"""Any/all thresholds: one hot signal grows, only all of them cool shrink."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.model import State
from fleetfoot.core.policies.thresholds import Thresholds
from tests.unit.core.build import UNUSABLE, Service, Shown, outcome

OUT = (("cpu", 0.8), ("latency", 800.0))
IN = (("cpu", 0.3), ("latency", 200.0))


def policy(out_any: Any = OUT, in_all: Any = IN, **changes: Any) -> Thresholds:
    return Thresholds("thresholds", out_any, in_all, **{"window": 1000, "cooldown": 60_000, **changes})


@pytest.mark.parametrize(
    ("cpu", "latency", "want"),
    [
        pytest.param(0.9, 100.0, "5", id="one is hot"),
        pytest.param(0.1, 900.0, "5", id="the other is hot"),
        pytest.param(0.9, 900.0, "5", id="both are"),
        pytest.param(0.8, 100.0, "4", id="on the bound is not above it"),
        pytest.param(0.5, 100.0, "4", id="one in between holds"),
        pytest.param(0.1, 100.0, "3", id="all are cool"),
        pytest.param(0.3, 100.0, "4", id="on the lower bound is not below it"),
    ],
)
def test_any_hot_signal_grows_and_only_all_cool_ones_shrink(cpu: float, latency: float, want: str) -> None:
    service = Service(policy())
    service.tick(cpu=cpu, latency=latency)
    assert outcome(service.vote) == want


def test_it_adds_and_removes_as_many_as_written() -> None:
    service = Service(policy(add=3, remove=2), tasks=10)
    assert service.tick(cpu=0.9, latency=1.0).desired == 13
    service = Service(policy(add=3, remove=2), tasks=10)
    assert service.tick(cpu=0.1, latency=1.0).desired == 8


def test_a_lasting_breach_adds_again_only_after_the_cooldown() -> None:
    service = Service(policy(cooldown=10_000))
    assert [d.desired for d in service.ticks(23, cpu=0.9, latency=1.0)] == [5] * 11 + [6] * 11 + [7]


def test_a_second_hot_signal_inside_the_cooldown_adds_nothing() -> None:
    service = Service(policy())
    service.tick(cpu=0.9, latency=1.0)
    assert service.run(20, cpu=0.9, latency=900.0).desired == 5


def test_while_its_growth_cools_down_it_says_that_and_not_that_it_grows() -> None:
    service = Service(policy())
    codes = [tick.votes[0][1].reason.code for tick in service.ticks(3, cpu=0.9, latency=1.0)]
    assert codes == ["any_breached", "step_cooldown", "step_cooldown"]


def test_shrink_waits_for_the_cooldown_of_a_growth_and_of_a_shrink() -> None:
    service = Service(policy(cooldown=10_000))
    service.tick(cpu=0.9, latency=1.0)
    counts = [d.desired for d in service.ticks(23, cpu=0.1, latency=1.0)]
    assert counts == [5] * 10 + [4] * 11 + [3] * 2


def test_growth_after_a_shrink_acts_at_once() -> None:
    service = Service(policy())
    assert service.tick(cpu=0.1, latency=1.0).desired == 3
    assert service.tick(cpu=0.9, latency=1.0).desired == 4


@pytest.mark.parametrize("shown", [pytest.param(value, id=name) for name, value in UNUSABLE.items()])
def test_one_unseen_signal_blocks_the_shrink_and_not_the_growth(shown: Shown) -> None:
    service = Service(policy())
    service.run(3, cpu=0.5, latency=500.0)
    service.tick(cpu=shown, latency=100.0)
    assert outcome(service.vote) == "blind"
    service.tick(cpu=shown, latency=900.0)
    assert outcome(service.vote) == "5"


@pytest.mark.parametrize(
    "dim",
    [
        pytest.param({"coverage": 0.5}, id="half of the tasks silent"),
        pytest.param({"state": State.CENSORED}, id="only a lower bound"),
    ],
)
def test_a_signal_seen_poorly_that_may_only_grow_it_blocks_the_shrink_too(dim: dict[str, Any]) -> None:
    service = Service(policy(in_all=(("latency", 200.0),)))
    service.tick(cpu={"value": 0.1, **dim}, latency=100.0)
    assert outcome(service.vote) == "blind"


def test_a_signal_that_came_back_a_moment_ago_is_not_taken_for_cool() -> None:
    service = Service(policy(window=10_000))
    service.run(20, cpu=0.5, latency=100.0)
    service.run(20, latency=100.0)
    service.run(3, cpu=0.1, latency=100.0)
    assert outcome(service.vote) == "abstain"
    assert service.vote.reason.code == "too_few_samples"


def test_with_nothing_to_shrink_by_it_has_no_opinion_while_cool() -> None:
    service = Service(policy(in_all=()))
    service.tick(cpu=0.1, latency=1.0)
    assert outcome(service.vote) == "abstain"


def test_with_nothing_to_grow_by_it_still_shrinks() -> None:
    service = Service(policy(out_any=()))
    assert service.tick(cpu=0.1, latency=1.0).desired == 3


def test_it_never_wants_less_than_nothing() -> None:
    service = Service(policy(remove=5), tasks=2)
    assert service.tick(cpu=0.1, latency=1.0).desired == 0
