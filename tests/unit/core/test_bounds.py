"""Minimum, maximum, and a fleet above a lowered maximum."""

from __future__ import annotations

import pytest

from tests.unit.core.build import guarded, told


@pytest.mark.parametrize(
    ("tasks", "cpu", "desired", "codes"),
    [
        pytest.param(10, 5.0, 20, {"tracking", "above_maximum"}, id="the maximum"),
        pytest.param(10, 0.0, 4, {"tracking", "below_minimum"}, id="the minimum"),
        pytest.param(2, 0.5, 4, {"within_tolerance", "below_minimum"}, id="a fleet under its minimum"),
        pytest.param(20, 0.5, 20, {"within_tolerance"}, id="on the maximum"),
    ],
)
def test_bounds_keep_the_count(tasks: int, cpu: float, desired: int, codes: set[str]) -> None:
    decision = guarded(tasks, minimum=4, maximum=20).tick(cpu=cpu)
    assert (decision.desired, told(decision)) == (desired, codes)


def test_bounds_a_fleet_above_a_lowered_maximum_comes_down_by_a_tenth_every_ten_seconds() -> None:
    above = guarded(40, maximum=20)
    counts = [d.desired for d in above.ticks(31, cpu=0.5)]
    assert [counts[i] for i in (0, 9, 10, 19, 20, 30)] == [36, 36, 32, 32, 28, 25]


@pytest.mark.parametrize(
    ("hard", "rests"), [pytest.param(False, 15, id="present demand"), pytest.param(True, 6, id="hard: the maximum")]
)
def test_bounds_a_lowered_maximum_stops_at_what_present_demand_needs_unless_it_is_hard(hard: bool, rests: int) -> None:
    above = guarded(20, maximum=6, hard=hard)
    assert above.run(300, cpu=0.5, requests=300.0).desired == rests


def test_bounds_a_policy_may_shrink_a_fleet_above_its_maximum_faster_than_that() -> None:
    assert guarded(40, maximum=20).tick(cpu=0.1).desired == 8
