"""Each guard at its edges, one named test a promise. Whole lives are in tests/simulation and tests/properties."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from fleetfoot.core.guards import GUARDS, RESOURCE, SERVICE
from fleetfoot.core.model import Reason, Start
from fleetfoot.core.policies import Default, Target
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import PERCENT, TASKS, Rate
from tests.unit.core.build import OPEN, Service, told

CPU = Target("cpu", "cpu", 0.5, window=1000)
CALM: dict[str, Any] = {"completed": 40.0, "latency": 80.0, "errors": 0.0, "in_flight": 2.0, "queue": 0.0}


def service(tasks: int = 10, **rules: Any) -> Service:
    bounds = {name: rules.pop(name) for name in ("minimum", "maximum", "seeing", "startup") if name in rules}
    return Service(CPU, tasks=tasks, guards=replace(OPEN, **rules), **bounds)


def test_the_order_of_the_guards_is_the_one_of_the_design() -> None:
    assert [name for name, _ in SERVICE] == [
        "launches",
        "pay",
        "incident",
        "conflict",
        "stabilisation",
        "cooldown",
        "rate",
    ]
    assert [name for name, _ in RESOURCE] == ["connections", "budget", "launch limits", "last good", "bounds"]
    assert list(GUARDS) == [name for name, _ in (*SERVICE, *RESOURCE)]


def test_guards_that_let_everything_pass_leave_no_trail() -> None:
    assert service().tick(cpu=0.9).trail == ()


# -- launches


def failed(number: int, revision: str = "") -> dict[str, Any]:
    return {"revision": revision, "starts": (Start(number, revision, 0, False, "exited with code 1"),)}


def broken(times: int) -> Service:
    held = service(launches_slow_after=3, launches_stop_after=6)
    held.follows = False  # what is ordered never comes
    for number in range(times):
        held.tick(cpu=0.5, fleet=failed(number))
    return held


@pytest.mark.parametrize(
    ("times", "desired"),
    [pytest.param(2, 18, id="two failures are bad luck"), pytest.param(3, 11, id="three slow it to one task")],
)
def test_launches_failed_starts_in_a_row_slow_growth(times: int, desired: int) -> None:
    assert broken(times).tick(cpu=0.9).desired == desired


def test_launches_each_further_failure_doubles_the_wait() -> None:
    held = broken(4)
    held.follows = True
    grown = [d.now for d in held.ticks(60, cpu=0.9) if d.action == "grow"]
    assert [later - earlier for earlier, later in pairwise(grown)] == [10_000] * (len(grown) - 1)
    assert len(grown) == 6


def test_launches_once_stopped_it_probes_once_a_minute_and_not_while_a_probe_is_under_way() -> None:
    held = broken(6)
    held.follows, held.startup = True, 90_000
    grown = [d.now for d in held.ticks(300, cpu=0.9) if d.action == "grow"]
    assert [later - earlier for earlier, later in pairwise(grown)] == [90_000] * (len(grown) - 1)
    assert len(grown) == 4
    assert "launches_failing" in told(held.tick(cpu=0.9))


@pytest.mark.parametrize(
    "good",
    [
        pytest.param({"starts": (Start(9, "", 900, True),)}, id="a good start"),
        pytest.param({"revision": "r2"}, id="a new revision"),
    ],
)
def test_launches_a_good_start_or_a_new_revision_ends_it(good: dict[str, Any]) -> None:
    held = broken(6)
    held.tick(cpu=0.5, fleet=good)
    assert held.tick(cpu=0.9, fleet={"revision": good.get("revision", "")}).desired == 18


def test_launches_failures_of_another_revision_do_not_count() -> None:
    held = service(launches_slow_after=1, launches_stop_after=2)
    held.tick(cpu=0.5, fleet={"revision": "new", "starts": failed(1, "old")["starts"]})
    assert held.tick(cpu=0.9, fleet={"revision": "new"}).desired == 18


def test_launches_say_nothing_to_a_scale_in() -> None:
    assert broken(6).tick(cpu=0.1).desired == 2


# -- growth must pay


def late(latency: float = 9_000.0, completed: float = 40.0) -> dict[str, Any]:
    return {**CALM, "latency": latency, "completed": completed, "in_flight": 100.0}


def grown(**rules: Any) -> Service:
    """A calm minute, then late requests, and one growth by cpu."""
    paying = service(tasks=4, pay=True, **rules)
    paying.run(60, cpu=0.5, requests=40.0, **CALM)
    paying.run(15, cpu=0.5, requests=40.0, **late())
    assert paying.tick(cpu=0.75, requests=40.0, **late()).desired == 6
    return paying


@pytest.mark.parametrize(
    ("after", "rate", "desired"),
    [
        pytest.param(late(), 40.0, 6, id="nothing changed: held"),
        pytest.param(late(completed=41.0), 40.0, 6, id="a little more completed is noise: held"),
        pytest.param(late(latency=8_800.0), 40.0, 6, id="a little faster is noise: held"),
        pytest.param(late(completed=44.0), 40.0, 12, id="more completed"),
        pytest.param(late(latency=8_000.0), 40.0, 12, id="latency fell"),
        pytest.param(late(), 50.0, 12, id="more arrived"),
        pytest.param(late(latency=900.0), 40.0, 12, id="inside the objective"),
    ],
)
def test_pay_a_growth_that_brought_nothing_is_the_last(after: dict[str, Any], rate: float, desired: int) -> None:
    paying = grown()
    paying.run(30, cpu=0.5, requests=rate, **after)
    assert paying.tick(cpu=1.0, requests=rate, **after).desired == desired


def test_pay_judges_only_after_a_start_up_and_two_windows() -> None:
    paying = grown()
    paying.run(19, cpu=0.5, requests=40.0, **late())
    assert paying.tick(cpu=0.75, requests=40.0, **late()).desired == 9
    judged = grown()
    judged.run(20, cpu=0.5, requests=40.0, **late())
    assert judged.tick(cpu=0.75, requests=40.0, **late()).desired == 6


def test_pay_judges_a_growth_once() -> None:
    paying = grown()
    paying.run(30, cpu=0.5, requests=40.0, **late(completed=44.0))  # it has paid
    paying.run(60, cpu=0.5, requests=40.0, **late())
    assert paying.tick(cpu=1.0, requests=40.0, **late()).desired == 12


def test_pay_gives_tasks_that_came_early_all_of_a_start_up_too() -> None:
    paying = grown()
    paying.settings = replace(paying.settings, startup=30_000)
    paying.run(48, cpu=0.5, requests=40.0, **late())
    assert paying.tick(cpu=0.75, requests=40.0, **late()).desired == 9


def held_by_pay() -> Service:
    paying = grown()
    paying.run(30, cpu=0.5, requests=40.0, **late())
    assert told(paying.tick(cpu=1.0, requests=40.0, **late())) >= {"capacity_does_not_help"}
    return paying


@pytest.mark.parametrize(
    ("shown", "rate"),
    [
        pytest.param(late(latency=900.0), 40.0, id="latency is back inside the objective"),
        pytest.param(late(), 60.0, id="half as much again arrives"),
    ],
)
def test_pay_lets_go_when_the_world_changed(shown: dict[str, Any], rate: float) -> None:
    paying = held_by_pay()
    paying.run(11, cpu=0.5, requests=rate, **shown)
    assert paying.tick(cpu=1.0, requests=rate, **shown).desired == 12


def test_pay_says_nothing_while_too_few_serve_for_what_arrives() -> None:
    """Six tasks of 20/s under 150/s: all of them drown, and the next one is no worse for it."""
    paying = service(tasks=4, pay=True)
    paying.run(60, cpu=0.5, requests=40.0, **CALM)
    paying.run(15, cpu=0.5, requests=150.0, **late())
    assert paying.tick(cpu=0.75, requests=150.0, **late()).desired == 6
    paying.run(30, cpu=0.5, requests=150.0, **late(latency=10_000.0, completed=0.0))
    assert paying.tick(cpu=1.0, requests=150.0, **late(latency=10_000.0, completed=0.0)).desired == 12


def test_pay_tries_one_task_every_five_minutes() -> None:
    paying = held_by_pay()
    grows = [d for d in paying.ticks(620, cpu=1.0, requests=40.0, **late()) if d.action == "grow"]
    assert [d.desired for d in grows] == [7, 8]
    assert grows[1].now - grows[0].now == 300_000


def test_pay_switched_off_holds_nothing() -> None:
    paying = grown()
    paying.settings = replace(paying.settings, guards=OPEN)
    paying.run(30, cpu=0.5, requests=40.0, **late())
    assert paying.tick(cpu=1.0, requests=40.0, **late()).desired == 12


def test_windows_filling_says_how_long_they_still_need() -> None:
    young = Service(CPU, tasks=10, seeing=60_000)
    left = [trail.reason.data["left"] for tick in young.ticks(3, cpu=0.1) for trail in tick.trail]
    assert left == [60_000, 59_000, 58_000]


# -- incident hold


def watched(**rules: Any) -> Service:
    holding = Service(
        Target("rate", "requests", 16.0, per_task=True, window=1000), guards=replace(OPEN, incident=True, **rules)
    )
    holding.set(10)
    holding.run(120, requests=160.0, **CALM)
    return holding


@pytest.mark.parametrize(
    ("rate", "shown", "held"),
    [
        pytest.param(100.0, {"errors": 0.3}, True, id="demand fell while errors rose"),
        pytest.param(100.0, {"latency": 3_000.0}, True, id="while latency rose"),
        pytest.param(100.0, {"in_flight": 90.0}, True, id="while requests in flight rose"),
        pytest.param(130.0, {"errors": 0.3}, False, id="demand hardly fell"),
        pytest.param(100.0, {}, False, id="nothing else looks bad: a lull"),
        pytest.param(100.0, {"errors": 0.009}, False, id="errors rose and stay inside the objective"),
        pytest.param(100.0, {"latency": 1_000.0}, False, id="latency rose and stays inside the objective"),
    ],
)
def test_incident_a_fall_with_a_bad_sign_is_held(rate: float, shown: dict[str, float], held: bool) -> None:
    holding = watched()
    for _ in range(8):  # the fall is seen before the first scale-in has been decided
        holding.follows = False
        decision = holding.tick(requests=rate, **{**CALM, **shown})
    holding.memory.ordered = None
    decision = holding.tick(requests=rate, **{**CALM, **shown})
    assert ("incident_hold" in told(decision)) is held


@pytest.mark.parametrize(
    ("before", "rate", "held"),
    [
        pytest.param((160.0, 600), 64.0, True, id="two fifths of the least in ten minutes"),
        pytest.param((160.0, 600), 96.0, False, id="three fifths"),
        pytest.param((160.0, 400), 64.0, False, id="nothing is known of so short a time"),
        pytest.param((100.0, 600), 64.0, False, id="the night was not much more"),
    ],
)
def test_incident_a_fall_far_below_the_least_ever_seen_needs_no_other_sign(
    before: tuple[float, int], rate: float, held: bool
) -> None:
    holding, (usual, seconds) = watched(), before
    holding.run(seconds, requests=usual, **CALM)
    holding.run(60, requests=160.0, **CALM)
    codes = [told(decision) for decision in holding.ticks(20, requests=rate, **CALM)]
    assert any("incident_hold" in code for code in codes) is held


def test_incident_a_rise_that_was_there_before_is_no_sign() -> None:
    holding = Service(Target("rate", "requests", 16.0, per_task=True, window=1000), guards=replace(OPEN, incident=True))
    holding.set(10)
    holding.run(120, requests=160.0, **{**CALM, "errors": 0.3})
    assert holding.run(120, requests=80.0, **{**CALM, "errors": 0.3}).desired == 5


def test_incident_a_hold_is_over_at_the_very_moment_it_was_said_to_be() -> None:
    holding = watched(incident_hold=60_000)
    bad = {**CALM, "errors": 0.5}
    held = next(d for d in holding.ticks(60, requests=32.0, **bad) if "incident_hold" in told(d))
    left = next(trail.reason.data["left"] for trail in held.trail if trail.guard == "incident")
    over = next(d for d in holding.ticks(90, requests=32.0, **bad) if "incident_release" in told(d))
    assert over.now - held.now == left


def test_incident_a_crowd_that_is_back_ends_the_hold() -> None:
    holding = watched()
    assert "incident_hold" in told(holding.run(20, requests=64.0, **{**CALM, "errors": 0.5}))
    holding.run(20, requests=160.0, **CALM)
    assert holding.run(120, requests=64.0, **CALM).desired == 4


def test_incident_hardly_any_traffic_is_noise() -> None:
    holding = Service(CPU, tasks=10, guards=replace(OPEN, incident=True))
    holding.run(120, cpu=0.5, requests=0.9, **CALM)
    assert holding.run(10, cpu=0.1, requests=0.1, **{**CALM, "errors": 0.9}).desired < 10


def test_incident_growth_is_never_held() -> None:
    holding = watched()
    holding.run(20, requests=64.0, **{**CALM, "errors": 0.5})
    assert holding.tick(requests=400.0, **CALM).desired == 25


def test_incident_switched_off_holds_nothing() -> None:
    holding = watched()
    holding.settings = replace(holding.settings, guards=OPEN)
    assert holding.run(150, requests=32.0, **{**CALM, "errors": 0.5}).desired == 2


# -- stabilisation


def test_stabilisation_a_flap_doubles_the_window_and_ten_minutes_of_peace_halve_it() -> None:
    flapping = service(stabilise_in=30_000)
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
    refused = service(stabilise_in=30_000)
    refused.run(60, cpu=0.5)
    refused.follows = False
    orders = [d for d in refused.ticks(120, cpu=0.4) if d.action == "shrink"]
    assert len(orders) > 2
    assert refused.memory.slice("stabilisation").get("times", 1) == 1
    refused.follows = True
    assert refused.run(60, cpu=0.4).desired < 10


def test_stabilisation_a_dip_shorter_than_the_window_lets_nothing_go() -> None:
    steady = service(stabilise_in=60_000)
    steady.run(60, cpu=0.5)
    assert {d.desired for d in steady.ticks(59, cpu=0.1)} == {10}
    steady.tick(cpu=0.5)
    assert {d.desired for d in steady.ticks(59, cpu=0.1)} == {10}
    assert steady.run(3, cpu=0.1).desired == 2


def test_stabilisation_a_larger_wish_of_the_past_holds_and_never_grows() -> None:
    steady = service(stabilise_in=60_000, maximum=10)
    steady.run(5, cpu=0.9)  # 18 wanted, 10 allowed
    for decision in steady.ticks(50, cpu=0.1):
        (trail,) = decision.trail
        assert (trail.guard, trail.before, trail.after) == ("stabilisation", 2, 10)


def test_stabilisation_growth_reaches_what_was_wanted_all_of_its_window_and_then_more() -> None:
    slow = service(stabilise_out=10_000)
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
    assert service().tick(cpu=0.1, requests=rate).desired == desired


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


# -- cooldown


@pytest.mark.parametrize(
    ("cpu", "ms", "desired"),
    [
        pytest.param(0.1, 59_000, 15, id="no scale-in inside it"),
        pytest.param(0.1, 60_000, 3, id="scale-in after it"),
        pytest.param(0.65, 3_000, 15, id="an equal growth waits"),
        pytest.param(0.9, 3_000, 27, id="a larger growth passes"),
        pytest.param(0.65, 20_000, 20, id="any growth after it"),
    ],
)
def test_cooldown_after_a_growth(cpu: float, ms: int, desired: int) -> None:
    rested = service(cooldown_in=60_000, cooldown_out=20_000)
    rested.tick(cpu=0.75)  # 15
    rested.tick(cpu=0.5)  # the cooldown begins when the count is seen to have moved
    rested.run(ms / 1000 - 1, cpu=0.5)
    assert rested.tick(cpu=cpu).desired == desired


def test_cooldown_growth_after_a_shrink_acts_at_once() -> None:
    rested = service(cooldown_in=60_000, cooldown_out=20_000)
    assert rested.tick(cpu=0.25).desired == 5
    assert rested.tick(cpu=0.6).desired == 6


def test_cooldown_counts_from_anybodys_change() -> None:
    rested = service(cooldown_in=60_000)
    rested.run(100, cpu=0.5)
    rested.set(12)
    assert rested.run(30, cpu=0.1).desired == 12


# -- rate of change


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
    limited = service(**rules)
    limited.tick(cpu=0.5)
    assert limited.tick(cpu=cpu).desired == desired


def test_rate_what_moved_within_the_period_counts_and_what_moved_before_does_not() -> None:
    limited = service(rate_out=(Rate(4, TASKS, 10_000),))
    counts = [d.desired for d in limited.ticks(25, cpu=5.0)]
    assert counts == [14] * 11 + [18] * 11 + [22] * 3


def test_rate_each_rule_looks_back_over_its_own_period_only() -> None:
    limited = service(rate_out=(Rate(4, TASKS, 10_000), Rate(1, TASKS, 60_000)))
    assert limited.run(23, cpu=5.0).desired == 22


def test_rate_a_growth_and_its_return_leave_the_allowance_where_it_was() -> None:
    limited = service(rate_out=(Rate(4, TASKS, 60_000),))
    assert limited.tick(cpu=5.0).desired == 14
    limited.tick(cpu=0.5)
    limited.set(10)
    limited.tick(cpu=0.5)
    assert limited.tick(cpu=5.0).desired == 14


def test_rate_no_rule_is_no_limit() -> None:
    assert service().tick(cpu=5.0).desired == 100


# -- bounds


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
    decision = service(tasks, minimum=4, maximum=20).tick(cpu=cpu)
    assert (decision.desired, told(decision)) == (desired, codes)


def test_bounds_a_fleet_above_a_lowered_maximum_comes_down_by_a_tenth_every_ten_seconds() -> None:
    above = service(40, maximum=20)
    counts = [d.desired for d in above.ticks(31, cpu=0.5)]
    assert [counts[i] for i in (0, 9, 10, 19, 20, 30)] == [36, 36, 32, 32, 28, 25]


@pytest.mark.parametrize(
    ("hard", "rests"), [pytest.param(False, 15, id="present demand"), pytest.param(True, 6, id="hard: the maximum")]
)
def test_bounds_a_lowered_maximum_stops_at_what_present_demand_needs_unless_it_is_hard(hard: bool, rests: int) -> None:
    above = service(20, maximum=6, hard=hard)
    assert above.run(300, cpu=0.5, requests=300.0).desired == rests


def test_bounds_a_policy_may_shrink_a_fleet_above_its_maximum_faster_than_that() -> None:
    assert service(40, maximum=20).tick(cpu=0.1).desired == 8
