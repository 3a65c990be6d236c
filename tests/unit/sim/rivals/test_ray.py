"""Ray Serve (facts of ray-project/ray `python/ray/serve/tests/unit/test_autoscaling_policy.py`)."""

from __future__ import annotations

import pytest

from fleetfoot.sim.rivals.ray import Config, Ray, want
from tests.unit.sim.rivals.feeds import Run, step


def ray(**settings: float) -> Ray:
    return Ray("ray", Config(**settings))


@pytest.mark.parametrize(
    ("running", "total", "config", "count"),
    [
        pytest.param(4, 16, Config(2), 8, id="factor 1"),
        pytest.param(4, 16, Config(2, up_factor=0.5), 6, id="factor 0.5"),
        pytest.param(4, 16, Config(2, up_factor=2), 12, id="factor 2"),
        pytest.param(4, 20, Config(5), 4, id="one replica receives all 20"),
        pytest.param(4, 100, Config(5), 20, id="one replica receives all 100"),
        pytest.param(4, 10, Config(5), 2, id="one replica receives all 10"),
        pytest.param(5, 0, Config(1, down_factor=0.2), 4, id="a slow shrink takes one at least"),
        pytest.param(2, 0, Config(1, down_factor=0.2), 1, id="and does not stall"),
    ],
)
def test_a_want_reproduces_the_published_case(running: int, total: float, config: Config, count: int) -> None:
    assert want(running, total, config) == count


@pytest.mark.parametrize(
    ("factor", "count"), [pytest.param(10.0, 10, id="factor 10"), pytest.param(0.5, 1, id="factor 0.5")]
)
def test_from_zero_work_starts_replicas_at_once(factor: float, count: int) -> None:
    scaler = Ray("ray", Config(up_factor=factor))
    assert scaler.settle(0, 0, 1, 0, 2) == count
    assert scaler.settle(0, 0, 0, 0, 2) == 0


def test_a_shrink_to_zero_stops_at_one_first() -> None:
    scaler = ray(target=1.0, up_delay=0.0, down_delay=0.0, down_factor=10.0)
    assert scaler.settle(5, 5, 0, 0, 5) == 1
    assert scaler.settle(1, 1, 0, 0, 5) == 0


def test_a_small_down_factor_reaches_zero_one_by_one() -> None:
    scaler = ray(target=1.0, up_delay=0.0, down_delay=0.0, down_factor=0.2)
    counts = [5]
    for _ in range(5):
        counts.append(scaler.settle(counts[-1], counts[-1], 0, 0, 5))
    assert counts == [5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize("to_zero", [pytest.param(None, id="as the others"), pytest.param(300.0, id="its own, 300 s")])
def test_a_wish_must_hold_for_its_delay_turn_after_turn(to_zero: float | None) -> None:
    scaler = Ray("ray", Config(1.0, zero_delay=to_zero))
    waits = {"up": 300, "down": 6000, "zero": 6000 if to_zero is None else 3000}
    assert [scaler.settle(1, 1, 2, 0, 2) for _ in range(waits["up"])] == [1] * waits["up"]
    assert scaler.settle(1, 1, 2, 0, 2) == 2
    assert [scaler.settle(2, 2, 0, 0, 2) for _ in range(waits["down"])] == [2] * waits["down"]
    assert scaler.settle(2, 2, 0, 0, 2) == 1
    assert [scaler.settle(1, 1, 0, 0, 2) for _ in range(waits["zero"])] == [1] * waits["zero"]
    assert scaler.settle(1, 1, 0, 0, 2) == 0


def test_a_wish_for_the_other_direction_starts_the_count_again() -> None:
    scaler = Ray("ray", Config(1.0))
    for _ in range(150):
        scaler.settle(1, 1, 2, 0, 2)
    scaler.settle(1, 1, 0, 0, 2)
    assert [scaler.settle(1, 1, 2, 0, 2) for _ in range(300)] == [1] * 300
    assert scaler.settle(1, 1, 2, 0, 2) == 2


def test_a_turn_on_the_target_starts_the_count_again() -> None:
    scaler = ray(target=1.0)
    for _ in range(150):
        scaler.settle(1, 1, 2, 0, 2)
    scaler.settle(1, 1, 1, 0, 2)
    assert [scaler.settle(1, 1, 2, 0, 2) for _ in range(300)] == [1] * 300
    assert scaler.settle(1, 1, 2, 0, 2) == 2


def test_replicas_that_start_slowly_are_not_ordered_twice() -> None:
    scaler = ray(target=1.0, up_delay=0.0, down_delay=100_000.0)
    told = [(1, 1, 100), (1, 100, 100), (3, 100, 123), (4, 123, 10)]
    assert [scaler.settle(running, target, total, 1, 200) for running, target, total in told] == [100, 100, 123, 123]


@pytest.mark.parametrize("delay", [pytest.param(30.0, id="held"), pytest.param(0.0, id="followed")])
def test_fluctuating_requests_are_followed_only_without_a_delay(delay: float) -> None:
    scaler = ray(target=50.0, up_delay=delay, down_delay=delay)
    for _ in range(500):
        over, under = scaler.settle(1, 1, 100, 1, 10), scaler.settle(2, 2, 40, 1, 10)
        assert (over, under) == ((1, 2) if delay else (2, 1))


@pytest.mark.parametrize("onset", [pytest.param(600 + i, id=f"{i} s after a push") for i in range(0, 10, 3)])
def test_a_surge_is_answered_in_30_to_70_s(onset: int) -> None:
    """By arithmetic 30 at best, 35 to 45 as a rule, about 70 at worst."""
    run = Run(Ray("ray", Config(0.7)), {"concurrency": step(6.9, 20.7, onset)}, desired=10)
    (at, _), *_ = run.until(onset + 100)
    assert 30 <= at - onset <= 70
