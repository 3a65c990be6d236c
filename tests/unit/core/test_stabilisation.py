"""What was wanted a moment ago still counts: dips, flaps, throughput never seen, the last tasks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetfoot.core.model import Reason
from fleetfoot.core.policies import Default, Target
from fleetfoot.core.reasons import Code
from tests.unit.core.build import CALM, CPU, Service, guarded


def test_stabilisation_a_flap_doubles_the_window_and_ten_minutes_of_peace_halve_it() -> None:
    flapping = guarded(stabilise_in=30_000)
    slice_of = flapping.memory.slice
    for times in (2, 4, 4):
        flapping.run(150, cpu=0.5)
        while flapping.tick(cpu=0.4).action != "shrink":
            pass
        flapping.run(2, cpu=0.5)
        flapping.tick(cpu=0.7)
        flapping.set(10)
        flapping.run(2, cpu=0.5)
        assert slice_of("stabilisation")["times"] == times
    for seconds, times in ((590, 4), (20, 2), (570, 2), (30, 1)):
        flapping.run(seconds, cpu=0.5)
        assert slice_of("stabilisation")["times"] == times


def test_stabilisation_a_shrink_the_target_refuses_is_no_flap() -> None:
    refused = guarded(stabilise_in=30_000)
    refused.run(60, cpu=0.5)
    refused.follows = False
    orders = [d for d in refused.ticks(120, cpu=0.4) if d.action == "shrink"]
    assert len(orders) > 2
    assert refused.memory.slice("stabilisation").get("times", 1) == 1
    refused.follows = True
    assert refused.run(60, cpu=0.4).desired < 10


def test_stabilisation_a_dip_shorter_than_the_window_lets_nothing_go() -> None:
    steady = guarded(stabilise_in=60_000)
    steady.run(60, cpu=0.5)
    assert {d.desired for d in steady.ticks(59, cpu=0.1)} == {10}
    steady.tick(cpu=0.5)
    assert {d.desired for d in steady.ticks(59, cpu=0.1)} == {10}
    assert steady.run(3, cpu=0.1).desired == 2


def test_stabilisation_a_larger_wish_of_the_past_holds_and_never_grows() -> None:
    steady = guarded(stabilise_in=60_000, maximum=10)
    steady.run(5, cpu=0.9)  # 18 wanted, 10 allowed
    for decision in steady.ticks(50, cpu=0.1):
        (trail,) = decision.trail
        assert (trail.guard, trail.before, trail.after) == ("stabilisation", 2, 10)


def test_stabilisation_growth_reaches_what_was_wanted_all_of_its_window_and_then_more() -> None:
    slow = guarded(stabilise_out=10_000)
    slow.run(20, cpu=0.5)
    slow.tick(cpu=0.6)  # 12 wanted
    counts = [d.desired for d in slow.ticks(30, cpu=0.9)]
    assert counts[8] == 10
    assert counts[9:11] == [12, 18]


@pytest.mark.parametrize(
    ("rate", "desired"),
    [pytest.param(41.0, 10, id="2 tasks of 20/s would not do"), pytest.param(39.0, 2, id="2 tasks would")],
)
def test_stabilisation_nothing_is_let_go_that_would_have_to_grow_again(rate: float, desired: int) -> None:
    assert guarded().tick(cpu=0.1, requests=rate).desired == desired


EASY = {**CALM, "completed": 100.0}


def unproven() -> Service:
    """Ten tasks that carry 10/s each; 40/s are declared."""
    careful = Service(Target("rate", "requests", 40.0, per_task=True, window=1000), tasks=10, throughput=40.0)
    careful.follows = False
    careful.run(60, requests=100.0, **EASY)
    careful.follows = True
    return careful


def test_stabilisation_each_step_into_a_throughput_never_seen_waits_until_the_last_went_well() -> None:
    careful = unproven()
    counts = [d.desired for d in careful.ticks(44, requests=100.0, **EASY)]
    assert counts == [9] * 11 + [8] * 11 + [7] * 11 + [6] * 11


def test_stabilisation_tasks_that_show_strain_are_given_no_more_than_they_have_carried() -> None:
    careful = unproven()
    careful.tick(requests=100.0, **EASY)
    strained = {**EASY, "latency": 0.6 * careful.settings.objective}
    assert {d.desired for d in careful.ticks(60, requests=100.0, **strained)} == {9}
    assert careful.run(30, requests=100.0, **EASY).desired < 9


def test_stabilisation_nothing_shrinks_within_a_start_up_of_a_surge() -> None:
    surging = Service(Default(), tasks=4)
    surging.run(90, requests=40.0, **CALM)
    surging.tick(requests=400.0, **CALM)
    surging.settings = replace(surging.settings, startup=20_000, policies=(CPU,))
    made = list(surging.ticks(21, cpu=0.1, requests=0.0))
    assert made[0].trail[0].reason == Reason(Code.RECENT_SURGE, {"left": 19_000})
    assert made[18].desired == 29
    assert made[19].desired < 29


@pytest.mark.parametrize(
    ("latency", "desired"),
    [pytest.param(300.0, 2, id="over a quarter of the objective"), pytest.param(200.0, 1, id="under it")],
)
def test_stabilisation_the_second_last_task_goes_only_where_twice_the_load_looks_easy(
    latency: float, desired: int
) -> None:
    small = Service(Target("rate", "requests", 400.0, per_task=True, window=1000), tasks=2, throughput=400.0)
    shown = {**CALM, "completed": 160.0, "latency": latency}
    assert small.settings.objective == 1000
    small.follows = False
    small.run(60, requests=160.0, **shown)
    small.follows = True
    assert small.run(60, requests=160.0, **shown).desired == desired
