"""The HPA as it lives in the simulated world: one sync, its sources, the young tasks."""

from __future__ import annotations

import pytest

from fleetfoot.sim.rivals.hpa_scaler import Average, Cpu, Hpa
from tests.unit.sim.rivals.feeds import HandFeed, Run, fleet, step

REQUESTS = Average("requests", 14.0)


def feed(now: int, **signals: float) -> HandFeed:
    return HandFeed({name: step(value, value, 0) for name, value in signals.items()}, now)


def test_requests_are_shared_out_by_the_target() -> None:
    assert Hpa("hpa", (REQUESTS,)).decide(60_000, fleet(10), feed(60_000, requests=200.0)) == 15


def test_cpu_over_its_target_grows_in_proportion() -> None:
    assert Hpa("hpa", (Cpu(60),)).decide(90_000, fleet(10), feed(90_000, cpu=0.9)) == 15


def test_a_cpu_that_is_at_its_end_cannot_ask_for_more_than_its_share() -> None:
    """100 % against 60 %: growth by two thirds, however large the surge."""
    assert Hpa("hpa", (Cpu(60),)).decide(90_000, fleet(12), feed(90_000, cpu=1.0)) == 20


def test_starting_tasks_hold_back_cpu_growth() -> None:
    """Three of ten start: they count as idle, and 63 % against 60 % is inside the tolerance."""
    assert Hpa("hpa", (Cpu(60),)).decide(90_000, fleet(10, serving=7), feed(90_000, cpu=0.9)) is None


def test_tasks_younger_than_their_sample_count_as_idle_for_growth() -> None:
    scaler = Hpa("hpa", (Cpu(60),))
    for now in range(15_000, 181_000, 15_000):
        serving = 10 if now >= 180_000 else 6
        told = scaler.decide(now, fleet(10, serving=serving), feed(now, cpu=0.9))
    assert told is None, "the four that serve since the last sync have no sample yet"
    for now in (195_000, 210_000, 225_000, 240_000):
        told = scaler.decide(now, fleet(10), feed(now, cpu=0.9))
    assert told == 15


def test_a_shrink_waits_for_five_minutes_of_lower_wishes() -> None:
    run = Run(Hpa("hpa", (REQUESTS,)), {"requests": step(140.0, 70.0, 600)}, desired=10)
    first, *_ = run.until(1200)
    assert 900 < first[0] <= 945
    assert run.desired == 5


def test_at_first_sight_the_present_count_is_a_wish_of_five_minutes() -> None:
    run = Run(Hpa("hpa", (REQUESTS,)), {"requests": step(28.0, 28.0, 0)}, desired=10)
    (at, count), *_ = run.until(400)
    assert 300 < at <= 330
    assert count == 2


def test_a_growth_is_limited_to_double_a_sync() -> None:
    run = Run(Hpa("hpa", (REQUESTS,)), {"requests": step(28.0, 1400.0, 600)}, desired=2)
    orders = run.until(900)
    counts = [count for _, count in orders]
    assert counts == [6, 12, 24, 48, 96], "100 are wanted, but 96 are inside the tolerance"
    assert orders[-1][0] - orders[0][0] == 60


def test_without_behavior_a_growth_doubles_from_two() -> None:
    run = Run(Hpa("hpa", (REQUESTS,), behavior=None), {"requests": step(28.0, 1400.0, 600)}, desired=2)
    assert [count for _, count in run.until(900)] == [4, 8, 16, 32, 64, 100]


@pytest.mark.parametrize(
    ("current", "result"), [pytest.param(12, 8, id="over the maximum"), pytest.param(1, 3, id="under the minimum")]
)
def test_a_count_outside_the_bounds_is_corrected_before_any_metric_is_read(current: int, result: int) -> None:
    nothing = HandFeed({}, 60_000)
    assert Hpa("hpa", (REQUESTS,)).decide(60_000, fleet(current, minimum=3, maximum=8), nothing) == result


def test_at_zero_it_is_switched_off() -> None:
    assert Hpa("hpa", (REQUESTS,)).decide(60_000, fleet(0, minimum=0), feed(60_000, requests=99.0)) is None


def test_before_the_first_point_nothing_is_decided() -> None:
    assert Hpa("hpa", (REQUESTS, Cpu(60))).decide(15_000, fleet(4), feed(15_000, requests=99.0, cpu=1.0)) is None


def test_of_two_metrics_the_one_that_wants_more_wins() -> None:
    scaler = Hpa("hpa", (REQUESTS, Cpu(60)))
    assert scaler.decide(90_000, fleet(10), feed(90_000, requests=140.0, cpu=0.9)) == 15


@pytest.mark.parametrize("onset", [pytest.param(600 + i, id=f"onset {i} s") for i in range(0, 30, 7)])
def test_cpu_answers_a_surge_within_55_s(onset: int) -> None:
    """By arithmetic about 0 at best, 27.5 s as a rule, 55 s at worst."""
    run = Run(Hpa("hpa", (Cpu(60),)), {"cpu": step(0.58, 1.0, onset)}, desired=10)
    (at, _), *_ = run.until(onset + 100)
    assert at - onset <= 55
