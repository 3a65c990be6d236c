"""Errors alone ask for one task at a time, whatever the policy says: more tasks seldom mend errors."""

from __future__ import annotations

import pytest

from fleetfoot.core.policies import Step, Target, Thresholds
from fleetfoot.core.policies.base import Policy
from fleetfoot.core.policies.step import CHANGE, PERCENT
from tests.unit.core.build import Service

STEPS = ((0.0, None, 5.0),)


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(Step("s", "errors", 0.05, True, CHANGE, STEPS, period=1000), id="step"),
        pytest.param(Step("s", "errors", 0.05, True, PERCENT, ((0.0, None, 300.0),), period=1000), id="percent"),
        pytest.param(Target("t", "errors", 0.05, window=1000), id="target"),
        pytest.param(Thresholds("th", (("errors", 0.05), ("cpu", 0.9)), (), add=5, window=1000), id="thresholds"),
    ],
)
def test_errors_alone_ask_for_one_task_and_for_the_next_when_that_one_serves(policy: Policy) -> None:
    service = Service(policy, startup=4_000)
    counts = [decision.desired for decision in service.ticks(7, errors=0.5, cpu=0.1)]
    assert counts == [5, 5, 5, 5, 6, 6, 6]


def test_a_step_on_errors_ends_at_what_was_written() -> None:
    service = Service(Step("s", "errors", 0.05, True, CHANGE, ((0.0, None, 2.0),), period=1000, cooldown=60_000))
    assert service.run(30, errors=0.5).desired == 6


def test_errors_beside_another_breach_are_not_alone() -> None:
    service = Service(Thresholds("th", (("errors", 0.05), ("cpu", 0.9)), (), add=5, window=1000))
    decision = service.tick(errors=0.5, cpu=0.95)
    assert decision.desired == 9
    assert decision.reasons[0].data["signal"] == "cpu"


def test_fewer_errors_than_the_target_add_nothing_where_all_tasks_are_just_enough() -> None:
    """4 x 0.04 / 0.05 is 3.2: four of them."""
    assert Service(Target("t", "errors", 0.05, window=1000)).tick(errors=0.04).desired == 4
