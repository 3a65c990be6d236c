"""The policy `slo`: the fewest tasks for the moment a task ordered now serves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from math import ceil, inf, sin
from random import Random
from typing import Any

import pytest

from fleetfoot.core.forecast import MEMBERS
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Action, Decision, State, Want
from fleetfoot.core.pack import decision_to_json
from fleetfoot.core.policies.slo import DRAIN, FASTER, NOISE, Slo
from fleetfoot.core.queueing import carries, tasks_for
from fleetfoot.core.settings import GuardSettings
from fleetfoot.core.words import LANGUAGES, tell
from fleetfoot.sim.harness import poisson
from tests.unit.core.build import OPEN, UNUSABLE, Service, Shown, outcome, told

CALM: dict[str, Any] = {"latency": 80.0, "errors": 0.0, "in_flight": 2.0, "queue": 0.0}
LATE, WAIT = 0.01, 0.92  # a fifth of p95's twentieth may wait longer than what 80 ms leave of a second


def made(tasks: int = 8, startup: int = 30_000, spare: int = 0, **changes: Any) -> Service:
    """Tasks of 20/s that take half a minute to start, as their file says; p95 under a second."""
    found = Service(Slo(spare), tasks=tasks, startup=startup, **changes)
    found.settings = replace(found.settings, startup=startup)
    return found


def played(
    service: Service, rate: Callable[[float], float], seconds: int, seed: int | None = None, **shown: Any
) -> list[Decision]:
    """``rate`` of the seconds since the beginning; Poisson counts of it with a ``seed``."""
    rng = None if seed is None else Random(seed)
    found = []
    for second in range(seconds):
        mean = rate(float(second))
        seen = mean if rng is None else float(poisson(rng, mean))
        found.append(service.tick(requests=seen, **{**CALM, "completed": seen, **shown}))
    return found


def fewest(rate: float) -> int:
    """By the model alone, noise of the counts included."""
    return tasks_for(rate + NOISE * rate**0.5, 20.0, LATE, WAIT)


# -- size


@pytest.mark.parametrize("rate", [10.0, 100.0, 1_000.0])
def test_steady_traffic_is_held_by_the_fewest_tasks(rate: float) -> None:
    least = fewest(rate)
    held = made(tasks=least + 3, guards=GuardSettings())
    decisions = played(held, lambda _: rate, 3_600, seed=1)
    late = {decision.desired for decision in decisions[1_200:]}
    assert min(late) >= ceil(rate / 20.0)
    assert max(late) <= ceil(least * 1.06) + 1
    changes = sum(decision.action is not Action.HOLD for decision in decisions[1_200:])
    assert changes <= 16


def test_exactly_steady_traffic_gets_exactly_what_the_model_asks_for() -> None:
    held = made(tasks=10)
    assert played(held, lambda _: 100.0, 600)[-1].desired == fewest(100.0) == 6


def test_spare_tasks_come_on_top() -> None:
    assert played(made(tasks=10, spare=2), lambda _: 100.0, 600)[-1].desired == 8


def test_a_stricter_objective_and_a_slower_service_need_more_tasks() -> None:
    strict = played(made(tasks=10, objective=200), lambda _: 100.0, 600)[-1].desired
    rare = played(made(tasks=10, percentile=0.999), lambda _: 100.0, 600)[-1].desired
    slow = played(made(tasks=10), lambda _: 100.0, 600, latency=850.0)[-1].desired
    assert min(strict, rare, slow) > 6


def test_a_task_of_one_and_a_thousand_of_them_are_the_same_rule() -> None:
    one = made(tasks=3, minimum=1)
    assert played(one, lambda _: 3.0, 600)[-1].desired == 1
    many = made(tasks=1_000, maximum=5_000)
    assert played(many, lambda _: 18_000.0, 600)[-1].desired == fewest(18_000.0)
    assert 900 < fewest(18_000.0) < 915


def test_an_objective_no_task_can_keep_is_not_chased_with_all_tasks_there_are() -> None:
    """A request works 50 ms and 20 are allowed: nobody should wait, and no number of tasks makes them quicker."""
    absurd = made(tasks=8, objective=20)
    assert played(absurd, lambda _: 100.0, 600, latency=55.0)[-1].desired <= 16
    least = made(tasks=8, objective=1)
    assert played(least, lambda _: 100.0, 600, latency=55.0)[-1].desired <= 20


@pytest.mark.parametrize("span", [10_000, 20_000, 60_000])
def test_a_source_with_coarse_periods_is_enough_to_size_by(span: int) -> None:
    coarse = made(tasks=20)
    for _ in range(1_200_000 // span):
        coarse.tick(span, requests=100.0, completed=100.0, **CALM)
    assert coarse.tasks == 6
    for _ in range(180_000 // span):
        coarse.tick(span, requests=200.0, completed=200.0, **CALM)
    assert coarse.tasks == fewest(200.0)


# -- surges


@pytest.mark.parametrize("tick", [250, 500, 1_000])
def test_four_times_the_traffic_is_answered_within_two_seconds(tick: int) -> None:
    grown = made(tasks=6)
    played(grown, lambda _: 100.0, 300)
    for decision in grown.ticks(2, tick, requests=400.0, completed=120.0, **CALM):
        if decision.urgent:
            break
    assert decision.urgent
    assert decision.desired >= fewest(400.0)
    assert decision.reasons[0].code == "demand"
    assert float(decision.reasons[0].data["rate"]) >= 400.0


def test_a_ramp_is_ordered_ahead_by_the_start_up() -> None:
    """+1/s each second: when a task ordered now serves, 40 s later, the rate is 40/s higher."""
    grown = made(tasks=6, startup=40_000)
    played(grown, lambda _: 100.0, 300)
    for second, decision in enumerate(played(grown, lambda t: 100.0 + t, 400), 1):
        if second > 120:
            rate = 100.0 + second
            assert fewest(rate + 20.0) <= decision.desired <= fewest(rate * 1.1 + 80.0)
            assert grown.serving >= ceil(rate / 20.0)  # those ordered for now serve


def test_the_longer_a_start_takes_the_further_ahead_is_ordered() -> None:
    ends = []
    for startup in (1_000, 40_000, 120_000):
        grown = made(tasks=6, startup=startup)
        played(grown, lambda _: 100.0, 300)
        ends.append(played(grown, lambda t: 100.0 + 2.0 * t, 200)[-1].desired)
    assert ends[0] < ends[1] < ends[2]


def test_a_surge_that_keeps_a_period_is_met_by_tasks_ordered_before_it() -> None:
    rate: Callable[[float], float] = lambda t: 300.0 if t % 1_800 >= 1_500 else 100.0  # noqa: E731
    grown = made(tasks=6)
    decisions = played(grown, rate, 5 * 1_800, seed=4)
    before = [d for d in decisions[4 * 1_800 + 1_420 : 4 * 1_800 + 1_490] if d.action is Action.GROW]
    assert before
    assert before[0].reasons[0].code == "returns"
    assert before[0].reasons[0].data["period"] == pytest.approx(1_800_000, rel=0.02)
    assert max(d.desired for d in before) >= ceil(300.0 / 20.0)
    first = [d for d in decisions[1_440:1_490] if d.action is Action.GROW]
    assert not any(d.reasons[0].code == "returns" for d in first)


def test_noise_alone_never_orders_at_once() -> None:
    held = made(tasks=8)
    assert not any(decision.urgent for decision in played(held, lambda _: 100.0, 7_200, seed=3))


def test_a_backlog_gets_tasks_of_its_own_until_it_is_gone() -> None:
    plain, queued = made(tasks=6), made(tasks=6)
    for each in (plain, queued):
        played(each, lambda _: 100.0, 300)
    without = plain.tick(requests=100.0, completed=100.0, **CALM).desired
    backlog = {**CALM, "queue": 520.0, "latency": 5_000.0}
    decision = queued.tick(requests=100.0, completed=120.0, **backlog)
    assert decision.desired == without + 2  # 520 in 13 s are 40/s
    assert decision.reasons[0].data["extra"] == 2
    assert decision.flip == pytest.approx(carries(6 - 2, 20.0, LATE, WAIT))  # two of the six are the backlog's
    assert played(queued, lambda _: 100.0, 600)[-1].desired == without


def test_a_handful_that_waits_is_no_backlog() -> None:
    held = made(tasks=6)
    assert played(held, lambda _: 100.0, 300, queue=30.0)[-1].desired == 6


# -- letting go


def test_it_looks_a_median_start_up_ahead_and_holds_for_a_slow_one() -> None:
    """Starts of 30 s, one in five of 70 s: the forecast is for 30 s ahead, and a peak is held for 70 + 30 s."""
    spread = made(tasks=16)
    played(spread, lambda _: 280.0, 2)
    learnt = spread.memory.learnt[""]
    for span in (30_000, 30_000, 30_000, 30_000, 70_000):
        learnt.started(span)
    seen = played(spread, lambda _: 280.0, 300)
    assert {vote.reason.data["lead"] for decision in seen for _, vote in decision.votes} == {30_000}
    decisions = played(spread, lambda _: 100.0, 400)
    shrunk = next(i for i, decision in enumerate(decisions) if decision.action is Action.SHRINK)
    assert (70_000 + DRAIN) / 1000 <= shrunk <= 140


def test_falling_traffic_is_not_let_go_within_start_up_and_drain() -> None:
    fallen = made(tasks=16, startup=30_000)
    played(fallen, lambda _: 280.0, 300)
    before = fallen.tasks
    decisions = played(fallen, lambda _: 100.0, 400)
    shrunk = next(i for i, decision in enumerate(decisions) if decision.action is Action.SHRINK)
    assert before == fewest(280.0)
    assert (30_000 + DRAIN) / 1000 <= shrunk <= 100
    assert decisions[-1].desired == fewest(100.0)


def test_what_the_stabilisation_window_holds_anyway_is_not_held_twice() -> None:
    firsts = []
    for window in (0, 40_000, 60_000):
        fallen = made(tasks=16, guards=replace(OPEN, stabilise_in=window))
        played(fallen, lambda _: 280.0, 300)
        decisions = played(fallen, lambda _: 100.0, 400)
        firsts.append(next(i for i, decision in enumerate(decisions) if decision.action is Action.SHRINK))
    assert max(firsts) - min(firsts) <= 5


def test_a_dip_shorter_than_the_hold_lets_nothing_go() -> None:
    held = made(tasks=16)
    played(held, lambda _: 280.0, 300)
    counts = {decision.desired for decision in played(held, lambda t: 120.0 if t < 25 else 280.0, 50)}
    assert min(counts) == fewest(280.0)


def test_no_traffic_lets_everything_go_and_the_first_request_brings_a_task_back() -> None:
    empty = made(tasks=5)
    for _ in empty.ticks(300, requests={"value": 0.0, "state": State.EMPTY}):
        pass
    assert empty.tasks == 0
    assert played(empty, lambda _: 0.5, 3)[-1].desired == 1


def test_the_minimum_stays_whatever_the_traffic() -> None:
    idle = made(tasks=5, minimum=2)
    assert played(idle, lambda _: 0.0, 300)[-1].desired == 2


# -- sight


@pytest.mark.parametrize("shown", [pytest.param(value, id=name) for name, value in UNUSABLE.items()])
def test_without_requests_it_is_blind_and_nothing_goes(shown: Shown) -> None:
    blind = made(tasks=20)
    played(blind, lambda _: 100.0, 30)
    for _ in blind.ticks(200, requests=shown, **CALM):
        pass
    assert outcome(blind.vote) == "blind"
    assert blind.tasks == 20


def test_with_half_of_the_tasks_silent_it_counts_double_for_growth_and_does_not_shrink() -> None:
    dim = made(tasks=20)
    for _ in dim.ticks(300, requests={"value": 50.0, "coverage": 0.5}, **CALM):
        pass
    assert (outcome(dim.vote), dim.tasks) == ("blind", 20)
    dim = made(tasks=4)
    for _ in dim.ticks(300, requests={"value": 50.0, "coverage": 0.5}, **CALM):
        pass
    assert dim.tasks == fewest(100.0)


def test_while_only_a_lower_bound_is_seen_growth_is_multiplied_and_nothing_goes() -> None:
    grown = made(tasks=10)
    played(grown, lambda _: 130.0, 90)
    before = grown.tasks
    decision = grown.tick(requests={"value": 130.0, "state": State.CENSORED}, **CALM)
    assert decision.desired == ceil(before * FASTER)
    assert decision.reasons[0].code == "saturated"
    fallen = made(tasks=10)
    played(fallen, lambda _: 130.0, 90)
    counts = [d.desired for d in fallen.ticks(60, requests={"value": 1.0, "state": State.CENSORED}, **CALM)]
    assert counts == sorted(counts)


def test_half_a_minute_of_history_is_too_little_to_shrink() -> None:
    held = made(tasks=20)
    assert {decision.desired for decision in played(held, lambda _: 40.0, 48)} == {20}


# -- throughput


def test_with_undeclared_throughput_growth_waits_for_a_second_sign() -> None:
    waits = made(tasks=4, throughput=None)
    played(waits, lambda _: 40.0, 90)
    before = waits.tasks
    assert played(waits, lambda _: 200.0, 5, completed=40.0)[-1].desired == before
    assert played(waits, lambda _: 200.0, 3, completed=40.0, latency=700.0)[-1].desired > before
    queued = made(tasks=4, throughput=None)
    played(queued, lambda _: 40.0, 90)
    assert played(queued, lambda _: 200.0, 3, completed=40.0, queue=300.0)[-1].desired > queued.serving


def test_the_first_requests_of_an_undeclared_service_do_not_send_it_to_its_maximum() -> None:
    first = made(tasks=1, throughput=None, minimum=1)
    played(first, lambda _: 0.0, 60)
    assert {decision.desired for decision in played(first, lambda _: 10.0, 600)} == {1}


def test_tasks_that_carry_less_than_declared_are_found_out() -> None:
    """All is late, work waits, and each task completes 10/s where 20 are declared."""
    learns = made(tasks=6, startup=5_000)
    played(learns, lambda _: 100.0, 120)
    for _ in range(600):
        done = min(100.0, 10.0 * learns.serving)
        late = 4_000.0 if done < 100.0 else 80.0
        learns.tick(requests=100.0, completed=done, **{**CALM, "latency": late, "queue": 300.0 * (done < 100.0)})
    assert learns.tasks >= 10
    assert (learns.memory.learnt[""].throughput or inf) < 17.0


# -- memory and words


def test_what_a_request_takes_when_nothing_waits_is_learnt_slowly_upward_and_not_from_a_busy_fleet() -> None:
    learns = made(tasks=8)
    played(learns, lambda _: 100.0, 300, latency=300.0)
    assert learns.memory.slices["slo"]["quick"] == pytest.approx(300.0)
    played(learns, lambda _: 100.0, 60, latency=600.0)
    assert 310.0 < learns.memory.slices["slo"]["quick"] < 360.0
    played(learns, lambda _: 100.0, 300, latency=100.0)
    assert learns.memory.slices["slo"]["quick"] < 110.0
    quick = learns.memory.slices["slo"]["quick"]
    played(learns, lambda _: 100.0, 60, latency=700.0, in_flight=500.0)
    for late in (1_000.0, 1_500.0):  # whatever that is, it is not how long a request takes
        played(learns, lambda _: 100.0, 60, latency=late)
    assert learns.memory.slices["slo"]["quick"] == quick


def test_a_memory_read_back_from_json_midway_decides_the_same() -> None:
    rate: Callable[[float], float] = lambda t: 150.0 + 60.0 * sin(t / 200.0) + 200.0 * (t % 900 > 700)  # noqa: E731
    one, other = made(), made()
    rng = Random(8)
    for second in range(4_000):
        seen = float(poisson(rng, rate(float(second))))
        shown = {**CALM, "completed": seen}
        decisions = [each.tick(requests=seen, **shown) for each in (one, other)]
        assert decision_to_json(decisions[0]) == decision_to_json(decisions[1])
        if second % 701 == 700:
            other.memory = Memory.from_json(json.loads(json.dumps(other.memory.to_json())))


def test_early_wake_ups_teach_nothing_twice() -> None:
    rare, often = made(tasks=8), made(tasks=8)
    played(rare, lambda _: 100.0, 300)
    for _ in often.ticks(300, 250, requests=100.0, completed=100.0, **CALM):
        pass
    counts = [len(each.memory.slices["slo"]["forecasts"]) for each in (rare, often)]
    assert abs(counts[0] - counts[1]) <= 1


def test_it_tells_the_rate_it_looks_ahead_to_and_when_it_would_grow_again() -> None:
    held = made(tasks=10)
    decision = played(held, lambda _: 100.0, 600)[-1]
    reason = decision.reasons[0]
    assert reason.code == "ahead_enough"
    assert decision.flip == pytest.approx(carries(6, 20.0, LATE, WAIT))
    assert reason.data["flip"] == decision.flip
    assert {"rate", "ahead", "lead", "per_task"} <= set(reason.data)
    for lang in LANGUAGES:
        assert "?" not in tell(decision, lang)
    assert isinstance(held.vote, Want)
    assert told(decision) == {"ahead_enough"}


def test_it_grows_at_the_rate_it_told() -> None:
    held = made(tasks=10)
    flip = played(held, lambda _: 100.0, 600)[-1].flip
    assert flip is not None
    assert flip < inf
    assert played(held, lambda _: flip * 1.15, 90)[-1].desired > 6


def test_it_says_what_it_has_learnt() -> None:
    policy, held = Slo(), made(tasks=10)
    assert policy.learnt({}) == {"quick": None, "surges": []}
    played(held, lambda t: 300.0 if t % 1_800 >= 1_500 else 100.0, 7_400, seed=4)
    facts = policy.learnt(held.memory.slices["slo"])
    assert json.loads(json.dumps(facts)) == facts
    assert facts["quick"] == pytest.approx(80.0)
    assert facts["forecast"] in MEMBERS
    assert 0.0 < facts["margin"] < 1.0
    assert facts["surges"][0]["period"] == pytest.approx(1_800_000, rel=0.02)
    assert held.now < facts["surges"][0]["at"] < held.now + 1_800_000


def test_what_rates_nobody_was_ready_for_taught_is_added_for_a_while() -> None:
    rng = Random(2)
    ups = [rng.random() < 0.2 for _ in range(200)]
    burnt = made(tasks=6)
    played(burnt, lambda t: 180.0 if ups[int(t) // 20] else 100.0, 4_000)
    after = played(burnt, lambda _: 100.0, 300)[-1]
    assert after.desired > fewest(100.0)
    assert float(after.reasons[0].data["ahead"]) > 100.0 + NOISE * 10.0 + 2.0


def test_a_fifth_of_the_objective_is_left_for_waiting_however_long_a_request_takes() -> None:
    close = made(tasks=10, objective=100)
    decision = played(close, lambda _: 100.0, 300, latency=97.0)[-1]
    assert decision.flip == pytest.approx(carries(decision.desired, 20.0, LATE, 0.020))


def rise(service: Service, **shown: Any) -> Decision:
    """A second's count 2.8 of its deviations above what the fleet carries."""
    line = carries(service.tasks, 20.0, LATE, WAIT)
    rate = (1.4 + (1.4**2 + line) ** 0.5) ** 2
    return played(service, lambda _: rate, 1, **shown)[-1]


def test_lighter_evidence_is_enough_after_a_surge_answered_and_where_work_piles_up() -> None:
    calm, surging, piling = made(tasks=6), made(tasks=6), made(tasks=6)
    for each in (calm, surging, piling):
        played(each, lambda _: 100.0, 300)
    assert played(surging, lambda _: 400.0, 1)[-1].urgent
    assert rise(surging).urgent
    assert rise(piling, in_flight=70.0).urgent
    assert not rise(calm).urgent
