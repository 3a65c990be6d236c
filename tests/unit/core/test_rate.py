"""Changes within a period are cut to what its rules allow."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.settings import PERCENT, TASKS, Rate
from tests.unit.core.build import guarded


@pytest.mark.parametrize(
    ("rules", "cpu", "desired"),
    [
        pytest.param({"rate_out": (Rate(100, PERCENT, 9_000),)}, 5.0, 20, id="double"),
        pytest.param({"rate_out": (Rate(25, PERCENT, 9_000),)}, 5.0, 13, id="2.5 more is 3"),
        pytest.param({"rate_out": (Rate(4, TASKS, 9_000),)}, 5.0, 14, id="four more"),
        pytest.param({"rate_out": (Rate(4, TASKS, 9_000), Rate(50, PERCENT, 9_000))}, 5.0, 15, id="the larger wins"),
        pytest.param({"rate_out": (Rate(0, TASKS, 9_000),)}, 5.0, 10, id="none at all"),
        pytest.param({"rate_in": (Rate(50, PERCENT, 9_000),)}, 0.0, 5, id="half"),
        pytest.param({"rate_in": (Rate(25, PERCENT, 9_000),)}, 0.0, 7, id="7.5 stay, cut to 7"),
        pytest.param({"rate_in": (Rate(1, TASKS, 9_000), Rate(30, PERCENT, 9_000))}, 0.0, 7, id="the larger wins, in"),
    ],
)
def test_rate_a_change_is_cut_to_what_its_rules_allow(rules: dict[str, Any], cpu: float, desired: int) -> None:
    limited = guarded(**rules)
    limited.tick(cpu=0.5)
    assert limited.tick(cpu=cpu).desired == desired


def test_rate_what_moved_within_the_period_counts_and_what_moved_before_does_not() -> None:
    limited = guarded(rate_out=(Rate(4, TASKS, 10_000),))
    counts = [d.desired for d in limited.ticks(25, cpu=5.0)]
    assert counts == [14] * 11 + [18] * 11 + [22] * 3


def test_rate_each_rule_looks_back_over_its_own_period_only() -> None:
    limited = guarded(rate_out=(Rate(4, TASKS, 10_000), Rate(1, TASKS, 60_000)))
    assert limited.run(23, cpu=5.0).desired == 22


def test_rate_a_growth_and_its_return_leave_the_allowance_where_it_was() -> None:
    limited = guarded(rate_out=(Rate(4, TASKS, 60_000),))
    assert limited.tick(cpu=5.0).desired == 14
    limited.tick(cpu=0.5)
    limited.set(10)
    limited.tick(cpu=0.5)
    assert limited.tick(cpu=5.0).desired == 14


def test_rate_no_rule_is_no_limit() -> None:
    assert guarded().tick(cpu=5.0).desired == 100
