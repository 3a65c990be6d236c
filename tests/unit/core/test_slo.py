"""The policy `slo`: the fewest tasks for the moment a task ordered now serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil

import pytest

from fleetfoot.core.model import Action, State
from fleetfoot.core.policies.slo import DRAIN
from fleetfoot.core.queueing import carries
from fleetfoot.core.settings import GuardSettings
from fleetfoot.core.words import tell
from tests.unit.core.build import OPEN, Service
from tests.unit.core.slo import CALM, LATE, WAIT, fewest, made, played

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


# -- starts that take unevenly long

QUEUED = {**CALM, "queue": 520.0, "latency": 5_000.0, "completed": 120.0}  # 4.3 s of the work of six tasks
UNEVEN = (20.0, 20.0, 30.0, 30.0, 40.0, 40.0, 60.0, 60.0)  # s


def knowing(*starts: float) -> Service:
    """Six tasks, which carry 100 requests/s, and how many seconds each of their starts took."""
    found = made(tasks=6)
    played(found, lambda _: 100.0, 300)
    for span in starts:
        found.memory.learnt[""].started(round(1000 * span))
    return found


def test_while_work_piles_up_so_many_start_that_the_quickest_quarter_brings_what_is_missing() -> None:
    """520 requests in 13 s take two tasks more; two of eight starts took 20 s, so of four ordered one serves then."""
    uneven = knowing(*UNEVEN)
    decision = uneven.tick(requests=100.0, **QUEUED)
    assert decision.desired == 6 + 2 * 4
    assert decision.reasons[0].data["sooner"] == 6
    assert tell(decision).endswith("2 more for what has queued, and 6 more so that the quickest starts are enough")


@pytest.mark.parametrize("starts", [(), (30.0,) * 8, (5.0, 5.2, 5.4, 5.6, 5.8, 5.8, 5.9, 6.0)])
def test_where_starts_take_about_as_long_only_what_is_missing_is_ordered(starts: tuple[float, ...]) -> None:
    decision = knowing(*starts).tick(requests=100.0, **QUEUED)
    assert decision.desired == 6 + 2
    assert "sooner" not in decision.reasons[0].data


def test_without_work_piling_up_no_more_are_ordered_than_are_missing() -> None:
    uneven = knowing(*UNEVEN)
    decisions = played(uneven, lambda _: 160.0, 30)
    assert decisions[-1].desired > 6
    assert not any("sooner" in vote.reason.data for decision in decisions for _, vote in decision.votes)


def test_nothing_goes_before_what_is_wanted_serves_and_then_what_is_too_much_does() -> None:
    uneven = knowing(*UNEVEN)
    assert uneven.tick(requests=100.0, **QUEUED).desired == 14
    assert {decision.desired for decision in played(uneven, lambda _: 100.0, 29)} == {14}
    assert played(uneven, lambda _: 100.0, 1)[-1].desired == 8  # all serve now; eight were wanted 30 s ago
    assert played(uneven, lambda _: 100.0, 120)[-1].desired == 6


# -- letting go


def test_it_looks_a_median_start_up_ahead_and_holds_for_as_long_and_the_drain() -> None:
    """Starts of 30 s, one in five of 70 s: the forecast is for 30 s ahead, and a peak is held for 30 + 30 s."""
    spread = made(tasks=16)
    played(spread, lambda _: 280.0, 2)
    learnt = spread.memory.learnt[""]
    for span in (30_000, 30_000, 30_000, 30_000, 70_000):
        learnt.started(span)
    seen = played(spread, lambda _: 280.0, 300)
    assert {vote.reason.data["lead"] for decision in seen for _, vote in decision.votes} == {30_000}
    decisions = played(spread, lambda _: 100.0, 400)
    shrunk = next(i for i, decision in enumerate(decisions) if decision.action is Action.SHRINK)
    assert (30_000 + DRAIN) / 1000 <= shrunk <= 100


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
