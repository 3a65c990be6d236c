"""The default policy: sized to 70 %, fast on evidence, deaf to noise."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest

from fleetfoot.core.model import Action, State, Want
from fleetfoot.core.policies.default import Default
from fleetfoot.core.settings import GuardSettings
from fleetfoot.core.words import tell
from fleetfoot.sim.harness import Loop, Plant
from tests.unit.core.build import CALM, OPEN, UNUSABLE, Service, Shown, outcome, settings


def service(tasks: int = 4, **changes: Any) -> Service:
    """Four tasks of 20/s: a line of 56/s at 70 %."""
    return Service(Default(), tasks=tasks, **changes)


@pytest.mark.parametrize(
    ("rate", "want"),
    [
        pytest.param(280.0, 20, id="280/s at 14/s a task"),
        pytest.param(281.0, 21, id="a hair more"),
        pytest.param(560.0, 40, id="twice that"),
    ],
)
def test_a_surge_is_sized_to_seventy_per_cent_of_what_a_task_carries(rate: float, want: int) -> None:
    grown = service()
    grown.run(90, requests=40.0, **CALM)
    decision = grown.tick(requests=rate, **CALM)
    assert decision.desired == want
    assert decision.urgent
    assert decision.reasons[0].code == "demand"


def test_another_utilisation_sizes_differently() -> None:
    grown = Service(Default(utilisation=0.5), tasks=6)
    grown.run(90, requests=40.0, **CALM)
    assert grown.tick(requests=300.0, **CALM).desired == 30


@pytest.mark.parametrize(("utilisation", "want"), [(1.0, 10), (0.8, 13), (0.7, 15)])
def test_200_requests_a_second_on_20_a_task_are_ten_tasks_and_the_margin(utilisation: float, want: int) -> None:
    grown = Service(Default(utilisation=utilisation), tasks=4)
    grown.run(90, requests=40.0, **CALM)
    assert grown.tick(requests=200.0, **CALM).desired == want


def test_a_surge_is_seen_within_a_fraction_of_its_first_second() -> None:
    grown = service()
    grown.run(90, requests=40.0, **CALM)
    counts = [grown.tick(250, requests=400.0, **CALM).desired for _ in range(4)]
    assert counts[1] >= ceil(400 / 14)


def test_what_has_queued_adds_tasks() -> None:
    plain, queued = service(), service()
    for each in (plain, queued):
        each.run(90, requests=40.0, **CALM)
    without = plain.tick(requests=280.0, **CALM).desired
    with_queue = queued.tick(requests=280.0, **{**CALM, "queue": 400.0}).desired
    assert with_queue == without + 402 // 80  # 80/s are ordered: five seconds' worth


def test_a_queue_that_lasts_grows_although_the_rate_looks_fine_and_each_step_may_show_what_it_brings() -> None:
    grown = service(startup=5_000)
    grown.run(90, requests=40.0, **CALM)
    waiting = {**CALM, "queue": 200.0, "latency": 3_000.0}
    counts = [d.desired for d in grown.ticks(22, requests=40.0, **waiting)]
    # two seconds of the fleet's work; then nothing for as long, so that the two show what they bring. Tasks that were
    # saturated throughout have meanwhile taught that they carry less, but the queue is not two seconds of six
    assert counts == [4] * 10 + [6] * 11 + [7]


@pytest.mark.parametrize(("outstanding", "desired"), [(79.0, 4), (80.0, 5)])
def test_a_second_of_the_fleets_work_is_a_queue(outstanding: float, desired: int) -> None:
    grown = service()
    grown.run(90, requests=40.0, **CALM)
    waiting = {"queue": outstanding, "in_flight": 0.0, "latency": 3_000.0}
    assert grown.run(11, requests=40.0, **{**CALM, **waiting}).desired == desired


def test_a_queue_that_drains_in_time_is_no_reason() -> None:
    held = service()
    held.run(90, requests=40.0, **CALM)
    held.run(8, requests=40.0, **{**CALM, "queue": 200.0})
    assert held.run(60, requests=40.0, **CALM).desired == 4


def test_while_only_a_lower_bound_is_seen_growth_is_multiplied() -> None:
    grown = service(tasks=10)
    grown.run(90, requests=130.0, **CALM)
    seen: dict[int, str] = {}
    for decision in grown.ticks(30, requests={"value": 170.0, "state": State.CENSORED}, **CALM):
        seen.setdefault(decision.desired, decision.reasons[0].code)
    assert list(seen) == [10, 15]  # 170/s alone would be 13
    assert seen[15] == "saturated"


@pytest.mark.parametrize(
    ("rate", "dispersion", "seed"),
    [
        pytest.param(28.0, 1.0, 1, id="two tasks, Poisson"),
        pytest.param(54.0, 1.0, 2, id="four tasks, just under the line"),
        pytest.param(54.0, 4.0, 3, id="four tasks, bursty"),
        pytest.param(2.0, 1.0, 4, id="hardly any traffic"),
    ],
)
def test_noise_around_a_rate_the_fleet_carries_never_grows_it(rate: float, dispersion: float, seed: int) -> None:
    tasks = max(2, ceil(rate / 14.0))
    given = settings(Default(), minimum=2, guards=GuardSettings())
    loop = Loop(given, Plant(20.0, 1000, tasks), lambda _: rate, seed, dispersion=dispersion)
    assert {decision.desired for _, _, decision in loop.run(1200)} == {tasks}


def test_a_single_wild_sample_of_few_requests_is_not_believed() -> None:
    held = service(tasks=1)
    held.run(90, requests=5.0, **CALM)
    assert held.tick(250, requests=44.0, **CALM).desired == 1  # eleven requests


@pytest.mark.parametrize(
    ("seen", "grows"),
    [
        pytest.param({}, False, id="the rate alone proves nothing"),
        pytest.param({"latency": 700.0}, True, id="latency agrees"),
        pytest.param({"queue": 300.0}, True, id="the queue agrees"),
        pytest.param(
            {"latency": {"value": 9_000.0, "state": State.STALE}}, False, id="an old latency agrees with none"
        ),
    ],
)
def test_with_undeclared_throughput_growth_waits_for_a_second_sign(seen: dict[str, Shown], grows: bool) -> None:
    waits = service(throughput=None)
    assert waits.run(90, requests=40.0, **CALM).desired == 4
    decision = waits.run(5, requests=200.0, **{**CALM, "completed": 40.0, **seen})
    assert (decision.desired > 4) is grows


def test_the_first_requests_of_an_undeclared_service_do_not_send_it_to_its_maximum() -> None:
    """One task answers ten requests a second in 50 ms each: half a request in flight, and nothing wrong."""
    first = service(tasks=1, throughput=None, minimum=1)
    first.run(60, requests=0.0, **{**CALM, "completed": 0.0, "in_flight": 0.0})
    counts = {first.tick(requests=10.0, **{**CALM, "completed": 10.0, "in_flight": 0.5}).desired for _ in range(60)}
    assert counts == {1}


def test_an_undeclared_service_that_is_slow_from_its_first_second_grows_by_what_its_tasks_complete() -> None:
    slow = service(tasks=4, throughput=None, startup=30_000)
    decision = slow.run(20, requests=200.0, **{**CALM, "completed": 80.0, "in_flight": 200.0, "latency": 900.0})
    assert decision.desired == ceil(200 / 14) + 2  # 80/s from four tasks: 20/s each, and 200 wait


def test_without_a_declared_throughput_no_rate_is_named_at_which_it_would_grow() -> None:
    rests = service(throughput=None)
    decision = rests.run(90, requests=40.0, **CALM)
    assert decision.reasons[0].code == "enough"
    assert tell(decision) == "held at 4  the present count is enough"
    assert decision.flip is None


def test_a_scale_in_tells_the_rate_it_reckons_with() -> None:
    shrinks = service(tasks=20)
    decision = next(d for d in (shrinks.tick(requests=40.0, **CALM) for _ in range(200)) if d.action is Action.SHRINK)
    reason = decision.reasons[0]
    assert decision.wanted == ceil(float(reason.data["rate"]) / 14.0)
    assert float(reason.data["rate"]) > 40.0
    assert tell(decision).partition("  ")[2].startswith(f"up to {reason.data['rate']:.3g}/s at 14/s a task")


def test_undeclared_throughput_is_learnt_from_what_tasks_carry_inside_the_objective() -> None:
    learns = service(throughput=None)
    learns.run(30, requests=100.0, **{**CALM, "completed": 100.0})
    assert learns.memory.learnt[""].throughput == pytest.approx(25.0)


def test_tasks_that_are_told_to_have_completed_more_than_came_teach_nothing_of_it() -> None:
    learns = service(throughput=None)
    learns.run(30, requests=100.0, **{**CALM, "completed": 1e11})
    assert learns.memory.learnt[""].most == pytest.approx(25.05)  # 100 and a tenth of the 2 in flight


def test_what_tasks_carry_is_seen_while_a_backlog_drains() -> None:
    """Saturation has taught 10/s; then 4 tasks work off 600 requests at 20/s each, inside the objective."""
    learns = service(throughput=20.0)
    learns.follows = False
    learns.run(11, requests=40.0, **CALM)
    learns.memory.learnt[""].throughput = 10.0
    learns.run(1, requests=40.0, **{**CALM, "in_flight": 600.0})
    learns.run(9, requests=40.0, **{**CALM, "completed": 80.0, "in_flight": 200.0})
    assert learns.memory.learnt[""].throughput == pytest.approx(19.0)  # nine seconds of 80, one of 40, over 4 tasks


def test_less_demand_lets_tasks_go_down_to_what_the_last_minute_needs() -> None:
    shrinks = service(tasks=20)
    shrinks.run(400, requests=40.0, **CALM)
    assert shrinks.tasks == ceil((40.0 + 2 * (40.0 * 1.5 / 30) ** 0.5) / 14.0)


def test_half_a_minute_of_history_is_too_little_to_shrink() -> None:
    held = service(tasks=20)
    assert held.run(45, requests=40.0, **CALM).desired == 20
    assert isinstance(held.vote, Want)
    assert held.vote.reason.code == "too_few_samples"


def test_work_piling_up_at_the_tasks_stops_a_scale_in() -> None:
    held = service(tasks=20)
    held.run(200, requests=40.0, **{**CALM, "in_flight": 250.0, "latency": 700.0})
    assert held.tasks == 20


def test_requests_that_take_long_inside_the_objective_are_no_queue() -> None:
    """Two seconds each, five allowed: at 14/s a task 28 are always in flight."""
    slow = service(tasks=18, objective=5_000)
    full: dict[str, Any] = {**CALM, "completed": 240.0, "in_flight": 480.0, "latency": 2_000.0}
    assert slow.run(100, requests=240.0, **full).desired == 18
    half: dict[str, Any] = {**CALM, "completed": 120.0, "in_flight": 240.0, "latency": 2_000.0}
    assert slow.run(200, requests=120.0, **half).desired == 10


def test_an_empty_source_lets_everything_go() -> None:
    shrinks = service(tasks=5)
    shrinks.run(120, requests={"value": 0.0, "state": State.EMPTY})
    assert shrinks.tasks == 0


@pytest.mark.parametrize("shown", [pytest.param(value, id=name) for name, value in UNUSABLE.items()])
def test_without_requests_it_is_blind(shown: Shown) -> None:
    blind = service(tasks=20)
    blind.run(30, requests=40.0, **CALM)
    blind.run(120, requests=shown, **CALM)
    assert outcome(blind.vote) == "blind"
    assert blind.tasks == 20


def test_with_half_of_the_tasks_silent_it_counts_double_for_growth_and_does_not_shrink() -> None:
    dim = service(tasks=20)
    dim.run(120, requests={"value": 20.0, "coverage": 0.5}, **CALM)
    assert (outcome(dim.vote), dim.tasks) == ("blind", 20)
    dim = service(tasks=4)
    dim.run(90, requests={"value": 20.0, "coverage": 0.5}, **CALM)
    assert dim.tick(requests={"value": 140.0, "coverage": 0.5}, **CALM).desired == 20


def test_while_ordered_tasks_start_it_says_so_and_tells_when_it_would_grow_again() -> None:
    starts = service(startup=30_000)
    starts.run(90, requests=40.0, **CALM)
    starts.tick(requests=280.0, **CALM)
    decision = starts.run(20, requests=280.0, **CALM)
    assert decision.desired == 20
    assert decision.reasons[0].code == "starting"
    assert decision.reasons[0].data["starting"] == 16
    assert decision.flip == pytest.approx(280.0)


def test_a_surge_in_closed_loop_is_ridden_out_and_let_go() -> None:
    given = settings(Default(), minimum=2, guards=OPEN, seeing=60_000)
    loop = Loop(given, Plant(20.0, 5_000, 2), lambda t: 300.0 if 100 <= t < 160 else 20.0, seed=7, tick=500)
    counts = {elapsed: decision.desired for elapsed, _, decision in loop.run(400)}
    assert counts[99_500] == 2
    assert counts[102_000] >= 22
    assert counts[400_000] <= 3
