"""AWS target tracking as published, and what is assumed where it is not (docs/rivals.md)."""

from __future__ import annotations

import pytest

from fleetfoot.sim.rivals.aws import Alarm, Cooldown, breached
from fleetfoot.sim.rivals.target_tracking import TargetTracking, Track, agree, proportional
from tests.unit.sim.rivals.feeds import Run, step

MINUTE = 60_000


def test_ten_tasks_at_85_against_50_become_17() -> None:
    assert proportional(10, 85, 50) == 17


@pytest.mark.parametrize(
    ("current", "metric", "target", "count"),
    [
        pytest.param(10, 50, 50, 10, id="on the target"),
        pytest.param(10, 55, 50, 11, id="a whole number stays whole"),
        pytest.param(10, 0.66, 0.6, 11, id="in shares as well"),
        pytest.param(10, 51, 50, 11, id="never too little"),
        pytest.param(10, 24, 50, 5, id="never too much taken"),
    ],
)
def test_a_wish_is_proportional_and_rounded_up(current: int, metric: float, target: float, count: int) -> None:
    assert proportional(current, metric, target) == count


@pytest.mark.parametrize(
    ("points", "threshold", "count", "above", "result"),
    [
        pytest.param([61.0, 62.0, 63.0], 60, 3, True, True, id="3 of 3 above"),
        pytest.param([59.0, 61.0, 62.0, 63.0], 60, 3, True, True, id="the newest count"),
        pytest.param([61.0, 60.0, 63.0], 60, 3, True, False, id="on the target is not above"),
        pytest.param([61.0, 62.0], 60, 3, True, None, id="insufficient data"),
        pytest.param([10.0] * 15, 54, 15, False, True, id="15 of 15 below"),
        pytest.param([10.0] * 14 + [54.0], 54, 15, False, False, id="one of them not below"),
    ],
)
def test_an_alarm_needs_all_its_datapoints(
    points: list[float], threshold: float, count: int, above: bool, result: bool | None
) -> None:
    assert breached(points, threshold, count, above) is result


def test_an_alarm_asks_once_a_minute_while_it_lasts() -> None:
    alarm = Alarm()
    asked = [second for second in range(0, 200, 20) if alarm.look(1000 * second, True)]
    assert asked == [0, 60, 120, 180]
    assert not alarm.look(200_000, False)
    assert alarm.look(220_000, True), "a new alarm asks at once"


@pytest.mark.parametrize(
    ("wants", "result"),
    [
        pytest.param([12, None], 12, id="any may grow"),
        pytest.param([12, 15], 15, id="the largest"),
        pytest.param([8, None], None, id="all must shrink"),
        pytest.param([8, 6], 8, id="the larger when all shrink"),
        pytest.param([15, 6], 15, id="growth wins a conflict"),
        pytest.param([None, None], None, id="no data, no action"),
        pytest.param([], None, id="scale-in off everywhere"),
    ],
)
def test_several_policies_agree_on_the_largest(wants: list[int | None], result: int | None) -> None:
    assert agree(10, wants) == result


def test_inside_the_growth_cooldown_only_more_than_was_granted_is_added() -> None:
    """Earlier +2, now +3: add 1; equal or smaller: nothing."""
    cooldown = Cooldown()
    assert cooldown.grow(0, 10, 10, lambda base: base + 2) == 12
    assert cooldown.grow(MINUTE, 12, 10, lambda base: base + 2) is None
    assert cooldown.grow(2 * MINUTE, 12, 12, lambda base: base + 3) == 13
    assert cooldown.grow(8 * MINUTE, 13, 13, lambda base: base + 3) == 16


def test_a_shrink_waits_for_both_cooldowns_and_growth_ends_its_own() -> None:
    cooldown = Cooldown()
    assert cooldown.shrink(0, 10, 9) == 9
    assert cooldown.shrink(4 * MINUTE, 9, 8) is None
    assert cooldown.grow(4 * MINUTE, 9, 9, lambda base: base + 1) == 10
    assert cooldown.shrink(8 * MINUTE, 10, 9) is None
    assert cooldown.shrink(9 * MINUTE, 10, 9) == 9


def test_a_wish_counts_from_the_running_tasks_while_others_start() -> None:
    assert Cooldown().grow(0, 15, 10, lambda base: 2 * base) == 20


@pytest.mark.parametrize("onset", [pytest.param(1800 + i, id=f"{i} s into the minute") for i in (0, 15, 30, 45, 59)])
def test_at_60_s_a_surge_is_answered_in_180_to_363_s(onset: int) -> None:
    run = Run(TargetTracking("aws", (Track("cpu", 0.6),)), {"cpu": step(0.56, 1.0, onset)}, desired=10)
    (at, count), *_ = run.until(onset + 400)
    assert 180 <= at - onset <= 363
    assert count == 17


@pytest.mark.parametrize("onset", [pytest.param(1800 + i, id=f"{i} s into the period") for i in (0, 5, 10, 19)])
def test_at_20_s_a_surge_is_answered_in_about_86_s(onset: int) -> None:
    scaler = TargetTracking("aws", (Track("cpu", 0.6, 20_000, 30_000),))
    (at, count), *_ = Run(scaler, {"cpu": step(0.56, 1.0, onset)}, desired=10).until(onset + 200)
    assert 70 <= at - onset <= 100
    assert count == 17


def test_fifteen_low_minutes_shrink_to_the_highest_of_them() -> None:
    run = Run(TargetTracking("aws", (Track("cpu", 0.6),)), {"cpu": step(0.56, 0.3, 1800)}, desired=10)
    (at, count), *_ = run.until(1800 + 1200)
    assert at - 1800 == 16 * 60, "15 points and the minute of the last one's publication"
    assert count == 5


def test_a_shrink_is_as_gradual_as_the_highest_low_minute() -> None:
    cpu = step(0.5, 0.3, 1860)
    run = Run(TargetTracking("aws", (Track("cpu", 0.6),)), {"cpu": lambda s: cpu(s) if s >= 1800 else 0.56}, desired=10)
    (at, count), *_ = run.until(1800 + 1200)
    assert at - 1800 == 16 * 60
    assert count == 9, "0.5 of 0.6 of ten, not 0.3"


def test_between_the_low_mark_and_the_target_nothing_happens() -> None:
    run = Run(TargetTracking("aws", (Track("cpu", 0.6),)), {"cpu": lambda _: 0.57}, desired=10)
    assert run.until(3600) == []


def test_requests_per_target_are_counted_a_minute_and_serving_task() -> None:
    track = Track("requests", 840.0, per_task=True)
    run = Run(TargetTracking("aws", (track,)), {"requests": step(140.0, 280.0, 1800)}, desired=10)
    (_, count), *_ = run.until(1800 + 400)
    assert count == 20


def test_a_policy_with_scale_in_off_does_not_hold_the_others() -> None:
    tracks = (Track("cpu", 0.6), Track("requests", 840.0, per_task=True, scale_in=False))
    signals = {"cpu": step(0.56, 0.3, 1800), "requests": lambda _: 140.0}
    (_, count), *_ = Run(TargetTracking("aws", tracks), signals, desired=10).until(3000)
    assert count == 5


def test_two_policies_shrink_only_together() -> None:
    tracks = (Track("cpu", 0.6), Track("requests", 840.0, per_task=True))
    signals = {"cpu": step(0.56, 0.3, 1800), "requests": lambda _: 139.0}
    assert Run(TargetTracking("aws", tracks), signals, desired=10).until(3600) == []


def test_shrinks_are_a_cooldown_apart() -> None:
    run = Run(TargetTracking("aws", (Track("cpu", 0.6),)), {"cpu": step(0.56, 0.3, 1800)}, desired=20)
    first, second, *_ = run.until(1800 + 1800)
    assert (first[1], second[1]) == (10, 5)
    assert 300 <= second[0] - first[0] <= 360
